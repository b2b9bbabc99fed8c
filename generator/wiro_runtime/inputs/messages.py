"""The wording that messages share: values, lists of known values, errors about inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from wiro_runtime.errors import ApiError, InvalidInputs

_LIMIT: Final = 80
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal may obey, but for tabs and line breaks."""


def escape_controls(text: str) -> str:
    """``text`` for terminals and logs: what Wiro or a document sends may hold sequences that they
    obey."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text.replace("\r\n", "\n"))


def shorten(text: str, limit: int = _LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters, without control characters."""
    # Split no further than is shown: a server may send millions of words.
    line = escape_controls(" ".join(text.split(None, limit))[: limit + 1])
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def invalid(name: str, text: str) -> InvalidInputs:
    """Return the error that ``text`` is wrong with the input or argument ``name``."""
    return InvalidInputs(f"{name}: {text}", problems={name: text})


def is_huge(number: int) -> bool:
    """Whether an integer has more than some 300 digits: no float holds it, and no tool means it."""
    return number.bit_length() > 1000


def nearest(given: object, known: Iterable[str], shown_as: Mapping[str, str] | None = None) -> str:
    """``"; nearest: 'a', 'b'"`` for the known values most like ``given``, or the first few.

    Values that contain what was given come first: people type the beginning of a long name.
    ``shown_as`` is what stands for a value in the message, where that is not its ``repr``.
    """
    values = list(dict.fromkeys(known))
    if not values:
        return ""

    def quoted(found: Iterable[str]) -> list[str]:
        texts = (shorten(repr(each), 60) if shown_as is None else shown_as[each] for each in found)
        return list(dict.fromkeys(texts))

    import difflib  # noqa: PLC0415 - slow to import, needed for messages only

    folded = (given[:200] if isinstance(given, str) else shown(given)).casefold()
    by_folded = {value.casefold(): value for value in values}
    holding = [each for each in by_folded if len(folded) > 2 and folded in each]
    close = difflib.get_close_matches(folded, by_folded, n=3, cutoff=0.5)
    near = list(dict.fromkeys([*sorted(holding, key=len), *close]))
    if near:
        return "; nearest: " + ", ".join(quoted(by_folded[each] for each in near)[:3])
    every = quoted(values)
    return "; one of: " + ", ".join(every[:5]) + (", …" if len(every) > 5 else "")


def shown(value: object, limit: int = 40) -> str:
    """``value`` where that is safe to show, its type otherwise: no ``repr`` of a caller's runs."""
    if value is None or type(value) in (bool, float, int, str):
        try:
            return shorten(repr(value), limit)
        except ValueError:
            # Python prints no integer of some thousand digits.
            return "a number that is too large"
    return type(value).__name__


SURROGATE: Final = re.compile("[\ud800-\udfff]")
HALF: Final = "holds half a character (an unpaired surrogate)"
"""What is said of text in which :data:`SURROGATE` is found."""


def name_inputs(error: BaseException, names: Mapping[str, str]) -> None:
    """Have an error of a run call inputs by their Python ``names``, Wiro's in brackets: at the
    beginning of a line, and where Wiro says ``[inputImage]``."""
    if not names or not isinstance(error, (InvalidInputs, ApiError)):
        return
    either = "|".join(map(re.escape, names))
    pattern = rf"(?m)(^|\[)({either})((?:\[\d+\])?)(?=[:\]])"
    text = re.sub(pattern, lambda m: f"{m[1]}{names[m[2]]}{m[3]} ({m[2]})", str(error))
    error.args = (text, *error.args[1:])
    if isinstance(error, InvalidInputs):
        error.problems = {
            re.sub(rf"^({either})(?=$|\[)", lambda m: names[m[1]], name): problem
            for name, problem in error.problems.items()
        }
