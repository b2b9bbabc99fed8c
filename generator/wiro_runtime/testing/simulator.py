"""The simulator's public face."""

from __future__ import annotations

import functools
import hashlib
import itertools
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from wiro_runtime.settings import is_loopback
from wiro_runtime.testing.app import App
from wiro_runtime.testing.callbacks import deliver
from wiro_runtime.testing.catalogue import PAGE_NAMES, slug
from wiro_runtime.testing.clock import Clock, Speed
from wiro_runtime.testing.files import Artefact
from wiro_runtime.testing.scenario import Scenario
from wiro_runtime.testing.server import ServerThread
from wiro_runtime.testing.signature import SignatureCheck
from wiro_runtime.testing.state import FrameShape, Planned, SimulatorState
from wiro_runtime.testing.tool_spec import read_tool, read_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from wiro_runtime.testing.callbacks import Delivery
    from wiro_runtime.testing.faults import FaultBook
    from wiro_runtime.testing.records import Request, Run
    from wiro_runtime.testing.tasks import Task
    from wiro_runtime.testing.tool_spec import ToolSource

API_KEY: Final = "simulated-api-key"
API_SECRET: Final = "simulated-api-secret"  # noqa: S105 - opens nothing but a simulator


class Simulator:
    """A local Wiro for tests: a server on loopback that is strict where Wiro may be lax.

    ::

        with Simulator([text_to_image_sd_lora]) as simulator:
            client = Wiro(simulator.api_key, simulator.api_secret, base_url=simulator.base_url)

    :param tools: the tools that can be run: generated client modules, or specs in the JSON form
        of their YAML files.
    :param api_key: the only key that is let in.
    :param api_secret: its secret; ``None`` for a project whose requests are not signed.
    :param speed: how many times faster than real the tasks run; ``"instant"``: a task has ended
        when the response to its submission arrives; ``"manual"``: tasks move by :meth:`step` and
        :meth:`advance` only.
    :param host: the loopback address to listen on.
    :param port: the port, 0 for any free one.
    :param scenario: what happens to a task when nothing else is planned for it.
    :param frames: ``"id"`` for the WebSocket frames that name a task by its id alone,
        ``"tasktoken"`` for the older ones.
    :param keep: how many requests, downloads and runs are remembered, each.
    :param clock: the seconds that ``speed`` multiplies, ``time.monotonic`` when not given.
    """

    def __init__(
        self,
        tools: Sequence[ToolSource] = (),
        *,
        api_key: str = API_KEY,
        api_secret: str | None = API_SECRET,
        speed: Speed = "instant",
        host: str = "127.0.0.1",
        port: int = 0,
        scenario: Scenario | None = None,
        frames: FrameShape = "id",
        keep: int = 100_000,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.api_key = api_key
        self.api_secret = api_secret
        self._host = host
        if not is_loopback(host):
            raise ValueError(f"host: the simulator listens on loopback only, not on {host!r}")
        self._state = SimulatorState(
            read_tools(tools),
            Clock(speed, clock),
            keep=keep,
            scenario=scenario or Scenario(),
            frames=frames,
        )
        self._app = App(self._state, SignatureCheck(api_key, api_secret))
        self._server = ServerThread(self._app, host=host, port=port)
        self._state.on_submit = self._call_back
        self._state.origin = f"http://{host}:{port}"

    def start(self) -> Simulator:
        """Starts listening; returns the simulator itself.

        :raises OSError: the port is taken.
        """
        port = self._server.start()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._state.origin = f"http://{host}:{port}"
        return self

    def stop(self) -> None:
        """Breaks every connection and ends the server's thread. Records stay readable."""
        self._server.stop()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def origin(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return self._state.origin

    @property
    def base_url(self) -> str:
        """The address for ``WIRO_BASE_URL``."""
        return f"{self.origin}/v1"

    @property
    def socket_url(self) -> str:
        """The address for ``WIRO_SOCKET_URL``."""
        return f"{self.origin.replace('http', 'ws', 1)}/v1/socket"

    def env(self) -> dict[str, str]:
        """The environment variables that lead a client here."""
        env = {
            "WIRO_API_KEY": self.api_key,
            "WIRO_BASE_URL": self.base_url,
            "WIRO_SOCKET_URL": self.socket_url,
        }
        if self.api_secret is not None:
            env["WIRO_API_SECRET"] = self.api_secret
        return env

    @property
    def tools(self) -> list[str]:
        """The ids of the tools that can be run."""
        return list(self._state.tools)

    def add_tool(self, tool: ToolSource) -> None:
        """Adds a tool to the catalogue, or puts it in the place of the one with its id.

        :raises SpecError: it is none.
        """
        read = read_tool(tool)
        self._server.call(lambda: self._state.tools.update({read.id: read}))

    def remove_tool(self, tool: str) -> None:
        """Takes a tool out of the catalogue, by its id.

        :raises KeyError: there is none.
        """
        self._server.call(lambda: self._state.tools.pop(tool))

    @property
    def requests(self) -> list[Request]:
        """Every request to the API so far, oldest first, whether it was accepted or not."""
        return self._server.call(lambda: list(self._state.requests))

    @property
    def downloads(self) -> list[Request]:
        """Every other request so far: for outputs, uploaded files and tool documents."""
        return self._server.call(lambda: list(self._state.downloads))

    @property
    def subscriptions(self) -> list[str | bytes | None]:
        """Every message that a WebSocket client has sent so far."""
        return self._server.call(lambda: list(self._state.subscriptions))

    @property
    def deliveries(self) -> list[Delivery]:
        """Every callback so far, posted or tried in vain."""
        return self._server.call(lambda: list(self._state.deliveries))

    @property
    def runs(self) -> list[Run]:
        """Every run that was accepted so far."""
        return self._server.call(lambda: list(self._state.runs))

    def clear(self) -> None:
        """Forgets tasks, records, plans, faults and limits, so that one simulator serves many
        tests. Nonces stay used, tools and documents stay."""
        self._server.call(self._state.clear)

    def status(self, taskid: str) -> str:
        """The status that a task is in now.

        :raises KeyError: there is no such task.
        """
        state = self._state
        return self._server.call(lambda: state.tasks[taskid].status(state.clock.now()))

    def step(self, taskid: str | None = None, times: int = 1) -> None:
        """Moves one task, or all, to the next of its states, ``times`` times.

        :raises KeyError: there is no such task.
        """

        def move() -> None:
            tasks = self._state.tasks
            for task in tasks.values() if taskid is None else [tasks[taskid]]:
                for _ in range(times):
                    self._state.step(task)

        self._server.call(move)

    def advance(self, seconds: float) -> None:
        """Lets ``seconds`` of the tasks' time pass at once."""

        def move() -> None:
            self._state.clock.advance(seconds)
            self._state.notify()

        self._server.call(move)

    def plan(self, scenario: Scenario, *, tool: str | None = None, times: int | None = 1) -> None:
        """Gives the next ``times`` runs (``None``: all) of ``tool`` (``None``: of any) a scenario.
        Plans are used up in the order in which they were made."""
        planned = Planned(scenario=scenario, tool=tool, left=times)
        self._server.call(lambda: self._state.planned.append(planned))

    def take_turns(self, *scenarios: Scenario) -> None:
        """Gives the runs for which nothing is planned these scenarios in turn, again and again."""
        if not scenarios:
            raise ValueError("scenarios: at least one is needed")
        self._state.cycle = itertools.cycle(scenarios)

    def flaky(self) -> None:
        """Lets every other task fail, the first one included."""
        self.take_turns(Scenario.failing(), Scenario())

    def failing(self, message: str = "RuntimeError: out of memory") -> None:
        """Lets every task fail, with ``message`` on its standard error."""
        self.take_turns(Scenario.failing(message))

    def lasting(self, seconds: float) -> None:
        """Lets every task take ``seconds`` at speed 1."""
        self.take_turns(Scenario.lasting(seconds))

    def out_of_balance(self) -> None:
        """Answers every Run with code 97, until :attr:`balance` is set."""
        self.balance = Decimal(0)

    def at_concurrency_limit(self) -> None:
        """Answers every Run with code 96, until :attr:`concurrency_limit` is set."""
        self.concurrency_limit = 0

    @property
    def balance(self) -> Decimal | None:
        """Dollars left, ended tasks charged; ``None`` for no end of it. Below 0.50 no task
        starts, and below 10 no training; a tenth of it, at least one, may be under way at once,
        and any number above 250."""
        self._server.call(self._state.charge)
        return self._state.balance

    @balance.setter
    def balance(self, dollars: Decimal | str | float | None) -> None:
        self._server.call(self._state.charge)
        self._state.balance = None if dollars is None else Decimal(str(dollars))

    @property
    def concurrency_limit(self) -> int | None:
        """How many tasks may be under way at once; ``None`` for what follows from the balance."""
        return self._state.concurrency_limit

    @concurrency_limit.setter
    def concurrency_limit(self, limit: int | None) -> None:
        self._state.concurrency_limit = limit

    @property
    def upload_limit(self) -> int:
        """The largest file in bytes that is taken, 100 MiB as Wiro's."""
        return self._state.upload_limit

    @upload_limit.setter
    def upload_limit(self, size: int) -> None:
        self._state.upload_limit = size

    @property
    def frames(self) -> FrameShape:
        """The shape of WebSocket frames; what it was at first after :meth:`clear`."""
        return self._state.frames

    @frames.setter
    def frames(self, shape: FrameShape) -> None:
        self._state.frames = shape

    @property
    def faults(self) -> FaultBook:
        """What is to go wrong: see :mod:`wiro_runtime.testing.faults`."""
        return self._state.faults

    def publish(
        self, tool: str, text: str | bytes, full: str | bytes | None = None, *, modified: int = 0
    ) -> str:
        """Serves a tool document, again and anew if it was published before.

        :param tool: ``owner/project``; served below this spelling and, as newer addresses have it,
            in lower case with hyphens.
        :param text: what ``llms.txt`` holds; ``full`` is what ``llms-full.txt`` holds, the same
            unless given.
        :param modified: when, in Unix seconds; now when 0.
        :returns: the address of its ``llms.txt``.
        """
        clean = "/".join(slug(part) for part in tool.split("/"))
        for name, content in zip(PAGE_NAMES, (text, text if full is None else full), strict=True):
            data = content.encode() if isinstance(content, str) else content
            page = Artefact(
                id=hashlib.sha256(data).hexdigest()[:32],
                name=name,
                content_type="text/plain",
                size=len(data),
                folder=tool,
                content=functools.partial(bytes, data),
                modified=modified or int(time.time()),
            )
            for root, spelling in itertools.product(("models", "tools"), (tool, clean)):
                self._state.pages[f"/{root}/{spelling}/{name}"] = page
        return f"{self.origin}/models/{quote(tool)}/llms.txt"

    def on_response(self, listener: Callable[[Request, int], None]) -> None:
        """Calls ``listener`` with every request and the status of its response, on the server's
        thread."""
        self._app.on_response = lambda request, response: listener(request, response.status_code)

    def _call_back(self, task: Task) -> None:
        if task.callback_url:
            self._server.spawn(deliver(self._state, task))
