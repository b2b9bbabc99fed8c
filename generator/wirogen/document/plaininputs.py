"""An input as a document has it, and a quick way to read the keys of one that is written as
nearly all are: nothing is told to the tiler."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.common.text import WHITE
from wirogen.document.fields import Start, Typed
from wirogen.document.grammar import HELP, LABEL, NAME
from wirogen.specs import Option


@dataclass(slots=True)
class RawInput:
    """An input as the document has it; ``at`` says where each of its fields begins, and
    ``option_at`` where the value of each option does."""

    name: str
    at: dict[str, int]
    extra: dict[str, str]
    option_at: list[int]
    label: str = ""
    help: str = ""
    type: str = ""
    default: str | None = None
    options: tuple[Option, ...] | None = None


def plain_input(text: str, start: Start, typed: Typed, *, flat: bool) -> RawInput | None:
    """The keys before the default of an input whose name is one word and whose texts have no line
    breaks, found where ``start`` and ``typed`` say; ``None`` when it takes a careful reader."""
    names, labels, helps = start.at + len(NAME), start.label + len(LABEL), start.help + len(HELP)
    name = text[names : start.label].strip(WHITE)
    label = text[labels : start.help].strip(WHITE)
    help_ = text[helps : typed.at].strip(WHITE)
    if name != start.name or typed.extra[1] - typed.extra[0] > 1:
        return None
    if not flat and ("\n" in label or "\n" in help_):
        return None
    places = {
        "name": text.index(name, names),
        "label": text.index(label, labels),
        "help": text.index(help_, helps),
        "type": typed.kind[0],
    }
    return RawInput(name, places, {}, [], label, help_, text[slice(*typed.kind)])
