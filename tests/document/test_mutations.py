"""Documents that were damaged on the way: cut, shuffled, doubled, re-encoded, or plain hostile.

Whatever happened to a document, it gives a spec that accounts for every character, or one line
that says why it cannot be used; never anything else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corpus import pages
from document.build import NAMES, real
from document.unflatten import unflatten
from wirogen.common.text import is_visible
from wirogen.diagnostics.model import InputError
from wirogen.document import parse_document, verify
from wirogen.specs import dump_spec, load_spec

pytestmark = pytest.mark.slow

REAL = [form(real(name)) for name in NAMES for form in (str, unflatten)]
MADE = [
    page.text(full=full, flat=flat)
    for page in pages(6, seed=3)
    for full in (False, True)
    for flat in (False, True)
]

PIECES = (
    "- name:", "label:", "help:", "type:", "default:", "options:", "- value:", "description:",
    "triggerwords:", "generatesettings:", "## ", "```", "{", "}", "[", "]", '"', "'", "\\", ":",
    "\n", "\n\n", "\r", "\r\n", "  ", "\t", "\u00a0", "\u2028", "\u2029", "\x85", "\x0b", "\x0c",
    "\x1c", "\ufeff", "\u200b", "\x00", "\ud800", "Tool tags:", "## Tool Inputs:",
    "## Tool Parameter Inspires:", "## Basic tool info Tool name: a/b", "placeholder:",
    "\n  min: 3\n", "\n      min: 3\n", "type: text default:", "type: number min: 1 default: 3",
    "- name: q label: r help: s type: text default: t", '- value: "x" label: y', "a: b",
    "## Integration Header Prepare ```bash", "## Run Command - Make HTTP Post Request", "-d '",
    "```json {", "NaN", "1e999", "[]", '["a"]', '[{"id":"a"}]', '"\\ud800"', "{{x}}", "%00",
)  # fmt: skip
SLIDER = ("type", "id", "minvalue", "maxvalue", "defaultvalue", "incrementby", "options")
WHITES = ("\n", "\t", "\r\n", "\r", "\u00a0", "\u2028", "\x85", "  ", "\x0b")


def cut(text: str, draw: st.DrawFn) -> str:
    return text[: draw(st.integers(0, len(text)))]


def hole(text: str, draw: st.DrawFn) -> str:
    start = draw(st.integers(0, len(text)))
    return text[:start] + text[start + draw(st.integers(1, 400)) :]


def piece(text: str, draw: st.DrawFn) -> str:
    start = draw(st.integers(0, len(text)))
    over = draw(st.sampled_from([0, 0, 1, 10]))
    return text[:start] + draw(st.sampled_from(PIECES)) + text[start + over :]


def moved(text: str, draw: st.DrawFn) -> str:
    start, to = draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))
    return text[:to] + text[start : start + draw(st.integers(1, 900))] + text[to:]


def replaced(text: str, draw: st.DrawFn) -> str:
    old, new = draw(st.sampled_from(PIECES)), draw(st.sampled_from(PIECES))
    return text.replace(old, new, draw(st.sampled_from([1, 2, -1])))


def white(text: str, draw: st.DrawFn) -> str:
    old = draw(st.sampled_from([" ", "\n"]))
    return text.replace(old, draw(st.sampled_from(WHITES)), draw(st.sampled_from([1, 40, -1])))


def shuffled(text: str, draw: st.DrawFn) -> str:
    parts = re.split(draw(st.sampled_from(["(?=## )", "(?=- name: )", "(?=- value: )"])), text)
    start, to = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
    if draw(st.booleans()):
        parts[start], parts[to] = parts[to], parts[start]
    else:
        parts.insert(to, parts[start])
    return "".join(parts)


def indented(text: str, draw: st.DrawFn) -> str:
    lead = draw(st.sampled_from([" ", "  ", "\t", "      "]))
    return text.replace("\n", "\n" + lead, draw(st.sampled_from([1, 30, -1])))


CHANGES: tuple[Callable[[str, st.DrawFn], str], ...] = (
    cut, hole, piece, piece, moved, replaced, white, shuffled, indented,
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(REAL) | st.sampled_from(MADE))
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4)):
        text = change(text, draw)
    return draw(st.sampled_from(["", "", "", "\ufeff", "\n"])) + text


def accounted_for(document: str | bytes) -> None:
    try:
        parsed = parse_document(document, path="x.txt")
    except InputError as error:
        said = str(error)
    else:
        said = "".join(map(str, parsed.diagnostics))
        assert verify(parsed) is None
        assert load_spec(dump_spec(parsed.spec), path="x.yaml") == parsed.spec
    assert is_visible(said)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(damaged())
def test_a_damaged_document_is_accounted_for_or_refused_in_one_line(text: str) -> None:
    accounted_for(text)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["float", "number", "0", "1", "nan", "1e999999999", "9" * 400, 10**400]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(SLIDER) | st.text(max_size=5), inner, max_size=5),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
@example(None)
def test_any_json_may_stand_where_json_stands(data: st.DataObject | None) -> None:
    """In the settings and trigger words of an option, and in the Run Command."""

    def some(_: object = None) -> str:
        value: Any = [{"type": []}] if data is None else data.draw(JSON)
        return json.dumps(value, ensure_ascii=data is None or data.draw(st.booleans()))

    text = REAL[0] if data is None else data.draw(st.sampled_from(REAL))
    text = re.sub(r"(?<=generatesettings: )\[.*?\](?=\s+- )", some, text, count=4)
    text = re.sub(r"(?<=triggerwords: )\[.*?\](?=\s)", some, text, count=3)
    head, found, body = text.partition("-d '")
    accounted_for(head + found + re.sub(r'(?<=": )"[^"]*"(?=,)', some, body, count=6))


@pytest.mark.parametrize("text", [*REAL, *MADE])
def test_a_whole_document_is_accounted_for(text: str) -> None:
    accounted_for(text)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252"])
def test_another_encoding(encoding: str) -> None:
    accounted_for(REAL[0].encode(encoding, errors="replace"))


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\u2028", "\x85", "\x0b", "\n\r"])
def test_other_line_ends(newline: str) -> None:
    for text in REAL + MADE[:4]:
        accounted_for(text.replace("\n", newline))
