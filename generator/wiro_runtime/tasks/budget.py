"""Ceilings: what a run may cost at most, and what all runs of a client, or of a journal, may."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.errors import PriceExceeded
from wiro_runtime.price import Price, dollars

if TYPE_CHECKING:
    from collections.abc import Mapping


UNIT: Final = 10**12
"""Amounts are kept in whole units of 1e-12 dollars, the last digit of Wiro's ``totalcost``, so that
databases add them exactly."""
MOST_UNITS: Final = 2**63 - 1
"""What a database can hold; more than nine million dollars."""


def to_units(dollars: Decimal | None) -> int | None:
    """An amount as it is kept, rounded up; at most :data:`MOST_UNITS`."""
    if dollars is None:
        return None
    return min(int((dollars * UNIT).to_integral_value(ROUND_CEILING)), MOST_UNITS)


def to_dollars(units: int) -> Decimal:
    """The amount that is kept as ``units``."""
    return Decimal(units) / UNIT


@dataclass(frozen=True, slots=True)
class Ceiling:
    """``max_cost`` of a run in dollars, ``None`` for no limit. ``allow_unknown``: a price without
    an upper bound passes, below this limit and below a budget."""

    max_cost: Decimal | None = None
    allow_unknown: bool = False

    def check(self, tool: str, price: Price, budget: Decimal | None) -> None:
        """Raise :class:`PriceExceeded` for a run that may cost more, or whose price is unknown."""
        limits = [each for each in (self.max_cost, budget) if each is not None]
        if not limits:
            return
        ceiling = min(limits)
        least = price.high if price.high is not None else price.low
        if least is not None and least > ceiling:
            name = "max_cost" if ceiling == self.max_cost else "the budget"
            text = f"{tool}: the price is {price}, above {name} of {dollars(ceiling)}"
        elif price.high is None and not self.allow_unknown:
            text = (
                f"{tool}: the price is {_in_words(price)}, so it cannot be kept below "
                f"{dollars(ceiling)}; allow_unknown=True runs it all the same"
            )
        else:
            return
        raise PriceExceeded(f"{text} ({price.basis})", price=price, ceiling=ceiling)


NO_CEILING: Final = Ceiling()


def over_budget(tool: str, price: Price, budget: Decimal, left: Decimal) -> PriceExceeded:
    """The error for a run that does not fit into what is left of a budget."""
    left = max(left, Decimal(0))
    text = f"{tool}: the price is {price}, and {dollars(left)} of {dollars(budget)} is left"
    return PriceExceeded(f"{text} ({price.basis})", price=price, ceiling=left)


def _in_words(price: Price) -> str:
    return "not known" if price.low is None else f"{price} upwards".removeprefix("from ")


class Ledger:
    """The budget of a client without a journal, in memory; its methods are those of a journal."""

    def __init__(self, budget: Decimal) -> None:
        self.budget = budget
        self._lock = Lock()
        self._reserved: dict[str, Decimal] = {}
        self._left = budget
        self._keys: dict[str, str] = {}

    def begin(
        self, tool: str, _inputs: Mapping[str, Any], key: str, price: Price, *_of_a_journal: object
    ) -> str:
        """Reserve the price of a run. Raises :class:`PriceExceeded`."""
        amount = price.reserved
        with self._lock:
            if amount > self._left:
                raise over_budget(tool, price, self.budget, self._left)
            self._left -= amount
            self._reserved[key] = amount
        return key

    def accepted(self, key: str, task_id: str, token: str) -> None:
        """Remember the task of a run."""
        with self._lock:
            self._keys |= {name: key for name in (task_id, token) if name}

    def settled(self, key: str, reason: str) -> None:  # noqa: ARG002 - as above
        """Release what was reserved for a run that became no task."""
        with self._lock:
            self._left += self._reserved.pop(key, Decimal(0))

    def uncertain(self, key: str, reason: str) -> None:
        """Keep what was reserved: the run may be billed."""

    def ended(self, status: str, task_id: str, token: str, cost: Decimal | None) -> None:  # noqa: ARG002 - as above
        """Count what a task has cost in the place of what was reserved, which stays when that is
        not known."""
        with self._lock:
            key = self._keys.pop(task_id, "") or self._keys.pop(token, "")
            self._keys.pop(token, None)
            reserved = self._reserved.pop(key, None)
            if reserved is not None and cost is not None:
                self._left += reserved - cost

    def close(self) -> None:
        """Nothing is open."""
