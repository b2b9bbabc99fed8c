"""Large documents are read correctly, in time that grows with their length and no faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from document.build import page, parse, text_input
from document.layouts import Page, flat, lines
from wirogen.diagnostics.model import InputError
from wirogen.document import verify
from wirogen.specs import Json, Option

pytestmark = pytest.mark.slow

SLIDER: dict[str, Json] = {
    "type": "float",
    "id": "a",
    "minvalue": "0",
    "maxvalue": "1",
    "defaultvalue": "1",
    "incrementby": "0.1",
}
FULL = "- name: x label: y help: z type: text default: w"


def picker(count: int) -> Page:
    options = tuple(
        Option(
            value=str(number),
            label=f"model {number}",
            description="d",
            triggerwords=("a",),
            generatesettings=(SLIDER,),
        )
        for number in range(count)
    )
    item = text_input("selectedModel", None, type="select", options=options)
    return page(item, text_input("last"), body={"selectedModel": "", "last": "1"})


def inputs(count: int) -> Page:
    return page(*(text_input(f"i{number}", f"v {number}") for number in range(count)))


def repeated(text: str, field: str) -> Callable[[int], Page]:
    def made(count: int) -> Page:
        long = f"{text} " * count + "x"
        if field == "unknown default":
            return page(text_input("p", long), text_input("z"), body={"z": "1"})
        if field == "option":
            item = text_input("p", None, type="select", options=(Option(value="1", label=long),))
            return page(item, text_input("z"))
        if field == "example":
            spec = replace(page(text_input("z")).spec, examples=({"z": long},))
            return Page(spec, {"z": "1"})
        if field == "description":
            return Page(replace(page(text_input("z")).spec, description=long), {"z": "1"})
        return page(text_input("p", **{field: long}), text_input("z"))

    return made


def seconds(document: str) -> float:
    start = time.process_time()
    with suppress(InputError):
        parse(document)
    return time.process_time() - start


SHAPES: dict[str, tuple[Callable[[int], Page], int]] = {
    "options": (picker, 120),
    "inputs": (inputs, 120),
    "a text": (repeated("word", "default"), 20_000),
}
for piece in (
    "- name: q label: r", "help:", "type: text default:", FULL, "## ", "- ", "```", "{ [", "'",
    "## Integration Header Prepare ```bash", '- value: "x" label: y', "type: a b: c", "Tool x:",
    "triggerwords: [ generatesettings: [", "## Basic tool info Tool name:", "options:",
):  # fmt: skip
    for where in ("default", "unknown default", "help", "option", "description", "example"):
        SHAPES[f"{piece} in {where}"] = (repeated(piece, where), max(40, 2400 // len(piece)))


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_the_length(shape: str) -> None:
    make, count = SHAPES[shape]
    for write in (flat, lines):
        small, large = write(make(count)), write(make(8 * count))
        growth = len(large) / len(small)
        # Quadratic work would take three times as long as this allows.
        assert any(seconds(large) < 2.5 * growth * best(small) for _ in range(9)), write.__name__


def best(document: str) -> float:
    return max(min(seconds(document) for _ in range(2)), 2e-4)


def test_thousands_of_options() -> None:
    parsed = parse(flat(picker(4_000)))
    options = parsed.spec.inputs[0].options
    assert options
    assert (len(options), options[-1].label) == (4_000, "model 3999")
    assert verify(parsed) is None


@pytest.mark.parametrize("write", [flat, lines])
def test_half_a_megabyte_of_options(write: Callable[[Page], str]) -> None:
    text = write(picker(2))
    first, second = text.index('- value: "0"'), text.index('- value: "1"')
    option = text[first:second]

    def made(count: int) -> str:
        more = "".join(option.replace('"0"', f'"{number}"') for number in range(count))
        return text[:first] + more + text[second:]

    half, whole = made(2_500), made(5_000)
    assert len(whole) > 500_000
    doubles(half, whole)


HOSTILE = (
    "- name: ", "[", '"', "{", '{"a":', "- value: ", '- value: "', "type: text default: ", "\n",
    "\\", "a: ", "\n  a: ", "\r", "triggerwords: [] ", "Tool tags: ", "- ", "```", "'", "\u200b",
)  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("before", [" label: p", " - value: ", "## Tool Inputs:", "Tool cover: "])
def test_a_hundred_kilobytes_of_the_same(before: str, piece: str) -> None:
    item = text_input("s", None, type="select", options=(Option(value="1", label="a"),))
    document = flat(page(text_input("p"), item, text_input("z")))
    assert document.count(before) == 1
    start, end = document.split(before)

    def made(size: int) -> str:
        return f"{start}{before} {piece * (size // len(piece))} {end}"

    size = 80_000 if piece in HOSTILE[:3] else 50_000
    doubles(made(size), made(2 * size))


def doubles(half: str, whole: str) -> None:
    """Twice as much takes about twice as long, at least once in three times."""
    assert any(seconds(whole) < 3 * max(seconds(half), 0.01) for _ in range(3))


@pytest.mark.parametrize("write", [flat, lines])
def test_a_default_of_200_kilobytes(write: Callable[[Page], str]) -> None:
    long = "a default: 4.5 - name: b " * 8_000 + "c"
    assert len(long) > 200_000
    parsed = parse(write(page(text_input("prompt", long), text_input("last", "1"))))
    assert parsed.spec.inputs[0].default == long
    assert parsed.spec.inputs[1].default == "1"
    assert verify(parsed) is None
