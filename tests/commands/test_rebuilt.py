"""What changed decides what is made again: exactly that, and nothing else is touched."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wirogen
from commands import small
from commands.small import TEMPLATES, documents, page
from conftest import MakeOnce
from generator.project import detail
from wirogen.cli.app import run

pytestmark = pytest.mark.slow

CLIENT = "python/wiro_tools/[owner]/[project].py.jinja"
PAGE = "docs/tools/[owner]/[project].md.jinja"
EVERY = {"MANIFEST.json"}
LISTS = {
    "docs/categories/tool.md",
    "docs/llms.txt",
    "docs/tools.json",
    "docs/tools/index.md",
    "openapi.json",
    "python/wiro_tools/catalogue.json",
}
TOOLS = ["acme/tool-0", "acme/tool-1", "acme/tool-2"]


def files_of(number: int) -> set[str]:
    """Every file that is about one tool alone."""
    return {
        f"docs/tools/acme/tool_{number}.json",
        page_of(number),
        f"docs/tools/acme/tool_{number}.yaml",
        f"python/wiro_tools/_validators/acme/tool_{number}.py",
        module_of(number),
        f"schemas/calls/acme/tool_{number}.json",
        f"schemas/tools/acme/tool_{number}.json",
    }


def page_of(number: int) -> str:
    return f"docs/tools/acme/tool_{number}.md"


def module_of(number: int) -> str:
    return f"python/wiro_tools/acme/tool_{number}.py"


class Built:
    """A project of two tools from documents and one from a spec that was written by hand."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.made = root / "generated"
        self._capsys = capsys

    def build(self, *arguments: str) -> dict[str, Any]:
        self._capsys.readouterr()
        assert run(["build", "--root", str(self.root), "--json", *arguments]) == 0
        return json.loads(self._capsys.readouterr().out)

    def touched(self) -> dict[str, tuple[int, int]]:
        return {
            path.relative_to(self.made).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns)
            for path in self.made.rglob("*")
            if path.is_file()
        }

    def makes(
        self,
        written: set[str],
        *arguments: str,
        rendered: list[str],
        specs: list[str] | None = None,
        **more: list[str],
    ) -> None:
        """A build makes just these files again, and says so; after it, nothing is left to do."""
        before = self.touched()
        report = self.build(*arguments)
        after = self.touched()
        changed = {path for path in after if after[path] != before.get(path)}
        assert set(report["written"]) == changed == written
        assert report["rendered"] == rendered
        assert report["specs"] == (specs or [])
        removed = more.get("removed", [])
        assert report["removed"] == sorted(before.keys() - after.keys()) == removed
        for key in ("edited", "edited_specs", "unknown"):
            assert report[key] == more.get(key, []), key
        again = self.build(*arguments)
        assert (again["written"], again["rendered"], again["removed"]) == ([], [], [])
        assert self.touched() == after

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="module")
def example(make_once: MakeOnce) -> Path:
    """A folder with the project, built, and its cache."""
    return make_once("rebuilt", make_example)


def make_example(folder: Path) -> None:
    root = folder / "project"
    documents(root, 3)

    def build() -> None:
        done = small.wirogen("build", cwd=root, env={"WIROGEN_CACHE": str(folder / "cache")})
        assert done.returncode == 0, done.stderr

    build()
    (root / "specs/documents/acme/tool-2.txt").unlink()
    spec = root / "specs/tools/acme/tool-2.yaml"
    text = spec.read_text("utf-8")
    spec.write_text(text[: text.index("source:")], "utf-8")
    build()


@pytest.fixture
def built(
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Built:
    monkeypatch.setenv("WIROGEN_CACHE", str(tmp_path / "cache"))
    shutil.copytree(example, tmp_path, dirs_exist_ok=True)
    project = Built(tmp_path / "project", capsys)
    project.build()
    return project


def test_nothing(built: Built) -> None:
    built.makes(set(), rendered=[])


def test_what_a_document_says_of_an_input(built: Built) -> None:
    built.edit("specs/documents/acme/tool-0.txt", "first help", "other help")
    built.makes(
        files_of(0) | EVERY | {"openapi.json"},
        rendered=["acme/tool-0"],
        specs=["acme/tool-0.yaml"],
    )


def test_what_a_document_says_of_the_tool(built: Built) -> None:
    built.edit("specs/documents/acme/tool-0.txt", "The first", "Another")
    about = {page_of(0), "docs/tools/acme/tool_0.yaml", "schemas/calls/acme/tool_0.json"}
    built.makes(
        about | {module_of(0)} | LISTS | EVERY,
        rendered=["acme/tool-0"],
        specs=["acme/tool-0.yaml"],
    )


def test_a_document_that_says_the_same_in_other_bytes(built: Built) -> None:
    document = built.root / "specs/documents/acme/tool-0.txt"
    document.write_bytes(document.read_bytes() + b"\n")
    built.makes(
        {"docs/tools/acme/tool_0.yaml"} | EVERY,
        rendered=["acme/tool-0"],
        specs=["acme/tool-0.yaml"],
    )


def test_an_overlay(built: Built) -> None:
    overlay = built.root / "specs/overlays/acme/tool-1.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(
        'overlay: 1\ntool: "acme/tool-1"\ncorrections:\n'
        '  - input: "steps"\n    reason: "Tried."\n    set: {maximum: "50"}\n',
        "utf-8",
    )
    wanted = files_of(1) | EVERY | {"openapi.json"}
    built.makes(wanted, rendered=["acme/tool-1"])
    overlay.write_text(overlay.read_text("utf-8").replace("50", "60"), "utf-8")
    built.makes(wanted, rendered=["acme/tool-1"])
    overlay.unlink()
    built.makes(wanted, rendered=["acme/tool-1"])


def test_a_spec_that_was_written_by_hand(built: Built) -> None:
    built.edit("specs/tools/acme/tool-2.yaml", "first help", "other help")
    built.makes(files_of(2) | EVERY | {"openapi.json"}, rendered=["acme/tool-2"])


def test_tool_detail(built: Built) -> None:
    answer = built.root / "specs/documents/acme/tool-0.json"
    answer.write_text(json.dumps(detail("acme/tool-0", {"id": "steps", "max": 50})), "utf-8")
    limits = files_of(0) | EVERY | {"openapi.json"}
    price = {"docs/tools.json", "python/wiro_tools/catalogue.json"}
    # The example of the guides is the first tool where none is pinned.
    price |= {f"docs/guides/{guide}.md" for guide in ("prices", "tool-calling")}
    price.add("skills/wiro-tools/SKILL.md")
    built.makes(limits | price, rendered=["acme/tool-0"], specs=["acme/tool-0.yaml"])
    answer.write_text(json.dumps(detail("acme/tool-0", {"id": "steps", "max": 60})), "utf-8")
    built.makes(limits, rendered=["acme/tool-0"], specs=["acme/tool-0.yaml"])


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Templates as they are shipped, free to be edited."""
    package = tmp_path / "lib" / "wirogen"
    shutil.copytree(TEMPLATES, package / "templates")
    monkeypatch.setattr(wirogen, "__file__", str(package / "__init__.py"))
    return package / "templates"


@pytest.mark.parametrize(
    ("template", "more", "written", "rendered"),
    [
        (PAGE, "\nMore.\n", {page_of(0), page_of(1), page_of(2)}, TOOLS),
        (CLIENT, "# More.\n", {module_of(0), module_of(1), module_of(2)}, TOOLS),
        ("docs/tools/index.md.jinja", "\nMore.\n", {"docs/tools/index.md"}, TOOLS),
        ("docs/assets/main.js", "// More.\n", {"docs/assets/main.js"}, TOOLS),
    ],
    ids=["page", "client", "list", "asset"],
)
def test_a_template(
    built: Built, templates: Path, template: str, more: str, written: set[str], rendered: list[str]
) -> None:
    with (templates / template).open("a", encoding="utf-8") as file:
        file.write(more)
    built.makes(written | EVERY, rendered=rendered)


def test_a_template_that_others_include(built: Built, templates: Path) -> None:
    for template, part in ((CLIENT, "_constants.jinja"), (PAGE, "_options.jinja")):
        with (templates / template).with_name(part).open("a", encoding="utf-8") as file:
            file.write("{# More. #}")
        built.makes(set(), rendered=TOOLS)


def test_a_template_of_ones_own(built: Built, tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / PAGE).parent.mkdir(parents=True)
    (own / PAGE).write_text((TEMPLATES / PAGE).read_text("utf-8") + "\nOurs.\n", "utf-8")
    pages = {page_of(0), page_of(1), page_of(2)}
    built.makes(pages | EVERY, "--templates", str(own), rendered=TOOLS)
    (own / PAGE).unlink()
    built.makes(pages | EVERY, "--templates", str(own), rendered=TOOLS)


def _another_library(folder: Path) -> dict[str, str]:
    """Another version of a library that shapes what is made, as far as its metadata say."""
    found = folder / "black-99.0.dist-info"
    found.mkdir(parents=True)
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: black\nVersion: 99.0\n", "utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}


def _another_generator(folder: Path) -> dict[str, str]:
    """The generator with one line changed."""
    code = Path(wirogen.__file__).parent
    shutil.copytree(code, folder / "wirogen", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(TEMPLATES, folder / "wirogen" / "templates", dirs_exist_ok=True)
    with (folder / "wirogen" / "diagnostics.py").open("a", encoding="utf-8") as file:
        file.write("\n_MORE = 1\n")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}


@pytest.mark.parametrize(
    ("other", "written"),
    [(_another_library, ["MANIFEST.json"]), (_another_generator, [])],
    ids=["library", "generator"],
)
def test_another_version_of_what_makes_it(
    built: Built, tmp_path: Path, other: Callable[[Path], dict[str, str]], written: list[str]
) -> None:
    before = built.touched()
    command = [sys.executable, "-m", "wirogen", "build", "--root", str(built.root), "--json"]
    env = {**os.environ, **other(tmp_path / "other")}
    shown = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    report = json.loads(shown.stdout)
    assert report["rendered"] == TOOLS
    assert report["written"] == written
    after = built.touched()
    assert [path for path in after if after[path] != before[path]] == written


@pytest.mark.parametrize(
    ("path", "rendered"), [("docs/index.md", []), (module_of(1), ["acme/tool-1"])]
)
def test_what_was_made_is_edited_or_removed(built: Built, path: str, rendered: list[str]) -> None:
    file = built.made / path
    text = file.read_text("utf-8")
    file.write_text("mine", "utf-8")
    built.makes({path}, rendered=rendered, edited=[path])
    assert file.read_text("utf-8") == text
    file.unlink()
    built.makes({path}, rendered=rendered)
    assert file.read_text("utf-8") == text


def test_an_edited_file_is_named_before_it_is_overwritten(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    (built.made / "docs/index.md").write_text("mine", "utf-8")
    assert run(["build", "--root", str(built.root), "--check"]) == 1
    assert "edited by hand  generated/docs/index.md\n" in capsys.readouterr().out
    assert (built.made / "docs/index.md").read_text("utf-8") == "mine"


def test_a_file_that_is_not_ours(built: Built) -> None:
    (built.made / "docs" / "mine.md").write_text("mine", "utf-8")
    built.makes(set(), rendered=[], unknown=["docs/mine.md"])


def test_a_manifest_that_has_gone(built: Built) -> None:
    (built.made / "MANIFEST.json").unlink()
    built.makes(EVERY, rendered=[])


NUMBER_OF_TOOLS = {
    "docs/categories/index.md",
    "docs/index.md",
    "python/wiro_tools/acme/__init__.pyi",
}


def test_a_tool_that_has_gone(built: Built) -> None:
    for path in ("documents/acme/tool-1.txt", "tools/acme/tool-1.yaml"):
        (built.root / "specs" / path).unlink()
    built.makes(LISTS | NUMBER_OF_TOOLS | EVERY, rendered=[], removed=sorted(files_of(1)))


def test_a_tool_that_is_new(built: Built) -> None:
    (built.root / "specs/documents/acme/new.txt").write_text(page(3).text(), "utf-8")
    built.makes(
        files_of(3) | LISTS | NUMBER_OF_TOOLS | EVERY,
        rendered=["acme/tool-3"],
        specs=["acme/tool-3.yaml"],
    )


def test_a_file_of_ones_own_is_never_written_over(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = built.made / page_of(3)
    mine.write_text("mine", "utf-8")
    (built.root / "specs/documents/acme/new.txt").write_text(page(3).text(), "utf-8")
    before = built.touched()
    assert run(["build", "--root", str(built.root)]) == 2
    said = capsys.readouterr().err
    assert f"{page_of(3)}: error: S007 is not in MANIFEST.json; move it away" in said
    assert built.touched() == before
    mine.unlink()
    assert run(["build", "--root", str(built.root)]) == 0


def test_a_tree_in_a_project_of_other_files(
    built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "repository"
    (other / "docs").mkdir(parents=True)
    (other / "docs" / "index.md").write_text("mine", "utf-8")
    (other / "openapi.json").write_text("{}", "utf-8")
    command = ["generate", "--specs", str(built.root / "specs/tools"), "--out", str(other)]
    assert run(command) == 2
    assert "docs/index.md: error: S007 is not in MANIFEST.json, nor are 1 more" in (
        capsys.readouterr().err
    )
    assert sorted(path.name for path in other.rglob("*")) == ["docs", "index.md", "openapi.json"]


@pytest.mark.parametrize("given", [True, False], ids=["specs given", "specs of the project"])
@pytest.mark.parametrize(
    ("out", "read"),
    [
        ("specs/tools/out", "specs/tools"),
        ("specs/documents", "specs"),
        ("specs/documents/new/out", "specs"),
        ("specs/out", "specs"),
        ("specs", "specs"),
    ],
)
def test_a_tree_that_would_lie_in_what_it_is_made_of(
    built: Built,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    read: str,
    given: bool,
) -> None:
    monkeypatch.chdir(built.root)
    (built.root / "specs/documents").mkdir(exist_ok=True)
    before = sorted(built.root.rglob("*"))
    specs = ["--specs", "specs/tools"] if given else []
    assert run(["generate", *specs, "--out", out]) == 2
    assert re.search(rf"--out {out} lies in \S*{read}, which is read", capsys.readouterr().err)
    assert sorted(built.root.rglob("*")) == before


def test_documents_of_another_kind_beside_specs_are_not_in_the_way(
    built: Built, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(built.root / "specs" / "tools", "tools")
    Path("documents").mkdir()
    assert run(["generate", "--specs", "tools", "--out", "out"]) == 0
    assert Path("out/openapi.json").is_file()
