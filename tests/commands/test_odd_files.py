"""Pipes, devices and folders in the place of files, and state files that were edited: each is told
in one line, and no command waits for a pipe without a writer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import pytest

from commands.small import documents
from wiro_runtime.testing import Simulator
from wirogen.cli.app import run
from wirogen.diagnostics.known import read_baseline, unknown
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.output.manifest import OutputState, built_findings, built_modules, built_specs
from wirogen.pipeline.examples import read_examples
from wirogen.site.assemble import neighbours
from wirogen.site.build import _read_state, _remove, _tools, _with_picture
from wirogen.site.covers import Covers
from wirogen.site.related import related_tools
from wirogen.site.texts import _tools as search_rows

pytestmark = pytest.mark.slow

SECONDS: Final = 60
LINES: Final = 6

Make: TypeAlias = Callable[[Path], None]
Command: TypeAlias = tuple[str, ...]
Said: TypeAlias = Callable[[Command], tuple[int, str]]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound(path: Path) -> None:
    """A socket; its address is short, its folder may not be."""
    before = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(path.name)
    os.chdir(before)


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 40)


ODD: Final[dict[str, Make]] = {
    "pipe": pipe,
    "socket": bound,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "folder": lambda path: path.mkdir(),
    "loop": lambda path: path.symlink_to(path.name),
    "dangling": lambda path: path.symlink_to("nowhere"),
    "binary": binary,
}


@contextmanager
def instead_of(file: Path, kind: str) -> Generator[None]:
    """One of ``ODD`` in the place of a file, which is put back."""
    file.parent.mkdir(parents=True, exist_ok=True)
    saved = file.read_bytes() if file.is_file() else None
    file.unlink(missing_ok=True)
    ODD[kind](file)
    try:
        yield
    finally:
        if file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        file.unlink(missing_ok=True)
        if saved is not None:
            file.write_bytes(saved)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two tools that was built, with a baseline."""
    root = tmp_path_factory.mktemp("odd") / "project"
    documents(root, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run(["build"]) == 0
        assert run(["lint", "--baseline"]) == 0
    return root


@pytest.fixture(scope="module")
def empty_catalogue() -> Iterator[Simulator]:
    with Simulator([]) as simulator:
        yield simulator


@pytest.fixture
def project(built: Path, empty_catalogue: Simulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(built)
    for name, value in empty_catalogue.env().items():
        monkeypatch.setenv(name, value)
    return built


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Said]:
    """The exit status of a command and all that it printed. An exception is a traceback, and so is
    the ``TimeoutError`` in what waits longer than a minute."""

    def end(*_: object) -> None:
        raise TimeoutError

    def call(command: Command) -> tuple[int, str]:
        capsys.readouterr()
        signal.alarm(SECONDS)
        status = run(list(command))
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    before = signal.signal(signal.SIGALRM, end)
    yield call
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize(
    "command",
    [
        ("lint", "odd.txt"),
        ("lint", "odd.json"),
        ("lint", "odd.yaml"),
        ("diff", "odd.yaml", "specs"),
        ("diff", "specs", "odd.txt"),
        ("parse", "--verify", "--out", "new", "odd.txt"),
        ("add", "--from", "odd.txt"),
    ],
    ids=" ".join,
)
def test_what_is_no_file_is_refused(project: Path, said: Said, kind: str, command: Command) -> None:
    name = next(each for each in command if each.startswith("odd"))
    with instead_of(project / name, kind):
        status, text = said(command)
    if kind != "folder" or command[0] in {"parse", "add"}:
        assert status == 2
        assert name in text or kind == "dangling"
        assert len(text.strip().splitlines()) <= LINES


@pytest.mark.parametrize("kind", ["pipe", "loop", "binary"])
@pytest.mark.parametrize(
    "command",
    [
        ("build", "--root", "odd"),
        ("build", "--templates", "odd"),
        ("generate", "--out", "new", "--specs", "odd"),
        ("generate", "--out", "new", "--overlays", "odd"),
        ("generate", "--out", "odd"),
        ("generate", "--out", "odd/new"),
        ("init", "odd"),
        ("docs", "build", "--covers", "none", "--docs", "odd"),
        ("docs", "build", "--covers", "none", "--out", "odd"),
        ("templates", "copy", "docs/index.md.jinja", "--to", "odd"),
    ],
    ids=" ".join,
)
def test_what_is_no_folder_is_refused(
    project: Path, said: Said, kind: str, command: Command
) -> None:
    with instead_of(project / "odd", kind):
        status, text = said(command)
    assert status == 2
    assert "odd" in text
    assert len(text.strip().splitlines()) <= LINES


READ_BACK: Final[dict[str, Command]] = {
    "specs/documents/acme/odd.txt": ("build", "--check"),
    "specs/tools/acme/odd.yaml": ("build", "--check"),
    "specs/overlays/odd.yaml": ("build", "--check"),
    "own/docs/odd.md.jinja": ("build", "--check", "--templates", "own"),
    "pyproject.toml": ("lint",),
    "specs/baseline.toml": ("lint",),
    "generated/MANIFEST.json": ("build", "--check"),
    "generated/openapi.json": ("build", "--check"),
    "generated/docs/tools.json": ("docs", "build", "--covers", "none", "--jobs", "1"),
    ".wirogen/sync.json": ("sync",),
    ".wirogen/sync.journal": ("sync",),
}


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind != "dangling"])
@pytest.mark.parametrize("path", READ_BACK)
def test_one_of_them_in_a_project_ends_no_command(
    project: Path, said: Said, path: str, kind: str
) -> None:
    with instead_of(project / path, kind):
        assert said(READ_BACK[path])[0] in {0, 1, 2}


WRONG: Final[tuple[Any, ...]] = (
    None, True, -1, 10**400, 1.5, "x", "\ud800", "../x", [], [None], [["x"]], {}, {"x": {}},
)  # fmt: skip
DEEP: Final = "[" * 100_000
TEXTS: Final = ("", "x", "{", DEEP, '{"tools": ' + DEEP, '{"files": NaN}', "\ufeff{}")


def spoilt(value: Any) -> Iterator[Any]:
    """A JSON value with each of its parts missing, or wrong in each way."""
    yield from WRONG
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for key, each in list(fields.items())[:30]:
            yield {name: found for name, found in fields.items() if name != key}
            yield from ({**fields, key: other} for other in spoilt(each))
    elif isinstance(value, list) and value:
        items = cast("list[Any]", value)
        yield from ([other, *items[1:]] for other in spoilt(items[0]))


def variants(file: Path) -> list[str]:
    return [*TEXTS, *map(json.dumps, spoilt(json.loads(file.read_text("utf-8"))))]


def test_a_catalogue_that_somebody_changed_is_refused_or_read(built: Path, tmp_path: Path) -> None:
    for text in variants(built / "generated" / "docs" / "tools.json"):
        (tmp_path / "tools.json").write_text(text, "utf-8")
        try:
            tools = _tools(tmp_path)
        except InputError:
            continue
        listed = [_with_picture(tool, Covers(found={}, files={})) for tool in tools]
        assert len(related_tools(listed)) <= len(tools)
        assert len(list(search_rows(listed))) == len(tools)
        assert len(neighbours((each["main"], each["page"], each["tool"]) for each in tools)) <= 2


def test_a_manifest_that_somebody_changed_is_refused_or_read(built: Path, tmp_path: Path) -> None:
    found = [Diagnostic(code="D201", message="", path="x", subject="a")]
    for text in variants(built / "generated" / "MANIFEST.json"):
        (tmp_path / "MANIFEST.json").write_text(text, "utf-8")
        with suppress(InputError):
            OutputState(tmp_path)
        built_specs(tmp_path)
        built_modules(tmp_path)
        for tool in built_findings(tmp_path) or {}:
            unknown(found, built_findings(tmp_path) or {}, lambda _, tool=tool: tool)


def test_a_state_of_the_site_that_somebody_changed_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"stage": "x", "pages": {"a": "b"}, "files": ["a"]}), "utf-8")
    for text in variants(file):
        file.write_text(text, "utf-8")
        _remove(tmp_path / "out", _read_state(file).files)


@pytest.mark.parametrize(
    "text",
    [
        "x", "[x]\na = inf", "[x]\na = nan", "[x]\na = 'x'", "x = 1", "[x]\na = 1979-05-27",
        f"x = {DEEP}", "[[x]]", "[x]\na = [1]",
    ],
)  # fmt: skip
def test_a_baseline_that_somebody_changed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "baseline.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match="not a baseline"):
        read_baseline(tmp_path / "baseline.toml")
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    read_examples(tmp_path)


SOURCES: Final = (
    "specs/documents/acme/odd.txt",
    "specs/tools/acme/odd.yaml",
    "specs/overlays/odd.yaml",
)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "loop", "dangling"])
@pytest.mark.parametrize("path", SOURCES)
def test_a_source_that_is_no_file_is_an_error(
    project: Path, said: Said, path: str, kind: str
) -> None:
    with instead_of(project / path, kind):
        status, text = said(("build", "--check"))
        assert (status, path in text) == (1, True)
        assert said(("lint",))[0] == 2


def test_what_emacs_locks_a_source_with_is_passed_over(project: Path, said: Said) -> None:
    for path in SOURCES:
        lock = project / path.replace("odd", ".#odd")
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.symlink_to("me@here.1")
    status, text = said(("build", "--check"))
    for path in SOURCES:
        (project / path.replace("odd", ".#odd")).unlink()
    assert (status, "odd" in text) == (0, False)
