"""Spec + overlay → corrected spec. What does not apply is an error and is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from wirogen.common.json_values import parse_json, same
from wirogen.common.text import did_you_mean
from wirogen.diagnostics.model import Diagnostic, Position
from wirogen.merge.wire import PROMPT, wire_value
from wirogen.overlay.read import Correction, Overlay
from wirogen.plan.identifiers import parameter_name
from wirogen.plan.values import takes_limits
from wirogen.specs import UNSENT, Input, Json, Option, ToolSpec, Unsent, Wire
from wirogen.specs.checks import input_problem
from wirogen.specs.model import CHOICE_TYPES

_NO_LIMITS: Final[Mapping[str, Any]] = {"minimum": None, "maximum": None, "step": None}


class _RefusedError(Exception):
    """A correction that is not made: its code, what to say, and the key that it is about."""

    def __init__(self, code: str, message: str, key: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.key = key


def apply_overlay(spec: ToolSpec, overlay: Overlay) -> tuple[ToolSpec, list[Diagnostic]]:
    """``spec`` with all corrections that apply, made in order, and an error for each other one."""
    errors: list[Diagnostic] = []

    def refuse(correction: Correction, error: _RefusedError) -> None:
        place: Position = correction.places.get(error.key, correction.position)
        errors.append(
            Diagnostic(
                code=error.code,
                message=str(error),
                path=overlay.path,
                position=place,
                subject=correction.input or "",
            )
        )

    made: list[Correction] = []
    for correction in overlay.corrections:
        try:
            _check_news(correction, made)
            spec = _correct(spec, correction)
            made.append(correction)
        except _RefusedError as error:
            refuse(correction, error)
    for correction in made:
        # After all of them, since a name may be taken now, or free.
        if correction.action == "rename" and (taken := _taken(spec, correction)):
            refuse(correction, _RefusedError("O003", taken))
            spec = _change_input(
                spec, correction.input or "", lambda item: replace(item, python_name=None)
            )
        # Another one may have given the input a type or wire that has no limits.
        item = next((item for item in spec.inputs if item.name == correction.input), None)
        if item is not None and (useless := _useless(item, correction.values)):
            refuse(correction, useless)
            spec = _change_input(spec, item.name, lambda item: replace(item, **_NO_LIMITS))
    return spec, errors


def _check_news(correction: Correction, made: list[Correction]) -> None:
    """Refuse a correction that sets what one of those ``made`` has set."""
    target = (correction.input, correction.option)
    before = {key for each in made if (each.input, each.option) == target for key in each.values}
    for key in correction.values:
        if key in before:
            raise _RefusedError("O002", f"{key} is set by a correction before; remove one", key)


def _correct(spec: ToolSpec, correction: Correction) -> ToolSpec:
    name, option = correction.input, correction.option
    if name is None:
        return _set(spec, _with_price(correction))
    names = [item.name for item in spec.inputs]
    if correction.action == "add" and option is None:
        if name in names:
            raise _RefusedError("O002", f"the tool has an input {name!r} already")
        added: Input = correction.added
        _check_options(added)
        if useless := _useless(added, vars(added)):
            raise useless
        return replace(spec, inputs=(*spec.inputs, _stated(added)))
    if name not in names:
        raise _RefusedError("O002", f"the tool has no input {name!r}{did_you_mean(name, names)}")
    if option is not None:
        return _change_input(spec, name, lambda item: _correct_option(item, option, correction))
    if correction.action == "hide":
        if any(item.required for item in spec.inputs if item.name == name):
            message = "a required input cannot be hidden: no call would be complete"
            raise _RefusedError("O003", message)
        return replace(spec, inputs=tuple(item for item in spec.inputs if item.name != name))
    return _change_input(spec, name, lambda item: _correct_input(item, correction))


def _change_input(spec: ToolSpec, name: str, change: Callable[[Input], Input]) -> ToolSpec:
    inputs = tuple(change(item) if item.name == name else item for item in spec.inputs)
    return replace(spec, inputs=inputs)


def _correct_input(item: Input, correction: Correction) -> Input:
    if correction.action == "rename":
        return _rename(item, correction.name)
    corrected = _follow(_set(item, correction), correction.values)
    if "required" in correction.values:
        corrected = _stated(corrected)
    if useless := _useless(corrected, correction.values):
        raise useless
    if problem := input_problem(corrected):
        key, message = problem
        raise _RefusedError("O003", f"{key} {message}", key)
    if not correction.values.keys().isdisjoint({"type", "options"}):
        _check_options(corrected)
    return corrected


def _useless(item: Input, given: Mapping[str, Any]) -> _RefusedError | None:
    """What is wrong with ``given`` if it has a limit, and ``item`` takes none."""
    key = next((key for key in _NO_LIMITS if given.get(key) is not None), None)
    if key is None or takes_limits(item):
        return None
    message = f"{key} does not apply: limits are for numbers, and this is a {item.type}"
    return _RefusedError("O003", message, key)


def _check_options(item: Input) -> None:
    """A document may have options of any type; a person who adds some means a select."""
    if item.options is not None and item.type not in CHOICE_TYPES:
        raise _RefusedError("O003", "options are for selects", "options")


def _stated(item: Input) -> Input:
    """``item``, of which a person says whether it is required."""
    return replace(item, stated=item.required)


def _rename(item: Input, name: str) -> Input:
    as_written = parameter_name(name, split_camel=False)
    if as_written != name:
        raise _RefusedError("O003", f"{name!r} cannot be a name in Python; {as_written!r} can")
    plain = parameter_name(item.name, split_camel=True)
    if name == (item.python_name or plain):
        raise _RefusedError("O002", f"the input is already called {name!r} in Python")
    return replace(item, python_name=name)


def _taken(spec: ToolSpec, correction: Correction) -> str:
    for item in spec.inputs:
        if item.name == correction.input:
            continue
        plain = parameter_name(item.name, split_camel=True)
        if correction.name in (item.python_name or plain, item.name):
            return f"{correction.name!r} is already the name of the input {item.name!r}"
    return ""


def _follow(item: Input, values: Mapping[str, Any]) -> Input:
    """Values that follow from corrected ones, unless the correction sets them as well: a default
    is what is sent, and nothing is sent for an input that has become required."""
    if "wire" in values:
        return item
    if values.get("required") is True:
        sent, sample = item.wire.sent, item.example
        if sample is None and not isinstance(sent, Unsent) and sent not in ("", []):
            sample = sent
        return replace(item, wire=Wire(type=item.wire.type), example=sample)
    if "default" in values:
        if item.required:
            return item if "example" in values else replace(item, example=item.default)
        return replace(item, wire=Wire(type=item.wire.type, sent=_typed(item)))
    return item


def _typed(item: Input) -> Json | Unsent:
    """The default in the JSON type that travels."""
    default, kind = item.default, item.wire.type
    if default is None:
        return UNSENT
    value = wire_value(default, kind, item.options)
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _RefusedError("O003", f"default {default!r} is not a number", "default")
    if kind == "boolean" and default.lower() not in ("true", "false"):
        raise _RefusedError("O003", f"default {default!r} is not true or false", "default")
    if kind == "object" and not isinstance(value, dict):
        raise _RefusedError("O003", f"default {default!r} is not a JSON object", "default")
    return value


def _correct_option(item: Input, value: str, correction: Correction) -> Input:
    options = item.options or ()
    known = [option.value for option in options]
    if item.open is None:
        raise _RefusedError("O002", f"the input is a {item.type}, which has no options")
    if correction.action == "add":
        if value in known:
            raise _RefusedError("O002", f"the input has the option {value!r} already")
        return replace(item, options=(*options, correction.added))
    if value not in known:
        near = did_you_mean(value, known)
        raise _RefusedError("O002", f"the input has no option {value!r}{near}")
    if correction.action == "hide":
        return replace(item, options=tuple(each for each in options if each.value != value))

    def change(option: Option) -> Option:
        return _set(option, correction) if option.value == value else option

    return replace(item, options=tuple(map(change, options)))


def _set(target: Any, correction: Correction) -> Any:
    """``target`` (a spec, input or option) with the values of ``set``, each of which is news."""
    for key, value in correction.values.items():
        # Neither document nor Detail states that this input is required: it was inferred.
        confirms = key == "required" and value is True and target.stated is None
        if _is_same(getattr(target, key), value) and not (confirms and target.name != PROMPT):
            message = f"{key} is already what the correction wants; remove it"
            raise _RefusedError("O002", message, key)
    return replace(target, **correction.values)


def _with_price(correction: Correction) -> Correction:
    """``correction`` with the list that a price in text spells, as Tool/Detail writes it."""
    text = correction.values.get("dynamicprice")
    if not isinstance(text, str):
        return correction
    try:
        rates = parse_json(text)
    except ValueError:
        raise _RefusedError("O003", "dynamicprice is not JSON", "dynamicprice") from None
    return replace(correction, values={**correction.values, "dynamicprice": rates})


def _is_same(left: object, right: object) -> bool:
    if isinstance(left, Wire) and isinstance(right, Wire):
        return left.type == right.type and same(left.sent, right.sent)
    return left == right and type(left) is type(right)
