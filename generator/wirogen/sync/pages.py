"""Tool documents over HTTP: asked for only when they have changed, tried again when it makes sense.
No credential ever goes along."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx2

from wiro_runtime.http.api import retry_after
from wirogen.sync.listing import Listed

MAX_PAGE: Final = 32 * 2**20
_ATTEMPTS: Final = 5
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadError(Exception):
    """A page that did not come; its text says why, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server said about the page that we have, to be asked whether it still is that."""

    url: str
    etag: str = ""
    modified: str = ""

    def headers(self) -> dict[str, str]:
        pairs = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A page; ``data`` is ``None`` when it is still the one that we have."""

    data: bytes | None
    full: bool
    validators: Validators


def addresses(site: str, listed: Listed) -> Iterator[tuple[str, bool]]:
    """Where a tool's page may be, the best first, and whether it is the full one there."""
    clean = f"{quote(listed.clean_owner, safe='')}/{quote(listed.clean_project, safe='')}"
    older = f"{_older(listed.owner)}/{_older(listed.project)}"
    for path in (f"models/{clean}", f"tools/{older}"):
        yield f"{site}/{path}/llms-full.txt", True
        yield f"{site}/{path}/llms.txt", False


def _older(name: str) -> str:
    return quote(name.replace(".", "++").replace(" ", "+"), safe="+")


class Pages:
    """Pages of one site. ``pause`` scales the waits between attempts; tests make it small."""

    def __init__(self, site: str, client: httpx2.AsyncClient, *, pause: float = 1.0) -> None:
        self._site = site
        self._client = client
        self._pause = pause

    async def fetch(self, listed: Listed, known: Validators | None) -> Fetched:
        """The tool's page: the full one, or else the short one. Raises :class:`DownloadError`."""
        for url, full in addresses(self._site, listed):
            validators = known if known is not None and known.url == url else None
            response = await self._get(url, validators.headers() if validators else {})
            if response.status == 304 and validators is not None:
                return Fetched(data=None, full=full, validators=validators)
            if response.status in (404, 410):
                continue
            if response.status != 200:
                raise DownloadError(f"{url}: HTTP {response.status}")
            found = Validators(
                url=url,
                etag=response.headers.get("etag", ""),
                modified=response.headers.get("last-modified", ""),
            )
            return Fetched(data=response.body, full=full, validators=found)
        raise DownloadError("there is no page under any of its addresses")

    async def _get(self, url: str, headers: Mapping[str, str]) -> _Response:
        for attempt in range(1, _ATTEMPTS + 1):
            after: float | None = None
            try:
                response = await self._once(url, headers)
                if response.status not in _LATER or attempt == _ATTEMPTS:
                    return response
                after = retry_after(response.headers)
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
                if attempt == _ATTEMPTS:
                    reason = str(error) or type(error).__name__
                    raise DownloadError(f"{url}: {reason}") from None
            jitter = 0.5 + random.random() / 2  # noqa: S311 - spreads requests, hides nothing
            delay = max(_FIRST_PAUSE * 2 ** (attempt - 1) * jitter, after or 0.0)
            await asyncio.sleep(min(delay, _LONGEST_PAUSE) * self._pause)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, url: str, headers: Mapping[str, str]) -> _Response:
        async with self._client.stream("GET", url, headers=dict(headers)) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_PAGE:
                    raise DownloadError(f"{url}: more than {MAX_PAGE >> 20} MB")
            lowered = {name.lower(): value for name, value in response.headers.items()}
            return _Response(response.status_code, lowered, bytes(body))


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[str, str]
    body: bytes
