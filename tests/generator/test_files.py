"""Files are read whole and hashed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from wirogen.common import files


def hashed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000])
def test_a_file_of_any_size_is_read_whole(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "file").write_bytes(data)
    assert files.read_whole(tmp_path / "file") == data
    assert files.hash_of_file(tmp_path / "file") == hashed(data)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path)):
        files.read_whole(tmp_path)
