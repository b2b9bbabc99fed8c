"""The price list of a tool → the data of its tariff, and what lists of tools say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, cast

from wiro_runtime.price.inputs import PricedInput, tariff_data
from wirogen.plan.kinds import FILE_KINDS, Kind
from wirogen.plan.model import InputPlan
from wirogen.specs.model import Json, ToolSpec

_SEVERAL: Final = frozenset({Kind.FILES, Kind.FILES_URL})


def tariff_of(spec: ToolSpec, inputs: Iterable[InputPlan]) -> Mapping[str, Json] | None:
    """The data of the tool's tariff, ``None`` when Tool/Detail gives no price."""
    found = tariff_data(
        [_priced(item) for item in inputs],
        dynamicprice=spec.dynamicprice,
        cps=spec.cps,
        approximatelycost=spec.approximatelycost,
        computingtime=spec.computingtime,
        as_of=spec.source.detail_read if spec.source else None,
    )
    return cast("Mapping[str, Json] | None", found)


def _priced(item: InputPlan) -> PricedInput:
    return PricedInput(
        name=item.spec.name,
        text=f"{item.spec.label} {item.spec.help}",
        values=tuple(option.value for option in item.spec.options or ()),
        file=item.kind in FILE_KINDS,
        many=item.kind in _SEVERAL,
    )
