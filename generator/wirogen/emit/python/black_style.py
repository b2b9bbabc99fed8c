"""Source with one statement to a line → the form that black gives it, without running black.

Black splits a line that is too long at its brackets, and for the few shapes that templates and
datamodel-code-generator print, where it splits is known. A shape that is not known here goes to
black itself, one statement at a time; black remains the judge of it all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from wirogen.plan.literals import STRING

_LIMIT: Final = 88
_TOKEN: Final = re.compile(rf"{STRING.pattern}|[\[\](){{}},]|[^'\"\[\](){{}},]+")
_NARROW: Final = re.compile("[\x00-~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e]*")
"""Text of which every character is one column wide, in black's eyes as well."""
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_OPERATOR: Final = re.compile(r" (\||\+|-|\*|/|if|or|and|in|is|not|else) | ?\. ?|:")
_IMPORT: Final = re.compile(r"from (\S+) import ([^(]+)\Z")


class _UnknownShapeError(Exception):
    """A statement whose form only black knows."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A bracket and the elements between its commas. ``atom``: it is a literal of its own and not
    a call or a subscript."""

    opening: str
    elements: tuple[_Element, ...]
    trailing_comma: bool
    atom: bool

    @property
    def closing(self) -> str:
        return _CLOSING[self.opening]

    @property
    def flat(self) -> str:
        inside = ", ".join(_flat(element) for element in self.elements)
        return f"{self.opening}{inside}{',' if self.trailing_comma else ''}{self.closing}"


_Element: TypeAlias = "tuple[str | _Group, ...]"


def lay_out(source: str) -> str:
    """``source`` in black's form.

    Docstrings must have that form already, every other statement stand on a line of its own.
    """
    return "\n".join(_spaced(_statements(source))) + "\n"


def _fits(line: str) -> bool:
    if line.isascii() or _NARROW.fullmatch(line):
        return len(line) <= _LIMIT
    from black.strings import str_width  # noqa: PLC0415 - slow to load

    return str_width(line) <= _LIMIT


def _statements(source: str) -> Iterator[str]:
    """Each statement in its form (a docstring is one), and an empty text for each blank line."""
    docstring: list[str] = []
    for line in source.split("\n"):
        text = line.strip()
        if docstring or text.startswith('"""'):
            docstring.append(line.rstrip())
            if _ends_docstring(text, opened=len(docstring) == 1):
                yield "\n".join(docstring)
                docstring = []
        elif not text or text.startswith("#") or _fits(line):
            yield line.rstrip()
        else:
            yield "\n".join(_explode(line))


def _ends_docstring(text: str, *, opened: bool) -> bool:
    body = text[3:] if opened else text
    if not body.endswith('"""'):
        return False
    backslashes = len(body[:-3]) - len(body[:-3].rstrip("\\"))
    return backslashes % 2 == 0


def _spaced(statements: Iterable[str]) -> Iterator[str]:
    """Two blank lines around top-level definitions, none twice elsewhere, none at the edges."""
    blanks = 0
    inside = first = False
    previous = ""
    for text in statements:
        if not text:
            blanks += 1
            continue
        nested = text.startswith(" ")
        definition = text.startswith(("def ", "class "))
        if previous:
            two = not nested and (definition or inside)
            yield from [""] * (2 if two else 0 if first else min(blanks, 1))
        yield text
        first = definition
        inside = nested
        previous = text
        blanks = 0


def _explode(line: str) -> list[str]:
    text = line.lstrip(" ")
    indent = len(line) - len(text)
    try:
        return list(_split(text, indent))
    except _UnknownShapeError:
        return list(_by_black(text, indent))


def _split(text: str, indent: int) -> Iterator[str]:
    if found := _IMPORT.match(text):
        yield f"{' ' * indent}from {found[1]} import ("
        for name in found[2].split(", "):
            yield f"{' ' * (indent + 4)}{name},"
        yield f"{' ' * indent})"
        return
    pieces = _parse(text)
    groups = [index for index, piece in enumerate(pieces) if isinstance(piece, _Group)]
    if not groups:
        raise _UnknownShapeError
    at = groups[0] if _splits_first(text, pieces) else groups[-1]
    group = pieces[at]
    suffix = _flat(pieces[at + 1 :])
    if not isinstance(group, _Group) or (at < groups[-1] and not _fits(" " * indent + suffix)):
        raise _UnknownShapeError
    prefix = _flat(pieces[:at])
    if suffix.startswith(" = ") and _fits(f"{' ' * indent}{prefix}{group.flat} = ("):
        # A value that black may put in parentheses of its own: `name: Annotated[…] = (`.
        raise _UnknownShapeError
    if at == groups[-1] and " = " in prefix and group.opening == "[" and not group.atom:
        whole = f"{' ' * (indent + 4)}{text.partition(' = ')[2]}"
        if _fits(whole):
            # Here black weighs parentheses around the right-hand side against this split.
            raise _UnknownShapeError
    yield from _split_group(prefix, group, suffix, indent)


def _splits_first(text: str, pieces: Sequence[str | _Group]) -> bool:
    """Whether black opens the first bracket: parameters, and the annotation of a field."""
    return text.startswith("def ") or bool(
        isinstance(pieces[0], str) and re.match(r"\w+: Annotated\Z", pieces[0])
    )


def _split_group(prefix: str, group: _Group, suffix: str, indent: int) -> Iterator[str]:
    head = f"{' ' * indent}{prefix}{group.opening}"
    if not _fits(head) or not group.elements:
        raise _UnknownShapeError
    yield head
    inner = indent + 4
    body = ", ".join(map(_flat, group.elements))
    one_each = group.trailing_comma or (group.atom and len(group.elements) > 1)
    if not one_each and _fits(f"{' ' * inner}{body}"):
        yield f"{' ' * inner}{body}"
    elif len(group.elements) == 1 and not one_each:
        # Black adds a comma to some of these only.
        raise _UnknownShapeError
    else:
        for element in group.elements:
            yield from _split_element(element, inner)
    yield f"{' ' * indent}{group.closing}{suffix}"


def _split_element(element: _Element, indent: int) -> Iterator[str]:
    line = f"{' ' * indent}{_flat(element)},"
    if _fits(line):
        yield line
        return
    head = element[:-1]
    last = element[-1]
    prefix = _flat(head)
    bare = STRING.sub("", prefix)
    if any(isinstance(piece, _Group) for piece in head) or "|" in bare:
        raise _UnknownShapeError
    if isinstance(last, _Group):
        yield from _split_group(prefix, last, ",", indent)
    elif _OPERATOR.search(STRING.sub("", last)):
        raise _UnknownShapeError
    else:
        yield line


def _flat(pieces: Sequence[str | _Group]) -> str:
    return "".join(piece if isinstance(piece, str) else piece.flat for piece in pieces)


def _parse(text: str) -> tuple[str | _Group, ...]:
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise _UnknownShapeError
    elements, at, _ = _elements(tokens, 0, "")
    if at != len(tokens) or len(elements) != 1:
        raise _UnknownShapeError
    return elements[0]


def _elements(
    tokens: Sequence[str], at: int, closing: str
) -> tuple[tuple[_Element, ...], int, bool]:
    """The elements up to ``closing``, the index behind it, and whether a comma came last."""
    elements: list[_Element] = []
    current: list[str | _Group] = []
    while at < len(tokens):
        piece = tokens[at]
        at += 1
        if piece in _CLOSING:
            before = current[-1] if current else ""
            atom = not (isinstance(before, _Group) or before[-1:].isalnum() or before[-1:] == "_")
            inside, at, comma = _elements(tokens, at, _CLOSING[piece])
            current.append(_Group(piece, inside, comma, atom))
        elif piece == closing:
            comma = bool(elements) and not current
            return (*elements, *([tuple(current)] if current else [])), at, comma
        elif piece == "," and closing:
            elements.append(tuple(current))
            current = []
        elif piece in {")", "]", "}"}:
            raise _UnknownShapeError
        elif current or piece.strip():
            current.append(piece if current else piece.lstrip(" "))
    if closing:
        raise _UnknownShapeError
    return (tuple(current),), at, False


def _by_black(text: str, indent: int) -> tuple[str, ...]:
    """What black makes of one statement, ``indent`` columns deep (0 or 4)."""
    import black  # noqa: PLC0415 - slow to load, and seldom needed

    body = f"{text}\n    pass\n" if text.endswith(":") else f"{text}\n"
    if indent:
        lines = body.splitlines()
        body = "class _:\n" + "".join(f"    {line}\n" for line in lines)
    done = black.format_str(body, mode=black.Mode()).rstrip("\n").split("\n")
    done = done[1:] if indent else done
    return tuple(done[:-1] if text.endswith(":") else done)
