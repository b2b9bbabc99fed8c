"""The options of an input, and which of them a text means: by id, label or a part of a label.

The page has the same rules in JavaScript (``assets/meant.js``); ``tests/site/cases.json`` holds
texts that both must read alike.
"""

from __future__ import annotations

import re
import types
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, cast, get_args, get_origin

from wiro_runtime.inputs.messages import nearest, shorten

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Numbers stay whole, with their sign: "1" is no part of "10", "0.1" or "-1".
_WORD: Final = re.compile(
    r"(?:(?<![^\W_])[-+](?=[0-9]))?[^\W_]+(?:(?<=[0-9])[.,](?=[0-9])[^\W_]+)*"
)
_SHORTEST: Final = 3
"""Letters of the beginning of a word that may stand for it: "no" does not mean "normal"."""
_SHOWN: Final = 5


def fold(text: str) -> str:
    """Return ``text`` as searches compare it: without case, accents and differences of form.

    The site has the same rule in JavaScript (``assets/fold.js``).
    """
    return _without_case(_plain(text))


def _without_case(text: str) -> str:
    # JavaScript has no `casefold`, which leaves the Turkish dotless i as it is.
    return text.upper().lower().replace("ς", "σ")


def _plain(text: str) -> str:
    if text.isascii():
        return text
    # Letter by letter: in a text, long runs of marks are sorted, in quadratic time.
    decomposed = "".join(unicodedata.normalize("NFKD", x) for x in text)
    return "".join(x for x in decomposed if not unicodedata.category(x).startswith("M"))


@dataclass(frozen=True, slots=True)
class _Squeezed:
    """A text without what separates its words, so that ``GPT-4o``, ``gpt 4o`` and ``GPT_4O`` are
    the same; ``starts`` are the places where words begin."""

    text: str
    starts: frozenset[int]

    def holds(self, part: str, *, whole: bool) -> bool:
        """Whether ``part`` begins with a word here, and ends with one or, unless ``whole``, in
        one."""
        return any(
            self.text.startswith(part, start) and self._ends(start + len(part), whole)
            for start in self.starts
        )

    def _ends(self, end: int, whole: bool) -> bool:
        rest = self.text[end : end + 1]
        if not rest or rest == " " or end in self.starts:
            return True
        return not whole and not (self.text[end - 1] in "0123456789" and rest in "0123456789.,")


@lru_cache(4096)
def _squeeze(text: str) -> _Squeezed:
    joined, starts = "", set[int]()
    for word in _WORD.findall(_without_case(_CAMEL.sub(" ", _plain(text)))):
        # 16:9 is not 169.
        joined += " " if joined[-1:] in tuple("0123456789") and word[0] in "0123456789+-" else ""
        starts.add(len(joined))
        joined += word
    return _Squeezed(joined, frozenset(starts))


@dataclass(frozen=True, slots=True)
class Options:
    """The documented options of an input: labels by id, and whether only these are taken."""

    labels: Mapping[str, str]
    closed: bool

    def find(self, text: str) -> tuple[str, ...]:
        """The ids that ``text`` may mean: one when it is clear, none when nothing fits.

        What is exactly an id always means that one. Then count: the whole label (what stands
        before its first ``/`` may be missing), words of it, and the beginning of words. An id that
        has a label of its own is not searched for parts, and neither is an id in an open list.
        """
        if text in self.labels:
            return (text,)
        folded = fold(text).strip()
        wanted = _squeeze(text).text
        if not wanted:
            return ()
        same = self._which(lambda name: fold(name).strip() == folded, ids=True)
        if same or not any(char.isalpha() for char in wanted):
            return same
        return (
            self._which(lambda name: _squeeze(name).text == wanted, ids=True)
            or self._which(lambda name: _squeeze(name).holds(wanted, whole=True))
            or (
                self._which(lambda name: _squeeze(name).holds(wanted, whole=False))
                if len(wanted) >= _SHORTEST
                else ()
            )
        )

    def _which(self, fits: Callable[[str], bool], *, ids: bool = False) -> tuple[str, ...]:
        found: list[str] = []
        for value, label in self.labels.items():
            names = [label, label.partition("/")[2]] if label != value or self.closed else []
            if ids:
                names.append(value)
            if any(name and fits(name) for name in names):
                found.append(value)
        return tuple(found)

    def read(self, text: str) -> str:
        """The id that ``text`` means or, in an open list, is. Raises :class:`ValueError` that says
        why it is refused."""
        found = self.find(text)
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(self.several(text, found))
        given = shorten(repr(text))
        if self.closed:
            raise ValueError(f"{given} is not an option{self.nearest(text)}")
        # Where all ids are numbers, other text is a name with a slip, which no tool runs with.
        if text.strip() and not text.isdigit() and all(x.isdigit() for x in self.labels if x):
            raise ValueError(f"{given} is neither an id nor a label{self.nearest(text)}")
        return text

    def several(self, text: str, found: Sequence[str]) -> str:
        """What is wrong with a text that may mean each of the ids that were ``found``."""
        shown = ", ".join(map(self.shown, found[:_SHOWN]))
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"{shorten(repr(text))} fits several options: {shown}{more}"

    def nearest(self, given: object) -> str:
        """``"; nearest: 'Rachel' (id '21m00')"``: options whose id or label is like ``given``."""
        names: dict[str, str] = {}
        for value, label in self.labels.items():
            names.setdefault(label, self.shown(value))
            names.setdefault(value, self.shown(value))
        return nearest(given, names, names)

    def shown(self, value: str) -> str:
        """An option in a message: its label, and its id where that is another."""
        label = self.labels[value]
        if label == value:
            return shorten(repr(value), 60)
        return f"{shorten(repr(label), 60)} (id {shorten(repr(value), 40)})"


def options_of(info: FieldInfo) -> Options | None:
    """The options of a field of a validator: its ``Literal`` when only those are taken, and the
    labels in ``x-options``. ``None`` for a field without any."""
    labels: dict[str, str] = notes_of(info).get("x-options") or {}
    closed = all(get_origin(leaf) is Literal for leaf in leaf_types(info.annotation)[0])
    values = literals_of(info.annotation) if closed else labels
    known = {value: labels.get(value) or value for value in values}
    return Options(known, closed) if known else None


def notes_of(info: FieldInfo) -> dict[str, Any]:
    """What a field of a validator says of itself; see :mod:`wiro_runtime.inputs.model`."""
    notes: object = info.json_schema_extra
    return cast("dict[str, Any]", notes) if isinstance(notes, dict) else {}


def limits_of(info: FieldInfo) -> dict[str, str]:
    """``minimum`` and ``maximum`` of a field of numbers, as far as it has them, also where they
    stand inside of its type, beside a default of another kind."""
    found: dict[str, str] = {}
    for each in (*info.metadata, *_constraints(info.annotation)):
        for name, key in (("ge", "minimum"), ("le", "maximum")):
            limit = getattr(each, name, None)
            if isinstance(limit, (int, float)):
                whole = isinstance(limit, float) and limit.is_integer()
                found[key] = str(int(limit) if whole else limit)
    return found


def _constraints(annotation: Any) -> list[Any]:
    """What ``Annotated`` inside of a type says."""
    if get_origin(annotation) is Annotated:
        _, *notes = get_args(annotation)
        return [each for note in notes for each in getattr(note, "metadata", [note])]
    return [each for part in get_args(annotation) for each in _constraints(part)]


def literals_of(annotation: Any) -> list[Any]:
    """The documented values of a select, wherever in the field's type they are."""
    leaves = leaf_types(annotation)[0]
    return [value for leaf in leaves if get_origin(leaf) is Literal for value in get_args(leaf)]


def leaf_types(annotation: Any) -> tuple[list[Any], bool]:
    """The types that a value, or a part of a list, may have, and whether there is a list."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return leaf_types(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        found = [leaf_types(part) for part in get_args(annotation) if part is not types.NoneType]
        return [leaf for leaves, _ in found for leaf in leaves], any(many for _, many in found)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return leaf_types(get_args(annotation)[0])[0], True
    return [annotation], False
