"""Where in a document, an answer of Tool/Detail or a spec a finding is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wirogen.diagnostics.model import Diagnostic, InputError, Position, position_at
from wirogen.specs.tree import ListNode, MapNode, Node, ScalarNode, read_tree

_ABOUT: Final[Mapping[str, str]] = {
    "D105": "type",
    "S101": "wire",
    "S102": "wire",
    "S103": "options",
    "S104": "wire",
}
"""The key of an input that a code is about; the others are about its name."""


class Finder:
    """Finds nothing."""

    def find(self, each: Diagnostic) -> Position | None:  # noqa: ARG002 - for those that look
        return None


class _InDocument(Finder):
    """A document names an input in its list, and its tool in the Run endpoint."""

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, each: Diagnostic) -> Position | None:
        for name in _names(each):
            wanted = re.escape(name)
            found = re.search(rf"(?:- name:\s*(?={wanted}\s)|(?=## {wanted}))", self.text)
            if found is not None:
                return position_at(self.text, found.end())
        at = self.text.find("/Run/")
        return position_at(self.text, at) if at >= 0 else None


class _InAnswer(Finder):
    """An answer of Tool/Detail names a parameter by its id, and its tool by slugs."""

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, each: Diagnostic) -> Position | None:
        for name in (*_names(each), "slugproject"):
            at = self.text.find(f'"{name}"')
            if at >= 0:
                return position_at(self.text, at)
        return Position(line=1, column=1, offset=0)


class _InSpec(Finder):
    """A spec names its tool at the top, and has a list of inputs."""

    def __init__(self, root: Node) -> None:
        self.places: dict[str, MapNode] = {}
        self.keys = root.keys if isinstance(root, MapNode) else {}
        inputs = root.items.get("inputs") if isinstance(root, MapNode) else None
        for item in inputs.items if isinstance(inputs, ListNode) else ():
            name = item.items.get("name") if isinstance(item, MapNode) else None
            if isinstance(name, ScalarNode) and isinstance(item, MapNode):
                self.places[name.text] = item

    def find(self, each: Diagnostic) -> Position | None:
        for name in _names(each):
            if name in self.places:
                keys = self.places[name].keys
                return keys.get(_ABOUT.get(each.code, "name"), keys["name"])
        return self.keys.get(each.subject, self.keys.get("tool"))


def _names(each: Diagnostic) -> list[str]:
    """The names that the subject may be about, ``x`` of ``x.options`` as well."""
    subject = each.subject
    return [name for name in (subject, subject.rpartition(".")[0]) if name]


def finder_of(path: str) -> Finder:
    """What finds places in the file ``path``; nothing in one that cannot be read."""
    file = Path(path)
    try:
        text = file.read_bytes().decode("utf-8-sig")
        if file.suffix in {".yaml", ".yml"}:
            return _InSpec(read_tree(text, path))
    except (OSError, UnicodeDecodeError, InputError):
        return Finder()
    return _InAnswer(text) if file.suffix == ".json" else _InDocument(text)
