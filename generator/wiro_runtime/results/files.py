"""The access of results to their files: connections that carry no credential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from wiro_runtime.errors import ConfigurationError, DownloadError
from wiro_runtime.results.result import AsyncResult, Result

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

    from wiro_runtime.http.transport import Transport
    from wiro_runtime.settings import Settings
    from wiro_runtime.tasks.detail import TaskDetail

T = TypeVar("T")


class Files:
    """Makes results and runs their downloads.

    With ``transport``, the connections of a client, as long as that is open and on its event loop;
    with own connections otherwise, because a result outlives its client. ``asynchronous``: whether
    that client is an :class:`AsyncWiro`.
    """

    def __init__(
        self,
        settings: Settings,
        transport: Transport | None = None,
        *,
        asynchronous: bool = False,
    ) -> None:
        self.settings = settings
        self._transport = transport
        self._result_type: type[Any] = AsyncResult if asynchronous else Result
        self._tasks: set[asyncio.Task[Any]] = set()

    def __reduce__(self) -> tuple[Callable[[Settings], Files], tuple[Settings]]:
        """A result may be pickled, and its files be fetched elsewhere: that needs no credential."""
        return Files, (self.settings.public(),)

    def result(self, detail: TaskDetail, task_id: str) -> Any:
        """The :class:`Result`, or :class:`AsyncResult`, that a task detail tells of."""
        return self._result_type.from_detail(detail, task_id, self)

    async def transfer(self, work: Callable[[Transport], Coroutine[Any, Any, T]]) -> T:
        """Run ``work``. Raises :class:`DownloadError` when :meth:`aclose` ends it."""
        import asyncio  # noqa: PLC0415 - slow to import, needed to fetch only

        transport, own = self._transport, None
        try:
            if transport is not None:
                transport.check_loop()
        except ConfigurationError:
            transport = None
        if transport is None:
            from wiro_runtime.http.transport import Transport  # noqa: PLC0415 - imports httpx2

            transport = own = Transport(self.settings)
        task = asyncio.create_task(work(transport))
        self._tasks.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if task.cancelled() and not (current and current.cancelling()):
                raise DownloadError("the client was closed", retryable=True) from None
            raise
        finally:
            self._tasks.discard(task)
            if own is not None:
                await own.aclose()

    async def aclose(self) -> None:
        """End the downloads under way on this event loop."""
        import asyncio  # noqa: PLC0415 - see above

        loop = asyncio.get_running_loop()
        tasks = [task for task in self._tasks if task.get_loop() is loop]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
