"""The values of a form, as the page sends them, into checked inputs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wiro_runtime.cli.view import Field, view_tool
from wiro_runtime.errors import InvalidInputs
from wiro_runtime.inputs.files import is_address
from wiro_runtime.inputs.messages import invalid, shorten

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Entry
    from wiro_runtime.inputs.model import ToolInputs
    from wiro_runtime.studio.uploads import Uploads


def read_form(
    entry: Entry, values: Mapping[str, Any], uploads: Uploads
) -> tuple[ToolInputs, list[str]]:
    """The inputs of a run, and the paths of the uploads among them.

    ``{"file": PATH}`` is an upload, ``{"lora": ID, "scales": …, "tag": …, "words": …}`` a LoRA with
    its sliders; everything else is what the validator takes. Raises :class:`InvalidInputs`.
    """
    view = view_tool(entry)
    fields = {field.name: field for field in view.fields}
    files: list[str] = []
    read = {
        name: _read(fields[name], value, uploads, files) if name in fields else value
        for name, value in values.items()
    }
    return view.inputs(**read), files


def labels_of(entry: Entry, body: Mapping[str, Any]) -> dict[str, str]:
    """The labels of the options that ``body`` holds, by the names in it."""
    return {
        field.wire_name: choice.label
        for field in view_tool(entry).fields
        for choice in field.choices
        if choice.value == body.get(field.wire_name) and choice.label != choice.value
    }


def _read(field: Field, value: Any, uploads: Uploads, files: list[str]) -> Any:
    if isinstance(value, list):
        return [_read(field, each, uploads, files) for each in cast("list[object]", value)]
    if field.shape == "file" and isinstance(value, str) and value.strip() and not is_address(value):
        text = f"expected an address, or a file that is dropped here, got {shorten(repr(value))}"
        raise invalid(field.name, text)
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    if field.shape == "file" and isinstance(given.get("file"), str):
        return _file(field, given["file"], uploads, files)
    if field.shape == "lora" and isinstance(given.get("lora"), str):
        return _lora(field, given)
    return given


def _file(field: Field, path: str, uploads: Uploads, files: list[str]) -> Path:
    found = uploads.find(path)
    if found is None:
        text = f"drop the file here; the studio opens no others, as {shorten(repr(path))}"
        raise invalid(field.name, text)
    files.append(str(found))
    return found


def _lora(field: Field, given: dict[str, Any]) -> Any:
    choice = next((each for each in field.choices if each.value == given["lora"]), None)
    if choice is None or choice.lora is None:
        return given["lora"]
    try:
        return choice.lora(
            scales=given.get("scales") or None,
            tag=given.get("tag") is not False,
            words=given.get("words") or (),
        )
    except InvalidInputs as error:
        text = "; ".join(error.problems.values()) or str(error)
        raise invalid(field.name, text) from None
