"""Checks the multipart body of a Run request that sends files.

``fileinput``: the file in ``{id}`` and an empty ``{id}Url``. ``multifileinput``: repeated ``{id}``
parts and ``{id}Url`` with addresses separated by commas, or empty. ``combinefileinput``: files
and addresses as repeated ``{id}`` parts. Arrays of other inputs are repeated parts, an empty
array is one empty part or none, and numbers and truth values are in the text that JSON has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wiro_runtime.testing.errors import (
    ResponseError,
    must,
    required,
    unknown_parameter,
    unreadable,
)
from wiro_runtime.testing.records import SentFile, is_json_array
from wiro_runtime.testing.tool_spec import FILE_TYPES
from wiro_runtime.testing.validation import (
    CONVERSATION,
    PAIRED,
    RUN_PARAMETERS,
    address_owner,
    check_address_text,
    check_choice,
    check_number_text,
    check_run_parameter,
    check_text,
    is_address,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wiro_runtime.testing.tool_spec import Input, Tool

_URL: Final = "Url"


def check_multipart(tool: Tool, parts: Mapping[str, Sequence[str | SentFile]], limit: int) -> None:
    """Raise the error for the first thing wrong. ``limit`` is the largest file in bytes."""
    if not any(isinstance(value, SentFile) for values in parts.values() for value in values):
        raise unreadable("No file is sent: expected application/json.")
    for name, values in parts.items():
        _check_part(tool, name, values, limit)
    for name, values in parts.items():
        if any(isinstance(value, SentFile) for value in values):
            _check_pair(tool, name, parts)
    for entry in tool.inputs.values():
        if entry.required and not _given(tool, entry, parts):
            what = "files" if entry.type in FILE_TYPES else "parameter"
            raise required(entry.name, what)


def _check_part(tool: Tool, name: str, values: Sequence[str | SentFile], limit: int) -> None:
    texts = [value for value in values if isinstance(value, str)]
    files = [value for value in values if isinstance(value, SentFile)]
    entry = tool.inputs.get(name)
    talk = name in CONVERSATION and tool.is_llm
    if name in RUN_PARAMETERS or talk:
        if files or len(texts) != 1:
            raise must(name, "be one text")
        if not talk:
            check_run_parameter(name, texts[0])
        return
    owner = address_owner(tool, name) if entry is None else None
    if entry is None and owner is None and f"{name}{_URL}" not in tool.inputs:
        raise unknown_parameter(name)
    for file in files:
        if not file.filename or set(file.filename) & set("/\\"):
            raise ResponseError(f"Request files [{name}] must have a name, without its folder")
        if file.size == 0:
            raise ResponseError(f"Request files [{name}] must not be empty")
        if file.size > limit:
            raise ResponseError(f"Request files [{name}] must not exceed {limit} bytes")
    if entry is not None and entry.type not in FILE_TYPES:
        if files:
            raise must(name, "be a text, not a file")
        _check_texts(entry, texts)
        return
    many = entry is not None and entry.type in ("multifileinput", "combinefileinput")
    if not many and len(values) != 1:
        raise must(name, "be sent once")
    if entry is not None and entry.type in PAIRED and texts and texts != [""]:
        raise must(name, f"be files: addresses belong in {name}{_URL}")
    for text in texts:
        if owner is not None:
            check_address_text(owner, name, text)
        elif text and not is_address(text):
            raise must(name, "be a file or an address")


def _check_texts(entry: Input, texts: Sequence[str]) -> None:
    if entry.wire == "array":
        if list(texts) == [""]:
            return
        for text in texts:
            if is_json_array(text):
                raise must(entry.name, "be repeated parts, not a JSON array in one")
            check_choice(entry, text)
        return
    if len(texts) != 1:
        raise must(entry.name, "be sent once")
    text = texts[0]
    if not entry.unsent and text == entry.sent:
        return
    if entry.wire == "number":
        check_number_text(entry, text)
        check_choice(entry, text)
    elif entry.wire == "boolean":
        if text not in ("true", "false"):
            raise must(entry.name, "be true or false")
        check_choice(entry, text)
    else:
        check_text(entry, text)


def _check_pair(tool: Tool, name: str, parts: Mapping[str, Sequence[str | SentFile]]) -> None:
    """A file in ``{id}`` goes with its ``{id}Url``, which is empty unless both may be mixed."""
    entry = tool.inputs.get(name)
    if entry is not None and entry.type == "combinefileinput":
        return
    if entry is not None and entry.type == "multifileinput":
        # Some tools spell it the other way round.
        turned = name.replace("Multiple", f"{_URL}Multiple")
        if f"{name}{_URL}" not in parts and (turned == name or turned not in parts):
            raise required(f"{name}{_URL}")
        return
    if f"{name}{_URL}" not in parts:
        raise required(f"{name}{_URL}")
    if list(parts[f"{name}{_URL}"]) != [""]:
        raise must(f"{name}{_URL}", f"be empty when {name} carries a file")


def _given(tool: Tool, entry: Input, parts: Mapping[str, Sequence[str | SentFile]]) -> bool:
    """Whether a required input has a value: its own, its address's or its file's."""
    names = [entry.name]
    if entry.type in PAIRED:
        names.append(f"{entry.name}{_URL}")
    elif entry.name.endswith(_URL) and entry.name.removesuffix(_URL) not in tool.inputs:
        names.append(entry.name.removesuffix(_URL))
    return any(
        isinstance(value, SentFile) or value.strip()
        for name in names
        for value in parts.get(name, ())
    )
