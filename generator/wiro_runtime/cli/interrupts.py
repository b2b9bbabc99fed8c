"""Ctrl-C, SIGTERM and SIGHUP, above all while a run has been sent and its task has no name yet."""

from __future__ import annotations

import os
import signal
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from wiro_runtime.cli.console import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

INTERRUPTED: Final = 130

_ENDS: Final = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""What ends a command besides Ctrl-C. Windows has no SIGHUP, which says that a terminal is gone."""

_WAITS: Final = (
    f"{PROGRAM}: the run is being sent; waiting for the answer, which names its task "
    "(Ctrl-C again does not wait)\n"
)
_UNKNOWN: Final = (
    f"{PROGRAM}: interrupted while the run was being sent: it may have been accepted, look at "
    "your tasks on Wiro before you run it again\n"
)
_received: Final[set[int]] = set()


def obey_signals() -> None:
    """Have SIGTERM and SIGHUP interrupt the command as Ctrl-C does."""
    for number in _ENDS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)
    # Ctrl-C may come between the lines that make a coroutine and that run it.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)


def exit_status(status: int = INTERRUPTED) -> int:
    """The exit status of the process for a command that ended with ``status``."""
    if status != INTERRUPTED:
        return status
    return next((128 + number for number in _ENDS if number in _received), INTERRUPTED)


def interrupt(number: int, frame: FrameType | None = None) -> None:
    """End the command as this signal does."""
    _received.add(number)
    handler = signal.getsignal(signal.SIGINT)
    if number in _ENDS and callable(handler) and handler is not signal.default_int_handler:
        # asyncio's cancels the main task: an exception raised anywhere in its loop ends the loop.
        handler(signal.SIGINT, frame)
    else:
        raise KeyboardInterrupt


class Held:
    """``pressed``: an interrupt came and was put off. ``answered`` is to be set once there is no
    answer to wait for."""

    pressed = False
    answered = False


@contextmanager
def holding_ctrl_c() -> Generator[Held]:
    """Put off an interrupt until the end of this block. A second one ends the process while the
    response is awaited, which a client would wait for as long as the socket stays open. A journal,
    where one is kept, has the run."""
    held = Held()

    def note(number: int, frame: FrameType | None) -> None:
        _received.add(number)
        if held.pressed and held.answered:
            interrupt(number, frame)
        if held.pressed:
            with suppress(OSError):
                os.write(2, _UNKNOWN.encode())
            os._exit(exit_status())
        held.pressed = True
        if held.answered:
            return
        # Not by way of sys.stderr, which may be in the middle of a line.
        with suppress(OSError):
            os.write(2, _WAITS.encode())

    previous = {each: signal.getsignal(each) for each in (signal.SIGINT, *_ENDS)}
    for each, handler in previous.items():
        # A parent that has interrupts ignored, as nohup does, means it.
        if handler is not signal.SIG_IGN:
            signal.signal(each, note)
    try:
        yield held
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
