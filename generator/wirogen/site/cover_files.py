"""One cover: from an address to a file that can stand in a site.

What comes is not trusted: https only, from named hosts, of limited size. Pictures are drawn anew
in the size of a page, which leaves everything but their pixels behind; videos must begin as MP4.
"""

from __future__ import annotations

import hashlib
import io
import threading
import urllib.parse
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Final

import httpx2
from PIL import Image, ImageOps

from wiro_runtime.settings import is_loopback
from wirogen.output.publication import write_file
from wirogen.site.covers import HEIGHT, WIDTH

AT_ONCE: Final = 4
_PICTURES: Final = ("JPEG", "PNG", "WEBP", "GIF")
_MP4_BRANDS: Final = frozenset(
    {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V "}
)
_MOST_PIXELS: Final = 64_000_000
_MOST_BYTES: Final = 8 * 2**20
_VIDEO_BYTES: Final = 3 * 2**20
_QUALITY: Final = 78
_REDIRECTS: Final = 3
_GIVE_UP: Final = 3
_AGENT: Final = "wirogen (covers for a documentation site)"
# Warnings belong to the process, and a picture that is warned about is not wanted.
_DECODING: Final = threading.Lock()


class CoverError(Exception):
    """A cover that cannot be used; its text says why, in one line."""


class _UnreachableError(CoverError):
    """Nothing came at all, and the next cover of that host will hardly fare better."""


def cover_name(address: str) -> str:
    """A file name that says nothing and cannot be chosen by a document."""
    return hashlib.sha256(address.encode()).hexdigest()[:24]


class CoverFetcher:
    """Downloads covers. A host that does not answer is left alone after a few attempts."""

    def __init__(self, cache: Path, hosts: Collection[str]) -> None:
        self._cache = cache
        self._hosts = frozenset(each.lower() for each in hosts)
        self._failures: dict[str, int] = {}
        self._lock = threading.Lock()
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(20, connect=5),
            headers={"user-agent": _AGENT, "accept": "image/*, video/mp4"},
            limits=httpx2.Limits(max_connections=AT_ONCE),
        )

    def __enter__(self) -> CoverFetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def take(self, address: str) -> Path | str:
        """The copy of a cover, or why there is none."""
        host = urllib.parse.urlsplit(address).netloc.lower()
        with self._lock:
            if self._failures.get(host, 0) >= _GIVE_UP:
                return f"{host} does not answer"
        try:
            data, suffix = _usable(self._get(address))
        except CoverError as error:
            if isinstance(error, _UnreachableError):
                with self._lock:
                    self._failures[host] = self._failures.get(host, 0) + 1
            return str(error)
        path = self._cache / f"{cover_name(address)}{suffix}"
        write_file(path, data)
        return path

    def _get(self, address: str) -> bytes:
        for _ in range(_REDIRECTS + 1):
            self._check(address)
            try:
                with self._client.stream("GET", address) as response:
                    if response.next_request is not None:
                        address = str(response.next_request.url)
                        continue
                    return _body(response)
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise _UnreachableError(f"nothing came ({type(error).__name__})") from None
        raise CoverError(f"more than {_REDIRECTS} redirects")

    def _check(self, address: str) -> None:
        try:
            parts = urllib.parse.urlsplit(address)
            host = (parts.hostname or "").lower()
            known = {host, parts.netloc.lower()} & self._hosts
        except ValueError:
            raise CoverError("not an address") from None
        if not known or parts.username is not None:
            raise CoverError(f"{host or 'no host'} is not a host for covers (see --cover-host)")
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise CoverError(f"{parts.scheme} is not https")


def _body(response: httpx2.Response) -> bytes:
    if response.status_code in {429, 500, 502, 503, 504}:
        raise _UnreachableError(f"the server answered {response.status_code}")
    if response.status_code != 200:
        raise CoverError(f"the server answered {response.status_code}")
    data = bytearray()
    for part in response.iter_bytes():
        data += part
        if len(data) > _MOST_BYTES:
            raise CoverError(f"larger than {_MOST_BYTES // 2**20} MiB")
    return bytes(data)


def _usable(data: bytes) -> tuple[bytes, str]:
    """What goes into the site, and its suffix: decided by the content, never by a name."""
    if data[4:8] == b"ftyp" and data[8:12] in _MP4_BRANDS:
        if len(data) > _VIDEO_BYTES:
            raise CoverError(f"a video larger than {_VIDEO_BYTES // 2**20} MiB")
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
        raise CoverError(f"not a picture or video ({type(error).__name__})") from None
    if drawn is None:
        raise CoverError(f"a picture of {pixels:,} pixels")
    return drawn


def _redrawn(opened: Image.Image) -> bytes:
    mode = "RGBA" if opened.has_transparency_data else "RGB"
    whole = ImageOps.exif_transpose(opened).convert(mode)
    out = io.BytesIO()
    fitted = ImageOps.fit(whole, (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    fitted.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()
