"""A simulator in the foreground, for a command line."""

from __future__ import annotations

import os
import re
import shlex
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from wiro_runtime.testing import faults as make
from wiro_runtime.testing.simulator import API_KEY, API_SECRET, Simulator

if TYPE_CHECKING:
    from wiro_runtime.testing.clock import Speed
    from wiro_runtime.testing.records import Request
    from wiro_runtime.testing.tool_spec import ToolSource

DEFAULT_PORT: Final = 8642
_SHOWN: Final = 10
_PATH: Final = "/:@!$&'()*+,;="
"""Characters that stand for themselves in the path of an address, but for letters and digits."""
_NAP: Final = 0.2
"""Seconds between two checks of the main thread for a signal."""

_FORM: Final = re.compile(
    r"(?P<path>[^=]+)=(?P<name>[a-z0-9-]+)(:(?P<value>[^*@]*))?(\*(?P<times>\d+|all))?(@(?P<nth>\d+))?"
)

_MAKERS: Final[Mapping[str, Callable[[str], make.AnyFault]]] = {
    "status": lambda value: make.status(int(value)),
    "error": lambda value: make.error(int(value), f"Simulated error {value}"),
    "rate-limited": lambda value: make.rate_limited(seconds=float(value or 1)),
    "html": lambda value: make.html(int(value or 200)),
    "redirect": make.redirect,
    "reset": lambda _value: make.reset(),
    "reset-after": lambda _value: make.reset(acts=True),
    "hang": lambda _value: make.hang(),
    "hang-after": lambda _value: make.hang(acts=True),
    "slow": lambda value: make.slow(float(value or 5)),
    "drip": lambda value: make.drip(float(value or 1)),
    "cut": lambda value: make.cut(int(value or 100)),
    "short": lambda value: make.short(int(value or 1)),
    "long": lambda value: make.long(int(value or 1)),
    "truncated": lambda _value: make.truncated(),
    "invalid-utf8": lambda _value: make.invalid_utf8(),
    "unknown-state": lambda value: make.task_field("status", value or "task_dreaming"),
    "empty-tasklist": lambda _value: make.empty_tasklist(),
    "drop": lambda value: make.drop(int(value or 0)),
    "close": lambda value: make.close(int(value or 0)),
    "pings": lambda value: make.pings(int(value or 0)),
    "silence": lambda value: make.silence(int(value or 0)),
}

FAULT_NAMES: Final = tuple(_MAKERS)
"""The names that a fault's text may have."""


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
    # Setting an event would take its lock, which the interrupted thread may hold.
    came: list[int] = []
    previous: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, lambda got, _frame: came.append(got))
    try:
        for tool, text in (documents or {}).items():
            simulator.publish(tool, text)
        _announce(simulator, echo)
        while not came and not done.wait(_NAP):
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


def _line(request: Request, status: int) -> str:
    # Any page that is open in a browser here may ask for any path.
    return f"{status} {request.method} {quote(request.path, safe=_PATH)}"


def parse_fault(text: str) -> tuple[str, make.AnyFault, int, int | None]:
    """Reads ``PATH=NAME[:VALUE][*TIMES][@NTH]``: path, fault, the first request struck, how many.

    ``TIMES`` is 1 when left out, ``all`` for no end of it.

    :raises ValueError: the text has not that form. The message says what is wrong.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"fault {text!r}: expected PATH=NAME[:VALUE][*TIMES][@NTH]")
    maker = _MAKERS.get(match["name"])
    if maker is None:
        known = ", ".join(FAULT_NAMES)
        raise ValueError(f"fault {text!r}: {match['name']!r} is none of {known}")
    try:
        fault = maker(match["value"] or "")
    except ValueError:
        value = match["value"] or ""
        raise ValueError(f"fault {text!r}: {value!r} is no value for {match['name']}") from None
    times = None if match["times"] == "all" else int(match["times"] or 1)
    return match["path"], fault, int(match["nth"] or 1), times
