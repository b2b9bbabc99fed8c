"""Names outside of Python: of operations, functions for language models, shell options, pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from wirogen.common.text import DEVICES
from wirogen.plan.identifiers import Identifier, words
from wirogen.specs.names import tool_hash

MAX_FUNCTION_NAME: Final = 64
"""OpenAI's limit, the lowest of all; they take letters, digits, ``_`` and ``-``."""

RUN_OPTIONS: Final = frozenset(
    {
        "allow-unknown", "callback-url", "dry-run", "help", "input-json", "json", "lora",
        "max-cost", "no-download", "no-wait", "out", "stream", "timeout",
    }
)  # fmt: skip
"""Options of ``wiro-tools run`` itself. The generator runs without the run time, so they stand
here as well as there, and a test compares them."""

_CALL_KEY: Final = re.compile(rf"[A-Za-z0-9_.-]{{1,{MAX_FUNCTION_NAME}}}\Z")
_SLUG_LENGTH: Final = 60
_TAKEN_SLUGS: Final = DEVICES | {"index"}


def function_name(tool: str, owner: Identifier, project: Identifier) -> str:
    """A name that stays as long as the tool's id and is within every limit."""
    name = f"{owner}__{project}"
    if len(name) <= MAX_FUNCTION_NAME:
        return name
    mark = tool_hash(tool)
    return f"{name[: MAX_FUNCTION_NAME - len(mark) - 1]}_{mark}"


def call_key(wiro: str, parameter: Identifier) -> str:
    """The key of an input in a call by a language model: Wiro's name where it is within every
    limit, else the parameter's, which never is Wiro's name of another input."""
    return wiro if _CALL_KEY.match(wiro) else str(parameter)


def shell_options(names: Iterable[Identifier]) -> list[str]:
    """The option of each parameter behind ``wiro-tools run``, without the dashes."""
    taken = set(RUN_OPTIONS)
    options: list[str] = []
    for name in names:
        option = name.replace("_", "-").strip("-") or str(name)
        while option in taken:
            option = f"input-{option}"
        taken.add(option)
        options.append(option)
    return options


def category_slug(name: str) -> str:
    """A file name for a category or tag; spellings that differ only in case, accents or signs
    (``Image to Image``, ``image_to_image``) share it."""
    plain = "-".join(words(name, split_camel=True)).lower()
    if plain and plain not in _TAKEN_SLUGS and len(plain) <= _SLUG_LENGTH:
        return plain
    return f"{plain[:_SLUG_LENGTH] or 'category'}-{tool_hash(plain or name)}"
