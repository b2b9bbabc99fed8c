"""Publishes rendered files: writes those that differ, removes those that are no longer rendered.

The new tree is staged beside the old one and replaces it in one step, so that a build that is
killed or runs out of disk leaves the old tree complete. Files that the manifest does not list are
kept unchanged.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wirogen.common.files import TEMPORARY, folder_problem, sha256
from wirogen.common.lock import locked
from wirogen.common.paths import real
from wirogen.diagnostics.model import InputError, input_error
from wirogen.output.manifest import (
    MANIFEST,
    Entry,
    OutputState,
    hash_of,
    manifest_text,
    read_file,
)
from wirogen.output.swap import OLD_TREE, exchange

_IGNORED: Final = ("__pycache__",)
_WHOLE: Final = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The result of publishing, or of a check, as sorted paths below the output folder.

    ``edited`` are files that were changed by hand and are overwritten or removed; ``unknown`` are
    files that the manifest does not list and that stay. ``rendered`` are the tools that were
    rendered, whether their files differ or not.
    """

    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    edited: tuple[str, ...]
    unknown: tuple[str, ...]
    rendered: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        return bool(self.written or self.removed)


NO_CHANGES: Final = Changes(written=(), unchanged=0, removed=(), edited=(), unknown=())


@dataclass(frozen=True, slots=True)
class Made:
    """A rendered file: its hash, and whether it is staged, because the one on disk differs."""

    sha256: str
    staged: bool


class Publication:
    """The publication of one output folder.

    Files are added one by one, also by worker processes (see :func:`stage`), so that only a few of
    them are in memory at a time. The folder does not change before :meth:`finish`.
    """

    def __init__(self, state: OutputState, stage: Path, *, check: bool) -> None:
        self.out = state.out
        self.known = state.known
        self.stage = stage
        self.check = check
        self._state = state
        self._made: dict[str, Made] = {}

    def put(self, files: Mapping[str, str | bytes]) -> None:
        """Stage files and add them."""
        self.take(stage(files, out=self.out, into=self.stage))

    def take(self, made: Mapping[str, Made]) -> None:
        """Add files that a worker has staged."""
        self._made |= made

    def take_unchanged(self, files: Mapping[str, str]) -> bool:
        """Add files (path → hash) if all of them are in the folder with exactly these bytes."""
        unchanged = self._state.holds(files)
        if unchanged:
            self._made |= {path: Made(sha, staged=False) for path, sha in files.items()}
        return unchanged

    def finish(self, provenance: Mapping[str, Entry], *, rendered: Sequence[str] = ()) -> Changes:
        """Publish the files that were added and a manifest with ``provenance``.

        The whole tree changes in one step, or file by file where others have files in it or the
        command was started in it; a check changes nothing. Raises :class:`InputError` when a folder
        in the tree is a link, since files would be written outside of it, and when a file that the
        manifest does not list has the name of a file or folder that would be written.
        """
        _refuse_links(self.out, {*self._made, *self.known})
        _refuse_files(self.out, _parents(self._made) - {*self.known})
        hashes = {path: self._made[path].sha256 for path in sorted(self._made)}
        self.put({MANIFEST: manifest_text({**provenance, "files": hashes})})
        written = sorted(path for path, made in self._made.items() if made.staged)
        removed = sorted(
            path for path in self.known if path not in self._made and (self.out / path).is_file()
        )
        _refuse_foreign(self.out, [path for path in written if path not in {MANIFEST, *self.known}])
        touched = [path for path in (*written, *removed) if path in self.known]
        hashes_now = {path: hash_of(self.out / path) for path in touched}
        changes = Changes(
            written=tuple(written),
            unchanged=len(self._made) - len(written),
            removed=tuple(removed),
            edited=tuple(
                path for path in sorted(touched) if hashes_now[path] not in {None, self.known[path]}
            ),
            unknown=_unknown_files(self.out, {*self._made, *self.known}),
            rendered=tuple(rendered),
        )
        if not self.check and changes.stale:
            target = real(self.out)
            if changes.unknown or Path.cwd().is_relative_to(target):
                # Others work in this folder: a shell, an editor. They would be left in the old one
                # after an exchange, with what they save there.
                self._replace({path: _staged(self.stage, path) for path in written}, removed)
            else:
                self._swap(written, removed)
        return changes

    def _swap(self, written: Sequence[str], removed: Sequence[str]) -> None:
        whole = self.stage / _WHOLE
        whole.mkdir()
        skipped = {*written, *removed}
        for folder, below, names in _walk(self.out):
            target = f"{whole}/{below}"
            os.makedirs(target, exist_ok=True)
            shutil.copymode(folder, target)
            for name in names:
                if below + name not in skipped:
                    _link(f"{folder}/{name}", target + name)
        for path in written:
            (whole / path).parent.mkdir(parents=True, exist_ok=True)
            _staged(self.stage, path).replace(whole / path)
        _drop_empty(whole, removed)
        if not exchange(whole, real(self.out)):
            self._replace({path: whole / path for path in written}, removed)

    def _replace(self, written: Mapping[str, Path], removed: Sequence[str]) -> None:
        """Replace file by file, where the file system cannot move folders or not all files are
        ours. The manifest is last, so that a tree is stale when the build ends in between."""
        with _refusals(self.out, "part of it has changed, so build again"):
            for path in sorted(written, key=lambda path: path == MANIFEST):
                (self.out / path).parent.mkdir(parents=True, exist_ok=True)
                written[path].replace(self.out / path)
            for path in removed:
                (self.out / path).unlink(missing_ok=True)
            _drop_empty(self.out, removed)


@contextmanager
def publication_of(out: Path, *, check: bool = False) -> Generator[Publication]:
    """Begin the publication of ``out``. Another one with the same parent folder waits until this
    one ends or is killed; the temporary files of a killed one are removed. An error of the disk is
    raised as :class:`InputError`."""
    target = real(out)
    if problem := folder_problem(target):
        raise _refused(out, f"{problem}, or choose another folder")
    with (
        _refusals(out),
        nullcontext() if check else _folder(target.parent),
        locked(target.parent, shared=check) as alone,
    ):
        if alone:
            _sweep(target.parent)
        state = OutputState(out)
        with tempfile.TemporaryDirectory(
            prefix=f"{TEMPORARY}{target.name}-",
            # The new tree must lie on the same file system; a check leaves the project alone.
            dir=None if check else target.parent,
            ignore_cleanup_errors=True,
        ) as stage_folder:
            yield Publication(state, Path(stage_folder), check=check)


def no_changes(state: OutputState) -> Changes:
    """The changes of a build that leaves a tree as it is."""
    return Changes(
        written=(),
        unchanged=len(state.known) + 1,
        removed=(),
        edited=(),
        unknown=_unknown_files(state.out, {MANIFEST, *state.known}),
    )


def stage(files: Mapping[str, str | bytes], *, out: Path, into: Path) -> dict[str, Made]:
    """Write those files that differ from the ones in ``out`` into the staging folder."""
    made: dict[str, Made] = {}
    for path, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        differs = read_file(f"{out}/{path}") != data
        if differs:
            staged = _staged(into, path)
            staged.parent.mkdir(parents=True, exist_ok=True)
            staged.write_bytes(data)
        made[path] = Made(sha256(data), staged=differs)
    return made


def _staged(stage_folder: Path, path: str) -> Path:
    return stage_folder / "new" / path


def _walk(out: Path, ignored: Sequence[str] = ()) -> Generator[tuple[str, str, list[str]]]:
    """Yield every folder at and below ``out``: its path, the prefix of its files' paths below
    ``out``, and the names of its files and of links to folders. Paths are text, because trees have
    tens of thousands of files."""
    for folder, folders, names in os.walk(out):
        folders[:] = [name for name in folders if name not in ignored]
        below = folder[len(str(out)) :].strip(os.sep).replace(os.sep, "/")
        links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
        yield folder, f"{below}/" if below else "", [*names, *links]


def _parents(paths: Iterable[str]) -> set[str]:
    """Return every folder above one of the paths."""
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _refuse_links(out: Path, paths: Iterable[str]) -> None:
    for folder in sorted(_parents(paths)):
        if (out / folder).is_symlink():
            message = "is a link to a folder elsewhere; remove it, or generate into another folder"
            raise input_error("S004", message, out / folder)


def _refuse_files(out: Path, folders: Iterable[str]) -> None:
    for folder in sorted(folders):
        if problem := folder_problem(out / folder):
            raise input_error("S007", f"{problem}, or choose another folder", out / folder)


def _refuse_foreign(out: Path, paths: Sequence[str]) -> None:
    foreign = [path for path in paths if (out / path).exists()]
    if foreign:
        more = f", nor are {len(foreign) - 1} more" if len(foreign) > 1 else ""
        message = f"is not in {MANIFEST}{more}; move it away, or choose another folder"
        place = str(out / foreign[0])
        raise input_error("S007", message, place)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):  # Windows has no such choice.
        shutil.copy2(source, target, follow_symlinks=False)


def _drop_empty(top: Path, removed: Iterable[str]) -> None:
    """Remove folders that are empty now, but for bytecode of removed modules."""
    for folder in sorted(_parents(removed), key=len, reverse=True):
        with suppress(FileNotFoundError):
            if all(entry.name in _IGNORED for entry in (top / folder).iterdir()):
                shutil.rmtree(top / folder)


def _sweep(parent: Path) -> None:
    """Remove the folders of killed publications, and restore a tree that one had moved."""
    for left in parent.iterdir():
        name, _, _ = left.name.removeprefix(TEMPORARY).rpartition("-")
        if left.name.startswith(TEMPORARY) and name and left.is_dir() and not left.is_symlink():
            previous, target = left / OLD_TREE, parent / name
            if previous.is_dir() and not target.exists():
                previous.replace(target)
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _folder(path: Path) -> Generator[None]:
    """Make a folder, and remove it at the end if it is empty."""
    made = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):
            for each in made:
                each.rmdir()


def _concerns(out: Path, error: OSError) -> bool:
    """Whether an error concerns ``out``, a folder above it, or a temporary file beside it."""
    if error.filename is None:  # a write that fails names no file
        return True
    where, target = Path(os.fsdecode(error.filename)).absolute(), real(out)
    return (
        where.is_relative_to(target)
        or target.is_relative_to(where)
        or where.is_relative_to(out.absolute())
        or any(part.startswith(TEMPORARY) for part in where.parts)
    )


def _refused(out: Path, message: str) -> InputError:
    with suppress(ValueError):
        out = real(out).relative_to(Path.cwd())
    return input_error("S005", message, out)


@contextmanager
def _refusals(out: Path, outcome: str = "nothing in it has changed") -> Generator[None]:
    """What the operating system refuses in or beside ``out``, said of the folder that the user
    knows."""
    try:
        yield
    except OSError as error:
        if error.errno is None or not _concerns(out, error):
            raise
        message = f"cannot be written ({(error.strerror or '').lower()}); {outcome}"
        raise _refused(out, message) from None


def _unknown_files(out: Path, ours: set[str]) -> tuple[str, ...]:
    paths = (below + name for _, below, names in _walk(out, _IGNORED) for name in names)
    return tuple(sorted(path for path in paths if path not in ours))
