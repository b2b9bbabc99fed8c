"""Inputs as they are sent: the JSON values and files of a request body."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any, Final, TypeGuard, cast

from wiro_runtime.inputs.files import LocalFile, is_local_file
from wiro_runtime.inputs.lora import LoraChoice
from wiro_runtime.inputs.messages import invalid
from wiro_runtime.inputs.options import notes_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from wiro_runtime.inputs.model import ToolInputs

FILE_KINDS: Final = frozenset({"file", "files", "files-mixed", "file-url", "files-url"})
"""Values of ``x-wire`` for inputs that take files."""

_COMMA: Final = re.compile(r",(?!https?://)")


@dataclass(frozen=True, slots=True)
class WireField:
    """How one field of a validator is sent. ``key`` is Wiro's name; the rest are the notes of
    :mod:`wiro_runtime.inputs.model`."""

    name: str
    key: str
    wire: str
    lora_prompt: str | None
    file_field: str | None


@cache
def read_fields(cls: type[ToolInputs]) -> tuple[WireField, ...]:
    """The fields of a validator, in the order of the document."""

    def read(name: str, info: FieldInfo) -> WireField:
        notes = notes_of(info)
        return WireField(
            name=name,
            key=info.alias or name,
            wire=notes.get("x-wire", ""),
            lora_prompt=notes.get("x-lora-prompt"),
            file_field=notes.get("x-file-field"),
        )

    return tuple(read(name, info) for name, info in cls.model_fields.items())


def python_names(cls: type[ToolInputs]) -> dict[str, str]:
    """The Python name of each parameter that Wiro calls otherwise, by Wiro's name. A parameter that
    takes the file or the address of an input has the name of that input."""
    fields = read_fields(cls)
    names = {field.key: field.name for field in fields}
    for field in fields:
        if field.file_field:
            names.setdefault(field.file_field, field.name)
        elif field.wire in ("file", "files"):
            names.setdefault(f"{field.key}Url", field.name)
    return {key: name for key, name in names.items() if key != name}


def request_body(inputs: ToolInputs) -> dict[str, Any]:
    """The body of a run: JSON values and, where a file is to be uploaded, the file."""
    fields = read_fields(type(inputs))
    body: dict[str, Any] = {}
    prefixes: dict[str, str] = {}
    links = _Links(fields, inputs.model_fields_set)
    for field in fields:
        value = getattr(inputs, field.name)
        if value is None:
            continue
        if field.wire in FILE_KINDS:
            _put_files(body, field, value, links)
            continue
        if field.lora_prompt is not None:
            loras = value if _is_list(value) else [value]
            text = "".join(x.prompt_prefix for x in loras if isinstance(x, LoraChoice))
            prefixes[field.lora_prompt] = prefixes.get(field.lora_prompt, "") + text
        body[field.key] = spell(field.wire, value)
    links.place(body)
    for key, prefix in prefixes.items():
        prompt = body.get(key, "")
        if prefix and isinstance(prompt, str):
            joint = prefix.removesuffix(", ") if prompt.startswith(",") else prefix
            body[key] = joint + prompt
    return body


def spell(wire: str, value: Any) -> Any:
    """Return ``value`` as JSON of the type ``wire``."""
    if isinstance(value, LoraChoice):
        value = value.value
    elif isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    elif _is_list(value):
        items = [spell("", item) for item in value]
        if wire == "string":
            return ",".join(item if isinstance(item, str) else json.dumps(item) for item in items)
        return items
    if wire == "string" and not isinstance(value, str):
        return json.dumps(value)
    if wire in ("number", "boolean") and isinstance(value, str):
        return _unquoted(value)
    return [value] if wire == "array" else value


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))


def _unquoted(text: str) -> Any:
    """Return the number or boolean that an option, always text, stands for."""
    try:
        value = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    # An id may be 1e400, which no JSON holds as a number.
    return value if isinstance(value, (int, float)) and abs(value) != inf else text


class _Links:
    """The addresses of file inputs. They are sent as ``{id}Url``, which may be an input itself."""

    def __init__(self, fields: tuple[WireField, ...], given: Collection[str]) -> None:
        self._keys = {field.key: field.name for field in fields}
        self._given = given
        self._links: dict[str, tuple[WireField, str]] = {}

    def add(self, body: dict[str, Any], field: WireField, address: str) -> None:
        """Note ``address`` for ``field``; it is empty when the file itself is sent."""
        # Some tools spell it the other way round.
        other = field.key.replace("Multiple", "UrlMultiple")
        key = other if other != field.key and other in self._keys else f"{field.key}Url"
        self._links[key] = field, address
        body.setdefault(key, "")

    def place(self, body: dict[str, Any]) -> None:
        """Put the addresses into a complete ``body``. Where a ``…Url`` input takes several, its own
        addresses come first; its default is replaced. Raises :class:`InvalidInputs` when it was
        given another single address."""
        for key, (field, address) in self._links.items():
            name = self._keys.get(key, "")
            own = body[key] if name in self._given and isinstance(body[key], str) else ""
            if field.wire == "files":
                body[key] = ",".join(filter(None, (own, address)))
            elif own and own != address:
                raise invalid(name, f"given twice, here and as {field.name}")
            else:
                body[key] = address


def _put_files(body: dict[str, Any], field: WireField, value: Any, links: _Links) -> None:
    values: list[str | LocalFile] = (
        [value] if isinstance(value, str) or is_local_file(value) else list(value)
    )
    local = [item for item in values if is_local_file(item)]
    texts = [item for item in values if isinstance(item, str)]
    if many := field.wire.startswith("files"):
        # Addresses are joined with commas: one inside an address would cut it in two.
        address = ",".join(_COMMA.sub("%2C", text) for text in texts)
    else:
        address = texts[0] if texts else ""
    files: Any = (local if many else local[0]) if local else ""
    if field.wire == "files-mixed":
        body[field.key] = values
    elif field.wire.endswith("-url"):
        body[field.key] = address
        if local and field.file_field:
            body[field.file_field] = files
    else:
        body[field.key] = files
        if many or local or address:
            links.add(body, field, address)
