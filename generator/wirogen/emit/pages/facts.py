"""What a tool costs, how long it takes and how often it has run, as its page says it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import unquote, urlsplit

from wiro_runtime.catalogue.output_kind import media_kind
from wiro_runtime.price import METHODS, dollars
from wiro_runtime.price.rates import read_rates
from wirogen.common.json_values import decimal
from wirogen.common.text import counted
from wirogen.emit.escape import Markdown, link
from wirogen.emit.pages.readme import paragraphs
from wirogen.plan.model import Code
from wirogen.specs import TaskStat, ToolSpec

SAMPLES_SHOWN: Final = 20
_LICENCE: Final = re.compile(r"licen[cs]e\s*(?:[:=-]|\bis\b)\s*(\S.{0,58}\S)", re.IGNORECASE)


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
        if address := link(text):
            parts = urlsplit(text)
            name = unquote(parts.path).rpartition("/")[2].strip() or parts.hostname or text
            kind = media_kind(parts.path)
            found.append(Sample(name=name, address=address, kind=Code(kind) if kind else None))
    return found


def _facts(spec: ToolSpec, least: str) -> Iterator[tuple[str, str]]:
    read = spec.source.detail_read if spec.source else None
    if price := _price(spec) or least:
        yield "Price", f"{price} (as of {read})" if read else price
    if spec.approximatelycost:
        yield "A run costs about", dollars(Decimal(spec.approximatelycost))
    if time := spec.computingtime:
        yield "A run takes about", time if decimal(time) is None else f"{time} s"
    if spec.taskstat:
        yield from _runs(spec.taskstat)
    if licence := _licence(spec):
        yield "Licence", licence
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


def _licence(spec: ToolSpec) -> str | None:
    """The licence that the owner's text names in a line of its own (``License: Apache-2.0``)."""
    for text in paragraphs(spec.readme or ""):
        if found := _LICENCE.fullmatch(text):
            return found[1]
    return None


def _price(spec: ToolSpec) -> str | None:
    """The amounts of the price list, or that of a second where there is none."""
    rates, problems = read_rates(spec.dynamicprice)
    if problems:
        return None
    if not rates:
        return f"{dollars(Decimal(spec.cps))} {METHODS['cps']}" if spec.cps else None
    methods = list(dict.fromkeys(rate["method"] for rate in rates))
    said = [_amounts([rate for rate in rates if rate["method"] == method]) for method in methods]
    more = f", by {counted(len(rates), 'choice')} of inputs" if len(rates) > 1 else ""
    return " or ".join(said) + more


def _amounts(rates: Sequence[Mapping[str, str]]) -> str:
    """The amounts of some rates of one method."""
    amounts = sorted(Decimal(rate["price"]) for rate in rates)
    what = METHODS[rates[0]["method"]]
    if what == METHODS["cp-readoutput"]:
        return what
    low, high = dollars(amounts[0]), dollars(amounts[-1])
    further = next((rate["extra"] for rate in rates if "extra" in rate), None)
    more = f", {dollars(Decimal(further))} for each further" if further and len(rates) == 1 else ""
    return f"{low if low == high else f'{low} to {high}'} {what}{more}"
