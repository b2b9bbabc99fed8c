"""A folder of specs as it was in a git revision: ``HEAD~1:specs/tools``."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from wirogen.diagnostics.model import input_error


@contextmanager
def checked_out(
    revision: str, path: str, folder: Path | None = None, *, only: Sequence[str] = ("",)
) -> Generator[Path, None, None]:
    """Yield a temporary folder with ``path`` as it was in ``revision``; it is relative to
    ``folder``, by default the current one. ``only`` names the parts of it that are wanted. A path
    that did not exist then is an empty folder. Raises :class:`InputError` for a revision that git
    does not know."""
    git = partial(_git, cwd=folder, shown=revision)
    with tempfile.TemporaryDirectory(prefix="wirogen-") as temporary:
        target = Path(temporary)
        git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        parts = [f"{path}/{part}" if part else path for part in only]
        there = [each for each in parts if git("ls-tree", "-r", revision, "--", each).strip()]
        if there:
            archive = git("archive", "--format=tar", revision, "--", *there)
            try:
                with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                    tar.extractall(target, filter="data")
            except tarfile.FilterError as error:
                raise input_error("S004", str(error), revision) from None
        place = target / path
        if not place.exists():
            place.mkdir(parents=True)
        yield place


def _git(*arguments: str, cwd: Path | None, shown: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise input_error("S004", "git is not installed", shown)
    if shown.startswith("-"):
        raise input_error("S004", "is no revision", shown)
    done = subprocess.run(  # noqa: S603 - fixed words, and a revision that is no option
        [git, *arguments], cwd=cwd, capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().split("\n")[-1]
        message = said.removeprefix("fatal: ") or "is no revision that git knows"
        raise input_error("S004", message, shown)
    return done.stdout
