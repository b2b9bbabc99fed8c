"""Values that travel between processes arrive as they were, frozen as before."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import given, settings

from emit.strategies import specs
from generated import prompt, text, tool
from wirogen.diagnostics.model import Diagnostic, Position
from wirogen.pickling import quick_pickle
from wirogen.specs import UNSENT, ToolSpec, Wire


def there_and_back(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - made in the same line


@settings(max_examples=50)
@given(specs())
def test_a_spec_survives_pickling_and_copying(spec: ToolSpec) -> None:
    assert there_and_back(spec) == spec
    assert copy.deepcopy(spec) == spec


def test_what_arrives_is_as_frozen_as_what_left() -> None:
    spec = tool(prompt(), text("a"))
    back = there_and_back(spec)
    assert [type(back), type(back.inputs[0].wire)] == [ToolSpec, Wire]
    assert back.inputs[0].wire.sent is UNSENT
    assert hash(back.inputs[0].wire) == hash(spec.inputs[0].wire)
    with pytest.raises(FrozenInstanceError):
        back.inputs[0].name = "b"
    with pytest.raises((AttributeError, TypeError)):
        back.unknown = 1
    assert replace(back, name="b").name == "b"
    assert repr(back) == repr(spec)


def test_another_process_that_has_imported_nothing_yet_understands() -> None:
    sent = Diagnostic(
        code="D001", message="m", path="p", position=Position(line=1, column=2, offset=3)
    )
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(copy.copy, (sent,)) == sent


def test_a_pickle_names_a_class_once_and_no_field() -> None:
    spec = tool(*(text(f"a{number}") for number in range(50)))
    data = pickle.dumps(spec)
    assert data.count(b"python_name") == 0
    assert data.count(b"Input._restore") == 1


@dataclass(frozen=True, slots=True)
class Base:
    one: int


@quick_pickle
@dataclass(frozen=True, slots=True)
class Single:
    one: list[int]


def test_one_field_is_not_taken_apart() -> None:
    assert there_and_back(Single([1, 2])) == Single([1, 2])


def test_classes_that_cannot_have_it_are_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Derived(Base):
        two: int

    @dataclass(frozen=True)
    class Loose:
        one: int

    for cls in (Derived, Loose):
        with pytest.raises(TypeError, match="no dataclass with a slot for each field"):
            quick_pickle(cls)
