"""Tool documents over HTTP: downloaded only when they have changed, and never with credentials."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias
from urllib.parse import quote, urlsplit

import httpx2
from pydantic import Field

from wiro_runtime.http.retry_after import retry_after
from wirogen.common.fetching import (
    ACCEPT_ENCODING,
    DownloadError,
    DownloadTimeoutError,
    Response,
    get,
)
from wirogen.sync.listing import Listed

MAX_PAGE: Final = 8 * 2**20
REQUEST_SECONDS: Final = 30.0
_ATTEMPTS: Final = 5
_INITIAL_DELAY: Final = 0.5
_MAX_DELAY: Final = 60.0
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


HeaderText: TypeAlias = Annotated[str, Field(pattern="^[ -~]{0,2000}$")]
"""What may stand in a header of a request, for those that read one from a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """HTTP validators of a page that was downloaded, for a conditional request."""

    url: HeaderText
    etag: HeaderText = ""
    modified: HeaderText = ""

    def headers(self) -> dict[str, str]:
        pairs = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A page; ``data`` is ``None`` when it has not changed since ``validators``. ``full``: it is
    the form of the document that lists all models."""

    data: bytes | None
    full: bool
    validators: Validators


def addresses(site: str, listed: Listed) -> Iterator[tuple[str, bool]]:
    """The addresses that a tool's page may have, the best first, and whether it is the full one."""
    clean = f"{quote(listed.clean_owner, safe='')}/{quote(listed.clean_project, safe='')}"
    older = f"{_older(listed.owner)}/{_older(listed.project)}"
    for path in (f"models/{clean}", f"tools/{older}"):
        yield f"{site}/{path}/llms-full.txt", True
        yield f"{site}/{path}/llms.txt", False


def _older(name: str) -> str:
    return quote(name.replace(".", "++").replace(" ", "+"), safe="+")


def page_client(*, connections: int, proxies: bool) -> httpx2.AsyncClient:
    """A client for pages. ``proxies``: those of the environment are used. Without them the site
    is a simulated one, which needs no certificates; they take longer to read than its pages."""
    return httpx2.AsyncClient(
        verify=True if proxies else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        timeout=REQUEST_SECONDS,
        limits=httpx2.Limits(max_connections=connections),
        trust_env=proxies,
        headers={
            "user-agent": "wiro-tools",
            "accept": "text/plain, text/*;q=0.5",
            "accept-encoding": ACCEPT_ENCODING,
        },
    )


class Pages:
    """Pages of one site. ``pause`` scales the delays between attempts, ``seconds`` limits one
    request; tests make both small."""

    def __init__(
        self,
        site: str,
        client: httpx2.AsyncClient,
        *,
        pause: float = 1.0,
        seconds: float = REQUEST_SECONDS,
    ) -> None:
        self._site = site
        self._client = client
        self._pause = pause
        self._seconds = seconds

    async def fetch(self, listed: Listed, known: Validators | None) -> Fetched:
        """Return the tool's page: the full one, or else the short one. Raises
        :class:`DownloadError`."""
        for url, full in addresses(self._site, listed):
            validators = known if known is not None and known.url == url else None
            response = await self._get(url, validators.headers() if validators else {})
            if response.status == 304 and validators is not None:
                return Fetched(data=None, full=full, validators=validators)
            if response.status in (404, 410):
                continue
            if response.status != 200:
                raise DownloadError(
                    f"{url}: HTTP {response.status}", unreachable=response.status in _RETRIED
                )
            found = Validators(
                url=url,
                etag=response.headers.get("etag", ""),
                modified=response.headers.get("last-modified", ""),
            )
            return Fetched(data=response.body, full=full, validators=found)
        first, *_ = addresses(self._site, listed)
        raise DownloadError(f"Wiro has no such page, neither {first[0]} nor its other addresses")

    async def _get(self, url: str, headers: Mapping[str, str]) -> Response:
        """Return the last response of up to five attempts; a request that takes too long is not
        repeated."""
        for attempt in range(1, _ATTEMPTS + 1):
            after: float | None = None
            try:
                response = await get(
                    self._client,
                    url,
                    seconds=self._seconds,
                    max_bytes=MAX_PAGE,
                    allowed=self._stay,
                    headers=headers,
                )
                if response.status not in _RETRIED or attempt == _ATTEMPTS:
                    return response
                after = retry_after(response.headers)
            except DownloadError as error:
                slow = isinstance(error, DownloadTimeoutError)
                if attempt == _ATTEMPTS or slow or not error.unreachable:
                    raise DownloadError(f"{url}: {error}", unreachable=error.unreachable) from None
            jitter = 0.5 + random.random() / 2  # noqa: S311 - spreads requests, hides nothing
            delay = max(_INITIAL_DELAY * 2 ** (attempt - 1) * jitter, after or 0.0)
            await asyncio.sleep(min(delay, _MAX_DELAY) * self._pause)
        raise AssertionError("the last attempt returns or raises")

    def _stay(self, url: str) -> None:
        """Raise :class:`DownloadError` for an address outside of the site: another host could be
        one that only this machine reaches."""
        site, there = urlsplit(self._site), urlsplit(url)
        host = there.netloc.lower()
        inside = host == site.netloc.lower() or host.endswith(f".{site.netloc.lower()}")
        if not inside or there.scheme not in {site.scheme, "https"}:
            raise DownloadError(f"leads to {there.scheme}://{there.netloc}, which is another site")
