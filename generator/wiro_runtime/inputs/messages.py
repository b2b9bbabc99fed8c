"""Messages about inputs: the findings of a validator, and the wording that errors share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin
from urllib.parse import unquote

from wiro_runtime.errors import ApiError, InvalidInputs
from wiro_runtime.inputs.files import NOT_AN_ADDRESS

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

_LIMIT: Final = 80


_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal may obey, but for tabs and line breaks."""


def escape_controls(text: str) -> str:
    """``text`` for terminals and logs: what Wiro or a document sends may hold sequences that they
    obey."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text.replace("\r\n", "\n"))


def shorten(text: str, limit: int = _LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters, without control characters."""
    line = escape_controls(" ".join(text.split()))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def invalid(name: str, text: str) -> InvalidInputs:
    """Return the error that ``text`` is wrong with the input or argument ``name``."""
    return InvalidInputs(f"{name}: {text}", problems={name: text})


def is_huge(number: int) -> bool:
    """Whether an integer has more than some 300 digits: no float holds it, and no tool means it."""
    return number.bit_length() > 1000


def nearest(given: object, known: Iterable[str], shown_as: Mapping[str, str] | None = None) -> str:
    """``"; nearest: 'a', 'b'"`` for the known values most like ``given``, or the first few.

    Values that contain what was given come first: people type the beginning of a long name.
    ``shown_as`` is what stands for a value in the message, where that is not its ``repr``.
    """
    values = list(dict.fromkeys(known))
    if not values:
        return ""

    def quoted(found: Iterable[str]) -> list[str]:
        texts = (shorten(repr(each), 60) if shown_as is None else shown_as[each] for each in found)
        return list(dict.fromkeys(texts))

    import difflib  # noqa: PLC0415 - slow to import, needed for messages only

    text = str(given)[:200]
    folded = text.casefold()
    by_folded = {value.casefold(): value for value in values}
    holding = [each for each in by_folded if len(folded) > 2 and folded in each]
    close = difflib.get_close_matches(folded, by_folded, n=3, cutoff=0.5)
    near = list(dict.fromkeys([*sorted(holding, key=len), *close]))
    if near:
        return "; nearest: " + ", ".join(quoted(by_folded[each] for each in near)[:3])
    every = quoted(values)
    return "; one of: " + ", ".join(every[:5]) + (", …" if len(every) > 5 else "")


def shown(value: object, limit: int = 40) -> str:
    """``value`` where that is safe to show, its type otherwise: no ``repr`` of a caller's runs."""
    if value is None or type(value) in (bool, float, int, str):
        try:
            return shorten(repr(value), limit)
        except ValueError:
            # Python prints no integer of some thousand digits.
            return "a number that is too large"
    return type(value).__name__


SURROGATE: Final = re.compile("[\ud800-\udfff]")
HALF: Final = "holds half a character (an unpaired surrogate)"
"""What is said of text in which :data:`SURROGATE` is found."""

UNSENDABLE: Final = "unsendable"
"""The kind of a validation error whose message is complete as it is."""

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "file_type": "an address (text), a path, bytes or a binary file",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "is_instance_of": "a LoRA choice",
    "list_type": "a list",
    "sequence_str": "a list",
    "string_type": "text",
}
"""By the kinds of errors that strict validation of generated fields makes."""

_PARSED: Final = {
    "float_parsing": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
}
"""By the kinds of errors of validation that reads texts as numbers."""

_LIMITS: Final = frozenset({"greater_than_equal", "less_than_equal"})

_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    bytes: "bytes",
    dict: "mapping",
    float: "number",
    int: "whole number",
    list: "list",
    str: "text",
    tuple: "list",
}


def problems_of(cls: type[BaseModel], error: ValidationError) -> dict[str, str]:
    """Return one line for each field that is wrong, by the field's Python name."""
    names = {info.alias or name: name for name, info in cls.model_fields.items()}
    grouped: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        where = [str(x) for x in detail["loc"]]
        head = names.get(where[0], where[0]) if where else ""
        index = next((f"[{x}]" for x in detail["loc"][1:] if isinstance(x, int)), "")
        grouped.setdefault(head + index, []).append(detail)
    # A union reports every branch; the branch that looked into the list says more.
    for name in [n for n in grouped if "[" in n]:
        grouped.pop(name.partition("[")[0], None)
    return {name: _line(cls, name, details) for name, details in grouped.items()}


def report(cls: type[BaseModel], found: Mapping[str, str]) -> InvalidInputs:
    """Return the error for ``found``: one line for each field, in the order of the fields, unknown
    names last. Where Wiro's name differs, it follows in brackets."""
    order = {name: place for place, name in enumerate(cls.model_fields)}
    problems = dict(
        sorted(found.items(), key=lambda item: order.get(item[0].partition("[")[0], len(order)))
    )
    lines = "\n".join(f"{_with_wire_name(cls, name)}: {text}" for name, text in problems.items())
    return InvalidInputs(lines, problems=problems)


def name_inputs(error: BaseException, names: Mapping[str, str]) -> None:
    """Have an error of a run call inputs by their Python ``names``, Wiro's in brackets: at the
    beginning of a line, and where Wiro says ``[inputImage]``."""
    if not names or not isinstance(error, (InvalidInputs, ApiError)):
        return
    either = "|".join(map(re.escape, names))
    pattern = rf"(?m)(^|\[)({either})((?:\[\d+\])?)(?=[:\]])"
    text = re.sub(pattern, lambda m: f"{m[1]}{names[m[2]]}{m[3]} ({m[2]})", str(error))
    error.args = (text, *error.args[1:])
    if isinstance(error, InvalidInputs):
        error.problems = {
            re.sub(rf"^({either})(?=$|\[)", lambda m: names[m[1]], name): problem
            for name, problem in error.problems.items()
        }


def _with_wire_name(cls: type[BaseModel], name: str) -> str:
    """``scale (guidanceScale)``, or ``photos[1] (inputPhotos)``."""
    info = cls.model_fields.get(name.partition("[")[0])
    if info is None or info.alias in (None, name.partition("[")[0]):
        return shorten(name)
    return f"{name} ({info.alias})"


def _line(cls: type[BaseModel], name: str, details: list[ErrorDetails]) -> str:
    kinds = [detail["type"] for detail in details]
    if "string_unicode" in kinds:
        return HALF
    if UNSENDABLE in kinds:
        return next(detail["msg"] for detail in details if detail["type"] == UNSENDABLE)
    given = details[0]["input"]
    if NOT_AN_ADDRESS in kinds:
        text = next(detail["input"] for detail in details if detail["type"] == NOT_AN_ADDRESS)
        return f"expected an address or a file, got {_described(text)}{_path_hint(text)}"
    if "missing" in kinds:
        return "required"
    if "extra_forbidden" in kinds:
        for field, info in cls.model_fields.items():
            if name in (field, info.alias):
                return f"given twice, as {field} and as {info.alias}"
        return f"unknown input{_guess(cls, name)}"
    if "literal_error" in kinds and len(kinds) == 1 and not isinstance(given, (str, int, float)):
        return f"expected text, got {_described(given)}"
    info = cls.model_fields[name.partition("[")[0]]
    if "literal_error" in kinds and len(kinds) == 1:
        return f"{shorten(repr(given))} is not an option{_nearest_options(info, given)}"
    if _LIMITS.intersection(kinds):
        number = "a whole number" if "int" in _numbers(info) else "a number"
        return f"expected {number} {' '.join(_range(info))}, got {_described(given)}"
    expected = list(dict.fromkeys(text for d in details if (text := _expected(d))))
    if "a whole number" in expected and {"a number", "a finite number"} & set(expected):
        expected.remove("a whole number")
    if "literal_error" in kinds:
        expected += [shorten(repr(value)) for value in _literals(info.annotation)]
    if not expected:
        reason = details[0]["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return f"{reason[:1].lower()}{reason[1:]}, got {_described(given)}"
    return f"expected {' or '.join(expected)}, got {_described(given)}"


def _numbers(info: FieldInfo) -> set[str]:
    """``{"int"}`` for a field of whole numbers, ``{"float"}`` or both for others."""
    from wiro_runtime.inputs.options import leaf_types  # noqa: PLC0415 - it imports this module

    found = {kind.__name__ for kind in leaf_types(info.annotation)[0] if kind in (int, float)}
    return found if "float" not in found else {"float"}


def _range(info: FieldInfo) -> list[str]:
    """``["from 1", "to 4"]``, as far as the limits of a field are known."""
    found: dict[str, str] = {}
    for each in (*info.metadata, *_constraints(info.annotation)):
        for name, word in (("ge", "from"), ("le", "to")):
            limit = getattr(each, name, None)
            if isinstance(limit, (int, float)):
                whole = isinstance(limit, float) and limit.is_integer()
                found[word] = f"{word} {int(limit) if whole else limit}"
    return [found[word] for word in ("from", "to") if word in found]


def _constraints(annotation: Any) -> list[Any]:
    """What ``Annotated`` inside of a type says."""
    if get_origin(annotation) is Annotated:
        _, *notes = get_args(annotation)
        return [each for note in notes for each in getattr(note, "metadata", [note])]
    return [each for part in get_args(annotation) for each in _constraints(part)]


def _literals(annotation: Any) -> list[object]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [value for part in get_args(annotation) for value in _literals(part)]


def _nearest_options(info: FieldInfo, given: object) -> str:
    from wiro_runtime.inputs.options import options_of  # noqa: PLC0415 - it imports this module

    options = options_of(info)
    return options.nearest(given) if options else nearest(given, option_values(info.annotation))


def _guess(cls: type[BaseModel], name: str) -> str:
    """``"; did you mean scale?"`` for a name that is like an input's, by either of its names."""
    names = {info.alias or field: field for field, info in cls.model_fields.items()}
    names |= {field: field for field in cls.model_fields}
    near = nearest(name, names).partition("nearest: ")[2].partition(",")[0].strip("'")
    return f"; did you mean {names[near]}?" if near in names else ""


def _path_hint(text: str) -> str:
    if not text.isprintable() or len(text) > _LIMIT:
        return ""
    if text.lower().startswith("file:"):
        text = unquote(text[len("file:") :].removeprefix("//"))
    return f"; to send the file, pass Path({text!r})"


def problem_of_argument(detail: ErrorDetails) -> str:
    """What is wrong with one argument of a function, in the words for inputs."""
    kind = detail["type"]
    if kind == "missing":
        return "required"
    context = detail.get("ctx", {})
    expected = _expected(detail) or _PARSED.get(kind, detail["msg"])
    if kind in _LIMITS:
        limit = f"from {context['ge']}" if "ge" in context else f"to {context['le']}"
        expected = f"a whole number {limit}" if isinstance(detail["input"], int) else limit
    return f"expected {expected}, got {_described(detail['input'])}"


def _expected(detail: ErrorDetails) -> str | None:
    if detail["type"] == "is_instance_of" and detail.get("ctx", {}).get("class") == "Sequence":
        return "a list"
    return _EXPECTED.get(detail["type"])


def option_values(annotation: Any) -> list[str]:
    """The documented values of a closed select, wherever in the field's type they are."""
    return [str(value) for value in _literals(annotation)]


def _described(value: object) -> str:
    """Return ``value`` and its kind; the kind alone where it has no short or safe ``repr``."""
    from wiro_runtime.inputs.lora import LoraChoice  # noqa: PLC0415 - it imports this module

    kind = _TYPES.get(type(value))
    if isinstance(value, LoraChoice):
        return "a LoRA choice"
    if kind is None:
        return "nothing" if value is None else type(value).__name__
    try:
        return f"{shorten(repr(value))} ({kind})"
    except (ValueError, RecursionError):
        # Python prints no integers beyond some thousand digits, nor what holds one.
        return f"a {kind} that is too large to show"
    except Exception:  # noqa: BLE001 - the `__repr__` of a part of a list
        return f"a {kind}"
