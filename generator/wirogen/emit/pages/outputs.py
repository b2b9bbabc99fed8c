"""The input that says how many outputs there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wirogen.plan.identifiers import words
from wirogen.plan.kinds import NUMBER_KINDS
from wirogen.plan.model import InputPlan

_COUNTS: Final = frozenset(
    {
        "samples", "num samples", "number of samples", "n", "num outputs", "number of outputs",
        "num images", "number of images", "image count", "max images", "num videos", "batch size",
        "sample count", "output count", "number results", "num results",
    }
)  # fmt: skip


def count_input(inputs: Iterable[InputPlan]) -> InputPlan | None:
    """The number that says how many outputs are made, by its name (``samples``, ``numImages``)."""
    for item in inputs:
        name = " ".join(words(item.spec.name, split_camel=True)).lower()
        if name in _COUNTS and item.kind in NUMBER_KINDS:
            return item
    return None
