"""An input as a document has it, before the rules of the wire are applied."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.specs import Option


@dataclass(slots=True)
class RawInput:
    """The fields of an input as text. ``at`` is the offset at which each of its fields begins,
    ``option_at`` the offset of the value of each option."""

    name: str
    at: dict[str, int]
    extra: dict[str, str]
    option_at: list[int]
    label: str = ""
    help: str = ""
    type: str = ""
    default: str | None = None
    options: tuple[Option, ...] | None = None
