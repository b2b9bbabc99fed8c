"""Ctrl-C at the one moment when it would lose money: between a run and the answer that names it."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from wiro_runtime.cli.console import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

_WAITS: Final = (
    f"{PROGRAM}: the run is being sent; waiting for the answer, which names its task "
    "(Ctrl-C again does not wait)\n"
)


class Held:
    """``pressed``: Ctrl-C came, and waits to be obeyed. ``answered`` is to be set when there is no
    answer to wait for any more."""

    pressed = False
    answered = False


@contextmanager
def holding_ctrl_c() -> Generator[Held]:
    """Ctrl-C is only taken note of in this block; a second one interrupts it."""
    held = Held()

    def note(_number: int, _frame: FrameType | None) -> None:
        if held.pressed:
            raise KeyboardInterrupt
        held.pressed = True
        if held.answered:
            return
        # Not by way of sys.stderr, which may be in the middle of a line.
        with suppress(OSError):
            os.write(2, _WAITS.encode())

    previous = signal.getsignal(signal.SIGINT)
    # Whoever started this with interrupts ignored, as nohup does, means it.
    if previous is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, note)
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, previous)
