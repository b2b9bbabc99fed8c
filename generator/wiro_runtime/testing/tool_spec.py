"""What the simulator needs to know of a tool, read from the JSON form of its spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from wiro_runtime.price import Tariff
from wiro_runtime.price.inputs import PricedInput, tariff_data

if TYPE_CHECKING:
    from typing import Any

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

CHOICE_TYPES: Final = frozenset({"select", "multiselect", "selectwithcover"})
FILE_TYPES: Final = frozenset({"fileinput", "multifileinput", "combinefileinput"})
WIRE_TYPES: Final = frozenset({"string", "number", "boolean", "array", "object"})


class SpecError(ValueError):
    """A spec given to the simulator is not one. The message names the tool and the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a tool. ``unsent`` says that its key is left out of the documented body."""

    name: str
    label: str
    help: str
    type: str
    default: str | None
    required: bool
    wire: str
    sent: Json
    unsent: bool
    open: bool | None
    options: tuple[Option, ...]
    minimum: str | None
    maximum: str | None
    step: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool: ``id`` is ``owner/project`` as in the Run endpoint, blanks and dots included."""

    id: str
    name: str
    description: str
    cover: str | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    inputs: Mapping[str, Input]
    spec: Mapping[str, Any] = field(repr=False)
    tariff: Tariff | None = field(default=None, repr=False)

    @property
    def owner(self) -> str:
        return self.id.split("/", 1)[0]

    @property
    def project(self) -> str:
        return self.id.split("/", 1)[1]

    @property
    def is_llm(self) -> bool:
        """Whether it writes text, by its categories."""
        words = {word for category in self.categories for word in category.lower().split("-")}
        return bool(words & {"llm", "chat", "rag"}) or "text-generation" in self.categories


def read_tool(spec: Mapping[str, Any]) -> Tool:
    """Reads one spec, in the JSON form of a YAML spec file.

    :raises SpecError: a part that the simulator needs is missing or of another type.
    """
    tool = spec.get("tool")
    if not isinstance(tool, str) or tool.count("/") != 1 or not all(tool.split("/")):
        raise SpecError(f"tool: expected 'owner/project', got {tool!r}")
    inputs = spec.get("inputs")
    if not isinstance(inputs, list):
        raise SpecError(f"{tool}: inputs: expected a list")
    read = [_input(tool, entry) for entry in cast("list[object]", inputs)]
    return Tool(
        id=tool,
        name=_text(spec, "name", tool),
        description=_text(spec, "description", ""),
        cover=spec.get("cover"),
        categories=tuple(spec.get("categories") or ()),
        tags=tuple(spec.get("tags") or ()),
        inputs={entry.name: entry for entry in read},
        spec=spec,
        tariff=_tariff(spec, read),
    )


def _tariff(spec: Mapping[str, Any], inputs: Sequence[Input]) -> Tariff | None:
    """What runs of the tool cost, by the rules that clients have; by the list of a client itself
    for a spec that was made of one."""
    if isinstance(given := spec.get("tariff"), Tariff):
        return given
    data = tariff_data(
        (
            PricedInput(
                name=each.name,
                text=f"{each.label} {each.help}",
                values=[option.value for option in each.options],
                file=each.type in FILE_TYPES,
                many=each.type == "multifileinput",
            )
            for each in inputs
        ),
        dynamicprice=spec.get("dynamicprice"),
    )
    return None if data is None else Tariff(data)


def read_tools(specs: Sequence[Mapping[str, Any]]) -> dict[str, Tool]:
    """Reads specs by tool id.

    :raises SpecError: a spec is unreadable, or two are of one tool.
    """
    tools: dict[str, Tool] = {}
    for spec in specs:
        tool = read_tool(spec)
        if tool.id in tools:
            raise SpecError(f"{tool.id}: given twice")
        tools[tool.id] = tool
    return tools


def _input(tool: str, entry: object) -> Input:
    if not isinstance(entry, Mapping):
        raise SpecError(f"{tool}: inputs: expected mappings, got {type(entry).__name__}")
    data = cast("Mapping[str, Any]", entry)
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise SpecError(f"{tool}: inputs: an input has no name")
    wire = data.get("wire")
    if not isinstance(wire, Mapping):
        raise SpecError(f"{tool}: {name}: wire: expected a mapping")
    wire = cast("Mapping[str, Any]", wire)
    if wire.get("type") not in WIRE_TYPES:
        raise SpecError(f"{tool}: {name}: wire.type: {wire.get('type')!r} is not a JSON type")
    options = cast("list[Mapping[str, Any]]", data.get("options") or [])
    return Input(
        name=name,
        label=_text(data, "label", ""),
        help=_text(data, "help", ""),
        type=_text(data, "type", "text"),
        default=data.get("default"),
        required=bool(data.get("required", False)),
        wire=wire["type"],
        sent=wire.get("sent"),
        unsent="sent" not in wire,
        open=data.get("open"),
        options=tuple(
            Option(value=_text(option, "value", ""), label=_text(option, "label", ""))
            for option in options
        ),
        minimum=data.get("minimum"),
        maximum=data.get("maximum"),
        step=data.get("step"),
    )


def _text(data: Mapping[str, Any], key: str, default: str) -> str:
    value = data.get(key, default)
    return value if isinstance(value, str) else default
