"""``Wiro`` and ``AsyncWiro``: one line for each thing that Wiro can do."""

from __future__ import annotations

# Python refuses the first import of this one once the main thread has ended.
import concurrent.futures.thread  # noqa: F401  # pyright: ignore[reportUnusedImport] - see above
import sys
import weakref
from collections.abc import Coroutine, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from wiro_runtime.base_client import Client, RunArguments
from wiro_runtime.results.result import AsyncResult, Result
from wiro_runtime.tasks.records import LostSubmission, Resumed
from wiro_runtime.tasks.settle import Settlement, convert
from wiro_runtime.tasks.state import TaskState
from wiro_runtime.tasks.task import AsyncTask, Task, iterate
from wiro_runtime.tasks.task import run as wait_for

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from wiro_runtime.inputs.files import FileLike
    from wiro_runtime.tasks.events import OnUpdate
    from wiro_runtime.tasks.service import TaskService
    from wiro_runtime.tasks.submission import Submission


class Wiro(Client[Result, Task]):
    """A client that blocks; threads may share it. See :class:`Client` for its arguments.

    It works on an event loop in a background thread, which all clients of the process share.
    ``on_update`` and hooks are called in the thread that waits. In a forked child the client
    begins anew, with connections of its own.
    """

    _asynchronous = False

    def _start(self) -> None:
        if self._journal is not None:
            self._journal.open()
        # By event loop. That of a parent process stays: closing it would disturb the parent.
        self._services: dict[asyncio.AbstractEventLoop, TaskService] = {}
        _ = self.service

    @property
    def service(self) -> TaskService:
        """The logic behind this client, on the loop of this process; not for its users."""
        from wiro_runtime.http.loop import background_loop  # noqa: PLC0415 - imports asyncio

        loop = background_loop()
        found = self._services.get(loop)
        if found is None:
            found = self._services.setdefault(loop, self._make_service())
            weakref.finalize(self, found.abandon, loop).atexit = False
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections and its journal. Tasks go on."""
        if not sys.is_finalizing():
            wait_for(self.service.aclose())

    def _run(self, run: RunArguments, timeout: float | None, on_update: OnUpdate | None) -> Result:
        submission = run.submission()
        try:
            result: Result = wait_for(self.service.run(submission, timeout, on_update))
            return result  # noqa: TRY300 - Ctrl-C may come at this line, too
        except BaseException as error:
            # A block of named() has lines of its own behind the call, where Ctrl-C finds no name.
            submission.name(error)
            raise

    def _submit(self, run: RunArguments, timeout: float) -> Task:
        service = self.service
        submission = run.submission()
        try:
            with submission.named():
                return Task(self, wait_for(service.submit(submission, timeout)))
        except BaseException as error:
            if not isinstance(error, Exception):
                # It may have come after the coroutine had ended.
                wait_for(service.interrupted(submission, error))
            raise

    def task(self, task: str) -> Task:
        """The task with this id or token; nothing is sent yet."""
        return Task(self, self.service.state_of(task))

    def tasks(self, tool: str | None = None, *, limit: int | None = None) -> Iterator[Task]:
        """The tasks of the account, newest first: ``limit`` of them, or all; those of ``tool``
        only, when one is given. They are asked for a hundred at a time, as they are needed."""
        states = iterate(self.service.resumption.tasks(tool, limit))
        return (Task(self, state) for state in states)

    def settle(self) -> list[Settlement[Task]]:
        """Compare the journal's lost submissions with the tasks of the account, and say of each
        which task it became, that it certainly was not accepted, or which tasks it may be.

        One that was found is a task of the journal from here on. Takes some seconds when a
        submission that Wiro does not know was given up just now.
        """
        settlements = wait_for(self.service.resumption.settle())
        return convert(settlements, lambda state: Task(self, state))

    def resume(self, *, ended: bool = False) -> Iterator[Task | LostSubmission]:
        """What is unfinished: tasks of the journal that have not been seen to end (``ended``: and
        the last thousand that have), tasks that lost submissions have become, and those
        submissions of which that is not known. See :meth:`settle`.

        The tasks of another client that lives are left to it; those of a client that is gone are
        given to one of those who ask.
        """
        for each in wait_for(self.service.resumption.resume(ended=ended)):
            yield Task(self, each) if isinstance(each, TaskState) else each

    def forget(self, lost: LostSubmission) -> None:
        """Take a lost submission off the journal, once it is known what became of it."""
        wait_for(self.service.resumption.forget(lost))

    def upload(self, file: FileLike, *, name: str | None = None) -> str:
        """Upload a file, 100 MB at most, and get an address that any input takes, any number of
        times. ``name`` is used instead of the file's own."""
        return wait_for(self.service.upload(file, name))

    def post(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Call an endpoint that has no method, such as ``client.post("/Tool/Explore")``, and return
        the JSON object of its response. It is repeated only when it certainly did not arrive."""
        return wait_for(self.service.post(path, body))


class AsyncWiro(Client[Coroutine[Any, Any, AsyncResult], Coroutine[Any, Any, AsyncTask]]):
    """:class:`Wiro` for an event loop (asyncio)."""

    _asynchronous = True

    def _start(self) -> None:
        self._service = self._make_service()

    @property
    def service(self) -> TaskService:
        """The logic behind this client; not for its users."""
        return self._service

    async def __aenter__(self) -> Self:
        if self._journal is not None:
            from wiro_runtime.http.loop import run_in_thread  # noqa: PLC0415 - imports asyncio

            self.service.transport.check_loop()
            await run_in_thread(self._journal.open)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close its connections and its journal. Tasks go on."""
        await self.service.aclose()

    async def _run(
        self,
        run: RunArguments,
        timeout: float | None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None,
    ) -> AsyncResult:
        submission = await self._submission(run)
        with submission.named():
            result: AsyncResult = await self.service.run(submission, timeout, on_update)
        return result

    async def _submit(self, run: RunArguments, timeout: float) -> AsyncTask:  # noqa: ASYNC109 - see submit
        submission = await self._submission(run)
        with submission.named():
            return AsyncTask(self, await self.service.submit(submission, timeout))

    async def _submission(self, run: RunArguments) -> Submission:
        self.service.transport.check_loop()
        if not run.reads_disk:
            return run.submission()
        from wiro_runtime.http.loop import run_in_thread  # noqa: PLC0415 - imports asyncio

        return await run_in_thread(run.submission)

    def task(self, task: str) -> AsyncTask:
        """The task with this id or token; nothing is sent yet."""
        return AsyncTask(self, self.service.state_of(task))

    def tasks(
        self, tool: str | None = None, *, limit: int | None = None
    ) -> AsyncIterator[AsyncTask]:
        """See :meth:`Wiro.tasks`."""
        states = self.service.resumption.tasks(tool, limit)
        return (AsyncTask(self, state) async for state in states)

    async def settle(self) -> list[Settlement[AsyncTask]]:
        """See :meth:`Wiro.settle`."""
        settlements = await self.service.resumption.settle()
        return convert(settlements, lambda state: AsyncTask(self, state))

    def resume(self, *, ended: bool = False) -> Resumed[AsyncTask | LostSubmission]:
        """See :meth:`Wiro.resume`; to be iterated with ``async for``. A plain ``for`` gives what
        the journal alone knows."""
        resumption = self.service.resumption

        def with_tasks(
            found: Iterable[TaskState | LostSubmission],
        ) -> list[AsyncTask | LostSubmission]:
            return [
                AsyncTask(self, each) if isinstance(each, TaskState) else each for each in found
            ]

        async def settled() -> list[AsyncTask | LostSubmission]:
            return with_tasks(await resumption.resume(ended=ended))

        return Resumed(settled, lambda: with_tasks(chain(*resumption.recorded(ended=ended))))

    async def forget(self, lost: LostSubmission) -> None:
        """See :meth:`Wiro.forget`."""
        await self.service.resumption.forget(lost)

    async def upload(self, file: FileLike, *, name: str | None = None) -> str:
        """See :meth:`Wiro.upload`."""
        return await self.service.upload(file, name)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """See :meth:`Wiro.post`."""
        return await self.service.post(path, body)
