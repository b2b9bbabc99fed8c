"""The spec of one tool, as values. Every other form (YAML, JSON, JSON Schema) is made from these.

Texts are exactly those of the document, never trimmed further, translated or cleaned up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wirogen.common.json_values import Json

SPEC_VERSION: Final = 1

CHOICE_TYPES: Final = frozenset({"select", "multiselect", "selectwithcover"})
FILE_TYPES: Final = frozenset({"fileinput", "multifileinput", "combinefileinput"})
KNOWN_TYPES: Final = CHOICE_TYPES | FILE_TYPES | {
    "text", "textarea", "number", "float", "checkbox", "range", "color"
}  # fmt: skip
WIRE_TYPES: Final = ("string", "number", "boolean", "array", "object")


class Unsent:
    """The type of :data:`UNSENT`."""

    _only: Unsent | None = None

    def __new__(cls) -> Unsent:
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only

    def __repr__(self) -> str:
        return "UNSENT"

    def __reduce__(self) -> str:
        return "UNSENT"


UNSENT: Final = Unsent()
"""Stands for "the key is left out of the request", which no JSON value can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How an input travels in the body of a Run request.

    ``type`` is the JSON type of its value. ``sent`` is the JSON value that goes out when the
    caller gives none, or :data:`UNSENT` when the key is then left out.
    """

    type: str
    sent: Json | Unsent = UNSENT


def _nothing() -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a select. ``generatesettings`` keeps every key that the document has.

    ``description``, ``triggerwords`` and ``generatesettings`` are ``None`` where the document has
    no such key; ``extra`` keeps keys that nobody has seen yet. ``seen`` is ``None`` while the
    latest document lists the option, else the beginning of the hash of the last one that did.
    """

    value: str
    label: str
    description: str | None = None
    triggerwords: tuple[str, ...] | None = None
    generatesettings: tuple[Mapping[str, Json], ...] | None = None
    extra: Mapping[str, str] = field(default_factory=_nothing)
    seen: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input of a tool.

    ``default`` is the text in the document (``None`` when blank, ``""`` when it is quoted and
    empty); what is sent is decided by ``required``, ``example`` and ``wire``. ``open`` is
    ``None`` but for choice types: an open select also takes ids that the document does not list.
    ``options`` is ``None`` where the document has no ``options:`` key. ``minimum``, ``maximum``
    and ``step`` are decimal numbers in text; tool documents never have them, overlays may.
    ``python_name`` is the name to use in Python in place of the one that ``name`` gives.
    """

    name: str
    label: str
    help: str
    type: str
    default: str | None
    required: bool
    wire: Wire
    example: Json = None
    open: bool | None = None
    minimum: str | None = None
    maximum: str | None = None
    step: str | None = None
    options: tuple[Option, ...] | None = None
    python_name: str | None = None
    extra: Mapping[str, str] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the document that no rule knows, kept as it is."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is odd about the source: a diagnostic without its position, kept with the spec."""

    code: str
    subject: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a spec comes from: the document's path below ``specs/documents/`` (always with
    forward slashes) and the hash of its bytes. ``detail`` and ``detail_sha256`` are the same for
    the tool's Tool/Detail answer, where there is one."""

    document: str
    sha256: str
    detail: str | None = None
    detail_sha256: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """Everything that is known about one tool.

    ``tool`` is ``owner/project`` as in the Run endpoint and identifies it; ``name`` is what the
    document displays. ``endpoints`` has at least ``run`` and ``detail``. ``examples`` are the
    document's Parameter Inspires, one mapping of input name to text each. ``extra`` keeps unknown
    keys of the head, ``sections`` unknown sections. ``dynamicprice`` is what Tool/Detail says
    about the price, as JSON, ``None`` when nothing is known.
    """

    tool: str
    name: str
    description: str
    cover: str | None
    categories: tuple[str, ...]
    endpoints: Mapping[str, str]
    inputs: tuple[Input, ...]
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    extra: Mapping[str, str] = field(default_factory=_nothing)
    dynamicprice: Json = None
    source: Source | None = None

    @property
    def owner(self) -> str:
        return self.tool.split("/", 1)[0]

    @property
    def project(self) -> str:
        return self.tool.split("/", 1)[1]
