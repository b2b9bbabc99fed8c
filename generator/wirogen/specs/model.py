"""The spec of one tool, as values. Every other form (YAML, JSON, JSON Schema) is made from these.

Texts are exactly those of the document, never trimmed further, translated or cleaned up.

The classes have no slots: a build takes thousands of specs out of its cache, and Python unpickles
frozen classes with slots in half the speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from wirogen.common.json_values import Json

SPEC_VERSION: Final = 1

CHOICE_TYPES: Final = frozenset({"select", "multiselect", "selectwithcover"})
FILE_TYPES: Final = frozenset({"fileinput", "multifileinput", "combinefileinput"})
LIST_TYPES: Final = frozenset({"multiselect", "combinefileinput", "multifileinput"})
"""Types whose value is a list, unless the Run Command says otherwise."""
NUMBER_TYPES: Final = frozenset({"number", "float", "range"})
KNOWN_TYPES: Final = CHOICE_TYPES | FILE_TYPES | NUMBER_TYPES | {
    "text", "textarea", "checkbox", "color"
}  # fmt: skip
WIRE_TYPES: Final = ("string", "number", "boolean", "array", "object")


ADDED: Final = "Added"
"""The line of a tool's first revision."""


class Unsent(Enum):
    """The type of :data:`UNSENT`."""

    UNSENT = "UNSENT"


UNSENT: Final = Unsent.UNSENT
"""Stands for "the key is left out of the request", which no JSON value can say."""


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How an input travels in the body of a Run request."""

    type: str
    """The JSON type of the value that travels."""
    sent: Json | Unsent = UNSENT
    """What goes out when the caller gives nothing; :data:`UNSENT` leaves the key out."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice of a select."""

    value: str
    """What is sent."""
    label: str
    """What a person chooses."""
    description: str | None = None
    """``None`` where the document has no such key."""
    triggerwords: tuple[str, ...] | None = None
    """Words that the prompt should contain; ``None`` as above."""
    generatesettings: tuple[Mapping[str, Json], ...] | None = None
    """Sliders with every key of the document; ``None`` as above."""
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys that are not known."""
    seen: str | None = None
    """``None`` while the latest document lists it, else the hash of the last that did."""


@dataclass(slots=True, kw_only=True)
class Described:
    """An input as a document or Tool/Detail describes it, before it is decided what is sent."""

    name: str
    label: str = ""
    help: str = ""
    type: str = ""
    default: str | None = None
    options: tuple[Option, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input of a tool. What is sent is decided by ``required``, ``example`` and ``wire``."""

    name: str
    """Wiro's name."""
    label: str
    """The label in the document."""
    help: str
    """The help in the document."""
    type: str
    """The type in the document."""
    default: str | None
    """The text in the document: ``None`` when blank, ``""`` when quoted and empty."""
    required: bool
    """Whether a call must give it."""
    stated: bool | None = None
    """Whether Tool/Detail or an overlay requires it; ``None`` where neither says so."""
    wire: Wire
    """How it travels."""
    example: Json = None
    """A sample, which is never sent."""
    open: bool | None = None
    """For selects: whether ids that are not listed are accepted."""
    minimum: str | None = None
    """The lowest value, a decimal number in text."""
    maximum: str | None = None
    """The highest value, likewise."""
    step: str | None = None
    """The step between values, likewise."""
    options: tuple[Option, ...] | None = None
    """The choices; ``None`` where the document has no ``options:``."""
    python_name: str | None = None
    """The name in Python, where it is not made from ``name``."""
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys that are not known."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the document that no rule knows, kept as it is."""

    title: str
    """Its heading."""
    text: str
    """Its text."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is odd about the source: a diagnostic without its position, kept with the spec."""

    code: str
    """The diagnostic's code."""
    subject: str
    """What it is about."""
    message: str
    """One line."""


@dataclass(frozen=True, kw_only=True)
class TaskStat:
    """How often a tool has run, as Tool/Detail counts it; ``None`` where it does not say."""

    runcount: int | None = None
    """All runs."""
    successcount: int | None = None
    """Those that succeeded."""
    errorcount: int | None = None
    """Those that failed."""
    lastruntime: int | None = None
    """When the last one began, in seconds since 1970; 0 when there was none."""


DETAIL_FIELDS: Final = (
    "samples", "readme", "computingtime", "cps", "approximatelycost", "taskstat"
)  # fmt: skip
"""The fields of a spec that only Tool/Detail has, beside its price."""

DETAIL_TEXTS: Final = ("note", "help", "description", "placeholder")
"""What Tool/Detail says to people about an input, the most telling first and the placeholder last.
What is not the help of the input is among its keys that are not known."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a spec comes from."""

    document: str
    """The document below ``specs/documents/``, with forward slashes."""
    sha256: str
    """The hash of its bytes."""
    detail: str | None = None
    """The file of Tool/Detail, where there is one."""
    detail_sha256: str | None = None
    """The hash of its bytes."""
    detail_read: str | None = None
    """The day on which Tool/Detail was read, in ISO 8601: prices are as of then."""
    findings: tuple[Finding, ...] = ()
    """What is odd about the document."""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a build found changed in a tool, as users of its client see it."""

    date: str
    """The day of the build: ``2026-11-02``."""
    changes: tuple[str, ...]
    """One line for each change."""
    breaking: bool = False
    """Whether calls that worked before may fail."""


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """Everything that is known about one tool."""

    tool: str
    """``owner/project`` as in the Run endpoint: the id."""
    name: str
    """The name as displayed."""
    description: str
    """The description."""
    cover: str | None
    """The address of the cover."""
    categories: tuple[str, ...]
    """The categories."""
    endpoints: Mapping[str, str]
    """The endpoints: at least ``run`` and ``detail``."""
    inputs: tuple[Input, ...]
    """The inputs."""
    tags: tuple[str, ...] = ()
    """The tags."""
    examples: tuple[Mapping[str, str], ...] = ()
    """The document's Parameter Inspires: texts by input name."""
    sections: tuple[Section, ...] = ()
    """Sections that are not known."""
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys of the head that are not known."""
    dynamicprice: Json = None
    """What Tool/Detail says about the price, as JSON."""
    samples: tuple[str, ...] = ()
    """Addresses of sample outputs, all of them https."""
    readme: str | None = None
    """The text of the tool's owner, in HTML: never shown as such."""
    computingtime: str | None = None
    """How long a run takes: seconds (``5``), or with a unit (``10 seconds``)."""
    cps: str | None = None
    """US dollars a second of processing, a decimal number in text."""
    approximatelycost: str | None = None
    """US dollars of a run of average length, likewise."""
    taskstat: TaskStat | None = None
    """How often it has run."""
    source: Source | None = None
    """Where it comes from; ``None`` for a spec written by hand."""
    history: tuple[Revision, ...] = ()
    """What has changed, the newest first."""

    @property
    def since(self) -> str | None:
        """The day on which the tool was added, if it came to a project that had others."""
        first = self.history[-1] if self.history else None
        return first.date if first and ADDED in first.changes else None

    @property
    def owner(self) -> str:
        """The part of the id before the slash."""
        return self.tool.split("/", 1)[0]

    @property
    def project(self) -> str:
        """The part of the id behind the slash."""
        return self.tool.split("/", 1)[1]
