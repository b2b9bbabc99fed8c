"""``Wiro`` and ``AsyncWiro``: settings, a port, and one line for each thing that Wiro can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.checks import check_path
from wiro_runtime.http.port import run_blocking
from wiro_runtime.inputs.resolve import resolve_inputs
from wiro_runtime.results.result import Result
from wiro_runtime.settings import load_settings
from wiro_runtime.tasks.service import Runs
from wiro_runtime.tasks.state import TaskState
from wiro_runtime.tasks.task import AsyncTask, Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike
    from types import TracebackType
    from typing import Never, Self

    from wiro_runtime.catalogue import Catalogue
    from wiro_runtime.hooks import Hooks
    from wiro_runtime.http.port import Port
    from wiro_runtime.inputs.files import FileLike
    from wiro_runtime.inputs.model import ToolInputs
    from wiro_runtime.settings import OnInterrupt, Retries, Settings, Timeouts, Timing
    from wiro_runtime.tasks.events import OnUpdate
    from wiro_runtime.tasks.journal import Journal
    from wiro_runtime.tasks.records import LostSubmission
    from wiro_runtime.tasks.schedule import PollSchedule

# Generated code spells these names.
ResultT = TypeVar("ResultT", covariant=True)  # noqa: PLC0105 - see above
TaskT = TypeVar("TaskT", covariant=True)  # noqa: PLC0105 - see above


class Client(ABC, Generic[ResultT, TaskT]):
    """What generated functions take: a client that gives ``ResultT`` for a run and ``TaskT`` for a
    submission, where the asynchronous one gives awaitables of them.

    ``api_key`` and ``api_secret`` default to ``WIRO_API_KEY`` and ``WIRO_API_SECRET``, the
    addresses to ``WIRO_BASE_URL`` and ``WIRO_SOCKET_URL``. Key and secret are a pair: with
    ``api_key`` given, the secret of the environment is not used. A project without a secret signs
    nothing. With a ``base_url`` that is not Wiro's own and no ``socket_url``, tasks are only
    polled. ``project_id`` books runs on a project. ``max_concurrency`` bounds requests in
    flight, and connections with them. Files are fetched over https from hosts with a public name;
    ``allow_hosts`` names others, such as ``"127.0.0.1"``. ``journal`` is a file that remembers
    submissions, for :meth:`Wiro.resume`. ``on_interrupt`` says what Ctrl-C, or the cancellation of
    a coroutine, does to a task that is waited for: ``"leave"`` lets it go on, ``"stop"`` stops it.
    """

    def __init__(
        self,
        api_key: str | None = None,
        api_secret: str | None = None,
        *,
        base_url: str | None = None,
        socket_url: str | None = None,
        project_id: str | None = None,
        poll: PollSchedule | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        max_concurrency: int = 32,
        allow_hosts: Iterable[str] = (),
        journal: str | PathLike[str] | None = None,
        on_interrupt: OnInterrupt = "leave",
        hooks: Hooks | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._settings = load_settings(
            api_key=api_key,
            api_secret=api_secret,
            base_url=base_url,
            socket_url=socket_url,
            project_id=project_id,
            poll=poll,
            timeouts=timeouts,
            retries=retries,
            max_concurrency=max_concurrency,
            allow_hosts=allow_hosts,
            on_interrupt=on_interrupt,
            hooks=hooks,
            timing=timing,
        )
        self._journal = _open_journal(journal)
        self._runs = Runs(self._settings, self._make_port(self._settings), self._journal)

    @abstractmethod
    def _make_port(self, settings: Settings) -> Port: ...

    def _close(self) -> None:
        self._runs.files.close()
        if self._journal is not None:
            self._journal.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._settings.base_url}>"

    def __reduce__(self) -> Never:
        raise TypeError("a client holds a key and is not pickled; make one in each process")

    @abstractmethod
    def run(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        callback_url: str | None = None,
    ) -> ResultT:
        """Submit a run of ``tool`` and wait for its end, ``timeout`` seconds at most.

        A mapping of ``inputs`` is sent as it is. ``on_update`` is called with every event,
        ``callback_url`` is where Wiro posts the ended task. Raises :class:`WiroError`.
        """

    @abstractmethod
    def submit(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        callback_url: str | None = None,
    ) -> TaskT:
        """Submit a run of ``tool`` and come back as soon as Wiro has accepted it."""

    def run_tool(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        package: str | Catalogue = "wiro_tools",
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        callback_url: str | None = None,
    ) -> ResultT:
        """:meth:`run` for a tool of which only the id is known: ``inputs`` are checked, and
        completed, by its generated ``Inputs``. ``package`` is the generated package that has it.

        Raises :class:`InvalidInputs` for a tool that the package does not have, too.
        """
        checked = resolve_inputs(tool, inputs, package=open_catalogue(package))
        return self.run(
            tool, checked, timeout=timeout, on_update=on_update, callback_url=callback_url
        )

    def submit_tool(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        package: str | Catalogue = "wiro_tools",
        callback_url: str | None = None,
    ) -> TaskT:
        """:meth:`submit` for a tool of which only the id is known; see :meth:`run_tool`."""
        checked = resolve_inputs(tool, inputs, package=open_catalogue(package))
        return self.submit(tool, checked, callback_url=callback_url)


def _open_journal(path: str | PathLike[str] | None) -> Journal | None:
    if path is None:
        return None
    from wiro_runtime.tasks.journal import Journal  # noqa: PLC0415 - few keep one

    check_path("journal", path)
    return Journal(path)


class Wiro(Client[Result, Task]):
    """A client that blocks; threads may share it. See :class:`Client` for its arguments."""

    def _make_port(self, settings: Settings) -> Port:
        # Here and not above, because httpx2 need not be there to check inputs.
        from wiro_runtime.http.blocking import BlockingPort  # noqa: PLC0415 - see above

        self._port = BlockingPort(settings)
        return self._port

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
        self._port.close()
        self._close()

    def run(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        callback_url: str | None = None,
    ) -> Result:
        return run_blocking(self._runs.run(tool, inputs, timeout, on_update, callback_url))

    def submit(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        callback_url: str | None = None,
    ) -> Task:
        return Task(self._runs, run_blocking(self._runs.submit(tool, inputs, callback_url)))

    def task(self, task: str) -> Task:
        """The task with this id or token; nothing is sent yet."""
        return Task(self._runs, self._runs.state_of(task))

    def resume(self, *, ended: bool = False) -> Iterator[Task | LostSubmission]:
        """What the journal knows to be unfinished: tasks that have not been seen to end (``ended``:
        and the last thousand that have), then submissions whose fate nobody knows.

        What another living client is at work on is left to it; what a client that is gone has left
        behind is given to one of those who ask.
        """
        for each in self._runs.resumed(ended=ended):
            yield Task(self._runs, each) if isinstance(each, TaskState) else each

    def forget(self, lost: LostSubmission) -> None:
        """Take a lost submission off the journal, once its fate is known."""
        run_blocking(self._runs.forget(lost))

    def upload(self, file: FileLike, *, name: str | None = None) -> str:
        """Upload a file, 100 MB at most, and get an address that any input takes, any number of
        times. ``name`` is used instead of the file's own."""
        return run_blocking(self._runs.upload(file, name))


class AsyncWiro(Client[Coroutine[Any, Any, Result], Coroutine[Any, Any, AsyncTask]]):
    """:class:`Wiro` for an event loop (asyncio)."""

    def _make_port(self, settings: Settings) -> Port:
        from wiro_runtime.http.nonblocking import AsyncPort  # noqa: PLC0415 - imports asyncio

        self._port = AsyncPort(settings)
        return self._port

    async def __aenter__(self) -> Self:
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
        await self._port.aclose()
        self._close()

    async def run(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None = None,
        callback_url: str | None = None,
    ) -> Result:
        return await self._runs.run(tool, inputs, timeout, on_update, callback_url)

    async def submit(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        callback_url: str | None = None,
    ) -> AsyncTask:
        return AsyncTask(self._runs, await self._runs.submit(tool, inputs, callback_url))

    def task(self, task: str) -> AsyncTask:
        """The task with this id or token; nothing is sent yet."""
        return AsyncTask(self._runs, self._runs.state_of(task))

    def resume(self, *, ended: bool = False) -> Iterator[AsyncTask | LostSubmission]:
        """See :meth:`Wiro.resume`."""
        for each in self._runs.resumed(ended=ended):
            yield AsyncTask(self._runs, each) if isinstance(each, TaskState) else each

    async def forget(self, lost: LostSubmission) -> None:
        """See :meth:`Wiro.forget`."""
        await self._runs.forget(lost)

    async def upload(self, file: FileLike, *, name: str | None = None) -> str:
        """See :meth:`Wiro.upload`."""
        return await self._runs.upload(file, name)
