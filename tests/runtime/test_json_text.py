"""JSON of a server becomes values that can be shown and written, or a ValueError."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wiro_runtime.http.json_text import MAX_VALUES, parse_inputs, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(VALUES)
def test_json_reads_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary() | st.text(st.characters(exclude_categories=())))
def test_nothing_but_a_value_error_comes_out(data: bytes | str) -> None:
    try:
        value = parse_json(data)
    except ValueError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"hi \\ud83d"', "hi \ufffd"),
        ('"\\uDE00\\ud83d"', "\ufffd\ufffd"),
        ('"\\ud83d\\ude00"', "😀"),
        ('{"\\ud83d": 1}', {"\ufffd": 1}),
        ("[1e400, -1e400, NaN, Infinity, -Infinity]", [None] * 5),
        ("1.5e3", 1500.0),
    ],
)
def test_half_characters_and_numbers_that_are_none(text: str, value: object) -> None:
    assert parse_json(text) == parse_json(text.encode()) == value


def test_nesting_is_read_up_to_its_limit() -> None:
    assert parse_json("[" * 100 + "]" * 100)
    wide = json.dumps([{"a": [[]]}] * 500)
    assert parse_json(wide) == json.loads(wide)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000,
        b"[" * 101 + b"]" * 101, b'{"a":' * 101 + b"1" + b"}" * 101,
        b"[" + b"{}," * MAX_VALUES + b"{}]", "'single'",
    ],
    ids=[
        "empty", "cut", "no UTF-8", "deep", "deep object", "digits", "101", "101 objects", "many",
        "no JSON",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_value_error(data: bytes | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is for people
        parse_json(data)


def test_a_key_that_stands_twice_is_found_at_once_among_many() -> None:
    text = ", ".join(f'"{number}": 1' for number in [*range(20_000), 19_999])
    start = time.process_time()
    with pytest.raises(ValueError, match="the key '19999' stands there twice"):
        parse_inputs(f"{{{text}}}")
    assert time.process_time() - start < 1
