"""What the two clients have in common: their settings, and what starts a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from wiro_runtime.inputs.arguments import check_path, read_dollars
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.price.estimate import price_tool
from wiro_runtime.settings import Timing, load_settings, make_credentials
from wiro_runtime.tasks.budget import Ceiling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike
    from typing import Never

    import httpx2

    from wiro_runtime.catalogue import Catalogue
    from wiro_runtime.hooks import Hooks
    from wiro_runtime.inputs.conversation import Earlier, ToolOutputs
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

ResultT = TypeVar("ResultT", covariant=True)  # noqa: PLC0105 - generated code has this name
TaskT = TypeVar("TaskT", covariant=True)  # noqa: PLC0105 - generated code has this name


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
    _asynchronous: ClassVar[bool]
    """Whether results and tasks are awaited."""

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
        self._journal: Journal | None = None
        if journal is not None:
            from wiro_runtime.tasks.journal import Journal  # noqa: PLC0415 - few keep one

            check_path("journal", journal)
            self._journal = Journal(journal)
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Make the service, so that what cannot be used is said at once."""

    def _make_service(self) -> TaskService:
        # Not above: httpx2 and asyncio need not be imported to check inputs.
        from wiro_runtime.tasks.service import TaskService  # noqa: PLC0415 - slow to import

        return TaskService(
            self._settings,
            self._journal,
            self._http_client,
            budget=self._budget,
            asynchronous=self._asynchronous,
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
        return self._run(RunArguments(self, tool, inputs, *options), timeout, on_update)

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
        return self._submit(RunArguments(self, tool, inputs, *options), timeout)

    @abstractmethod
    def _run(
        self, run: RunArguments, timeout: float | None, on_update: OnUpdate | None
    ) -> ResultT: ...

    @abstractmethod
    def _submit(self, run: RunArguments, timeout: float) -> TaskT: ...

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
class RunArguments:
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

    def checked(self) -> ToolInputs | Mapping[str, object]:
        """The inputs, checked and completed by the validator of the tool where there is one; see
        :meth:`Client.run`."""
        inputs = self.inputs() if callable(self.inputs) else self.inputs
        # With outputs for called functions, no other inputs are needed.
        validate = self.validate and self.tool_outputs is None
        if not validate or (self.package is None and isinstance(inputs, ToolInputs)):
            return inputs
        from wiro_runtime.catalogue import find_tool  # noqa: PLC0415 - rarely used

        entry = find_tool(self.tool, self.package)
        return inputs if entry is None else entry.check(inputs)

    def submission(self) -> Submission:
        """The run, checked as far as it can be before anything is sent."""
        from wiro_runtime.tasks.submission import Submission  # noqa: PLC0415 - imports asyncio

        limit = None if self.max_cost is None else read_dollars("max_cost", self.max_cost)
        return Submission(
            self.tool,
            self.checked(),
            self.client.service.settings,
            callback_url=self.callback_url,
            previous=self.previous,
            tool_outputs=self.tool_outputs,
            ceiling=Ceiling(limit, self.allow_unknown),
            package=self.package,
        )
