"""One table of all fields of a spec: the reader, the writer, the schema and overlays use it.

A new field is an attribute of :mod:`wirogen.specs.model` and a line here. Order in the table is
the order in files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from wirogen.common.limits import LAST_TIME, RUNS
from wirogen.specs.checks import (
    SEEN,
    SHA256,
    amount_problem,
    day_problem,
    duration_problem,
    https_problem,
    input_problem,
    readme_problem,
)
from wirogen.specs.codecs import (
    DECIMAL,
    ENDPOINT_MAP,
    FLAG,
    JSON,
    NULLABLE_TEXT,
    SETTINGS,
    TEXT,
    TEXT_MAP,
    TEXT_MAPS,
    TEXTS,
    VERSION,
    Codec,
    Count,
    ListOfTexts,
    OneOf,
    Text,
)
from wirogen.specs.model import (
    CHOICE_TYPES,
    UNSENT,
    WIRE_TYPES,
    Finding,
    Input,
    Json,
    Option,
    Revision,
    Section,
    Source,
    TaskStat,
    ToolSpec,
    Wire,
)
from wirogen.specs.names import tool_name_problem
from wirogen.specs.reading import Fields
from wirogen.specs.tree import Node

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of a mapping in a spec. An optional one whose value is ``empty`` is left out.

    ``settable``: an overlay may correct it. ``constant``: it is the same in every spec.
    """

    key: str
    codec: Codec
    required: bool = False
    empty: object = None
    settable: bool = False
    constant: bool = False
    description: str = ""

    @property
    def schema(self) -> Json:
        """The JSON Schema of the value, with the description."""
        schema = self.codec.schema()
        if not self.description:
            return schema
        more = schema if isinstance(schema, dict) else {}
        return {"description": self.description, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[T]):
    """A mapping in a spec and the class of its value; a codec itself.

    ``title`` names it in messages by its first field: ``input 'prompt'``. ``check`` gives the key
    and the end of a sentence for a value that contradicts itself; ``conditions`` say the same in
    JSON Schema.
    """

    cls: type[T]
    fields: tuple[Field, ...]
    title: str = ""
    check: Callable[[T], tuple[str, str] | None] = lambda _: None
    conditions: Mapping[str, Json] | None = None

    @property
    def settable(self) -> tuple[str, ...]:
        """The keys that an overlay may set."""
        return tuple(field.key for field in self.fields if field.settable)

    def field(self, key: str) -> Field:
        return next(field for field in self.fields if field.key == key)

    def load(self, node: Node, path: str, what: str) -> T:
        """The value in ``node``; ``what`` names it in messages. Raises :class:`InputError`."""
        needed = [field.key for field in self.fields if field.required]
        fields = Fields(node, path, what, *needed)
        values: dict[str, Any] = {}
        for field in self.fields:
            if field.required:
                found = fields.required(field.key)
            elif (found := fields.optional(field.key)) is None:
                continue
            value = field.codec.read(fields, field.key, found)
            if not field.constant:
                values[field.key] = value
            if self.title and len(values) == 1:
                fields.titled(f"{self.title} {value!r}")
        fields.end()
        record = self.cls(**values)
        if problem := self.check(record):
            raise fields.error(*problem)
        return record

    def dump(self, record: T) -> dict[str, Json]:
        """The mapping as JSON values."""
        return {
            field.key: field.codec.write(value)
            for field in self.fields
            if (value := None if field.constant else getattr(record, field.key)) != field.empty
            or field.required
        }

    def read(self, fields: Fields, key: str, node: Node) -> T:
        return self.load(node, fields.path, fields.inner(key))

    def write(self, value: Any) -> Json:
        return self.dump(value)

    def schema(self) -> dict[str, Json]:
        required = {field.key: field.schema for field in self.fields if field.required}
        optional = {field.key: field.schema for field in self.fields if not field.required}
        return {
            "type": "object",
            "properties": {**required, **optional},
            "required": list[Json](required),
            "additionalProperties": False,
            **(self.conditions or {}),
        }


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of records."""

    record: Record[Any]

    def read(self, fields: Fields, key: str, node: Node) -> tuple[Any, ...]:
        return fields.each(node, key, lambda item, what: self.record.load(item, fields.path, what))

    def write(self, value: Any) -> Json:
        return [self.record.dump(each) for each in value]

    def schema(self) -> dict[str, Json]:
        return {"type": "array", "items": self.record.schema()}


_HASH: Final = Text(
    {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    lambda text: None if SHA256.match(text) else "must be 64 lower-case hexadecimal digits",
)
_SEEN: Final = Text(
    {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    lambda text: None if SEEN.match(text) else "must be 12 lower-case hexadecimal digits",
)
_TOOL_ID: Final = Text(
    {
        "type": "string",
        "pattern": "^[^/\\\\]+/[^/\\\\]+$",
        "description": "owner/project, as in the Run endpoint.",
    },
    tool_name_problem,
)
_NAME: Final = Text(
    {"type": "string", "minLength": 1}, lambda text: None if text else "must not be empty"
)
_NAMED: Final = Text({"type": "string", "minLength": 1})
_AMOUNT: Final = Text(
    {"type": "string", "pattern": r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"},
    amount_problem,
)

_DAY: Final = Text({"type": "string", "format": "date"}, day_problem)


def _pair_problem(source: Source) -> tuple[str, str] | None:
    if (source.detail is None) == (source.detail_sha256 is None):
        return None
    return "detail", "and detail_sha256 go together"


def _inputs_problem(spec: ToolSpec) -> tuple[str, str] | None:
    seen: set[str] = set()
    for item in spec.inputs:
        if item.name in seen:
            return "inputs", f"has {item.name!r} twice"
        seen.add(item.name)
    return None


FINDING: Final = Record(
    cls=Finding,
    fields=(
        Field(key="code", codec=TEXT, required=True),
        Field(key="subject", codec=TEXT, required=True),
        Field(key="message", codec=TEXT, required=True),
    ),
)
REVISION: Final = Record(
    cls=Revision,
    fields=(
        Field(key="date", codec=_DAY, required=True),
        Field(key="breaking", codec=FLAG, empty=False),
        Field(key="changes", codec=TEXTS, required=True),
    ),
)
SECTION: Final = Record(
    cls=Section,
    fields=(
        Field(key="title", codec=TEXT, required=True),
        Field(key="text", codec=TEXT, required=True),
    ),
)
SOURCE: Final = Record(
    cls=Source,
    fields=(
        Field(key="document", codec=TEXT, required=True),
        Field(key="sha256", codec=_HASH, required=True),
        Field(key="detail", codec=TEXT),
        Field(key="detail_sha256", codec=_HASH),
        Field(
            key="detail_read",
            codec=_DAY,
            description="The day on which Tool/Detail was read; prices are as of then.",
        ),
        Field(key="findings", codec=ListOf(FINDING), empty=()),
    ),
    check=_pair_problem,
)
WIRE: Final = Record(
    cls=Wire,
    fields=(
        Field(key="type", codec=OneOf(WIRE_TYPES), required=True),
        Field(
            key="sent",
            codec=JSON,
            empty=UNSENT,
            description="What goes out when the caller gives nothing; without it, the key does "
            "not.",
        ),
    ),
)
OPTION: Final = Record(
    cls=Option,
    fields=(
        Field(key="value", codec=TEXT, required=True),
        Field(key="label", codec=TEXT, required=True, settable=True),
        Field(key="description", codec=TEXT, settable=True),
        Field(key="triggerwords", codec=TEXTS, settable=True),
        Field(key="generatesettings", codec=SETTINGS, settable=True),
        Field(key="extra", codec=TEXT_MAP, empty={}),
        Field(
            key="seen",
            codec=_SEEN,
            description="The hash of the last document that listed it, when the latest does not.",
        ),
    ),
)
INPUT: Final = Record(
    cls=Input,
    title="input",
    fields=(
        Field(key="name", codec=_NAME, required=True),
        Field(key="label", codec=TEXT, required=True, settable=True),
        Field(key="help", codec=TEXT, required=True, settable=True),
        Field(key="type", codec=TEXT, required=True, settable=True),
        Field(
            key="default",
            codec=NULLABLE_TEXT,
            required=True,
            settable=True,
            description="As in the document; null when blank.",
        ),
        Field(key="required", codec=FLAG, required=True, settable=True),
        Field(
            key="stated",
            codec=FLAG,
            description="Whether Tool/Detail calls it required; without it, it does not say.",
        ),
        Field(key="example", codec=JSON, settable=True),
        Field(key="wire", codec=WIRE, required=True, settable=True),
        Field(
            key="open",
            codec=FLAG,
            settable=True,
            description="Selects only: whether ids that are not listed are accepted.",
        ),
        Field(key="minimum", codec=DECIMAL, settable=True),
        Field(key="maximum", codec=DECIMAL, settable=True),
        Field(key="step", codec=DECIMAL, settable=True),
        Field(key="python_name", codec=_NAMED, description="The name in Python."),
        Field(key="extra", codec=TEXT_MAP, empty={}),
        Field(key="options", codec=ListOf(OPTION), settable=True),
    ),
    check=input_problem,
    conditions={
        "if": {"properties": {"type": {"enum": list[Json](sorted(CHOICE_TYPES))}}},
        "then": {"required": ["open"]},
        "else": {"properties": {"open": False, "options": False}},
    },
)
TASKSTAT: Final = Record(
    cls=TaskStat,
    fields=(
        Field(key="runcount", codec=Count(RUNS)),
        Field(key="successcount", codec=Count(RUNS)),
        Field(key="errorcount", codec=Count(RUNS)),
        Field(
            key="lastruntime",
            codec=Count(LAST_TIME),
            description="In seconds since 1970; 0 when there was none.",
        ),
    ),
)
TOOL: Final = Record(
    cls=ToolSpec,
    fields=(
        Field(key="spec", codec=VERSION, required=True, constant=True),
        Field(key="tool", codec=_TOOL_ID, required=True),
        Field(
            key="name",
            codec=TEXT,
            required=True,
            settable=True,
            description="The name as displayed.",
        ),
        Field(key="description", codec=TEXT, required=True, settable=True),
        Field(key="cover", codec=NULLABLE_TEXT, required=True, settable=True),
        Field(key="categories", codec=TEXTS, required=True, settable=True),
        Field(key="tags", codec=TEXTS, empty=(), settable=True),
        Field(key="endpoints", codec=ENDPOINT_MAP, required=True),
        Field(
            key="extra",
            codec=TEXT_MAP,
            empty={},
            description="Unknown keys of the document's head.",
        ),
        Field(key="inputs", codec=ListOf(INPUT), required=True),
        Field(key="examples", codec=TEXT_MAPS, empty=()),
        Field(key="sections", codec=ListOf(SECTION), empty=()),
        Field(
            key="dynamicprice",
            codec=JSON,
            settable=True,
            description="The price as Tool/Detail gives it.",
        ),
        Field(
            key="samples",
            codec=ListOfTexts(https_problem),
            empty=(),
            settable=True,
            description="Addresses of sample outputs, all of them https.",
        ),
        Field(
            key="readme",
            codec=Text({"type": "string"}, readme_problem),
            settable=True,
            description="The text of the tool's owner, in HTML.",
        ),
        Field(
            key="computingtime",
            codec=Text({"type": "string"}, duration_problem),
            settable=True,
            description='How long a run takes: seconds, or with a unit ("10 seconds").',
        ),
        Field(
            key="cps",
            codec=_AMOUNT,
            settable=True,
            description="US dollars a second of processing.",
        ),
        Field(
            key="approximatelycost",
            codec=_AMOUNT,
            settable=True,
            description="US dollars of a run of average length.",
        ),
        Field(key="taskstat", codec=TASKSTAT, settable=True, description="How often it has run."),
        Field(key="source", codec=SOURCE),
        Field(
            key="history",
            codec=ListOf(REVISION),
            empty=(),
            description="What builds found changed, the newest first.",
        ),
    ),
    check=_inputs_problem,
)
