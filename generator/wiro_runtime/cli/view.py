"""A generated tool as the command line sees it: its inputs, their options and their settings,
all read from the generated validator and client at run time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast, get_origin

from wiro_runtime.inputs.lora import LoraChoice, LoraOption
from wiro_runtime.inputs.options import Options, leaf_types, notes_of, options_of
from wiro_runtime.inputs.wire import FILE_KINDS

if TYPE_CHECKING:
    from types import ModuleType

    from wiro_runtime.catalogue import Entry
    from wiro_runtime.inputs.model import ToolInputs

Shape: TypeAlias = Literal[
    "text", "integer", "number", "boolean", "choice", "file", "lora", "object", "any"
]


class OwnOption(NamedTuple):
    """An option of ``run`` itself; ``priced``: ``price`` has it, too."""

    name: str
    value: str
    meaning: str
    kind: Any = bool
    priced: bool = False


OPTIONS: Final = (
    OwnOption(
        "lora",
        "ID[:SCALE]",
        "A LoRA by id, label or part of a label, such as 62:3. Repeatable.",
        list[str] | None,
        priced=True,
    ),
    OwnOption(
        "input-json",
        "FILE",
        "Inputs as a JSON object (-: standard input); options win.",
        str | None,
        priced=True,
    ),
    OwnOption("out", "DIR", "Where files are saved.  [default: .]", Path | None),
    OwnOption("no-download", "", "Print the addresses of files instead of saving them."),
    OwnOption("json", "", "Print one JSON object instead of lines.", priced=True),
    OwnOption("stream", "", "Print a text while the tool writes it."),
    OwnOption("no-wait", "", "Only start the task, and print its id."),
    OwnOption("dry-run", "", "Check the inputs, print the request and its price; send nothing."),
    OwnOption("max-cost", "DOLLARS", "Send nothing when the run may cost more.", str | None),
    OwnOption("allow-unknown", "", "Send it all the same when its price is not known."),
    OwnOption("timeout", "SECONDS", "How long to wait; the task goes on after that.", float | None),
    OwnOption("callback-url", "URL", "Where Wiro posts the task when it has ended.", str | None),
    OwnOption("help", "", "Show this message and exit.", priced=True),
)
RUN_OPTIONS: Final = frozenset(option.name for option in OPTIONS)
"""An input of such a name is ``--input-NAME``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A documented value of an input. ``constant`` is its name in the generated client, ``lora``
    its sliders; both where there are any."""

    value: str
    label: str
    constant: str | None = None
    lora: LoraOption | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An input. ``option`` is its name on the command line without the dashes, ``many`` whether it
    may be given more than once, ``closed`` whether only its ``choices`` are taken."""

    name: str
    wire_name: str
    option: str
    shape: Shape
    many: bool
    closed: bool
    required: bool
    default: object
    help: str
    choices: tuple[Choice, ...]

    @property
    def metavar(self) -> str:
        """What stands behind the option in a help text."""
        if self.shape == "choice":
            return "CHOICE" if self.closed else "ID"
        known = {
            "integer": "INTEGER",
            "number": "NUMBER",
            "boolean": "true|false",
            "file": "@FILE|URL",
            "lora": "ID[:SCALE]",
            "object": "JSON",
            "any": "JSON|TEXT",
        }
        return known.get(self.shape, "TEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolView:
    """A tool and all that its options are made of."""

    entry: Entry
    inputs: type[ToolInputs]
    fields: tuple[Field, ...]

    @property
    def lora(self) -> Field | None:
        """The input that ``--lora`` fills: the first one with documented LoRAs, or the first."""
        found = [field for field in self.fields if field.shape == "lora"]
        return next((field for field in found if field.choices), found[0] if found else None)


def view_tool(entry: Entry) -> ToolView:
    """Import the client of a tool and read its validator."""
    module = entry.module()
    inputs = cast("type[ToolInputs]", module.Inputs)
    taken = set(RUN_OPTIONS)
    fields: list[Field] = []
    for name, info in inputs.model_fields.items():
        option = name.replace("_", "-").strip("-") or name
        while option in taken:
            option = f"input-{option}"
        taken.add(option)
        fields.append(_field(module, name, option, info))
    return ToolView(entry=entry, inputs=inputs, fields=tuple(fields))


def _field(module: ModuleType, name: str, option: str, info: Any) -> Field:
    leaves, many = leaf_types(info.annotation)
    options = options_of(info) or Options({}, closed=False)
    wire = notes_of(info).get("x-wire", "")
    shape = _shape(leaves, wire)
    if shape == "text" and options.labels:
        shape = "choice"
    required = bool(info.is_required())
    parts = [info.title, info.description]
    return Field(
        name=name,
        wire_name=info.alias or name,
        option=option,
        shape=shape,
        many=many or wire in ("files", "files-mixed", "files-url"),
        closed=options.closed,
        required=required,
        default=None if required else info.get_default(),
        help=": ".join(" ".join(part.split()) for part in parts if part),
        choices=_choices(module, options, lora=shape == "lora"),
    )


def _shape(leaves: Iterable[Any], wire: str) -> Shape:
    kinds = set(leaves)
    if wire in FILE_KINDS:
        return "file"
    if LoraChoice in kinds or LoraOption in kinds:
        return "lora"
    if any(get_origin(kind) in (dict, Mapping) or kind is dict for kind in kinds):
        return "object"
    if bool in kinds:
        return "boolean"
    if str in kinds and (wire == "string" or not kinds & {int, float}):
        return "text"
    if float in kinds:
        return "number"
    if int in kinds:
        return "integer"
    return "text" if any(get_origin(kind) is Literal for kind in kinds) else "any"


def _choices(module: ModuleType, options: Options, *, lora: bool) -> tuple[Choice, ...]:
    constants = _constants(module, options, lora=lora)
    named = {_value(constant): (name, constant) for name, constant in constants.items()}
    choices: list[Choice] = []
    for value in dict.fromkeys([*options.labels, *named]):
        name, constant = named.get(value, (None, None))
        option = constant if isinstance(constant, LoraOption) else None
        label = option.label if option else options.labels.get(value, value)
        choices.append(Choice(value=value, label=label, constant=name, lora=option))
    return tuple(choices)


def _constants(module: ModuleType, options: Options, *, lora: bool) -> dict[str, str | LoraOption]:
    """The constants of the client's class that lists the values of one input."""
    kind = LoraOption if lora else str
    known = options.labels.keys()
    for cls in vars(module).values():
        if not isinstance(cls, type) or cls.__module__ != module.__name__:
            continue
        constants = {n: v for n, v in vars(cls).items() if isinstance(v, kind) and n.isupper()}
        values = {_value(constant) for constant in constants.values()}
        # Without a single value to go by, any class would do.
        if known and known <= values and (not options.closed or values <= known):
            return constants
    return {}


def _value(constant: str | LoraOption) -> str:
    return constant.value if isinstance(constant, LoraOption) else constant
