"""What the simulator needs to know of a tool: read from its spec, or from its generated client so
that an application is tested with what it imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.errors import WiroError
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.inputs.options import leaf_types, limits_of, notes_of, options_of
from wiro_runtime.inputs.wire import spell
from wiro_runtime.price import Tariff
from wiro_runtime.price.estimate import tariff_of
from wiro_runtime.price.inputs import PricedInput, tariff_data

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

ToolSource: TypeAlias = "Mapping[str, Any] | ModuleType"
"""A spec in the JSON form of its YAML file, or a generated client module."""

CHOICE_TYPES: Final = frozenset({"select", "multiselect", "selectwithcover"})
FILE_TYPES: Final = frozenset({"fileinput", "multifileinput", "combinefileinput"})
NUMBER_TYPES: Final = frozenset({"number", "float", "range"})
WIRE_TYPES: Final = frozenset({"string", "number", "boolean", "array", "object"})

_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "file": ("fileinput", "string"),
    "files": ("multifileinput", "array"),
    "files-mixed": ("combinefileinput", "array"),
    "file-url": ("text", "string"),
    "files-url": ("text", "string"),
}


class SpecError(ValueError):
    """A spec given to the simulator is not one. The message names the tool and the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a tool. ``unsent`` says that its key is left out of the documented body,
    ``options`` are labels by value."""

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
    options: Mapping[str, str]
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
    tariff: Tariff = field(repr=False)

    @property
    def owner(self) -> str:
        return self.id.split("/", 1)[0]

    @property
    def project(self) -> str:
        return self.id.split("/", 1)[1]

    @property
    def is_llm(self) -> bool:
        """Whether it writes text, by its categories."""
        return self._is_about("llm", "chat", "rag") or "text-generation" in self.categories

    @property
    def is_training(self) -> bool:
        """Whether it trains a model, by its categories."""
        return self._is_about("training")

    def _is_about(self, *words: str) -> bool:
        named = {word for category in self.categories for word in category.lower().split("-")}
        return not named.isdisjoint(words)


def read_tool(source: ToolSource) -> Tool:
    """Reads one spec or generated client.

    :raises SpecError: a part that the simulator needs is missing or of another type.
    """
    spec = spec_from_client(source) if isinstance(source, ModuleType) else source
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


def _tariff(spec: Mapping[str, Any], inputs: Sequence[Input]) -> Tariff:
    """What runs of the tool cost, by the rules that clients have; by the list of a client itself
    for a spec that was made of one."""
    if isinstance(given := spec.get("tariff"), Tariff):
        return given
    data = tariff_data(
        (
            PricedInput(
                name=each.name,
                text=f"{each.label} {each.help}",
                values=list(each.options),
                file=each.type in FILE_TYPES,
                many=each.type == "multifileinput",
            )
            for each in inputs
        ),
        dynamicprice=spec.get("dynamicprice"),
    )
    return Tariff(data or {})


def read_tools(sources: Sequence[ToolSource]) -> dict[str, Tool]:
    """Reads specs and generated clients by tool id.

    :raises SpecError: one is unreadable, or two are of one tool.
    """
    tools: dict[str, Tool] = {}
    for source in sources:
        tool = read_tool(source)
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
        options={_text(each, "value", ""): _text(each, "label", "") for each in options},
        minimum=data.get("minimum"),
        maximum=data.get("maximum"),
        step=data.get("step"),
    )


def _text(data: Mapping[str, Any], key: str, default: str) -> str:
    value = data.get(key, default)
    return value if isinstance(value, str) else default


def spec_from_client(source: ModuleType) -> Mapping[str, Any]:
    """The spec of a tool, as far as its generated client tells it."""
    tool, inputs = getattr(source, "TOOL", None), getattr(source, "Inputs", None)
    if not isinstance(tool, str) or not isinstance(inputs, type):
        raise SpecError(f"{source.__name__}: a generated client has TOOL and Inputs")
    if not issubclass(inputs, ToolInputs):
        raise SpecError(f"{source.__name__}: Inputs is no validator of a generated client")
    return {
        "tool": tool,
        "name": tool,
        "inputs": [_input_of(name, info) for name, info in inputs.model_fields.items()],
        "tariff": tariff_of(inputs),
        **_catalogued(source, tool),
    }


def _catalogued(client: ModuleType, tool: str) -> dict[str, Any]:
    """What the package's catalogue adds: the categories decide what a tool makes."""
    package = client.__name__.partition(".")[0]
    try:
        entry = open_catalogue(package).get(tool)
    except (ImportError, WiroError):
        return {}
    return {
        "name": entry.name,
        "description": entry.description,
        "cover": entry.cover,
        "categories": entry.categories,
        "tags": entry.tags,
    }


def _input_of(name: str, info: FieldInfo) -> dict[str, Any]:
    notes = notes_of(info)
    wire = str(notes.get("x-wire", "string"))
    kinds, many = leaf_types(info.annotation)
    options = options_of(info)
    if wire in _FILES:
        kind, wire = _FILES[wire]
    elif options is not None:
        kind = "multiselect" if many else "select"
    elif float in kinds:
        kind = "float"
    else:
        kind = "number" if int in kinds and str not in kinds else "text"
    entry: dict[str, Any] = {
        "name": info.alias or name,
        "label": info.title or name,
        "help": info.description or "",
        "type": kind,
        "default": None,
        "required": info.is_required(),
        "wire": {"type": wire},
        "open": None if options is None else not options.closed,
        "options": [{"value": value, "label": value} for value in options.labels]
        if options
        else [],
        **limits_of(info),
    }
    if "x-step" in notes:
        entry["step"] = str(notes["x-step"])
    if not info.is_required() and info.default is not None:
        entry["wire"]["sent"] = spell(wire, info.default)
    return entry
