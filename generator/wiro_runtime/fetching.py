"""Connections for files. They never carry a credential, nor any other header of ours."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import httpx2

from wiro_runtime.deadlines import Deadline, DeadlineTransport
from wiro_runtime.http import FAILURES, connection_failed, limits, lowered, pool_limits

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from wiro_runtime.settings import Settings


class Stream:
    """The answer to a GET whose body is still coming. Header names are in lower case."""

    def __init__(self, response: httpx2.Response, deadline: Deadline) -> None:
        self._deadline = deadline
        self.status = response.status_code
        self.headers = lowered(response.headers)
        self._chunks = response.iter_raw()

    def chunk(self, within: float) -> bytes:
        """The next piece of the body, ``b""`` at its end, ``within`` seconds at most."""
        try:
            with self._deadline.within(within):
                return next(self._chunks, b"")
        except FAILURES as error:
            raise connection_failed(error) from None


class FileClient:
    """GET, from any thread. Raises :class:`ConnectionFailed` for whatever the network does."""

    def __init__(self, settings: Settings) -> None:
        self._timeouts = settings.timeouts
        self._deadline = Deadline()
        self._client = httpx2.Client(
            transport=DeadlineTransport(
                self._deadline,
                pool_limits(settings.max_concurrency),
                proxied=not settings.local,
            )
        )

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def get(
        self, url: str, headers: Mapping[str, str], within: float
    ) -> Generator[Stream, None, None]:
        """The head of the answer, in ``within`` seconds; redirects are not followed."""
        try:
            message = self._client.build_request(
                "GET", url, headers=dict(headers), timeout=limits(self._timeouts, within)
            )
            # A CDN has no business knowing one download from the next.
            self._client.cookies.clear()
            with self._deadline.within(within):
                response = self._client.send(message, stream=True, follow_redirects=False)
        except FAILURES as error:
            raise connection_failed(error) from None
        with closing(response):
            yield Stream(response, self._deadline)
