"""YAML text → nodes with lines, by the C parser, refusing what specs never need.

Anchors, aliases, tags, several documents and duplicate keys are refused while the events arrive,
so that a file that expands to gigabytes is never expanded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import yaml

from wirogen.common.json_values import is_finite
from wirogen.common.limits import DIGITS, SPEC_DEPTH
from wirogen.diagnostics.model import InputError, Position, input_error, position_at
from wirogen.specs.model import Json

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader

_INTEGER: Final = re.compile(rf"-?(0|[1-9][0-9]{{0,{DIGITS - 1}}})\Z")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
# What some YAML reader would take for something other than text.
_AMBIGUOUS: Final = re.compile(
    r"""(?ix: ~ | null | y | n | yes | no | on | off | true | false
      | [-+.]? \d [\d_.,:xobe+-]* [0-9a-f]* | [-+]? \.(inf|nan)
      | \d{4}-\d\d?-\d\d? .* | [<=] .* )\Z""",
)


# All spellings of YAML's null, and JSON's two others.
_CONSTANTS: Final[dict[str, Json]] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
    "true": True,
    "false": False,
}


@dataclass(slots=True)
class ScalarNode:
    """A text; ``plain`` when it is not quoted."""

    place: Position
    text: str
    plain: bool


@dataclass(slots=True)
class ListNode:
    place: Position
    items: list[Node]


@dataclass(slots=True)
class MapNode:
    """``keys`` is where each key stands."""

    place: Position
    items: dict[str, Node]
    keys: Mapping[str, Position]


Node: TypeAlias = "ScalarNode | ListNode | MapNode"


def read_tree(text: str, path: str) -> Node:
    """The one YAML document in ``text``. Raises :class:`InputError` with the line."""
    try:
        parser: Any = Loader(text)
        return _Reader(path, parser.get_event).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {_one_line(error.problem or str(error))}"
        raise spec_error(path, message, _place(mark) if mark else Position(1, 1)) from None
    except yaml.reader.ReaderError as error:
        message = f"not YAML: {_one_line(str(error).partition(' in ')[0])}"
        # The C parser's own position counts bytes.
        place = position_at(text, text.find(chr(error.character)))
        raise spec_error(path, message, place) from None


def spec_error(path: str, message: str, place: Position) -> InputError:
    return input_error("S001", message, path, place)


def to_text(node: Node, path: str, what: str) -> str:
    """A string; a plain scalar counts only when every YAML reader takes it for text."""
    if not isinstance(node, ScalarNode):
        raise spec_error(path, f"{what} must be text", node.place)
    if node.plain and (not node.text or _AMBIGUOUS.match(node.text)):
        raise spec_error(
            path, f"{what} must be text: put {node.text!r} between double quotes", node.place
        )
    return node.text


def to_json(node: Node, path: str, what: str) -> Json:
    """A JSON value: quoted scalars are strings, plain ones follow JSON."""
    if isinstance(node, MapNode):
        return {key: to_json(value, path, what) for key, value in node.items.items()}
    if isinstance(node, ListNode):
        return [to_json(item, path, what) for item in node.items]
    if not node.plain:
        return node.text
    if node.text in _CONSTANTS:
        return _CONSTANTS[node.text]
    if _INTEGER.match(node.text):
        return int(node.text)
    if _NUMBER.match(node.text):
        number = float(node.text)
        if not is_finite(number):
            raise spec_error(path, f"{what}: the number is too large", node.place)
        return number
    return to_text(node, path, what)


class _Reader:
    """Reads the events that ``following`` gives, one a call, ``None`` behind the last."""

    def __init__(self, path: str, following: Callable[[], yaml.Event | None]) -> None:
        self.path = path
        self.following = following

    def error(self, message: str, place: Position) -> InputError:
        return spec_error(self.path, message, place)

    def document(self) -> Node:
        root: Node | None = None
        while (event := self.following()) is not None:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self.error("a second YAML document starts here", _place(event.start_mark))
                root = self._node(self.following(), 0)
        if root is None:
            raise self.error("the file is empty", Position(1, 1))
        return root

    def _node(self, event: Any, depth: int) -> Node:
        kind = cast("type[object]", type(event))
        place = _place(event.start_mark)
        if depth > SPEC_DEPTH:
            raise self.error(f"nested more than {SPEC_DEPTH} levels deep", place)
        if kind is yaml.AliasEvent or event.anchor:
            raise self.error("anchors and aliases are not used in specs; repeat the value", place)
        if event.tag:
            raise self.error("YAML tags are not used in specs; quote the value instead", place)
        if kind is yaml.ScalarEvent:
            return ScalarNode(place, event.value, not event.style)
        if kind is yaml.SequenceStartEvent:
            items: list[Node] = []
            while type(item := self.following()) is not yaml.SequenceEndEvent:
                items.append(self._node(item, depth + 1))
            return ListNode(place, items)
        return self._mapping(depth + 1, place)

    def _mapping(self, depth: int, place: Position) -> MapNode:
        values: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        while type(event := self.following()) is not yaml.MappingEndEvent:
            key = self._node(event, depth)
            name = to_text(key, self.path, "a key")
            if name in values:
                first = keys[name].line
                message = f"the key {name!r} is there twice (first in line {first})"
                raise self.error(message, key.place)
            keys[name] = key.place
            values[name] = self._node(self.following(), depth)
        return MapNode(place, values, keys)


def _place(mark: Any) -> Position:
    """The place of a mark, which the C and the Python parser have classes of their own for."""
    return Position(mark.line + 1, mark.column + 1)


def _one_line(text: str) -> str:
    return " ".join(text.split())
