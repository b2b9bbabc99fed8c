"""``Wiro`` and ``AsyncWiro``: settings, a service, and one line for each thing that Wiro can do."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from wiro_runtime.inputs.arguments import check_path, read_dollars
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.inputs.resolve import resolve_inputs
from wiro_runtime.price.estimate import price_tool
from wiro_runtime.results.result import AsyncResult, Result
from wiro_runtime.settings import Timing, load_settings, make_credentials
from wiro_runtime.tasks.budget import Ceiling
from wiro_runtime.tasks.records import LostSubmission, Resumed
from wiro_runtime.tasks.settle import Settlement, convert
from wiro_runtime.tasks.state import TaskState
from wiro_runtime.tasks.task import AsyncTask, Task, iterate
from wiro_runtime.tasks.task import run as wait_for

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Iterator
    from os import PathLike
    from types import TracebackType
    from typing import Never, Self

    import httpx2

    from wiro_runtime.catalogue import Catalogue
    from wiro_runtime.hooks import Hooks
    from wiro_runtime.inputs.conversation import Earlier, ToolOutputs
    from wiro_runtime.inputs.files import FileLike
    from wiro_runtime.price import Dollars, Price
    from wiro_runtime.settings import OnInterrupt, PollSchedule, Retries, Timeouts
    from wiro_runtime.tasks.events import OnUpdate
    from wiro_runtime.tasks.journal import Journal
    from wiro_runtime.tasks.service import TaskService
    from wiro_runtime.tasks.submission import Submission

RunInputs: TypeAlias = (
    "ToolInputs | Mapping[str, object] | Callable[[], ToolInputs | Mapping[str, object]]"
)
"""Inputs of a run, or a function that makes them where what it raises belongs."""

_PATIENCE = 60.0

# Generated code spells these names.
ResultT = TypeVar("ResultT", covariant=True)  # noqa: PLC0105 - see above
TaskT = TypeVar("TaskT", covariant=True)  # noqa: PLC0105 - see above


class Client(ABC, Generic[ResultT, TaskT]):
    """What generated functions take: a client that gives ``ResultT`` for a run and ``TaskT`` for a
    submission, where the asynchronous one gives awaitables of them.

    ``api_key`` and ``api_secret`` default to ``WIRO_API_KEY`` and ``WIRO_API_SECRET``, and without
    these to the key of ``wiro-tools login`` (profile ``WIRO_PROFILE``); the addresses default to
    ``WIRO_BASE_URL`` and ``WIRO_SOCKET_URL``. Key and secret are a pair: with
    ``api_key`` given, the secret of the environment is not used. A project without a secret signs
    nothing. With a ``base_url`` that is not Wiro's own and no ``socket_url``, tasks are only
    polled. ``project_id`` books runs on a project.

    ``timeout`` is the time of one request in seconds, ``max_retries`` how often an idempotent call
    is repeated; ``timeouts``, ``retries`` and ``poll`` say more. ``max_concurrency`` bounds
    requests in flight, and connections with them. ``http_client`` is a client of httpx2 to be used
    for all requests but WebSockets, with a proxy, certificates or a transport of one's own; it is
    not closed. ``default_headers`` are sent to Wiro with every request. Files are fetched over
    https from hosts with a public name; ``allow_hosts`` names others, such as ``"127.0.0.1"``.

    ``journal`` is a file that remembers submissions, for :meth:`Wiro.resume`; ``AsyncWiro`` opens
    it in a thread when it is entered or first used. ``budget`` is what all runs may cost together,
    in dollars: those of this client in this process or, with a journal, all that are recorded in
    it. The price of a run is reserved before it is sent, replaced by its cost when its task is seen
    to end, and kept while that is uncertain. ``on_interrupt`` says what Ctrl-C, or the cancellation
    of a coroutine, does to a task that was submitted: ``"leave"`` lets it go on, ``"stop"`` stops
    it.
    """

    _timing: ClassVar[Timing] = Timing()
    """What tests replace in a subclass, so as not to wait."""

    def __init__(
        self,
        api_key: str | None = None,
        api_secret: str | None = None,
        *,
        base_url: str | None = None,
        socket_url: str | None = None,
        project_id: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        poll: PollSchedule | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        max_concurrency: int = 32,
        allow_hosts: Iterable[str] = (),
        journal: str | PathLike[str] | None = None,
        budget: Dollars | None = None,
        on_interrupt: OnInterrupt = "leave",
        hooks: Hooks | None = None,
        http_client: httpx2.AsyncClient | httpx2.Client | None = None,
        default_headers: Mapping[str, str] | None = None,
    ) -> None:
        credentials = make_credentials(api_key, api_secret, base_url)
        # What is raised from here on must not have them in the variables of this frame.
        del api_key, api_secret
        self._settings = load_settings(
            credentials=credentials,
            base_url=base_url,
            socket_url=socket_url,
            project_id=project_id,
            timeout=timeout,
            max_retries=max_retries,
            poll=poll,
            timeouts=timeouts,
            retries=retries,
            max_concurrency=max_concurrency,
            allow_hosts=allow_hosts,
            on_interrupt=on_interrupt,
            hooks=hooks,
            default_headers=default_headers,
            timing=self._timing,
        )
        self._http_client = http_client
        self._budget = None if budget is None else read_dollars("budget", budget)
        self._journal = _open_journal(journal)
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Make the service, so that what cannot be used is said at once."""

    def _make_service(self) -> TaskService:
        # Not above: httpx2 and asyncio need not be imported to check inputs.
        from wiro_runtime.tasks.service import TaskService  # noqa: PLC0415 - see above

        return TaskService(
            self._settings,
            self._journal,
            self._http_client,
            budget=self._budget,
            asynchronous=isinstance(self, AsyncWiro),
        )

    @property
    @abstractmethod
    def service(self) -> TaskService:
        """The logic behind this client; not for its users."""

    def __repr__(self) -> str:
        # Error reporters show clients whose construction failed, too.
        settings = getattr(self, "_settings", None)
        return f"<{type(self).__name__} {settings.base_url if settings else 'not constructed'}>"

    def __reduce__(self) -> Never:
        raise TypeError("a client holds a key and is not pickled; make one in each process")

    def run(
        self,
        tool: str,
        inputs: RunInputs,
        *,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        callback_url: str | None = None,
        validate: bool = True,
        package: str | Catalogue | None = None,
        previous: Earlier | None = None,
        tool_outputs: ToolOutputs | None = None,
        max_cost: Dollars | None = None,
        allow_unknown: bool = False,
    ) -> ResultT:
        """Submit a run of ``tool`` and wait for its end, ``timeout`` seconds at most.

        A mapping of ``inputs`` is checked, and completed, by the generated ``Inputs`` of the tool
        in ``package``, or else in an installed package (see :func:`installed_catalogues`); inputs
        of a tool that none of them has are sent as given, as they are with ``validate=False``.

        ``on_update`` is called with every event, ``callback_url`` is where Wiro posts the ended
        task. ``previous`` is the result or the ended task from which an LLM tool goes on,
        ``tool_outputs`` what the functions returned that it called: texts by ``call_id``; no other
        inputs are needed then.

        A run whose price may be above ``max_cost`` dollars, or is not known, is not sent;
        ``allow_unknown`` sends it in the second case. Raises :class:`WiroError`.
        """
        options = (callback_url, validate, package, previous, tool_outputs, max_cost, allow_unknown)
        return self._run(_Run(self, tool, inputs, *options), timeout, on_update)

    def submit(
        self,
        tool: str,
        inputs: RunInputs,
        *,
        timeout: float = _PATIENCE,
        callback_url: str | None = None,
        validate: bool = True,
        package: str | Catalogue | None = None,
        previous: Earlier | None = None,
        tool_outputs: ToolOutputs | None = None,
        max_cost: Dollars | None = None,
        allow_unknown: bool = False,
    ) -> TaskT:
        """Submit a run of ``tool`` and return its task as soon as Wiro has accepted it.

        While as many tasks run as the account allows it waits for one of this client's to end,
        ``timeout`` seconds at most (0: not at all), and then raises
        :class:`ConcurrencyLimitError`. See :meth:`run` for the rest.
        """
        options = (callback_url, validate, package, previous, tool_outputs, max_cost, allow_unknown)
        return self._submit(_Run(self, tool, inputs, *options), timeout)

    @abstractmethod
    def _run(self, run: _Run, timeout: float | None, on_update: OnUpdate | None) -> ResultT: ...

    @abstractmethod
    def _submit(self, run: _Run, timeout: float) -> TaskT: ...

    def price(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        package: str | Catalogue | None = None,
    ) -> Price:
        """Return the price of a run of ``tool``; nothing is sent. Inputs that are left out,
        required ones too, leave it open where it depends on them.

        Raises :class:`InvalidInputs` for inputs that the tool does not take and for a tool that
        ``package``, or else every installed package, does not have.
        """
        return price_tool(tool, inputs, package)

    def run_tool(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        package: str | Catalogue = "wiro_tools",
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        callback_url: str | None = None,
        max_cost: Dollars | None = None,
        allow_unknown: bool = False,
    ) -> ResultT:
        """:meth:`run` for a tool that ``package`` must have. Raises :class:`InvalidInputs` when it
        does not."""
        return self.run(
            tool,
            inputs,
            package=package or "",
            timeout=timeout,
            on_update=on_update,
            callback_url=callback_url,
            max_cost=max_cost,
            allow_unknown=allow_unknown,
        )

    def submit_tool(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, object],
        *,
        package: str | Catalogue = "wiro_tools",
        timeout: float = _PATIENCE,
        callback_url: str | None = None,
        max_cost: Dollars | None = None,
        allow_unknown: bool = False,
    ) -> TaskT:
        """:meth:`submit` for a tool that ``package`` must have; see :meth:`run_tool`."""
        return self.submit(
            tool,
            inputs,
            package=package or "",
            timeout=timeout,
            callback_url=callback_url,
            max_cost=max_cost,
            allow_unknown=allow_unknown,
        )


@dataclass(slots=True)
class _Run:
    """The arguments of one call of :meth:`Client.run` or :meth:`Client.submit`."""

    client: Client[Any, Any]
    tool: str
    inputs: RunInputs
    callback_url: str | None
    validate: bool
    package: str | Catalogue | None
    previous: Earlier | None
    tool_outputs: ToolOutputs | None
    max_cost: Dollars | None
    allow_unknown: bool

    @property
    def reads_disk(self) -> bool:
        """Whether the validator of the tool may have to be imported first."""
        return self.validate and not callable(self.inputs)

    def submission(self) -> Submission:
        """The run, checked as far as it can be before anything is sent."""
        limit = None if self.max_cost is None else read_dollars("max_cost", self.max_cost)
        checked = resolve_inputs(
            self.tool,
            self.inputs() if callable(self.inputs) else self.inputs,
            package=self.package,
            validate=self.validate and self.tool_outputs is None,
        )
        return self.client.service.submission(
            self.tool,
            checked,
            self.callback_url,
            self.previous,
            self.tool_outputs,
            Ceiling(limit, self.allow_unknown),
        )


def _open_journal(path: str | PathLike[str] | None) -> Journal | None:
    if path is None:
        return None
    from wiro_runtime.tasks.journal import Journal  # noqa: PLC0415 - few keep one

    check_path("journal", path)
    return Journal(path)


class Wiro(Client[Result, Task]):
    """A client that blocks; threads may share it. See :class:`Client` for its arguments.

    It works on an event loop in a background thread, which all clients of the process share.
    ``on_update`` and hooks are called in the thread that waits. In a forked child the client
    begins anew, with connections of its own.
    """

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
        wait_for(self.service.aclose())

    def _run(self, run: _Run, timeout: float | None, on_update: OnUpdate | None) -> Result:
        submission = run.submission()
        with submission.named():
            result: Result = wait_for(self.service.run(submission, timeout, on_update))
        return result

    def _submit(self, run: _Run, timeout: float) -> Task:
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
        return [convert(each, lambda state: Task(self, state)) for each in settlements]

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
        run: _Run,
        timeout: float | None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None,
    ) -> AsyncResult:
        submission = await self._submission(run)
        with submission.named():
            result: AsyncResult = await self.service.run(submission, timeout, on_update)
        return result

    async def _submit(self, run: _Run, timeout: float) -> AsyncTask:  # noqa: ASYNC109 - see submit
        submission = await self._submission(run)
        with submission.named():
            return AsyncTask(self, await self.service.submit(submission, timeout))

    async def _submission(self, run: _Run) -> Submission:
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
        return [convert(each, lambda state: AsyncTask(self, state)) for each in settlements]

    def resume(self, *, ended: bool = False) -> Resumed[AsyncTask | LostSubmission]:
        """See :meth:`Wiro.resume`; to be iterated with ``async for``. A plain ``for`` gives what
        the journal alone knows."""

        def as_tasks(found: list[TaskState | LostSubmission]) -> list[AsyncTask | LostSubmission]:
            return [
                AsyncTask(self, each) if isinstance(each, TaskState) else each for each in found
            ]

        async def settled() -> list[AsyncTask | LostSubmission]:
            return as_tasks(await self.service.resumption.resume(ended=ended))

        return Resumed(settled, lambda: as_tasks(self.service.resumption.recorded(ended=ended)))

    async def forget(self, lost: LostSubmission) -> None:
        """See :meth:`Wiro.forget`."""
        await self.service.resumption.forget(lost)

    async def upload(self, file: FileLike, *, name: str | None = None) -> str:
        """See :meth:`Wiro.upload`."""
        return await self.service.upload(file, name)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """See :meth:`Wiro.post`."""
        return await self.service.post(path, body)
