"""The border between protocol and I/O.

Everything that Wiro's protocol asks for is written once, as coroutines that do their I/O through a
:class:`Port`. With the asynchronous port they run in an event loop. With the blocking one no
``await`` in them ever suspends, so :func:`run_blocking` drives one to its end in a single step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from wiro_runtime.http.multipart import Form

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """One POST to Wiro. ``headers`` include the credentials and are never shown."""

    url: str
    headers: Mapping[str, str]
    body: bytes | Form

    def __repr__(self) -> str:
        return f"<Request POST {self.url}>"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Socket(Protocol):
    """An open WebSocket."""

    async def send(self, text: str) -> None: ...

    async def receive(self, within: float) -> str | bytes | None:
        """The next frame; ``None`` when there was none ``within`` so many seconds."""
        ...


class Port(Protocol):
    """I/O. Every method raises :class:`ConnectionFailed` for whatever the network does, and its
    ``maybe_sent`` is false only when Wiro certainly has not seen the request."""

    async def send(self, request: Request, within: float, *, fresh: bool = False) -> Answer:
        """Send with the credentials, ``within`` seconds in all; redirects are not followed.

        ``fresh``: over a new connection. An idle one may be closed by the server at the moment it
        is used, and nobody can tell then whether the request was read.
        """
        ...

    def socket(self, url: str, within: float) -> AbstractAsyncContextManager[Socket]:
        """Open a WebSocket, without any credentials, in ``within`` seconds at most."""
        ...

    def gate(self, within: float) -> AbstractAsyncContextManager[None]:
        """Pass the one gate of this port, alone; :class:`TimeoutError` when it stays shut."""
        ...

    interruptions: tuple[type[BaseException], ...]
    """How a caller's wish to stop waiting arrives."""

    async def sleep(self, seconds: float) -> None: ...

    async def offload(self, work: Callable[[], T]) -> T:
        """Run ``work``, which blocks on the disk, where it holds up nobody else."""
        ...

    async def notify(self, callback: Callable[[Any], object], value: Any) -> None:
        """Call the caller's function; with the asynchronous port it may be a coroutine function."""
        ...


def run_blocking(operation: Coroutine[Any, Any, T]) -> T:
    """Drive an operation whose port blocks to its end."""
    try:
        operation.send(None)
    except StopIteration as stop:
        return stop.value
    operation.close()
    raise RuntimeError("an operation over a blocking port was suspended")


def iterate_blocking(events: AsyncGenerator[T, None]) -> Iterator[T]:
    """The values of an asynchronous generator whose port blocks."""
    try:
        while True:
            try:
                yield run_blocking(_next(events))
            except StopAsyncIteration:
                return
    finally:
        run_blocking(_close(events))


async def _next(events: AsyncGenerator[T, None]) -> T:
    return await anext(events)


async def _close(events: AsyncGenerator[T, None]) -> None:
    await events.aclose()
