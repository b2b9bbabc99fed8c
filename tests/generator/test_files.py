"""Hashes of files that are asked for again and again."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from wirogen import files


def hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
def test_a_file_of_any_size_is_read_whole(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)
    assert files.read_whole(tmp_path / "file") == data
    assert files.hash_of_file(tmp_path / "file") == hashed(data)


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose last change is some time ago."""
    path = tmp_path / "file"
    path.write_bytes(b"one")
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60 * 10**9)
    return path


def test_it_is_not_read_twice(settled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.hash_of_file(settled) == hashed(b"one")
    monkeypatch.delattr(files, "read_whole")
    assert files.hash_of_file(settled) == hashed(b"one")


def test_every_change_is_seen(settled: Path) -> None:
    files.hash_of_file(settled)
    found = settled.stat()
    settled.write_bytes(b"two")
    # Not even somebody who sets the time of a file back can hide a change.
    os.utime(settled, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert files.hash_of_file(settled) == hashed(b"two")
    other = settled.with_name("other")
    other.write_bytes(b"six")
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(settled)
    assert files.hash_of_file(settled) == hashed(b"six")


def test_a_file_that_has_just_changed_may_change_again_unseen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for number in range(200):
        path.write_bytes(b"%03d" % number)
        assert files.hash_of_file(path) == hashed(b"%03d" % number)
