"""A newer document of a known tool: what it says counts, and what it does not show is kept.

Short documents show five models of each list, others on every download. So an open picker keeps
the options that it had, marked with the hash of the last document that listed them, and examples
stay where a document has none. A document with the full lists replaces both. How inputs are sent
stays as it was where a document does not show it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from wirogen.merge.contract import keep_contract
from wirogen.merge.detail import with_required
from wirogen.specs import Input, Option, ToolSpec
from wirogen.specs.model import DETAIL_FIELDS

SAMPLE_SIZE: Final = 5
"""How many models of a list a short document shows."""

_FULL_NAME: Final = re.compile(r"(^|[.-])(llms-full|full)\.txt\Z")
_SEEN_LENGTH: Final = 12


def is_full(spec: ToolSpec, document: str = "") -> bool:
    """Whether the document behind ``spec`` lists all models: its name says so (``llms-full.txt``,
    ``x.full.txt``), or it has what short ones never have: examples, or a longer list of models."""
    if _FULL_NAME.search(PurePosixPath(document).name):
        return True
    return bool(spec.examples) or any(
        len(item.options or ()) > SAMPLE_SIZE for item in spec.inputs if _is_picker(item)
    )


def accumulate(known: ToolSpec, new: ToolSpec, *, full: bool = False) -> ToolSpec:
    """``new`` with what ``known`` has learnt before. ``full``: the lists of ``new`` are complete.

    Merging the same document again changes nothing, and the options that result do not depend on
    the order in which documents arrive, but for their marks.
    """
    same = known.source is not None and new.source is not None and _hash(known) == _hash(new)
    new = replace(keep_contract(known, new), history=known.history)
    if full and not same:
        return _with_detail(known, new)
    before = {item.name: item for item in known.inputs}
    inputs = tuple(
        _merge(before[item.name], item, _hash(known)) if item.name in before else item
        for item in new.inputs
    )
    merged = replace(new, inputs=inputs, examples=new.examples or known.examples)
    return _with_detail(known, merged)


def _with_detail(known: ToolSpec, new: ToolSpec) -> ToolSpec:
    """``new`` with what a response of Tool/Detail has told before, unless it brings its own."""
    if not (known.source and new.source and known.source.detail) or new.source.detail:
        return new
    before = {item.name: item for item in known.inputs}
    source = replace(
        new.source,
        detail=known.source.detail,
        detail_sha256=known.source.detail_sha256,
        detail_read=known.source.detail_read,
    )
    return replace(
        new,
        inputs=tuple(
            _with_limits(before[item.name], item) if item.name in before else item
            for item in new.inputs
        ),
        dynamicprice=known.dynamicprice,
        source=source,
        **{name: getattr(known, name) for name in DETAIL_FIELDS},
    )


def _with_limits(known: Input, new: Input) -> Input:
    if known.type != new.type:
        return new
    limited = replace(new, minimum=known.minimum, maximum=known.maximum, step=known.step)
    return with_required(limited, known.stated)


def _hash(spec: ToolSpec) -> str:
    return spec.source.sha256[:_SEEN_LENGTH] if spec.source else "0" * _SEEN_LENGTH


def _is_picker(item: Input) -> bool:
    """An open choice whose list may be a sample, which a list that is empty is not."""
    return item.open is True and bool(item.options)


def _merge(known: Input, new: Input, last: str) -> Input:
    if new.open is not True or known.open is not True or not known.options:
        return new
    listed = {option.value for option in new.options or ()}
    kept = [
        option if option.seen else replace(option, seen=last)
        for option in known.options
        if option.value not in listed
    ]
    if not kept:
        return new
    # The highest id first, as Wiro lists them; ids that are no numbers come last, by name.
    return replace(new, options=tuple(sorted([*(new.options or ()), *kept], key=_rank)))


def _rank(option: Option) -> tuple[int, int, str]:
    number = option.value.isascii() and option.value.isdigit() and len(option.value) < 20
    return (0, -int(option.value), "") if number else (1, 0, option.value)
