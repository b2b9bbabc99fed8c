"""A catalogue: the tools of one generated package, without importing any of them."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.catalogue.search import Text, find
from wiro_runtime.errors import ConfigurationError, InvalidInputs
from wiro_runtime.inputs.arguments import read_inputs
from wiro_runtime.inputs.messages import nearest, shorten, shown
from wiro_runtime.inputs.options import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    from wiro_runtime.inputs.model import ToolInputs

DATA: Final = "catalogue.json"

_FIELDS: Final[dict[str, Any]] = {
    "name": "",
    "module": "",
    "description": "",
    "cover": None,
    "categories": (),
    "tags": (),
    "inputs": (),
    "takes": (),
    "makes": "other",
    "price": "",
}
"""What a line of the data means where it says nothing."""


@dataclass(frozen=True, slots=True)
class EntryInput:
    """An input of a tool: ``name`` in Python, ``wire_name`` on Wiro.

    ``kind`` is one of ``text number boolean choice lora image video audio file list object``.
    """

    name: str
    wire_name: str
    kind: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A tool of a package. ``cover`` is the address of a picture, ``module_name`` that of its
    client, such as ``wiro_tools.wiro.text_to_image_sd_lora``."""

    tool: str
    name: str
    module_name: str
    description: str
    cover: str | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    inputs: tuple[EntryInput, ...]
    takes: tuple[str, ...] = ()
    """What a caller brings along: ``text image video audio document lora``."""
    makes: str = "other"
    """What comes out: ``image video audio text 3d``, or ``other`` where that is not known."""
    price: str = ""
    """The least that a run costs, such as ``from $0.06``; empty when that is not known."""

    @property
    def owner(self) -> str:
        """The part of its id before the slash."""
        return self.tool.partition("/")[0]

    def module(self) -> ModuleType:
        """The tool's client, imported now. Raises :class:`ConfigurationError` when it is gone."""
        try:
            return import_module(self.module_name)
        except ModuleNotFoundError as error:
            if not self.module_name.startswith(error.name or "?"):
                raise
            text = f"{self.tool} is in the catalogue, but there is no {self.module_name}"
            raise ConfigurationError(f"{text}; generate the package again") from None

    def check(self, inputs: object) -> ToolInputs:
        """Return ``inputs``, a mapping by either name, as the tool's ``Inputs``. Raises
        :class:`InvalidInputs`."""
        validator: type[ToolInputs] = self.module().Inputs
        if isinstance(inputs, validator):
            return inputs
        return validator(**read_inputs(inputs))


class Catalogue(Collection[Entry]):
    """The tools of one generated package, in the order of their ids.

    Nothing is read before the first use.
    """

    def __init__(self, package: str, read: Callable[[], bytes | None] | None = None) -> None:
        self.package = package
        self._read = read or (lambda: pkgutil.get_data(package, DATA))
        self._tools: dict[str, dict[str, Any]] | None = None

    def __repr__(self) -> str:
        return f"<Catalogue of {self.package}>"

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._entry, self._data.values())

    def __contains__(self, tool: object) -> bool:
        """Whether there is a tool with this id, or this entry."""
        return (tool.tool if isinstance(tool, Entry) else tool) in self._data

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of every tool, sorted."""
        return tuple(self._data)

    def get(self, tool: str) -> Entry:
        """The tool with the id ``owner/project``. Raises :class:`InvalidInputs`, which names the
        ids nearest to an unknown one."""
        found = self.find(tool)
        if found is None:
            text = f"{self.package} has no tool {shown(tool, 80)}{self._nearest(tool)}"
            raise InvalidInputs(text, problems={"tool": text})
        return found

    def find(self, tool: str) -> Entry | None:
        """The tool with the id ``owner/project``, ``None`` when there is none."""
        found = self._data.get(tool) if isinstance(tool, str) else None  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        return None if found is None else self._entry(found)

    def search(
        self,
        text: str = "",
        *,
        owner: str | None = None,
        category: str | None = None,
        tag: str | None = None,
        input_kind: str | None = None,
    ) -> list[Entry]:
        """The tools that fit, those that fit best first; without ``text`` in the order of ids.

        Any word of ``text`` counts, in ids, names, categories, tags, input names and descriptions,
        whatever its case and accents. Rare words count more than common ones, those with letters
        wrong count where nothing is spelt so, and tools that have all words come first. The
        others narrow it. ``input_kind`` is a kind of :class:`EntryInput`; unknown ones match
        nothing.
        """
        narrowed = [
            raw
            for raw in self._data.values()
            if (owner is None or _same(owner, [raw["tool"].partition("/")[0]]))
            and (category is None or _same(category, raw["categories"]))
            and (tag is None or _same(tag, raw["tags"]))
            and (input_kind is None or _same(input_kind, [x[2] for x in raw["inputs"]]))
        ]
        if not text.strip():
            return list(map(self._entry, narrowed))
        return [self._entry(narrowed[each]) for each in find(text, list(map(_text, narrowed)))]

    @property
    def _data(self) -> dict[str, dict[str, Any]]:
        if self._tools is None:
            try:
                data = self._read()
                tools = json.loads(data or b"")["tools"]
                self._tools = {raw["tool"]: _FIELDS | raw for raw in tools}
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise ConfigurationError(
                    f"the catalogue of {self.package} cannot be read ({error}); generate it again"
                ) from None
        return self._tools

    def _nearest(self, tool: object) -> str:
        """Ids like ``tool``: as a whole or, where the owner is missing or wrong, by project."""
        text = tool.casefold() if isinstance(tool, str) else ""
        project = text.rpartition("/")[2]
        same = [each for each in self._data if each.rpartition("/")[2].casefold() == project]
        if same:
            return "; nearest: " + ", ".join(shorten(repr(each), 60) for each in same[:3])
        return nearest(text, self._data)

    def _entry(self, raw: dict[str, Any]) -> Entry:
        return Entry(
            tool=raw["tool"],
            name=raw["name"],
            module_name=f"{self.package}.{raw['module']}",
            description=raw["description"],
            cover=raw["cover"],
            categories=tuple(raw["categories"]),
            tags=tuple(raw["tags"]),
            inputs=tuple(EntryInput(*each) for each in raw["inputs"]),
            takes=tuple(raw["takes"]),
            makes=raw["makes"],
            price=raw["price"],
        )


def _same(wanted: str, values: Iterable[str]) -> bool:
    folded = fold(wanted)
    return any(fold(value) == folded for value in values)


def _text(raw: dict[str, Any]) -> Text:
    """What the search of the site looks through, too."""
    names = (name for each in raw["inputs"] for name in each[:2])
    words = (raw["tool"], raw["name"], raw["description"], *raw["categories"], *raw["tags"])
    return Text(fold(raw["tool"]), fold("\n".join((*words, *names))))
