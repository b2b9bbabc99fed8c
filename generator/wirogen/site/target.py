"""Where a site may be written, and under which address it may be published."""

from __future__ import annotations

import os
import re
import urllib.parse
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from wirogen.common.files import folder_problem, write_file
from wirogen.common.paths import real
from wirogen.common.text import is_visible
from wirogen.diagnostics.model import input_error
from wirogen.output.manifest import MANIFEST

MARKER: Final = ".wirogen-site"
"""The file at the root of a site that says that builds may write over the folder."""
_MARKER_TEXT: Final = "This folder was made by `wirogen docs build`, which writes over it.\n"
_LABEL: Final = re.compile(r"[\w:-]{1,63}")
_PROJECT: Final = ("generated", "specs", "templates", "generator", "tests", ".git", ".wirogen")


def check_target(out: Path, docs: Path) -> None:
    """Raise :class:`InputError` unless ``out`` may become the site of ``docs``.

    It may be a new or empty folder, or one that an earlier build made. It may not be, lie in or
    contain the sources of the site or of a project, nor be or contain the project or the home
    folder. Links are followed. Inside of a site there are no links, since files would be written
    where they lead.
    """
    place, source = real(out), real(docs)
    if problem := folder_problem(out):
        _refuse(out, problem)
    for folder in _sources(place, source):
        if place.is_relative_to(folder) or folder.is_relative_to(place):
            _refuse(out, f"is, lies in or contains {folder}, which sites are made from")
    with suppress(RuntimeError):  # no home folder
        if real(Path.home()).is_relative_to(place):
            _refuse(out, "is or contains your home folder")
    if not out.is_dir() or not any(place.iterdir()):
        return
    if not (place / MARKER).is_file():
        message = (
            f"holds files and no {MARKER}; if an earlier version of wirogen docs build made it, "
            "remove it first, else choose another folder with --out"
        )
        _refuse(out, message, code="S007")
    for where, folders, names in os.walk(place):
        for path in (Path(where) / name for name in (*folders, *names)):
            if path.is_symlink():
                _refuse(path, "is a link, and a site has none; remove it first")


def mark(out: Path) -> None:
    """Note in ``out`` that the next build may write over it."""
    if not (out / MARKER).is_file():
        write_file(out / MARKER, _MARKER_TEXT)


def site_address(text: str) -> str:
    """Return the address of a site, with a slash at the end. Raises :class:`InputError` for text
    that is no ``http`` or ``https`` address of a folder."""
    try:
        parts = urllib.parse.urlsplit(text)
        # The port is read for its error: one that is no number raises ValueError.
        good = parts.scheme in {"http", "https"} and parts.port != 0
        # As in the domain name system: "..." names no host.
        labels = (parts.hostname or "").removesuffix(".").split(".")
        good = good and all(map(_LABEL.fullmatch, labels))
    except ValueError:
        good, parts = False, urllib.parse.urlsplit("")
    odd = set(text) & set(" \"'<>\\^`{|}?#") or "@" in parts.netloc or not is_visible(text)
    if not good or odd:
        message = "is no address of a site; give one like https://example.org/tools/"
        raise input_error("S005", message, f"--site-url {text!r}")
    return text if text.endswith("/") else f"{text}/"


def _sources(out: Path, docs: Path) -> set[Path]:
    """The folders that no site may touch: its source, the generated tree of that, and what is
    written by hand or generated in the projects that either folder belongs to."""
    found = {docs, real(docs.parent / "schemas")}
    if (docs.parent / MANIFEST).is_file():
        found.add(docs.parent)
    for root in {*docs.parents, *out.parents, out}:
        if (root / "specs").is_dir():
            found |= {real(root / name) for name in _PROJECT}
    return found


def _refuse(out: Path, message: str, *, code: str = "S005") -> NoReturn:
    advice = "" if "remove it first" in message else "; choose another folder with --out"
    raise input_error(code, f"{message}{advice}", out)
