"""The time that a simulator's tasks live in."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Speed: TypeAlias = float | Literal["instant", "manual"]


class Clock:
    """Seconds since the simulator began, ``speed`` times as fast as ``source``.

    ``"instant"``: a task has ended as soon as it is submitted. ``"manual"``: time stands still
    but for :meth:`advance`.
    """

    def __init__(self, speed: Speed = "instant", source: Callable[[], float] | None = None) -> None:
        if not isinstance(speed, str) and not (speed > 0 and math.isfinite(speed)):
            raise ValueError(
                f"speed: expected a number above 0, 'instant' or 'manual', got {speed}"
            )
        self.speed: Speed = speed
        self._source = source or time.monotonic
        self._foreign = source is not None
        self._begin = self._source()
        self._advanced = 0.0

    def now(self) -> float:
        if isinstance(self.speed, str):
            return self._advanced
        return (self._source() - self._begin) * self.speed + self._advanced

    def advance(self, seconds: float) -> None:
        """Moves every task ``seconds`` on, whatever the speed."""
        if not seconds >= 0:
            raise ValueError(f"seconds: time does not run backwards, got {seconds}")
        self._advanced += seconds

    @property
    def head_start(self) -> float:
        """How far a task is in its life when it is submitted, in seconds."""
        return math.inf if self.speed == "instant" else 0.0

    def real_delay(self, seconds: float) -> float | None:
        """How many real seconds to wait for ``seconds`` to pass; ``None`` for no such time."""
        if isinstance(self.speed, str):
            return None
        delay = max(seconds / self.speed, 0.0)
        return min(delay, 0.02) if self._foreign else delay
