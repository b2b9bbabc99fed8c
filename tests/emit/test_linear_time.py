"""Time grows with the size of a text, not with its square: in documents, specs and modules."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from document.build import page, text_input
from document.layouts import Page, flat, lines
from generated import RENDERER, number, plan, prompt, render, select, text, tool
from wirogen.diagnostics.model import InputError
from wirogen.document import parse_document, verify
from wirogen.emit.render import render_shared, summary_of
from wirogen.pipeline.spec_checks import check_spec
from wirogen.specs import Finding, Option, Section, Source, ToolSpec, Wire, dump_spec, load_spec

pytestmark = pytest.mark.slow

_SMALL = 3_000
_MOST = 15
_FILLS = ("A", "Ab", "a ", '"', "\\", "\u200b", "- name: x label: ", "default: type: ")
OPTION = Option(value="1", label="L", triggerwords=(), generatesettings=())
SLIDER = {
    "id": "a", "type": "float", "minvalue": "0", "maxvalue": "1", "defaultvalue": "1",
    "incrementby": "1",
}  # fmt: skip


def specs_with(value: str) -> Iterator[ToolSpec]:
    """Specs with ``value`` in each text field: few, because rendering takes long by itself."""
    yield tool(
        prompt(example=value, default=value),
        *(text(key, **{key: value}) for key in ("label", "help", "type", "default")),
        text(value),
        number("count", value, "float"),
        text("wire", wire=Wire(type="string", sent=value)),
        select("mode", value, "b"),
    )
    changes: tuple[dict[str, Any], ...] = (
        {"value": value},
        {"label": value},
        {"description": value},
        {"triggerwords": (value,)},
        {"generatesettings": ({**SLIDER, "id": value, "note": value},)},
        {"generatesettings": (dict.fromkeys(SLIDER, value),)},
    )
    options = (
        replace(OPTION, **{"value": str(place), **change}) for place, change in enumerate(changes)
    )
    yield tool(prompt(), select("selectedLoraModel", *options, open=True))
    finding = Finding(code="D105", subject=value, message=value)
    heads: tuple[dict[str, Any], ...] = (
        {"description": value, "cover": f"https://x/{value}", "readme": value},
        {"categories": (value,), "tags": (value,), "readme": f"<p>{value}<a {value}"},
        {"examples": ({"prompt": value},), "dynamicprice": value},
        {
            "sections": (Section(title=value, text=value),),
            "extra": {"k": value},
            "source": Source(document="d", sha256="0" * 64, findings=(finding,)),
        },
    )
    for more in heads:
        yield tool(prompt(), **more)


def pages_with(value: str) -> Iterator[Page]:
    """One document for each text field."""
    value = value.strip()
    first = text_input("prompt", "a cat")
    for key in ("label", "help", "type", "default"):
        yield page(first, text_input("x", **{"default": "1", key: value}))
    yield page(first, text_input("x", value), body={"prompt": "a", "x": "z"})
    for change in (
        {"value": value},
        {"label": value},
        {"description": value},
        {"triggerwords": (value,)},
        {"generatesettings": ({"id": value},)},
    ):
        option = replace(replace(OPTION, description="d"), **change)
        yield page(first, text_input("s", "1", type="select", options=(option,)))
    made = page(first)
    for change in (
        {"name": value},
        {"description": value},
        {"categories": (value,), "tags": (value,)},
        {"examples": ({"prompt": value},)},
    ):
        yield replace(made, spec=replace(made.spec, **change))


def make(spec: ToolSpec) -> None:
    again = load_spec(dump_spec(spec), path="x")
    list(check_spec(again, "x"))
    planned = plan(again)
    render(again)
    render_shared([summary_of(planned)], lambda _: planned, RENDERER)


def read(document: str) -> None:
    with suppress(InputError):
        verify(parse_document(document, path="d"))


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


@pytest.mark.parametrize("fill", _FILLS, ids=repr)
def test_ten_times_the_text_takes_at_most_fifteen_times_as_long(fill: str) -> None:
    small, large = (fill * (size // len(fill)) for size in (_SMALL, 10 * _SMALL))
    pairs: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (partial(make, one), partial(make, other))
        for one, other in zip(specs_with(small), specs_with(large), strict=True)
    ]
    pairs += [
        (partial(read, form(one)), partial(read, form(other)))
        for form in (flat, lines)
        for one, other in zip(pages_with(small), pages_with(large), strict=True)
    ]
    make(tool(prompt()))
    for place, (one, other) in enumerate(pairs):
        # The machine may be busy: the better of a few measurements counts.
        tries = ((seconds(one), seconds(other)) for _ in range(4))
        assert any(after < max(_MOST * before, 0.3) for before, after in tries), place
