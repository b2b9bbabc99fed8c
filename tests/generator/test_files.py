"""Hashes of files that are asked for again and again."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import os
import sys
import time
from pathlib import Path

import pytest

from wirogen.common import files
from wirogen.common.cache import shaping_libraries


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


def test_a_file_that_has_just_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for number in range(200):
        path.write_bytes(b"%03d" % number)
        assert files.hash_of_file(path) == hashed(b"%03d" % number)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path)):
        files.read_whole(tmp_path)


@pytest.mark.parametrize(
    "entries",
    [
        ["one/black-1.0.dist-info", "two/black-2.0.dist-info"],
        ["one/black-26.9.dist-info", "one/black-1.0.dist-info"],
        ["one/Jinja2-2.0-py3.11.egg-info", "two/jinja2-3.0.dist-info"],
        ["one/datamodel_code_generator-0.1.dist-info", "one/black_foo-7.dist-info"],
        ["one/black-foo-1.0.dist-info", "one/datamodel.code.generator-0.2.dist-info"],
    ],
)
def test_versions_are_those_that_the_standard_library_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: list[str]
) -> None:
    for entry in entries:
        folder = tmp_path / entry
        folder.mkdir(parents=True)
        name, _, rest = folder.name.rpartition(".")[0].partition("-")
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {rest.partition('-')[0]}\n"
        for file in ("METADATA", "PKG-INFO"):
            (folder / file).write_text(text)
    places = [str(tmp_path / "one"), str(tmp_path / "two"), *sys.path]
    monkeypatch.setattr(sys, "path", places)
    importlib.invalidate_caches()
    shaping_libraries.cache_clear()
    try:
        found = shaping_libraries()
    finally:
        shaping_libraries.cache_clear()
    assert found == {name: importlib.metadata.version(name) for name in found}
