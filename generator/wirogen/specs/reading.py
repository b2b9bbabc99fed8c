"""The keys of one mapping of a YAML file, taken one by one; errors name their lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from wirogen.diagnostics.model import Position
from wirogen.specs.tree import ListNode, MapNode, Node, ScalarNode, spec_error, to_text

T = TypeVar("T")

_FLAGS: Final = {"true": True, "false": False}


class Fields:
    """The keys of one mapping, taken one by one; what is left over at the end is unknown. All of
    ``needed`` that are missing are named at once."""

    def __init__(self, node: Node, path: str, what: str, *needed: str) -> None:
        if not isinstance(node, MapNode):
            raise spec_error(path, f"{what} must be a mapping", node.place)
        missing = [key for key in needed if key not in node.items]
        if len(missing) > 1:
            raise spec_error(path, f"{what} lacks {', '.join(missing)}", node.place)
        self._left = dict(node.items)
        self._node = node
        self.path = path
        self.what = what
        self._titled = False

    def where(self, key: str) -> Position:
        return self._node.items[key].place if key in self._node.items else self._node.place

    def name(self, key: str) -> str:
        return f"{self.what}.{key}" if self.what != "the spec" else key

    def titled(self, what: str) -> None:
        """Call the mapping ``what`` from now on."""
        self.what = what
        self._titled = True

    def inner(self, key: str) -> str:
        """The name of a mapping in this one."""
        return f"{self.what} {key}" if self._titled else self.name(key)

    def error(self, key: str, message: str) -> Exception:
        return spec_error(self.path, f"{self.name(key)} {message}", self.where(key))

    def optional(self, key: str) -> Node | None:
        return self._left.pop(key, None)

    def required(self, key: str) -> Node:
        node = self._left.pop(key, None)
        if node is None:
            raise spec_error(self.path, f"{self.name(key)} is missing", self._node.place)
        return node

    def text(self, key: str) -> str:
        return to_text(self.required(key), self.path, self.name(key))

    def optional_text(self, key: str) -> str | None:
        node = self.optional(key)
        return None if node is None else to_text(node, self.path, self.name(key))

    def flag(self, node: Node, key: str) -> bool:
        if not isinstance(node, ScalarNode) or not node.plain or node.text not in _FLAGS:
            raise self.error(key, "must be true or false")
        return _FLAGS[node.text]

    def as_text_map(self, node: Node, name: str) -> dict[str, str]:
        if not isinstance(node, MapNode):
            raise spec_error(self.path, f"{name} must be a mapping of texts", node.place)
        return {
            key: to_text(value, self.path, f"{name}.{key}") for key, value in node.items.items()
        }

    def each(self, node: Node, key: str, read: Callable[[Node, str], T]) -> tuple[T, ...]:
        if not isinstance(node, ListNode):
            raise self.error(key, "must be a list")
        return tuple(
            read(item, f"{self.name(key)}[{index}]") for index, item in enumerate(node.items)
        )

    def end(self) -> None:
        for key in self._left:
            raise spec_error(
                self.path,
                f"{self.what} has the unknown key {key!r}; put it under 'extra'",
                self._node.keys[key],
            )
