"""One table of all fields of a spec: the reader, the writer, the schema and overlays use it.

A new field is an attribute of :mod:`wirogen.specs.model` and a line here. Order in the table is
the order in files.
"""

from __future__ import annotations

from typing import Final

from wirogen.common.limits import LAST_TIME, RUNS
from wirogen.specs.checks import (
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
    Field,
    Record,
    count,
    hexadecimal,
    many,
    one,
    one_of,
    text,
    texts,
    version,
)
from wirogen.specs.model import (
    CHOICE_TYPES,
    SPEC_VERSION,
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
from wirogen.specs.tree import read_tree

_HASH: Final = hexadecimal(64)
_SEEN: Final = hexadecimal(12)
_TOOL_ID: Final = text(
    tool_name_problem,
    pattern="^[^/\\\\]+/[^/\\\\]+$",
    description="owner/project, as in the Run endpoint.",
)
_NAME: Final = text(lambda found: None if found else "must not be empty", minLength=1)
_AMOUNT: Final = text(amount_problem, pattern=r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$")
_DAY: Final = text(day_problem, format="date")


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
        Field("code", TEXT, required=True),
        Field("subject", TEXT, required=True),
        Field("message", TEXT, required=True),
    ),
)
REVISION: Final = Record(
    cls=Revision,
    fields=(
        Field("date", _DAY, required=True),
        Field("breaking", FLAG, empty=False),
        Field("changes", TEXTS, required=True),
    ),
)
SECTION: Final = Record(
    cls=Section,
    fields=(Field("title", TEXT, required=True), Field("text", TEXT, required=True)),
)
SOURCE: Final = Record(
    cls=Source,
    fields=(
        Field("document", TEXT, required=True),
        Field("sha256", _HASH, required=True),
        Field("detail", TEXT),
        Field("detail_sha256", _HASH),
        Field(
            "detail_read",
            _DAY,
            description="The day on which Tool/Detail was read; prices are as of then.",
        ),
        Field("findings", many(FINDING), empty=()),
    ),
    check=_pair_problem,
)
WIRE: Final = Record(
    cls=Wire,
    fields=(
        Field("type", one_of(WIRE_TYPES), required=True),
        Field(
            "sent",
            JSON,
            empty=UNSENT,
            description="What goes out when the caller gives nothing; without it, the key does "
            "not.",
        ),
    ),
)
OPTION: Final = Record(
    cls=Option,
    fields=(
        Field("value", TEXT, required=True),
        Field("label", TEXT, required=True, settable=True),
        Field("description", TEXT, settable=True),
        Field("triggerwords", TEXTS, settable=True),
        Field("generatesettings", SETTINGS, settable=True),
        Field("extra", TEXT_MAP, empty={}),
        Field(
            "seen",
            _SEEN,
            description="The hash of the last document that listed it, when the latest does not.",
        ),
    ),
)
INPUT: Final = Record(
    cls=Input,
    title="input",
    fields=(
        Field("name", _NAME, required=True),
        Field("label", TEXT, required=True, settable=True),
        Field("help", TEXT, required=True, settable=True),
        Field("type", TEXT, required=True, settable=True),
        Field(
            "default",
            NULLABLE_TEXT,
            required=True,
            settable=True,
            description="As in the document; null when blank.",
        ),
        Field("required", FLAG, required=True, settable=True),
        Field(
            "stated",
            FLAG,
            description="Whether Tool/Detail calls it required; without it, it does not say.",
        ),
        Field("example", JSON, settable=True),
        Field("wire", one(WIRE), required=True, settable=True),
        Field(
            "open",
            FLAG,
            settable=True,
            description="Selects only: whether ids that are not listed are accepted.",
        ),
        Field("minimum", DECIMAL, settable=True),
        Field("maximum", DECIMAL, settable=True),
        Field("step", DECIMAL, settable=True),
        Field("python_name", text(minLength=1), description="The name in Python."),
        Field("extra", TEXT_MAP, empty={}),
        Field("options", many(OPTION), settable=True),
    ),
    check=input_problem,
    conditions={
        "if": {"properties": {"type": {"enum": list[Json](sorted(CHOICE_TYPES))}}},
        "then": {"required": ["open"]},
        "else": {"properties": {"open": False}},
    },
)
TASKSTAT: Final = Record(
    cls=TaskStat,
    fields=(
        Field("runcount", count(RUNS)),
        Field("successcount", count(RUNS)),
        Field("errorcount", count(RUNS)),
        Field(
            "lastruntime",
            count(LAST_TIME),
            description="In seconds since 1970; 0 when there was none.",
        ),
    ),
)
TOOL: Final = Record(
    cls=ToolSpec,
    fields=(
        Field("spec", version(SPEC_VERSION), required=True, constant=True),
        Field("tool", _TOOL_ID, required=True),
        Field("name", TEXT, required=True, settable=True, description="The name as displayed."),
        Field("description", TEXT, required=True, settable=True),
        Field("cover", NULLABLE_TEXT, required=True, settable=True),
        Field("categories", TEXTS, required=True, settable=True),
        Field("tags", TEXTS, empty=(), settable=True),
        Field("endpoints", ENDPOINT_MAP, required=True),
        Field("extra", TEXT_MAP, empty={}, description="Unknown keys of the document's head."),
        Field("inputs", many(INPUT), required=True),
        Field("examples", TEXT_MAPS, empty=()),
        Field("sections", many(SECTION), empty=()),
        Field(
            "dynamicprice", JSON, settable=True, description="The price as Tool/Detail gives it."
        ),
        Field(
            "samples",
            texts(https_problem),
            empty=(),
            settable=True,
            description="Addresses of sample outputs, all of them https.",
        ),
        Field(
            "readme",
            text(readme_problem),
            settable=True,
            description="The text of the tool's owner, in HTML.",
        ),
        Field(
            "computingtime",
            text(duration_problem),
            settable=True,
            description='How long a run takes: seconds, or with a unit ("10 seconds").',
        ),
        Field("cps", _AMOUNT, settable=True, description="US dollars a second of processing."),
        Field(
            "approximatelycost",
            _AMOUNT,
            settable=True,
            description="US dollars of a run of average length.",
        ),
        Field("taskstat", one(TASKSTAT), settable=True, description="How often it has run."),
        Field("source", one(SOURCE)),
        Field(
            "history",
            many(REVISION),
            empty=(),
            description="What builds found changed, the newest first.",
        ),
    ),
    check=_inputs_problem,
)


def load_spec(text: str, *, path: str) -> ToolSpec:
    """The spec in a YAML text. ``path`` is for messages only.

    Raises:
        InputError: not YAML, an unknown or missing key, or a value of the wrong kind (S001).
    """
    return TOOL.load(read_tree(text, path), path, "the spec")


def spec_to_json(spec: ToolSpec) -> dict[str, Json]:
    """The spec as JSON values, keys in canonical order. Optional keys are left out when empty."""
    return TOOL.dump(spec)


def spec_json_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) that every file below ``specs/tools/`` fulfils, published as
    ``generated/schemas/spec.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wiro-tools:spec:1",
        "title": "The spec of one Wiro tool",
        **TOOL.schema(),
    }
