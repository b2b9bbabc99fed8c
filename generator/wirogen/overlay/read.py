"""YAML → overlay, checked like a spec::

    overlay: 1
    tool: "wiro/text-to-image-sd-lora"
    corrections:
      - input: "samples"
        reason: "Wiro refuses more than four images"
        set: {minimum: "1", maximum: "4", step: "1"}
      - input: "clipSkip"
        reason: "ours is called skip everywhere"
        rename: "skip"
      - input: "selectedLoraModelPrivateUrl"
        reason: "we have no private models"
        hide: true
      - input: "scheduler"
        option: "Karras"
        reason: "works, and no document has it"
        add: {label: "Karras"}
      - reason: "the document has the description of another tool"
        set: {description: "Paints."}

A correction is about an option, an input or, naming neither, the tool. It has a reason and exactly
one of ``set``, ``hide``, ``rename`` (in Python) and ``add``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wirogen.diagnostics.model import InputError, Position, input_error
from wirogen.specs.codecs import DECIMAL, version
from wirogen.specs.fields import INPUT, OPTION, TOOL, Record
from wirogen.specs.names import tool_name_problem
from wirogen.specs.reading import Fields
from wirogen.specs.tree import MapNode, Node, ScalarNode, read_tree, spec_error

OVERLAY_VERSION: Final = 1

_ACTIONS: Final = ("set", "hide", "rename", "add")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One correction. ``values`` are those of ``set`` by the name of the spec's field, as the
    spec has them; ``added`` is the input or option of ``add``."""

    position: Position
    reason: str
    action: str
    input: str | None = None
    option: str | None = None
    values: Mapping[str, Any]
    places: Mapping[str, Position]
    name: str = ""
    added: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """All corrections of one tool. ``position`` is where the tool is named."""

    path: str
    tool: str
    position: Position
    corrections: tuple[Correction, ...]


def load_overlay(text: str, *, path: str) -> Overlay:
    """Raises :class:`InputError` (O001) with the line of whatever is wrong."""
    try:
        return _Reader(path).overlay(read_tree(text, path))
    except InputError as error:
        found = error.diagnostic
        message = found.message.replace("specs", "overlays").replace("; put it under 'extra'", "")
        raise input_error("O001", message, path, found.position) from None


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path

    def overlay(self, node: Node) -> Overlay:
        fields = Fields(node, self.path, "the overlay", "overlay", "tool", "corrections")
        version(OVERLAY_VERSION).read(fields, "overlay", fields.required("overlay"))
        position = fields.where("tool")
        tool = fields.text("tool")
        if problem := tool_name_problem(tool):
            raise fields.error("tool", problem)
        corrections = fields.each(fields.required("corrections"), "corrections", self._correction)
        if not corrections:
            raise fields.error("corrections", "must not be empty")
        fields.end()
        return Overlay(path=self.path, tool=tool, position=position, corrections=corrections)

    def _correction(self, node: Node, what: str) -> Correction:
        fields = Fields(node, self.path, what)
        reason = fields.text("reason")
        if not reason.strip():
            raise fields.error("reason", "must say why")
        name, option = fields.optional_text("input"), fields.optional_text("option")
        if option is not None and name is None:
            raise fields.error("option", "needs the input that it is an option of")
        actions = {each: fields.optional(each) for each in _ACTIONS}
        fields.end()
        given = [(each, found) for each, found in actions.items() if found is not None]
        if len(given) != 1:
            raise fields.error("reason", f"must stand with exactly one of {', '.join(_ACTIONS)}")
        action, body = given[0]
        if action != "set" and name is None:
            raise fields.error(action, "is for inputs and options")
        if action == "rename" and option is not None:
            raise fields.error(action, "is for inputs; options are named after their labels")
        values: dict[str, Any] = {}
        places: Mapping[str, Position] = {}
        python_name, added = "", None
        if action == "set":
            values, places = self._values(body, name, option, f"{what}.set")
        elif action == "rename":
            python_name = Fields(node, self.path, what).text("rename")
        elif action == "hide":
            if not fields.flag(body, "hide"):
                raise fields.error("hide", "must be true; without it, nothing is hidden")
        else:
            added = self._added(body, name or "", option, f"{what}.add")
        return Correction(
            position=node.place,
            reason=reason,
            action=action,
            input=name,
            option=option,
            values=values,
            places=places,
            name=python_name,
            added=added,
        )

    def _added(self, node: Node, name: str, option: str | None, what: str) -> object:
        """The input or option that ``add`` describes, with the name that stands outside."""
        if not isinstance(node, MapNode):
            raise spec_error(self.path, f"{what} must be a mapping", node.place)
        key, value = ("name", name) if option is None else ("value", option)
        named = ScalarNode(node.place, value, plain=False)
        whole = MapNode(node.place, {key: named, **node.items}, {key: node.place, **node.keys})
        if key in node.items:
            raise Fields(node, self.path, what).error(key, "stands outside of add")
        record: Record[Any] = INPUT if option is None else OPTION
        return record.load(whole, self.path, what)

    def _values(
        self, node: Node, name: str | None, option: str | None, what: str
    ) -> tuple[dict[str, Any], Mapping[str, Position]]:
        fields = Fields(node, self.path, what)
        record: Record[Any] = TOOL if name is None else INPUT if option is None else OPTION
        if not isinstance(node, MapNode) or not node.items:
            raise fields.error("", "must have at least one value")
        values: dict[str, Any] = {}
        for key, value in node.items.items():
            if key not in record.settable:
                raise fields.error(key, f"cannot be set; what can be: {', '.join(record.settable)}")
            codec = record.field(key).codec
            nothing = isinstance(value, ScalarNode) and value.plain and value.text == "null"
            cleared = nothing and codec is DECIMAL
            values[key] = None if cleared else codec.read(fields, key, value)
        return values, node.keys
