"""YAML text → nodes with lines, by the C parser, refusing what specs never need.

Anchors, aliases, tags, several documents and duplicate keys are refused while the events arrive,
so that a file that expands to gigabytes is never expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import yaml

from wirogen.diagnostics import Diagnostic, InputError, Position
from wirogen.spec.model import Json

try:
    from yaml import CSafeLoader as _Loader
except ImportError:
    from yaml import SafeLoader as _Loader

_MAX_DEPTH: Final = 64
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,999})\Z")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
# What some YAML reader would take for something other than text.
_AMBIGUOUS: Final = re.compile(
    r"""(?ix: ~ | null | y | n | yes | no | on | off | true | false
      | [-+.]? \d [\d_.,:xobe+-]* [0-9a-f]* | [-+]? \.(inf|nan)
      | \d{4}-\d\d?-\d\d? .* | [<=] .* )\Z""",
)


@dataclass(frozen=True, slots=True)
class ScalarNode:
    text: str
    plain: bool
    place: Position


@dataclass(frozen=True, slots=True)
class ListNode:
    items: list[Node]
    place: Position


@dataclass(frozen=True, slots=True)
class MapNode:
    items: dict[str, Node]
    keys: dict[str, Position]
    place: Position


Node: TypeAlias = "ScalarNode | ListNode | MapNode"


def read_tree(text: str, path: str) -> Node:
    """The one YAML document in ``text``. Raises :class:`InputError` with the line."""
    reader = _Reader(path)
    try:
        return reader.document(yaml.parse(text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise reader.error(
            f"not YAML: {_one_line(error.problem or str(error))}", _place(mark)
        ) from None
    except yaml.YAMLError as error:
        raise reader.error(f"not YAML: {_one_line(str(error))}", _place(None)) from None


def spec_error(path: str, message: str, place: Position) -> InputError:
    return InputError(Diagnostic(code="S001", message=message, path=path, position=place))


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
    constants: dict[str, Json] = {"null": None, "true": True, "false": False}
    if node.text in constants:
        return constants[node.text]
    if _INTEGER.match(node.text):
        return int(node.text)
    if _NUMBER.match(node.text):
        number = float(node.text)
        if number in (float("inf"), float("-inf")):
            raise spec_error(path, f"{what}: the number is too large", node.place)
        return number
    return to_text(node, path, what)


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path

    def error(self, message: str, place: Position) -> InputError:
        return spec_error(self.path, message, place)

    def document(self, events: Iterator[yaml.Event]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self.error("a second YAML document starts here", _place(event.start_mark))
                root = self._node(next(events), events, 0)
        if root is None:
            raise self.error("the file is empty", _place(None))
        return root

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Node:
        place = _place(event.start_mark)
        if depth > _MAX_DEPTH:
            raise self.error(f"nested more than {_MAX_DEPTH} levels deep", place)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self.error("anchors and aliases are not used in specs; repeat the value", place)
        if getattr(event, "tag", None):
            raise self.error("YAML tags are not used in specs; quote the value instead", place)
        if isinstance(event, yaml.ScalarEvent):
            return ScalarNode(event.value, not event.style, place)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(self._node(item, events, depth + 1))
            return ListNode(items, place)
        return self._mapping(events, depth, place)

    def _mapping(self, events: Iterator[yaml.Event], depth: int, place: Position) -> MapNode:
        values: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._node(event, events, depth + 1)
            name = to_text(key, self.path, "a key")
            if name in values:
                first = keys[name].line
                raise self.error(
                    f"the key {name!r} is there twice (first in line {first})", key.place
                )
            keys[name] = key.place
            values[name] = self._node(next(events), events, depth + 1)
        return MapNode(values, keys, place)


class _Mark(Protocol):
    """What the C and the Python parser's marks share."""

    @property
    def index(self) -> int: ...
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _place(mark: _Mark | None) -> Position:
    if mark is None:
        return Position(line=1, column=1, offset=0)
    return Position(line=mark.line + 1, column=mark.column + 1, offset=mark.index)


def _one_line(text: str) -> str:
    return " ".join(text.split())
