"""The blocking port, for :class:`Wiro`. Threads may share one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from wiro_runtime.errors import ConnectionFailed
from wiro_runtime.http import (
    FAILURES,
    MAX_ANSWER,
    connection_failed,
    limits,
    lowered,
    pool_limits,
)
from wiro_runtime.port import Answer, Request, run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping, Sequence

    from wiro_runtime.settings import Settings

T = TypeVar("T")


def _run_job(job: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return run_blocking(job())


class _Stream:
    def __init__(self, response: httpx2.Response) -> None:
        self.status = response.status_code
        self.headers = lowered(response.headers)
        self._chunks = response.iter_raw()

    async def chunk(self) -> bytes:
        try:
            return next(self._chunks, b"")
        except FAILURES as error:
            raise connection_failed(error) from None


class BlockingPort:
    """See :class:`wiro_runtime.port.Port`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = self._client()
        self._cdn: httpx2.Client | None = None
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(settings.max_concurrency)

    def _client(self) -> httpx2.Client:
        return httpx2.Client(limits=pool_limits(self._settings.max_concurrency))

    def _files(self) -> httpx2.Client:
        with self._lock:
            if self._cdn is None:
                self._cdn = self._client()
            return self._cdn

    @property
    def closed(self) -> bool:
        return self._api.is_closed

    def close(self) -> None:
        self._api.close()
        with self._lock:
            if self._cdn is not None:
                self._cdn.close()

    @contextmanager
    def _slot(self, within: float) -> Generator[float, None, None]:
        """A place among the requests in flight; gives what is left of ``within``."""
        begin = time.monotonic()
        if not self._slots.acquire(timeout=max(0.0, within)):
            raise ConnectionFailed("too many requests in flight", maybe_sent=False)
        try:
            yield within - (time.monotonic() - begin)
        finally:
            self._slots.release()

    async def send(self, request: Request, within: float) -> Answer:
        with self._slot(within) as left:
            return self._send(request, left)

    def _send(self, request: Request, within: float) -> Answer:
        if self._api.is_closed:
            raise ConnectionFailed("the client is closed", maybe_sent=False, retryable=False)
        message = self._api.build_request(
            "POST",
            request.url,
            headers=dict(request.headers),
            content=request.body,
            timeout=limits(self._settings.timeouts, within),
        )
        try:
            response = self._api.send(message, stream=True, follow_redirects=False)
            with closing(response):
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise ConnectionFailed("the answer is too large", retryable=False)
        except FAILURES as error:
            raise connection_failed(error) from None
        return Answer(response.status_code, lowered(response.headers), bytes(body))

    @asynccontextmanager
    async def fetch(
        self, url: str, headers: Mapping[str, str], within: float
    ) -> AsyncGenerator[_Stream, None]:
        client = self._files()
        try:
            message = client.build_request(
                "GET", url, headers=dict(headers), timeout=limits(self._settings.timeouts, within)
            )
            response = client.send(message, stream=True, follow_redirects=False)
        except FAILURES as error:
            raise connection_failed(error) from None
        with closing(response):
            yield _Stream(response)

    async def sleep(self, seconds: float) -> None:
        self._settings.timing.sleep(seconds)

    async def offload(self, work: Callable[[], T]) -> T:
        return work()

    async def gather(
        self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]], limit: int
    ) -> list[T]:
        if len(jobs) <= 1 or limit == 1:
            return [await job() for job in jobs]
        with ThreadPoolExecutor(min(limit, len(jobs))) as threads:
            futures = [threads.submit(_run_job, job) for job in jobs]
            try:
                return [future.result() for future in futures]
            except BaseException:
                for future in futures:
                    future.cancel()
                raise

    async def notify(self, callback: Callable[[Any], object], value: Any) -> None:
        callback(value)
