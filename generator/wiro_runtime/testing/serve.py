"""A simulator in the foreground, for a command line."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from wiro_runtime.testing.fault_text import parse_fault
from wiro_runtime.testing.simulator import API_KEY, API_SECRET, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

    from wiro_runtime.testing.clock import Speed
    from wiro_runtime.testing.records import Request
    from wiro_runtime.testing.spec_from_client import ToolSource

DEFAULT_PORT: Final = 8642
_SHOWN: Final = 10
_PATH: Final = "/:@!$&'()*+,;="
"""Characters that stand for themselves in the path of an address, but for letters and digits."""
_NAP: Final = 0.2
"""Seconds between two checks of the main thread for a signal."""


def serve(
    tools: Sequence[ToolSource],
    *,
    echo: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    api_key: str = API_KEY,
    api_secret: str | None = API_SECRET,
    speed: Speed = 1.0,
    faults: Sequence[str] = (),
    documents: Mapping[str, str | bytes] | None = None,
    quiet: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Runs a simulator until SIGINT or SIGTERM, or until ``stop`` is set.

    ``echo`` is given every line to print: where the simulator is, the environment that leads a
    client to it, and unless ``quiet`` each request as it is answered (from another thread).
    ``documents`` are the texts of tool documents by ``owner/project``.

    :raises ValueError: a spec, a fault, the host or the speed is none.
    :raises OSError: the address is taken or not allowed; the message names it.
    """
    done = stop or threading.Event()
    simulator = Simulator(
        tools, api_key=api_key, api_secret=api_secret, speed=speed, host=host, port=port, keep=1000
    )
    for each in faults:
        path, fault, nth, times = parse_fault(each)
        simulator.faults.add(path, fault, nth=nth, times=times)
    if not quiet:
        simulator.on_response(lambda request, status: echo(_line(request, status)))
    try:
        simulator.start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {why}") from error
    signals = _Signals()
    previous = signals.catch()
    try:
        for tool, text in (documents or {}).items():
            simulator.publish(tool, text)
        _announce(simulator, echo)
        while not signals.came and not done.wait(_NAP):
            pass
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        simulator.stop()
    echo("The simulator has stopped.")


def _announce(simulator: Simulator, echo: Callable[[str], None]) -> None:
    echo(f"A local Wiro listens on {simulator.base_url}")
    for name, value in simulator.env().items():
        echo(_assignment(name, value, powershell=os.name == "nt"))
    names = simulator.tools
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    echo(f"{len(names)} tool{'' if len(names) == 1 else 's'}: {shown or 'none'}")


def _assignment(name: str, value: str, *, powershell: bool) -> str:
    """The line that sets a variable of the environment."""
    if powershell:
        return f"$env:{name} = '" + value.replace("'", "''") + "'"
    return f"export {name}={shlex.quote(value)}"


class _Signals:
    """``came``: one of the signals that end a process did."""

    came = False

    def catch(self) -> dict[signal.Signals, Any]:
        """Begin to note them; returns the handlers before. Only the main thread may do that:
        elsewhere nothing happens."""
        if threading.current_thread() is not threading.main_thread():
            return {}
        return {
            number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)
        }

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        # Setting an event would take its lock, which the interrupted thread may hold.
        self.came = True


def _line(request: Request, status: int) -> str:
    # Any page that is open in a browser here may ask for any path.
    return f"{status} {request.method} {quote(request.path, safe=_PATH)}"
