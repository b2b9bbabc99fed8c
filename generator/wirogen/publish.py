"""Files in memory → files on disk: compare, write what changed, remove what is no longer made.

Every changed file is first written whole beside the tree and then renamed into place, the manifest
last, so that no reader ever sees half a file. Files that the manifest does not list are never
touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from wirogen.diagnostics import Diagnostic, InputError

MANIFEST: Final = "MANIFEST.json"
_IGNORED: Final = ("__pycache__",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What publishing does, or would do, as sorted paths below the output folder.

    ``edited`` are files that somebody changed by hand and that are about to be overwritten or
    removed; ``unknown`` are files that the manifest does not list and that stay.
    """

    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def stale(self) -> bool:
        return bool(self.written or self.removed)


def publish(
    files: Mapping[str, str],
    out: Path,
    *,
    provenance: Mapping[str, object],
    check: bool = False,
) -> Changes:
    """Make ``out`` hold exactly ``files`` beside whatever it holds that is not ours.

    ``provenance`` goes into the manifest. With ``check``, nothing is written. Raises
    :class:`InputError` for a manifest that cannot be read.
    """
    encoded = {path: text.encode() for path, text in files.items()}
    hashes = {path: _sha256(data) for path, data in sorted(encoded.items())}
    manifest = json.dumps({**provenance, "files": hashes}, indent=2, ensure_ascii=False) + "\n"
    encoded[MANIFEST] = manifest.encode()
    known = _known_files(out / MANIFEST)
    written: list[str] = []
    edited: list[str] = []
    for path, data in encoded.items():
        old = _read(out / path)
        if old == data:
            continue
        written.append(path)
        if old is not None and path in known and _sha256(old) != known[path]:
            edited.append(path)
    removed = [path for path in known if path not in encoded and (out / path).is_file()]
    edited += [path for path in removed if _sha256((out / path).read_bytes()) != known[path]]
    changes = Changes(
        written=tuple(sorted(written)),
        unchanged=len(encoded) - len(written),
        removed=tuple(sorted(removed)),
        edited=tuple(sorted(edited)),
        unknown=_unknown_files(out, {*encoded, *known}),
    )
    if not check and changes.stale:
        _write({path: encoded[path] for path in written}, removed, out)
    return changes


def _known_files(manifest: Path) -> dict[str, str]:
    data = _read(manifest)
    if data is None:
        return {}
    try:
        files = cast("dict[str, str]", json.loads(data)["files"])
        known = {str(path): str(digest) for path, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        known = {"..": ""}
    if any(map(_escapes, known)):
        message = "is not a manifest that wirogen wrote; restore or delete it"
        raise InputError(Diagnostic(code="S003", message=message, path=str(manifest)))
    return known


def _escapes(path: str) -> bool:
    return Path(path).is_absolute() or ".." in Path(path).parts


def _unknown_files(out: Path, ours: set[str]) -> tuple[str, ...]:
    found: list[str] = []
    for folder, folders, names in os.walk(out):
        folders[:] = [name for name in folders if name not in _IGNORED]
        base = Path(folder).relative_to(out)
        found += [path for name in names if (path := (base / name).as_posix()) not in ours]
    return tuple(sorted(found))


def _write(files: Mapping[str, bytes], removed: list[str], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".wirogen-", dir=out.parent))
    try:
        for path, data in files.items():
            target = stage / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        for path in sorted(files, key=lambda path: path == MANIFEST):
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).replace(out / path)
        for path in removed:
            (out / path).unlink(missing_ok=True)
            _prune((out / path).parent, out)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _prune(folder: Path, top: Path) -> None:
    """Remove folders that have become empty, bytecode aside."""
    while folder != top and folder.is_dir():
        left = [entry.name for entry in folder.iterdir()]
        if any(name not in _IGNORED for name in left):
            return
        shutil.rmtree(folder)
        folder = folder.parent


def write_file(path: Path, content: str | bytes) -> None:
    """Write a whole file or none: beside it first, then renamed into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".wirogen-", delete=False) as to:
        temporary = Path(to.name)
        try:
            to.write(content.encode() if isinstance(content, str) else content)
            to.flush()
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
