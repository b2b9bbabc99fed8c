"""The place in a file that a diagnostic is about, for those that were made without its text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from wirogen.common.files import read_whole
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

_NAMED: Final = re.compile(r"- name:\s*(?=(\S*))")
"""The beginning of an input in a document, and the first word of its name."""

_Find: TypeAlias = Callable[[Diagnostic], Position | None]


def with_positions(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The diagnostics, each with a position if its file shows one. A file is read once for those
    that follow one another."""
    path: str | None = None
    find: _Find = _nowhere
    for each in found:
        if each.position is not None:
            yield each
            continue
        if each.path != path:
            path, find = each.path, _find_in(each.path)
        yield replace(each, position=find(each))


def _find_in(path: str) -> _Find:
    """A search in the file ``path``; one that cannot be read has no positions."""
    file = Path(path)
    try:
        text = read_whole(file).decode("utf-8-sig")
        if file.suffix in {".yaml", ".yml"}:
            return partial(_in_spec, read_tree(text, path))
    except (OSError, UnicodeDecodeError, InputError):
        return _nowhere
    return partial(_in_detail, text) if file.suffix == ".json" else _document_search(text)


def _nowhere(_: Diagnostic) -> Position | None:
    return None


def _document_search(text: str) -> _Find:
    """A search in a document, which names an input in its list, and its tool in the Run endpoint.
    The list is read once, for it may be long, and each input may have a finding."""
    named: defaultdict[str, list[int]] = defaultdict(list)
    for found in _NAMED.finditer(text):
        named[found[1]].append(found.end())

    def find(each: Diagnostic) -> Position | None:
        for name in _names(each):
            ends = ((at, at + len(name)) for at in named.get("".join(name.split()[:1]), ()))
            item = (
                at for at, end in ends if text[at:end] == name and text[end : end + 1].isspace()
            )
            places = [at for at in (next(item, -1), text.find(f"## {name}")) if at >= 0]
            if places:
                return position_at(text, min(places))
        at = text.find("/Run/")
        return position_at(text, at) if at >= 0 else None

    return find


def _in_detail(text: str, each: Diagnostic) -> Position | None:
    """Tool/Detail names a parameter by its id, and its tool by slugs."""
    for name in (*_names(each), "slugproject"):
        at = text.find(f'"{name}"')
        if at >= 0:
            return position_at(text, at)
    return Position(1, 1)


def _in_spec(root: Node, each: Diagnostic) -> Position | None:
    """A spec names its tool at the top, and has a list of inputs."""
    if not isinstance(root, MapNode):
        return None
    inputs = root.items.get("inputs")
    for name in _names(each):
        for item in inputs.items if isinstance(inputs, ListNode) else ():
            if isinstance(item, MapNode) and _is_called(item, name):
                return item.keys.get(_ABOUT.get(each.code, "name"), item.keys["name"])
    return root.keys.get(each.subject, root.keys.get("tool"))


def _is_called(item: MapNode, name: str) -> bool:
    found = item.items.get("name")
    return isinstance(found, ScalarNode) and found.text == name


def _names(each: Diagnostic) -> list[str]:
    """The names that the subject may be about, ``x`` of ``x.options`` as well."""
    subject = each.subject
    return [name for name in (subject, subject.rpartition(".")[0]) if name]
