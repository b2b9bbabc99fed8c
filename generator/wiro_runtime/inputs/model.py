"""The base of every generated validator: strict, with messages for people, and the wire form.

How a value travels is written beside its field as ``json_schema_extra``: ``x-wire`` is the JSON
type (``string number boolean array object``) or a kind of file input (``file files files-mixed
file-url files-url``), ``x-file-field`` the field that takes the file of a ``…Url`` field,
``x-lora-prompt`` the prompt that gets the tags of a LoRA field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from wiro_runtime.errors import InvalidInputs
from wiro_runtime.inputs.files import LocalFile, is_local_file
from wiro_runtime.inputs.lora import LoraChoice
from wiro_runtime.text import is_huge, nearest, shorten

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

FILE_KINDS = frozenset({"file", "files", "files-mixed", "file-url", "files-url"})
_MANY_FILES = frozenset({"files", "files-mixed", "files-url"})


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    key: str
    wire: str
    lora_prompt: str | None
    file_field: str | None


class ToolInputs(BaseModel):
    """Inputs of one tool, checked. Fields have Python names; Wiro's names are accepted too.

    Calling it with anything that the tool does not take raises :class:`InvalidInputs`. Pydantic's
    own ways (``model_validate``, ``model_validate_json``, a ``TypeAdapter``, a field of another
    model) check the same and raise pydantic's ``ValidationError``.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
        # A fifth of what importing a tool takes, and many tools are imported and not called.
        defer_build=True,
        protected_namespaces=(),
    )
    _wire_fields: ClassVar[tuple[_Field, ...]]

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            problems: dict[str, str] = {}
            try:
                super().__init__(**data)
            except ValidationError as error:
                problems = _problems(type(self), error)
            # Outside the handler: pydantic's own report of the same would only hide this one.
            if problems:
                raise _in_order(type(self), problems)

        # Tells pydantic that this is still its own constructor as far as model_validate goes.
        __init__.__pydantic_base_init__ = True

        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            schema = handler(source)
            _guard(cls, schema)
            return schema

    def wire(self) -> dict[str, Json]:
        """The JSON body of the request, keys in the order of the document.

        A file that is to be uploaded shows as ``"<file NAME>"``.
        """
        from wiro_runtime.http.multipart import describe  # noqa: PLC0415 - a cycle otherwise

        return {key: describe(value) for key, value in self.wire_values().items()}

    def wire_values(self) -> dict[str, Any]:
        """Like :meth:`wire`, with the files themselves in the place of their names."""
        body: dict[str, Any] = {}
        prefixes: dict[str, str] = {}
        fields = _fields(type(self))
        links = _Links(fields, self.model_fields_set)
        for field in fields:
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.wire in FILE_KINDS:
                _put_files(body, field, value, links)
                continue
            if field.lora_prompt is not None:
                loras = [value] if isinstance(value, LoraChoice | str) else list(value)
                text = "".join(x.prompt_prefix for x in loras if isinstance(x, LoraChoice))
                prefixes[field.lora_prompt] = prefixes.get(field.lora_prompt, "") + text
            body[field.key] = _spell(field.wire, value)
        links.place(body)
        for key, prefix in prefixes.items():
            prompt = body.get(key, "")
            if prefix and isinstance(prompt, str):
                joint = prefix.removesuffix(", ") if prompt.startswith(",") else prefix
                body[key] = joint + prompt
        return body


def _fields(cls: type[ToolInputs]) -> tuple[_Field, ...]:
    if "_wire_fields" not in cls.__dict__:
        fields: list[_Field] = []
        for name, info in cls.model_fields.items():
            extra = info.json_schema_extra
            notes = cast("dict[str, Any]", extra) if isinstance(extra, dict) else {}
            fields.append(
                _Field(
                    name=name,
                    key=info.alias or name,
                    wire=str(notes.get("x-wire", "")),
                    lora_prompt=notes.get("x-lora-prompt"),
                    file_field=notes.get("x-file-field"),
                )
            )
        type.__setattr__(cls, "_wire_fields", tuple(fields))
    return cls._wire_fields  # pyright: ignore[reportPrivateUsage] - the cache of this module


def _spell(wire: str, value: Any) -> Any:
    """``value`` as JSON, in the type that the tool expects."""
    if isinstance(value, LoraChoice):
        value = value.value
    elif isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        return [_spell("", item) for item in cast("Sequence[Any]", value)]
    if wire == "string" and not isinstance(value, str):
        return json.dumps(value)
    if wire in ("number", "boolean") and isinstance(value, str):
        return _unquoted(value)
    return [value] if wire == "array" else value


def _unquoted(text: str) -> Any:
    """The value of an option, which is always text, on a tool that reads a number or a flag."""
    try:
        value = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    return value if isinstance(value, (int, float)) else text


class _Links:
    """Addresses of files that go into ``{id}Url``, which may be an input of its own."""

    def __init__(self, fields: tuple[_Field, ...], given: Collection[str]) -> None:
        self._keys = {field.key: field.name for field in fields}
        self._given = given
        self._links: dict[str, tuple[_Field, str]] = {}

    def add(self, body: dict[str, Any], field: _Field, address: str) -> None:
        """``address`` for ``field``, or nothing when its file is sent: the other place is empty."""
        # Some tools spell it the other way round.
        other = field.key.replace("Multiple", "UrlMultiple")
        key = other if other != field.key and other in self._keys else f"{field.key}Url"
        self._links[key] = field, address
        body.setdefault(key, "")

    def place(self, body: dict[str, Any]) -> None:
        """Once all else is in ``body``. What is the input's own goes along where there may be
        several, and what it has by default gives way."""
        for key, (field, address) in self._links.items():
            name = self._keys.get(key, "")
            own = body[key] if name in self._given and isinstance(body[key], str) else ""
            if field.wire == "files":
                body[key] = ",".join(filter(None, (own, address)))
            elif own and own != address:
                text = f"given twice, here and as {field.name}"
                raise InvalidInputs(f"{name}: {text}", problems={name: text})
            else:
                body[key] = address


def _put_files(body: dict[str, Any], field: _Field, value: Any, links: _Links) -> None:
    values: list[str | LocalFile] = (
        [value] if isinstance(value, str) or is_local_file(value) else list(value)
    )
    local = [item for item in values if is_local_file(item)]
    texts = [item for item in values if isinstance(item, str)]
    # A comma inside of an address, rather than between two, would cut it.
    joined = ",".join(_COMMA.sub("%2C", text) for text in texts)
    if field.wire == "file-url":
        body[field.key] = texts[0] if texts else ""
        if local and field.file_field:
            body[field.file_field] = local[0]
    elif field.wire == "files-url":
        body[field.key] = joined
        if local and field.file_field:
            body[field.file_field] = local
    elif field.wire == "files":
        body[field.key] = local or ""
        links.add(body, field, joined)
    elif field.wire in _MANY_FILES:
        body[field.key] = values
    else:
        body[field.key] = local[0] if local else ""
        if local or any(texts):
            links.add(body, field, texts[0] if texts else "")


_COMMA = re.compile(r",(?!https?://)")

_UNSENDABLE = "unsendable"

_SURROGATE = re.compile("[\ud800-\udfff]")

_EXPECTED = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "bytes_type": "bytes",
    "dict_type": "a mapping",
    "file_type": "an address (text), a path, bytes or a binary file",
    "finite_number": "a finite number",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of reasonable size",
    "int_type": "a whole number",
    "is_instance_of": "a LoRA choice",
    "list_type": "a list",
    "mapping_type": "a mapping",
    "sequence_str": "a list",
    "sequence_type": "a list",
    "string_type": "text",
    "tuple_type": "a list",
}

_TYPES: dict[type, str] = {
    bool: "boolean",
    bytes: "bytes",
    dict: "mapping",
    float: "number",
    int: "whole number",
    list: "list",
    str: "text",
    tuple: "list",
}


class _Sendable:
    """What the type of a field allows, but is not worth a billed run, or not possible to send."""

    def __init__(self, info: FieldInfo) -> None:
        # The blank one may be an option.
        self._text = info.is_required() and not _options(info.annotation)

    def __call__(self, value: object) -> object:
        if any(isinstance(text, str) and _SURROGATE.search(text) for text in _each(value)):
            raise self._problem("holds half a character (an unpaired surrogate)")
        if isinstance(value, int) and is_huge(value):
            raise self._problem("has more than 300 digits")
        if self._text and isinstance(value, str) and not value.strip():
            raise self._problem("required, got blank text")
        return value

    def _problem(self, text: str) -> Exception:
        from pydantic_core import PydanticCustomError  # noqa: PLC0415 - rarely needed

        return PydanticCustomError(_UNSENDABLE, "{text}", {"text": text})


def _each(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _guard(cls: type[ToolInputs], schema: Any) -> None:
    """Have every field of a model's schema checked by :class:`_Sendable`, too."""
    while schema["type"] != "model-fields":
        if "schema" not in schema or schema.get("cls", cls) is not cls:
            return
        schema = schema["schema"]
    for name, field in schema["fields"].items():
        holder = field["schema"] if field["schema"]["type"] == "default" else field
        inner = holder["schema"]
        # Pydantic may ask again about a schema that it has kept.
        if not isinstance(inner.get("function", {}).get("function"), _Sendable):
            check = {"type": "no-info", "function": _Sendable(cls.model_fields[name])}
            holder["schema"] = {"type": "function-after", "function": check, "schema": inner}


def _problems(cls: type[ToolInputs], error: ValidationError) -> dict[str, str]:
    """What is wrong with each field, by its Python name."""
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


def _in_order(cls: type[ToolInputs], found: Mapping[str, str]) -> InvalidInputs:
    """One line for each field, in the order of the fields, unknown names last."""
    order = {name: place for place, name in enumerate(cls.model_fields)}
    problems = dict(
        sorted(found.items(), key=lambda item: order.get(item[0].partition("[")[0], len(order)))
    )
    lines = "\n".join(f"{shorten(name)}: {text}" for name, text in problems.items())
    return InvalidInputs(lines, problems=problems)


def _line(cls: type[ToolInputs], name: str, details: list[ErrorDetails]) -> str:
    kinds = [detail["type"] for detail in details]
    if "string_unicode" in kinds:
        return "holds half a character (an unpaired surrogate)"
    if _UNSENDABLE in kinds:
        return next(detail["msg"] for detail in details if detail["type"] == _UNSENDABLE)
    given = details[0]["input"]
    if "missing" in kinds:
        return "required"
    if "extra_forbidden" in kinds:
        for field, info in cls.model_fields.items():
            if name in (field, info.alias):
                return f"given twice, as {field} and as {info.alias}"
        close = nearest(name, cls.model_fields)
        guess = close.partition("nearest: ")[2].partition(",")[0].strip("'")
        return f"unknown input; did you mean {guess}?" if guess else "unknown input"
    if "literal_error" in kinds and len(kinds) == 1 and not isinstance(given, (str, int, float)):
        return f"expected text, got {_shown(given)}"
    if "literal_error" in kinds and (isinstance(given, str) or len(kinds) == 1):
        options = _options(cls.model_fields[name.partition("[")[0]].annotation)
        return f"{shorten(repr(given))} is not an option{nearest(given, options)}"
    expected = list(dict.fromkeys(text for d in details if (text := _expected(d))))
    if "a whole number" in expected and {"a number", "a finite number"} & set(expected):
        expected.remove("a whole number")
    if not expected:
        return f"{details[0]['msg']}, got {_shown(given)}"
    return f"expected {' or '.join(expected)}, got {_shown(given)}"


def _expected(detail: ErrorDetails) -> str | None:
    if detail["type"] == "is_instance_of" and detail.get("ctx", {}).get("class") == "Sequence":
        return _EXPECTED["sequence_type"]
    return _EXPECTED.get(detail["type"])


def _options(annotation: Any) -> list[str]:
    """The documented values of a closed select, wherever in the field's type they are."""
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return [value for part in get_args(annotation) for value in _options(part)]


def _shown(value: object) -> str:
    """``value`` and its kind, without ever running a caller's ``__repr__``."""
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
