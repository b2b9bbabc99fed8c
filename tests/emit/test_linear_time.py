"""Time grows with the size of a text, not with its square: in documents, specs and modules."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from document.build import page, text_input
from document.layouts import Page, flat, lines
from generated import number, plan, prompt, select, text, tool
from wirogen.diagnostics.model import InputError
from wirogen.document import parse_document, verify
from wirogen.emit.python.validators import validators_of
from wirogen.emit.render import render_shared, render_tool, summary_of
from wirogen.emit.templates import Renderer
from wirogen.pipeline.spec_checks import check_spec
from wirogen.specs import Finding, Option, Section, Source, ToolSpec, Wire, dump_spec, load_spec

pytestmark = pytest.mark.slow

T = TypeVar("T")

_SMALL = 1_000
_MOST = 15
_NOISE = 0.05
"""Seconds that any stage may take."""
_FILLS = (
    "A", "a ", '"', "\\", "\u200b", "\u0301\u0316", "- name: x label: default: type: ",
)  # fmt: skip
OPTION = Option(value="1", label="L", triggerwords=(), generatesettings=())
SLIDER = {
    "id": "a", "type": "float", "minvalue": "0", "maxvalue": "1", "defaultvalue": "1",
    "incrementby": "1",
}  # fmt: skip


def specs_with(value: str) -> Iterator[ToolSpec]:
    """Specs with ``value`` in each text field: few, because rendering takes long by itself."""
    finding = Finding(code="D105", subject=value, message=value)
    yield tool(
        prompt(example=value, default=value),
        *(text(key, **{key: value}) for key in ("label", "help", "type", "default")),
        text(value),
        number("count", value, "float"),
        text("wire", wire=Wire(type="string", sent=value)),
        select("mode", value, "b"),
        description=value,
        cover=f"https://x/{value}",
        readme=value,
        examples=({"prompt": value},),
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
    yield tool(
        prompt(),
        select("selectedLoraModel", *options, open=True),
        categories=(value,),
        tags=(value,),
        readme=f"<p>{value}<a {value}",
        dynamicprice=value,
        sections=(Section(title=value, text=value),),
        extra={"k": value},
        source=Source(document="d", sha256="0" * 64, findings=(finding,)),
    )


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


class Stopwatch(Renderer):
    """Renders, and keeps the seconds that each stage of the work has taken, each template being
    one: what every tool needs would hide a slow text from the sum of all."""

    def __init__(self) -> None:
        super().__init__()
        self.spent: defaultdict[str, float] = defaultdict(float)

    def time(self, stage: str, run: Callable[[], T]) -> T:
        start = time.process_time()
        result = run()
        self.spent[stage] += time.process_time() - start
        return result

    def file(self, template: str, **values: Any) -> str:
        return self.time(template, lambda: super(Stopwatch, self).file(template, **values))


WATCH = Stopwatch()


def make(spec: ToolSpec) -> None:
    """Everything that is made of a spec."""
    text = WATCH.time("write", lambda: dump_spec(spec))
    again = WATCH.time("read", lambda: load_spec(text, path="x"))
    WATCH.time("check", lambda: list(check_spec(again, "x")))
    planned = WATCH.time("plan", lambda: plan(again))
    validator = WATCH.time("validator", lambda: validators_of([planned])[0])
    WATCH.time("files of the tool", lambda: render_tool(planned, WATCH, validator))
    summary = WATCH.time("summary", lambda: summary_of(planned))
    WATCH.time("files of all", lambda: render_shared([summary], lambda _: planned, WATCH))


def read(document: str) -> None:
    with suppress(InputError):
        WATCH.time("read", lambda: verify(parse_document(document, path="d")))


def stages(run: Callable[[T], None], argument: T) -> Mapping[str, float]:
    """The seconds that each stage of ``run`` takes."""
    WATCH.spent = defaultdict(float)
    run(argument)
    return WATCH.spent


def grows_with(run: Callable[[T], None], small: T, large: T) -> None:
    """The machine may be busy: the best of a few measurements counts."""
    slow: list[str] = []
    for _ in range(4):
        before, after = stages(run, small), stages(run, large)
        slow = [each for each in after if after[each] > max(_MOST * before[each], _NOISE)]
        if not slow:
            return
    raise AssertionError(f"{slow} took long for {str(large)[:2000]}")


@pytest.mark.parametrize("fill", _FILLS, ids=repr)
def test_ten_times_the_text_takes_at_most_fifteen_times_as_long(fill: str) -> None:
    make(tool(prompt(), text("long", default="x" * 200)))  # imports what is imported when needed
    small, large = (fill * (size // len(fill)) for size in (_SMALL, 10 * _SMALL))
    for one, other in zip(specs_with(small), specs_with(large), strict=True):
        grows_with(make, one, other)
    for form in (flat, lines):
        for one, other in zip(pages_with(small), pages_with(large), strict=True):
            grows_with(read, form(one), form(other))
