"""The price of a run, and amounts of dollars as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final, TypeAlias

Dollars: TypeAlias = Decimal | float | str
"""An amount of US dollars as callers give it."""

METHODS: Final[Mapping[str, str]] = {
    "cpr": "a run",
    "cps": "a second of processing",
    "cpo": "an output",
    "cpt": "a token, in and out",
    "cp-pixel": "for 1,048,576 pixels",
    "cp-audiosecondslength": "a second of input audio",
    "cp-promptlength": "a character of the prompt",
    "cp-outputVideoLength": "a second of output video",
    "cp-realtimeturn": "a turn",
    "cp-readoutput": "as the tool reports",
}
"""The methods of billing, by ``priceMethod``, in words that follow an amount."""

MOST: Final = Decimal(1_000_000)
"""Dollars; what is above is a mistake in the list."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a run in US dollars.

    ``low`` and ``high`` are its bounds, ``None`` where there is none: without ``high`` a run costs
    at least ``low``, without ``low`` nothing is known. ``exact``: this is what Wiro will bill when
    the run succeeds; equal bounds without it are an estimate, such as the mean of past runs.
    ``basis`` says in words how it was computed, ``as_of`` on which day Wiro gave these rates
    (ISO 8601).
    """

    low: Decimal | None
    high: Decimal | None
    exact: bool
    basis: str
    as_of: str | None = None

    @property
    def known(self) -> bool:
        """Whether it has an upper bound, so that it can be compared with a ceiling."""
        return self.high is not None

    @property
    def reserved(self) -> Decimal:
        """What a budget keeps for a run: the most that it may cost or, where only that is known,
        the least."""
        return self.high or self.low or Decimal(0)

    def __str__(self) -> str:
        """``$0.13``, ``$0.10–$0.40``, ``about $0.01``, ``from $0.05`` or ``unknown``."""
        if self.low is None:
            return "unknown"
        if self.high is None:
            return f"from {dollars(self.low)}"
        about = "" if self.exact or self.low != self.high else "about "
        return f"{about}{dollar_range(self.low, self.high)}"

    def __repr__(self) -> str:
        return f"<Price {self}: {self.reason}>"

    def _repr_html_(self) -> str:
        return f"<div><b>{escape(str(self))}</b> {escape(self.reason)}</div>"

    @property
    def reason(self) -> str:
        """How it was computed, and from which price list."""
        return f"{self.basis}; prices of {self.as_of}" if self.as_of else self.basis

    def to_dict(self) -> dict[str, str | bool | None]:
        """Return it as JSON values; amounts are decimal numbers in text."""
        return {
            "price": str(self),
            "low": None if self.low is None else plain(self.low),
            "high": None if self.high is None else plain(self.high),
            "exact": self.exact,
            "basis": self.basis,
            "as_of": self.as_of,
        }


def dollars(amount: Decimal) -> str:
    """Return an amount as ``$0.13``: all its digits, two decimals at least."""
    sign = "-" if amount < 0 else ""
    whole, _, fraction = plain(amount.copy_abs()).partition(".")
    return f"{sign}${whole}.{fraction.ljust(2, '0')}"


def dollar_range(low: Decimal, high: Decimal) -> str:
    """Return two amounts as ``$0.05–$0.13``, or as one where they are the same."""
    return dollars(low) if low == high else f"{dollars(low)}–{dollars(high)}"


def unknown(basis: str) -> Price:
    """Return the price of which only the reason is known why it is not."""
    return Price(None, None, exact=False, basis=basis)


def plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
