"""What a tool costs, how long it takes and how often it has run, as its page says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import unquote, urlsplit

from wirogen.common.json_values import decimal
from wirogen.common.text import counted
from wirogen.emit.escape import Markdown, link
from wirogen.emit.pages.outputs import media_kind
from wirogen.plan.model import Code
from wirogen.specs import Json, TaskStat, ToolSpec
from wirogen.specs.checks import amount_problem, duration_problem, https_problem

SAMPLES_SHOWN: Final = 20
_METHODS: Final = {
    "cpr": "a run",
    "cps": "a second of processing",
    "cpo": "an output",
    "cpt": "a token",
}
"""What an amount is for, by the ``priceMethod`` of ``dynamicprice``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line about a tool."""

    name: Code
    """What it is about."""
    value: str
    """What it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample output."""

    name: str
    """The name of its file, or of its server."""
    address: Markdown
    """Where it is: an address of https."""
    kind: Code | None
    """What it is, by the ending of its name: ``image video audio 3d text``."""


def facts_of(spec: ToolSpec, price: str = "") -> list[Fact]:
    """What Tool/Detail counts and measures; ``price`` is said where the amounts of its price list
    fit in no line."""
    return [Fact(name=Code(name), value=value) for name, value in _facts(spec, price)]


def samples_of(spec: ToolSpec) -> list[Sample]:
    """The first sample outputs."""
    found: list[Sample] = []
    for text in spec.samples[:SAMPLES_SHOWN]:
        address = None if https_problem(text) else link(text)
        if address is not None:
            parts = urlsplit(text)
            name = unquote(parts.path).rpartition("/")[2].strip() or parts.hostname or text
            kind = media_kind(parts.path)
            found.append(Sample(name=name, address=address, kind=Code(kind) if kind else None))
    return found


def _facts(spec: ToolSpec, least: str) -> Iterator[tuple[str, str]]:
    if price := _price(spec) or least:
        yield "Price", price
    if cost := _dollars(spec.approximatelycost):
        yield "A run costs about", cost
    time = spec.computingtime
    if time and not duration_problem(time):
        yield "A run takes about", time if decimal(time) is None else f"{time} s"
    if spec.taskstat:
        yield from _runs(spec.taskstat)
    if spec.since:
        yield "Since", spec.since


def _runs(counts: TaskStat) -> Iterator[tuple[str, str]]:
    ended = [
        f"{count:,} {how}"
        for count, how in ((counts.successcount, "succeeded"), (counts.errorcount, "failed"))
        if count is not None
    ]
    if counts.runcount is not None:
        more = f" ({', '.join(ended)})" if ended else ""
        yield "Runs so far", f"{counts.runcount:,}{more}"
    elif ended:
        yield "Runs so far", ", ".join(ended)
    if counts.lastruntime:
        yield "Last run", f"{datetime.fromtimestamp(counts.lastruntime, UTC):%Y-%m-%d}"


def _price(spec: ToolSpec) -> str | None:
    """The amounts of ``dynamicprice``, or those of a second where there is none."""
    if spec.dynamicprice is None:
        amount = _dollars(spec.cps)
        return f"{amount} {_METHODS['cps']}" if amount else None
    entries = spec.dynamicprice if isinstance(spec.dynamicprice, list) else []
    found = [_entry(each) for each in entries]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found) or len({what for _, what in known}) > 1:
        return None
    low, high = min(known)[0], max(known)[0]
    amount = _shown(low) if low == high else f"{_shown(low)} to {_shown(high)}"
    more = f", by {counted(len(known), 'choice')} of inputs" if len(known) > 1 else ""
    return f"{amount} {known[0][1]}{more}"


def _entry(entry: Json) -> tuple[Decimal, str] | None:
    """The amount of one entry, and what it is for."""
    if not isinstance(entry, dict) or "priceExtra" in entry:
        return None
    price, method = entry.get("price"), entry.get("priceMethod")
    what = _METHODS.get(method) if isinstance(method, str) else None
    text = str(price) if isinstance(price, str | int | float) else ""
    if what is None or isinstance(price, bool) or amount_problem(text):
        return None
    return Decimal(text), what


def _dollars(text: str | None) -> str | None:
    return None if text is None or amount_problem(text) else _shown(Decimal(text))


def _shown(amount: Decimal) -> str:
    plain = f"{amount.normalize():f}"
    return f"${plain}"
