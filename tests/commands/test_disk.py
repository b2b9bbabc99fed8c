"""Disks that are full, folders that may not be written to, caches that are damaged."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import pytest

from commands.small import documents, half_written, tree, wirogen
from conftest import MakeOnce
from wirogen.cli.app import run
from wirogen.common.cache import Cache

pytestmark = pytest.mark.slow

TOOLS = 4
_CAPABILITY_VERSION = 0x20080522
_OVERRIDING = 0b110
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


class Command:
    """The command line in this process, with less freedom than usual."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Exit status and what is on stderr."""
        self._capsys.readouterr()
        status = run(arguments)
        return status, self._capsys.readouterr().err

    def tree(self, folder: str = "generated") -> dict[str, bytes]:
        return tree(self.root / folder)

    @property
    def left_over(self) -> list[str]:
        return half_written(self.root.parent)


@contextmanager
def files_up_to(size: int) -> Generator[None]:
    """No file may grow beyond ``size`` bytes, as on a disk that is almost full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        # Python would keep the half of a module that it imports here, for all later runs.
        with patch.object(sys, "dont_write_bytecode", True):
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def closed(path: Path, mode: int) -> Generator[None]:
    """A file or folder has the mode, which counts for the superuser too."""
    before = path.stat().st_mode
    path.chmod(mode)
    try:
        with _no_overriding() if os.geteuid() == 0 else nullcontext():
            yield
    finally:
        path.chmod(before)


@contextmanager
def _no_overriding() -> Generator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    found = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, found) == 0
    less = (ctypes.c_uint32 * 6)(*found)
    less[0] &= ~_OVERRIDING
    assert libc.capset(header, less) == 0
    try:
        yield
    finally:
        assert libc.capset(header, found) == 0


@pytest.fixture(scope="module")
def built(make_once: MakeOnce) -> Path:
    """A folder with a project that has been built and a cache."""
    return make_once("disk", build)


def build(folder: Path) -> None:
    documents(folder / "project", TOOLS)
    done = wirogen("build", cwd=folder / "project", env={"WIROGEN_CACHE": str(folder / "cache")})
    assert done.returncode == 0
    documents(folder / "project", TOOLS, "second")


@pytest.fixture
def command(
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Commands in a project whose documents have changed since it was built."""
    shutil.copytree(built, tmp_path / "x")
    monkeypatch.setenv("WIROGEN_CACHE", str(tmp_path / "x" / "cache"))
    monkeypatch.chdir(tmp_path / "x" / "project")
    return Command(tmp_path / "x" / "project", capsys)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        (200, "wirogen: specs/tools/acme/tool-0.yaml: file too large\n"),
        (
            20_000,
            "wirogen: generated: error: S005 cannot be written (file too large); "
            "nothing in it has changed\n",
        ),
    ],
)
def test_a_full_disk_is_one_line_and_changes_nothing(
    command: Command, size: int, says: str
) -> None:
    specs, made = command.tree("specs/tools"), command.tree()
    with files_up_to(size):
        assert command("build") == (2, says)
    assert command.tree() == made
    assert command.tree("specs/tools").keys() == specs.keys()
    assert command.left_over == []
    assert command("build") == (0, "")
    assert command.tree() != made
    assert command("build", "--check") == (0, "")


def test_a_full_disk_leaves_no_folder_that_was_not_there(command: Command) -> None:
    with files_up_to(2000):
        status, said = command("generate", "--specs", "specs/tools", "--out", "new/made")
    assert status == 2
    assert said.startswith("wirogen: new/made: error: S005 cannot be written (file too large)")
    assert not (command.root / "new").exists()
    assert command.left_over == []


FILL_AND_BUILD = """
set -e
mount -t tmpfs -o size=3m none "$1"
cp -r project/. "$1"
sums() { (cd "$1/generated" && find . -type f -exec sha256sum {} + | sort); }
sums "$1" > before
dd if=/dev/zero of="$1/filler" bs=1k 2> /dev/null || true
truncate -s -"$3"k "$1/filler"
status=0
"$2" -m wirogen build --root "$1" || status=$?
sums "$1" > after
cmp before after
find "$1" -name '.wirogen-*'
exit $status
"""


@pytest.mark.parametrize("left", [8, 60, 110])
def test_a_disk_that_is_really_full(command: Command, left: int) -> None:
    name_spaces = ["unshare", "--user", "--map-root-user", "--mount"]
    place = command.root.parent / "disk"
    place.mkdir()
    mount = [*name_spaces, "mount", "-t", "tmpfs", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here; the limit on files shows the same")
    script = ["sh", "-c", FILL_AND_BUILD, "sh", str(place), sys.executable, str(left)]
    done = subprocess.run(
        [*name_spaces, *script],
        cwd=command.root.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "no space left on device" in done.stderr, done.stderr


@pytest.mark.parametrize("folder", [".", "generated"])
def test_a_folder_that_may_not_be_written_to_is_one_line(command: Command, folder: str) -> None:
    specs = [str(path) for path in sorted(Path("specs/documents").rglob("*.txt"))]
    assert command("parse", *specs, "--out", "specs/tools")[0] == 0
    made = command.tree()
    with closed(Path(folder), 0o555):
        assert command("build") == (
            2,
            "wirogen: generated: error: S005 cannot be written (permission denied); "
            "nothing in it has changed\n",
        )
    assert command.tree() == made
    assert command.left_over == []


def test_specs_that_may_not_be_written_are_one_line(command: Command) -> None:
    made = command.tree()
    with closed(Path("specs/tools/acme"), 0o555):
        said = command("build")
    assert said == (2, "wirogen: specs/tools/acme/tool-0.yaml: permission denied\n")
    assert command.tree() == made


def test_a_document_that_may_not_be_read_does_not_hold_up_the_others(command: Command) -> None:
    with closed(Path("specs/documents/acme/tool-0.txt"), 0):
        said = command("build")
    assert said == (1, "specs/documents/acme/tool-0.txt: error: S004 permission denied\n")
    modules = Path("generated/python/wiro_tools/acme")
    assert "first help" in (modules / "tool_0.py").read_text("utf-8")
    assert "second help" in (modules / "tool_1.py").read_text("utf-8")


@pytest.mark.parametrize("out", ["taken", "taken/made"])
def test_a_file_where_the_folder_should_be_is_not_replaced(command: Command, out: str) -> None:
    Path("taken").write_text("mine", "utf-8")
    status, said = command("generate", "--specs", "specs/tools", "--out", out)
    assert status == 2
    assert said.startswith(f"wirogen: {out}: error: S005")
    assert len(said.splitlines()) == 1
    assert Path("taken").read_text("utf-8") == "mine"


@pytest.mark.parametrize("cache", ["taken", "closed", "/proc/nothing/here", "/dev/full"])
def test_a_cache_that_cannot_be_used_is_done_without(
    command: Command, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    Path("taken").write_text("mine", "utf-8")
    Path("closed").mkdir()
    monkeypatch.setenv("WIROGEN_CACHE", cache)
    with closed(Path("closed"), 0o555):
        assert command("build") == (0, "")
    monkeypatch.setenv("WIROGEN_CACHE", "")
    assert command("build", "--check") == (0, "")


def test_a_cache_on_a_full_disk_is_done_without_and_keeps_no_rubbish(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with files_up_to(1000):
        cache.put("kind", "key", "x" * 5000)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    cache = Cache(tmp_path)
    assert cache.get("kind", "key") is None


def _flipped(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _random(data: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(data))


def _reworded(data: bytes, _chance: random.Random) -> bytes:
    """An entry that can be read and says something else."""
    return data.replace(b"prompt", b"prompd").replace(b"Prompt", b"Prompd")


def test_damaged_cache_entries_do_no_harm(command: Command) -> None:
    assert command("build") == (0, "")
    made = command.tree()
    chance = random.Random(3)  # noqa: S311 - places in files, no secrets
    entries = [path for path in (command.root.parent / "cache").rglob("*") if path.is_file()]
    assert len(entries) > 2 * TOOLS
    for again, damage in enumerate((_flipped, _cut, _random, _reworded)):
        for entry in entries:
            if entry.stat().st_size:
                entry.write_bytes(damage(entry.read_bytes(), chance))
        if again == 1:
            shutil.rmtree("generated")
        if again == 2:
            Path("generated/docs/index.md").write_text("edited", "utf-8")
        if again == 3:
            documents(command.root, 1, "first")
            documents(command.root, 1, "second")
        assert command("build") == (0, "")
        assert command.tree() == made
