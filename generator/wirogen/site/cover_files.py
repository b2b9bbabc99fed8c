"""Downloads of covers: from an address to a file that can stand in a site.

A response is not trusted: https only, from named hosts, of limited size and time. Pictures are
drawn anew in the size of a page, which leaves everything but their pixels behind; videos must begin
as MP4.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import threading
import urllib.parse
import warnings
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import httpx2
from PIL import Image, ImageOps

from wiro_runtime.settings import is_loopback
from wirogen.common.fetching import ACCEPT_ENCODING, DownloadError, get
from wirogen.common.files import write_file
from wirogen.site.covers import HEIGHT, WIDTH

COVER_SECONDS: Final = 30.0
"""Limit of one cover, redirects included."""
_AT_ONCE: Final = 4
_PICTURES: Final = ("JPEG", "PNG", "WEBP", "GIF")
_MP4_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V "}
)
_MOST_PIXELS: Final = 64_000_000
_MOST_BYTES: Final = 8 * 2**20
_VIDEO_BYTES: Final = 3 * 2**20
_QUALITY: Final = 78
_GIVE_UP: Final = 3
_AGENT: Final = "wirogen (covers for a documentation site)"
# Filters of warnings are global to the process, so only one picture is decoded at a time.
_DECODING: Final = threading.Lock()


def cover_name(address: str) -> str:
    """Return the name of the copy of a cover, which no document can choose."""
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def fetch_covers(
    addresses: Sequence[str],
    cache: Path,
    hosts: Collection[str],
    *,
    seconds: float = COVER_SECONDS,
) -> list[Path | str]:
    """Return the copy of each cover below ``cache``, or why there is none, as one line.

    Each cover is complete within ``seconds`` or left out. A host that did not respond three times
    is not asked again.
    """
    fetcher = _Fetcher(cache, hosts, seconds)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(fetcher.all(addresses))
    # A notebook, say, has a loop of its own in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, fetcher.all(addresses)).result()


class _Fetcher:
    def __init__(self, cache: Path, hosts: Collection[str], seconds: float) -> None:
        self._cache = cache
        self._hosts = frozenset(each.lower() for each in hosts)
        self._seconds = seconds
        self._failures: dict[str, int] = {}

    async def all(self, addresses: Sequence[str]) -> list[Path | str]:
        found: list[Path | str] = [""] * len(addresses)
        waiting = iter(enumerate(addresses))
        client = httpx2.AsyncClient(
            timeout=httpx2.Timeout(20, connect=5),
            headers={
                "user-agent": _AGENT,
                "accept": "image/*, video/mp4",
                "accept-encoding": ACCEPT_ENCODING,
            },
            limits=httpx2.Limits(max_connections=_AT_ONCE),
        )

        async def work() -> None:
            for place, address in waiting:
                found[place] = await self._one(client, address)

        async with client, asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(addresses))):
                group.create_task(work())
        return found

    async def _one(self, client: httpx2.AsyncClient, address: str) -> Path | str:
        try:
            host = self._host(address)
            if self._failures.get(host, 0) >= _GIVE_UP:
                return f"{host} does not respond"
            data = await self._download(client, address)
            content, suffix = await asyncio.to_thread(_usable, data)
        except DownloadError as error:
            if error.unreachable:
                host = urllib.parse.urlsplit(address).netloc.lower()
                self._failures[host] = self._failures.get(host, 0) + 1
            return str(error)
        path = self._cache / f"{cover_name(address)}{suffix}"
        write_file(path, content)
        return path

    async def _download(self, client: httpx2.AsyncClient, address: str) -> bytes:
        response = await get(
            client, address, seconds=self._seconds, max_bytes=_MOST_BYTES, allowed=self._host
        )
        if response.status != 200:
            raise DownloadError(
                f"the server responded with HTTP {response.status}",
                unreachable=response.status in {429, 500, 502, 503, 504},
            )
        return response.body

    def _host(self, address: str) -> str:
        """Return the host and port of an address that covers may come from."""
        try:
            parts = urllib.parse.urlsplit(address)
            host = (parts.hostname or "").lower()
            known = {host, parts.netloc.lower()} & self._hosts
        except ValueError:
            raise DownloadError("not an address") from None
        if not known or parts.username is not None:
            raise DownloadError(f"{host or 'no host'} is not a host for covers (see --cover-host)")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise DownloadError(f"{parts.scheme} is not https")
        return parts.netloc.lower()


def _usable(data: bytes) -> tuple[bytes, str]:
    """Return the content for the site and its suffix, decided by the bytes and never by a name."""
    if data[4:8] == b"ftyp" and data[8:12] in _MP4_BRANDS:
        if len(data) > _VIDEO_BYTES:
            raise DownloadError(f"a video larger than {_VIDEO_BYTES // 2**20} MiB")
        return data, ".mp4"
    return _picture(data), ".webp"


def _picture(data: bytes) -> bytes:
    try:
        with _DECODING, warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=_PICTURES) as opened:
                pixels = opened.width * opened.height
                drawn = _redrawn(opened) if pixels <= _MOST_PIXELS else None
    except Exception as error:  # noqa: BLE001 - decoders fail in many ways; none may stop a build
        raise DownloadError(f"not a picture or video ({type(error).__name__})") from None
    if drawn is None:
        raise DownloadError(f"a picture of {pixels:,} pixels")
    return drawn


def _redrawn(opened: Image.Image) -> bytes:
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    whole = ImageOps.exif_transpose(opened).convert(mode)
    out = io.BytesIO()
    fitted = ImageOps.fit(whole, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    fitted.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
