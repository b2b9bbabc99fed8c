"""When to look at a running task again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from wiro_runtime.checks import check_duration, check_number, is_number, shown
from wiro_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


def _is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(cast("tuple[Any, ...]", value)) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSchedule:
    """Seconds between two looks at a task, by the seconds that have passed since its submission.

    ``intervals`` are pairs ``(from age, interval)`` in growing order, the first one from 0.
    Each interval is drawn from ``interval * (1 ± jitter)``, so that many tasks submitted at once
    do not ask at once.
    """

    intervals: tuple[tuple[float, float], ...] = ((0.0, 2.0), (30.0, 5.0), (120.0, 10.0))
    jitter: float = 0.2

    def __post_init__(self) -> None:
        # A schedule that fails does so after the run was billed.
        intervals = cast("Any", self.intervals)
        if type(intervals) not in (tuple, list) or not all(map(_is_pair, intervals)):
            raise ConfigurationError("intervals must be pairs: (from age, seconds)")
        for age, seconds in self.intervals:
            check_number("an age of a poll schedule", age)
            check_duration("every interval", seconds)
        ages = [age for age, _ in self.intervals]
        if not ages or ages[0] != 0 or ages != sorted(set(ages)):
            raise ConfigurationError("intervals must begin at age 0 and grow")
        if not is_number(self.jitter) or self.jitter >= 1:
            raise ConfigurationError(
                f"jitter must be at least 0 and below 1, not {shown(self.jitter)}"
            )

    @classmethod
    def every(cls, seconds: float, *, jitter: float = 0.2) -> PollSchedule:
        """One interval for all ages."""
        return cls(intervals=((0.0, seconds),), jitter=jitter)

    def delay(self, age: float, random: Callable[[], float]) -> float:
        """Seconds to wait when the task is ``age`` seconds old; ``random`` gives 0 to 1."""
        interval = next(
            interval for start, interval in reversed(self.intervals) if age >= start or start == 0
        )
        return interval * (1 + self.jitter * (2 * random() - 1))
