"""Names in Python: a type of their own, made from untrusted text here and nowhere else.

An :class:`Identifier` is ASCII, no keyword, and cannot be built from a plain string, so whatever
reaches a template as one is safe to print into source.
"""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NoReturn

from wirogen.common.text import DEVICES, decomposed

_NOT_ASCII: Final = re.compile("[^\x00-\x7f]")
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_LOWER_THEN_UPPER: Final = re.compile(r"([a-z])([A-Z])|([0-9])([A-Z][a-z])")
_UPPERS_THEN_WORD: Final = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z])")
_ONE_CAMEL_WORD: Final = re.compile(r"[A-Za-z0-9]+\Z")
_PACKAGE: Final = re.compile(r"[a-z_][a-z0-9_]{0,99}\Z")
_TAKEN_PACKAGES: Final = frozenset({"wiro", "wiro_runtime", "wirogen", "tests"})
_MAX_LENGTH: Final = 100
_PARAMETER_LENGTH: Final = 58

KEYWORDS: Final = frozenset(keyword.kwlist)

# Names that annotations in a validator use: a field of that name would change their meaning.
_BUILTIN_TYPES: Final = frozenset(
    "bool bytes complex dict float frozenset int list object set str tuple type".split()
)
# Attributes of pydantic's BaseModel and of ToolInputs, which a field must not hide. They are
# written down rather than looked up, so that a pydantic release cannot change generated names.
MODEL_ATTRIBUTES: Final = frozenset(
    """
    construct copy dict from_orm json parse_file parse_obj parse_raw schema schema_json
    update_forward_refs validate wire wire_values
    model_computed_fields model_config model_construct model_copy model_dump model_dump_json
    model_extra model_fields model_fields_set model_json_schema model_parametrized_name
    model_post_init model_rebuild model_validate model_validate_json model_validate_strings
    """.split()
)
# Parameters that run() and submit() have for every tool.
RUN_PARAMETERS: Final = frozenset(
    "client timeout on_update callback_url previous max_cost allow_unknown".split()
)
# Functions that a generated function calls.
_CALLED: Final = frozenset({"inputs_of", "price_of"})
INPUT_RESERVED: Final = (
    KEYWORDS | _BUILTIN_TYPES | MODEL_ATTRIBUTES | RUN_PARAMETERS | _CALLED | {"self", "cls"}
)
# Module-level names of a generated client.
CLASS_RESERVED: Final = frozenset(
    """
    Any Callable Client Default Dollars Earlier False FileLike Final Inputs Literal LoraChoice
    LoraOption LoraSetting Mapping None OnUpdate Price ResultT Sequence TOOL TaskT True TypeAlias
    """.split()
)
# Modules and packages are files, so names that cannot be files everywhere are none of theirs.
PROJECT_RESERVED: Final = KEYWORDS | DEVICES
OWNER_RESERVED: Final = PROJECT_RESERVED | {"catalogue"}


class Safe(str):
    """Text that templates may print as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


class Identifier(Safe):
    """A sound Python name. Only this module's functions make one."""

    __slots__ = ()

    def __new__(cls, *_: Any) -> NoReturn:
        raise TypeError("an Identifier is made by the functions of wirogen.plan.identifiers")

    def __reduce__(self) -> tuple[Callable[[str], Identifier], tuple[str]]:
        return own, (str(self),)


def own(text: str) -> Identifier:
    """``text`` as the name that it is, such as one that this project chose itself. Raises
    ``ValueError`` when it is none."""
    if not (text.isascii() and text.isidentifier()) or text in KEYWORDS:
        raise ValueError(f"not an identifier: {text!r}")
    return str.__new__(Identifier, text)


def _ascii(char: str) -> str:
    if char.isalnum():
        folded = char.upper().casefold()  # the Turkish dotless i is an I
        return folded if folded.isascii() else f" u{ord(char):x} "
    return "" if unicodedata.combining(char) else " "


def words(text: str, *, split_camel: bool) -> tuple[str, ...]:
    """The ASCII words of a text. Letters without an ASCII form become their code points
    (``日`` is ``u65e5``), ``+`` counts as a word, so ``dpmsolver++`` is not ``dpmsolver``.
    Letters that not every supported Python knows separate words, as blanks do."""
    folded = _NOT_ASCII.sub(lambda match: _ascii(match[0]), decomposed(text)).replace("+", " plus ")
    if folded[:1] == "-" and folded[1:2].isdigit():
        folded = f"minus {folded[1:]}"
    if split_camel:
        folded = _LOWER_THEN_UPPER.sub(r"\1\3 \2\4", folded)
        folded = _UPPERS_THEN_WORD.sub(" ", folded)
    return tuple(_WORD.findall(folded))


def snake(
    text: str,
    *,
    prefix: str,
    split_camel: bool,
    reserved: frozenset[str],
    length: int = _MAX_LENGTH,
) -> Identifier:
    """``negativePrompt`` becomes ``negative_prompt``; ``prefix`` goes before a leading digit and
    stands for a text without letters; reserved names get a ``_`` behind them."""
    name = "_".join(words(text, split_camel=split_camel)).lower()[:length].rstrip("_")
    if not name or name[0].isdigit():
        name = f"{prefix}_{name}"[:length].rstrip("_")
    return own(f"{name}_" if name in reserved or name in KEYWORDS else name)


def parameter_name(text: str, *, split_camel: bool) -> Identifier:
    """The parameter of an input. With the number that tells it apart from another one, it still
    is within the 64 characters that tool calling allows a key."""
    return snake(
        text,
        prefix="input",
        split_camel=split_camel,
        reserved=INPUT_RESERVED,
        length=_PARAMETER_LENGTH,
    )


def camel(text: str, *, reserved: Collection[str] = (), suffix: str = "") -> Identifier:
    """``selectedModel`` becomes ``SelectedModel``, with ``suffix`` behind it; reserved names get
    ``Options`` behind them."""
    parts = words(text, split_camel=True)
    name = "".join(part[0].upper() + part[1:] for part in parts)
    name = name[: _MAX_LENGTH - len(suffix)] + suffix
    if not name or name[0].isdigit():
        name = f"Input{name}"
    return own(f"{name}Options" if name in reserved else name)


def constant(text: str) -> Identifier:
    """``Ostris/Emotion Happy Slider v1.0`` becomes ``OSTRIS_EMOTION_HAPPY_SLIDER_V1_0``. Capitals
    separate words only in a text that is one word (``EulerDiscreteScheduler``)."""
    parts = words(text, split_camel=bool(_ONE_CAMEL_WORD.match(text)))
    name = "_".join(parts).upper()[:_MAX_LENGTH].rstrip("_")
    if not name or name[0].isdigit():
        name = f"VALUE_{name}".rstrip("_")
    return own(name)


def package_name(name: str) -> Identifier:
    """The name of an import package of another project. Raises ``ValueError``, with the
    end of a sentence, for one that would hide another package or cannot be imported."""
    if not _PACKAGE.match(name) or name in KEYWORDS:
        raise ValueError("must be a name in lower case that Python can import, such as my_tools")
    if name in _TAKEN_PACKAGES or name in sys.stdlib_module_names:
        raise ValueError("is the name of another package")
    return own(name)


def with_suffix(name: Identifier, suffix: str) -> Identifier:
    """``name`` with ``_suffix`` behind it; the suffix is folded like any other text."""
    tail = "_".join(words(suffix, split_camel=False)) or "blank"
    return own(f"{name.rstrip('_')}_{tail.upper() if name.isupper() else tail.lower()}")


def number_duplicates(
    wanted: Sequence[tuple[str, Identifier]],
    *,
    reserved: frozenset[str],
    aliases: Sequence[str] = (),
) -> list[Identifier]:
    """One distinct identifier for each (text, identifier) pair, in order.

    Who is written exactly like its identifier keeps it; the others take the next free number.
    None is one of ``aliases``, the other names of each in the same order, but its own.
    """
    taken: set[str] = set(reserved)
    result: dict[int, Identifier] = {}
    exact_first = sorted(
        range(len(wanted)), key=lambda index: (wanted[index][0] != wanted[index][1], index)
    )
    plain = {name for _, name in wanted}
    known = set(aliases)
    last: defaultdict[str, int] = defaultdict(lambda: 1)
    for index in exact_first:
        wish = name = wanted[index][1]
        alias = aliases[index] if aliases else None
        if name in taken or (name in known and name != alias):
            # From the last number that was given: a document may want one name thousands of times.
            number = last[wish]
            while name in taken or name in plain or (name in known and name != alias):
                number += 1
                name = own(f"{wish.rstrip('_')}_{number}")
            last[wish] = number
        taken.add(name)
        result[index] = name
    return [result[index] for index in range(len(wanted))]


def distinguish(
    wanted: Sequence[tuple[str, Identifier]], suffix: Callable[[str], str]
) -> list[Identifier]:
    """One distinct identifier for each (key, identifier) pair with distinct keys, in order.

    Every member of a group that shares a name gets ``suffix(key)``, so that no name silently
    changes its meaning when another member appears.
    """
    counts = Counter(name for _, name in wanted)
    names = [with_suffix(name, suffix(key)) if counts[name] > 1 else name for key, name in wanted]
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        groups[name].append(index)
    taken = set(names)
    for members in groups.values():
        for position, index in enumerate(members[1:], start=2):
            number = position
            while (candidate := own(f"{names[index]}_{number}")) in taken:
                number += 1
            taken.add(candidate)
            names[index] = candidate
    return names


DEFAULT_PACKAGE: Final = own("wiro_tools")
"""The import package that the project itself publishes."""
