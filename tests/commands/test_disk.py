"""Disks that are full, folders that may not be written to, caches that are damaged."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from commands.small import command, documents, half_written, tree, wirogen

TOOLS = 4
_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE = 1


def limited(size: int) -> Callable[[], None]:
    """No file of the process may grow beyond ``size`` bytes, as on a disk that is almost full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def without_privileges() -> None:
    """Permissions count for the superuser too."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


def restricted(
    *arguments: str | Path, cwd: Path, by: Callable[[], None]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        preexec_fn=by,  # noqa: PLW1509 - only one thread here
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has been built and whose documents have changed since."""
    root = tmp_path / "project"
    monkeypatch.setenv("WIROGEN_CACHE", str(tmp_path / "cache"))
    documents(root, TOOLS)
    assert wirogen("build", cwd=root).returncode == 0
    documents(root, TOOLS, "second")
    return root


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


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
def test_a_full_disk_is_one_line_and_changes_nothing(project: Path, size: int, says: str) -> None:
    specs, made = tree(project / "specs" / "tools"), tree(project / "generated")
    done = restricted("build", cwd=project, by=limited(size))
    assert one_line(done) == says
    assert tree(project / "generated") == made
    assert tree(project / "specs" / "tools").keys() == specs.keys()
    assert half_written(project.parent) == []
    assert wirogen("build", cwd=project).returncode == 0
    assert tree(project / "generated") != made
    assert wirogen("build", "--check", cwd=project).returncode == 0


def test_a_full_disk_leaves_no_folder_that_was_not_there(project: Path) -> None:
    arguments = ("generate", "--specs", "specs/tools", "--out", "new/made")
    done = restricted(*arguments, cwd=project, by=limited(2000))
    assert "new/made: error: S005" in one_line(done)
    assert not (project / "new").exists()
    assert half_written(project.parent) == []


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
rm "$1/filler"
"$2" -m wirogen build --root "$1" > /dev/null
exit $status
"""


@pytest.mark.parametrize("left", [8, 60, 160])
def test_a_disk_that_is_really_full(project: Path, left: int) -> None:
    name_spaces = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = subprocess.run(
        [*name_spaces, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("no file system can be mounted here; limits on files show the same")
    place = project.parent / "disk"
    place.mkdir()
    (python, *_) = command()
    done = subprocess.run(
        [*name_spaces, "sh", "-c", FILL_AND_BUILD, "sh", str(place), python, str(left)],
        cwd=project.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "no space left on device" in one_line(done)


@pytest.mark.parametrize("closed", [".", "generated"])
def test_a_folder_that_may_not_be_written_to_is_one_line(project: Path, closed: str) -> None:
    assert wirogen("parse", *documents_of(project), "--out", "specs/tools", cwd=project)
    made = tree(project / "generated")
    (project / closed).chmod(0o555)
    done = restricted("build", cwd=project, by=without_privileges)
    (project / closed).chmod(0o755)
    assert one_line(done) == (
        "wirogen: generated: error: S005 cannot be written (permission denied); "
        "nothing in it has changed\n"
    )
    assert tree(project / "generated") == made
    assert half_written(project.parent) == []


def documents_of(project: Path) -> list[Path]:
    return sorted((project / "specs" / "documents").rglob("*.txt"))


def test_specs_that_may_not_be_written_are_one_line(project: Path) -> None:
    made = tree(project / "generated")
    folder = project / "specs" / "tools" / "acme"
    folder.chmod(0o555)
    done = restricted("build", cwd=project, by=without_privileges)
    folder.chmod(0o755)
    assert one_line(done) == "wirogen: specs/tools/acme/tool-0.yaml: permission denied\n"
    assert tree(project / "generated") == made


def test_a_document_that_may_not_be_read_does_not_hold_up_the_others(project: Path) -> None:
    (closed, *_) = documents_of(project)
    closed.chmod(0)
    done = restricted("build", cwd=project, by=without_privileges)
    assert done.returncode == 1
    assert done.stderr == ("specs/documents/acme/tool-0.txt: error: S004 permission denied\n")
    modules = project / "generated" / "python" / "wiro_tools" / "acme"
    assert "first help" in (modules / "tool_0.py").read_text("utf-8")
    assert "second help" in (modules / "tool_1.py").read_text("utf-8")


@pytest.mark.parametrize("out", ["taken", "taken/made"])
def test_a_file_where_the_folder_should_be_is_not_replaced(project: Path, out: str) -> None:
    (project / "taken").write_text("mine", "utf-8")
    done = wirogen("generate", "--specs", "specs/tools", "--out", out, cwd=project)
    assert f"{out}: error: S005" in one_line(done)
    assert (project / "taken").read_text("utf-8") == "mine"


def _a_file(cache: Path) -> str:
    cache.write_text("", "utf-8")
    return str(cache)


def _closed(cache: Path) -> str:
    cache.mkdir(mode=0o555)
    return str(cache)


@pytest.mark.parametrize(
    "broken",
    [_a_file, _closed, lambda _cache: "/proc/nothing/here", lambda _cache: "/dev/full"],
    ids=["file", "closed", "nowhere", "device"],
)
def test_a_cache_that_cannot_be_used_is_done_without(
    project: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[Path], str]
) -> None:
    monkeypatch.setenv("WIROGEN_CACHE", broken(project.parent / "broken"))
    done = restricted("build", cwd=project, by=without_privileges)
    assert (done.returncode, done.stderr) == (0, "")
    check = wirogen("build", "--check", cwd=project, env={"WIROGEN_CACHE": ""})
    assert check.returncode == 0


def _flipped(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _random(data: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(len(data))


@pytest.mark.parametrize("damage", [_flipped, _cut, _random])
def test_damaged_cache_entries_do_no_harm(
    project: Path, damage: Callable[[bytes, random.Random], bytes]
) -> None:
    assert wirogen("build", cwd=project).returncode == 0
    made = tree(project / "generated")
    chance = random.Random(3)  # noqa: S311 - places in files, no secrets
    entries = [path for path in (project.parent / "cache").rglob("*") if path.is_file()]
    assert len(entries) > 2 * TOOLS
    for again in range(3):
        for entry in entries:
            if entry.stat().st_size:
                entry.write_bytes(damage(entry.read_bytes(), chance))
        if again == 1:
            shutil.rmtree(project / "generated")
        if again == 2:
            (project / "generated" / "docs" / "index.md").write_text("edited", "utf-8")
        done = wirogen("build", cwd=project)
        assert (done.returncode, done.stderr) == (0, "")
        assert tree(project / "generated") == made
