"""The simulator's public face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.testing.app import App
from wiro_runtime.testing.clock import Clock, Speed
from wiro_runtime.testing.contract import read_tools
from wiro_runtime.testing.server import ServerThread
from wiro_runtime.testing.signature import SignatureCheck
from wiro_runtime.testing.world import Planned, World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from wiro_runtime.testing.records import Request, Run
    from wiro_runtime.testing.scenario import Scenario

API_KEY: Final = "simulated-api-key"
API_SECRET: Final = "simulated-api-secret"  # noqa: S105  (opens nothing but a simulator)


class Simulator:
    """A local Wiro for tests: a server on loopback that is strict where Wiro may be lax.

    ::

        with Simulator(tools=[spec]) as simulator:
            client = Wiro(api_key="simulated-api-key", api_secret="simulated-api-secret",
                          base_url=simulator.base_url)

    :param tools: specs of the tools that can be run, in the JSON form of their YAML files.
    :param api_key: the only key that is let in.
    :param api_secret: its secret; ``None`` for a project whose requests are not signed.
    :param speed: how many times faster than real the tasks run; ``"instant"``: a task has ended
        when the answer to its submission arrives; ``"manual"``: tasks move by :meth:`step` and
        :meth:`advance` only.
    :param host: the address to listen on. Anything but loopback is asking for trouble.
    :param port: the port, 0 for any free one.
    :param keep: how many requests, downloads and runs are remembered, each.
    :param clock: the seconds that ``speed`` multiplies, ``time.monotonic`` when not given.
    """

    def __init__(
        self,
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        api_key: str = API_KEY,
        api_secret: str | None = API_SECRET,
        speed: Speed = "instant",
        host: str = "127.0.0.1",
        port: int = 0,
        keep: int = 100_000,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.api_key = api_key
        self.api_secret = api_secret
        self._host = host
        self._world = World(read_tools(tools), Clock(speed, clock), keep=keep)
        app = App(self._world, SignatureCheck(api_key, api_secret))
        self._server = ServerThread(app.asgi, host=host, port=port)

    def start(self) -> Simulator:
        """Starts listening; returns the simulator itself."""
        port = self._server.start()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._authority = f"{host}:{port}"
        self._world.origin = self.origin
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
        return f"http://{self._authority}"

    @property
    def base_url(self) -> str:
        """The address for ``WIRO_BASE_URL``."""
        return f"{self.origin}/v1"

    @property
    def socket_url(self) -> str:
        """The address for ``WIRO_SOCKET_URL``."""
        return f"ws://{self._authority}/v1/socket"

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
    def requests(self) -> list[Request]:
        """Every request to the API so far, oldest first, whether it was accepted or not."""
        return self._server.call(lambda: list(self._world.requests))

    @property
    def downloads(self) -> list[Request]:
        """Every request for a file so far."""
        return self._server.call(lambda: list(self._world.downloads))

    @property
    def runs(self) -> list[Run]:
        """Every run that was accepted so far."""
        return self._server.call(lambda: list(self._world.runs))

    def clear(self) -> None:
        """Forgets tasks, records, plans and limits, so that one simulator serves many tests.
        Nonces stay used."""
        self._server.call(self._world.clear)

    def status(self, taskid: str) -> str:
        """The status that a task is in now.

        :raises KeyError: there is no such task.
        """
        world = self._world
        return self._server.call(lambda: world.tasks[taskid].status(world.clock.now()))

    def step(self, taskid: str | None = None, times: int = 1) -> None:
        """Moves one task, or all, to the next of its states, ``times`` times.

        :raises KeyError: there is no such task.
        """

        def move() -> None:
            tasks = self._world.tasks
            for task in tasks.values() if taskid is None else [tasks[taskid]]:
                for _ in range(times):
                    self._world.step(task)

        self._server.call(move)

    def advance(self, seconds: float) -> None:
        """Lets ``seconds`` of the tasks' time pass at once."""

        def move() -> None:
            self._world.clock.advance(seconds)
            self._world.notify()

        self._server.call(move)

    def plan(self, scenario: Scenario, *, tool: str | None = None, times: int | None = 1) -> None:
        """Gives the next ``times`` runs (``None``: all) of ``tool`` (``None``: of any) a scenario.
        Plans are used up in the order in which they were made."""
        planned = Planned(scenario=scenario, tool=tool, left=times)
        self._server.call(lambda: self._world.planned.append(planned))
