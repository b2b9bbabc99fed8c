"""A look at a large tree, taken by another process while a build reads its sources."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirogen.common.lock import is_free
from wirogen.output.manifest import Entry, manifest_text

HEAD = """
import os, signal, sys
from pathlib import Path
from wirogen.diagnostics.model import InputError
from wirogen.standing import looking

out = Path(sys.argv[1])
forks, fork = [], os.fork
os.cpu_count = lambda: 2
def counted():
    forks.append(fork())
    return forks[-1]
os.fork = counted
"""

FILES = {f"docs/{number:04}.md": f"page {number}" for number in range(600)}


def run(out: Path, script: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", HEAD + script, out],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    hashes = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in FILES.items()}
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"files": hashes}))
    return tmp_path


WHICH = """
with looking(out) as standing:
    look = standing.look()
    print(len(forks), look.is_whole)
    for path, digest in look.known.items():
        if not look.holds({path: digest}):
            print(path)
    print(len(look.known))
"""


def test_what_was_edited_or_is_gone_is_seen(out: Path) -> None:
    assert run(out, WHICH) == ["1", "True", "600"]
    (out / "docs/0007.md").write_text("by hand")
    (out / "docs/0599.md").unlink()
    assert run(out, WHICH) == ["1", "False", "docs/0007.md", "docs/0599.md", "600"]


def test_another_hash_than_that_of_the_manifest_is_looked_up(out: Path) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    (out / "docs/0007.md").write_text("other")
    (out / "new.md").write_text("other")
    script = f"""
with looking(out) as standing:
    look = standing.look()
    print(*(look.holds({{path: "{other}"}}) for path in ("docs/0007.md", "new.md", "docs/0001.md")))
"""
    assert run(out, script) == ["True", "True", "False"]


def test_a_tree_that_somebody_else_has_written_meanwhile_is_looked_at_again(out: Path) -> None:
    script = """
import json
with looking(out) as standing:
    os.waitid(os.P_PID, forks[0], os.WEXITED | os.WNOWAIT)
    (out / "MANIFEST.json").write_text(json.dumps({"files": {"docs/0001.md": "0" * 64}}))
    look = standing.look()
    print(len(look.known), look.is_whole)
"""
    # A small answer fits into the pipe, so that the other process can end before it is asked.
    hashes = json.loads((out / "MANIFEST.json").read_text())
    few = dict(list(hashes["files"].items())[:2])
    (out / "MANIFEST.json").write_text(json.dumps({"files": few, "rest": "x" * 60_000}))
    assert run(out, script) == ["1", "False"]


@pytest.mark.parametrize("end", ["os.kill(forks[0], signal.SIGKILL)", "os.kill(os.getpid(), 0)"])
def test_nothing_is_lost_with_the_process_nor_left_of_it(out: Path, end: str) -> None:
    script = f"""
with looking(out) as standing:
    {end}
    print(standing.look().is_whole)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("none")
"""
    assert run(out, script) == ["True", "none"]


def test_it_is_gone_when_nobody_asks(out: Path) -> None:
    script = """
with looking(out):
    pass
try:
    os.kill(forks[0], 0)
except ProcessLookupError:
    print("gone")
"""
    assert run(out, script) == ["gone"]


def test_a_manifest_that_is_none_is_refused(out: Path) -> None:
    (out / "MANIFEST.json").write_text("x" * 60_000)
    script = """
with looking(out) as standing:
    try:
        standing.look()
    except InputError as error:
        print(error.diagnostic.code)
"""
    assert run(out, script) == ["S003"]


def test_a_process_with_threads_is_not_copied(out: Path) -> None:
    script = """
import threading
done = threading.Event()
thread = threading.Thread(target=done.wait)
thread.start()
with looking(out) as standing:
    print(len(forks), standing.look().is_whole)
done.set()
"""
    assert run(out, script) == ["0", "True"]


_entries = st.recursive(
    st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(st.text(), _entries, max_size=4))
def test_a_manifest_is_the_json_that_any_program_would_write(entry: dict[str, Entry]) -> None:
    assert manifest_text(entry) == json.dumps(entry, indent=2, ensure_ascii=False) + "\n"


def test_a_parent_that_is_killed_leaves_no_lock_and_no_open_output(out: Path) -> None:
    """The answer is longer than what a pipe takes in, so that nobody could write it out."""
    script = """
from wirogen.common.lock import locked
with locked(out), looking(out):
    print("looking", flush=True)
    os.waitid(os.P_PID, forks[0], os.WSTOPPED | os.WNOHANG)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    hashes = {f"missing/{number}.md": "0" * 64 for number in range(3000)}
    (out / "MANIFEST.json").write_text(json.dumps({"files": hashes}))
    done = subprocess.run(
        [sys.executable, "-c", HEAD + script, out], capture_output=True, timeout=60, check=False
    )
    assert done.stdout == b"looking\n"
    # The other process may not even have begun when its parent is gone.
    deadline = time.monotonic() + 30
    while not is_free(out):
        assert time.monotonic() < deadline
        time.sleep(0.05)
