"""Covers of tools: downloaded while the site is built, so that its pages need no other server."""

from __future__ import annotations

import urllib.parse
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from wirogen.diagnostics.model import Diagnostic

COVER_HOST: Final = "cdn.wiro.ai"
WIDTH, HEIGHT = 640, 360
VIDEO: Final = (".mp4", ".webm", ".mov")
FOLDER: Final = "covers"

# With it, a site of a thousand tools stays below 120 MB.
_ALL_BYTES: Final = 20 * 2**20


class CoverMode(StrEnum):
    """Where pages take covers from: copies in the site, Wiro's servers, or nowhere."""

    LOCAL = "local"
    REMOTE = "remote"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """``source`` is a path below the site, or an address."""

    source: str
    video: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Covers:
    """Covers by their address, the copies by path below the site, and what is missing."""

    found: Mapping[str, Cover]
    files: Mapping[str, Path]
    missing: tuple[Diagnostic, ...] = ()


def remote_covers(addresses: Iterable[str]) -> Covers:
    """Every cover where it lies; a reader's browser will ask for it."""
    found = {
        each: Cover(source=each, video=_path(each).endswith(VIDEO)) for each in addresses if each
    }
    return Covers(found=found, files={})


def local_covers(
    addresses: Iterable[str], cache: Path, *, hosts: Collection[str] = (COVER_HOST,)
) -> Covers:
    """Copies of covers below ``cache``, which keeps them for the next build.

    ``hosts`` are names with or without a port. A cover that is not there, not allowed or not a
    picture is left out with a diagnostic; so is what does not fit into the site any more.
    """
    from wirogen.site.cover_files import (  # noqa: PLC0415 - needs the extra, and takes a while
        cover_name,
        fetch_covers,
    )

    wanted = list(dict.fromkeys(each for each in addresses if each))
    kept = {
        path.stem: path
        for path in cache.glob("*")
        if path.suffix in {".webp", ".mp4"} and path.is_file() and not path.is_symlink()
    }
    missing: list[Diagnostic] = []
    todo = [each for each in wanted if cover_name(each) not in kept]
    for address, copy in zip(todo, fetch_covers(todo, cache, hosts) if todo else [], strict=True):
        if isinstance(copy, Path):
            kept[cover_name(address)] = copy
        else:
            missing.append(_diagnostic(address, copy))
    found: dict[str, Cover] = {}
    files: dict[str, Path] = {}
    room = _ALL_BYTES
    copies = [(kept[name], each) for each in wanted if (name := cover_name(each)) in kept]
    # The smallest first: a video takes the room of a hundred pictures.
    for path, address in sorted(copies, key=lambda copy: copy[0].stat().st_size):
        room -= path.stat().st_size
        if room < 0:
            text = f"the covers of this site take more than {_ALL_BYTES // 2**20} MiB"
            missing.append(_diagnostic(address, text))
            continue
        place = f"{FOLDER}/{path.name}"
        found[address] = Cover(source=place, video=path.suffix == ".mp4")
        files[place] = path
    return Covers(found=found, files=files, missing=tuple(missing))


def _diagnostic(address: str, text: str) -> Diagnostic:
    return Diagnostic(code="S006", message=text, path=address)


def _path(address: str) -> str:
    return urllib.parse.urlsplit(address).path.lower()
