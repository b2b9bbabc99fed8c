"""A tool document before it is written down, and the layouts that it can be written in."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DOCUMENTS: Final = Path(__file__).parents[2] / "specs" / "documents" / "wiro"
SAMPLE: Final = 5
"""How many models the short form of a document shows of each list."""

_WHITE: Final = re.compile(r"[ \t\r\n]+")
_CALLBACK: Final = (
    "You can provide a callback URL; Wiro will send a POST request to it when the task is "
    "completed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option; ``description`` is ``None`` for those that are no models."""

    value: str
    label: str
    description: str | None = None
    triggerwords: tuple[str, ...] = ()
    settings: tuple[Mapping[str, Json], ...] = ()

    def lines(self) -> Iterator[str]:
        yield f'    - value: "{self.value}"'
        yield f"      label: {self.label}"
        if self.description is not None:
            yield f"      description: {self.description}"
            yield f"      triggerwords: {_compact(list(self.triggerwords))}"
            yield f"      generatesettings: {_compact([dict(each) for each in self.settings])}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input. ``default`` is as printed; ``shown`` is what the Run Command has for it, if
    ``sends``."""

    name: str
    label: str
    help: str
    type: str
    default: str = ""
    options: tuple[Choice, ...] | None = None
    shown: Json = ""
    sends: bool = True

    @property
    def picker(self) -> bool:
        return any(option.description is not None for option in self.options or ())

    def lines(self, chosen: tuple[Choice, ...] | None) -> Iterator[str]:
        yield f"- name: {self.name}"
        yield f"  label: {self.label}"
        yield f"  help: {self.help}"
        yield f"  type: {self.type}"
        yield f"  default: {self.default}"
        if chosen is not None:
            yield "  options:"
            for option in chosen:
                yield from option.lines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A tool as its page describes it; ``path`` is what stands behind ``/Run/``."""

    number: int
    tool: str
    path: str
    name: str
    word: str
    description: str
    cover: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    fields: tuple[Field, ...]
    inspires: tuple[Mapping[str, str], ...] = ()
    new_tail: bool = True
    flat: bool = True

    def text(self, *, full: bool = False, flat: bool | None = None, sample: int = 0) -> str:
        """The document. ``full``: as ``llms-full.txt`` has it; otherwise model lists show five
        models, and ``sample`` says which."""
        parts = [
            *self._head(),
            *(
                line
                for each in self.fields
                for line in each.lines(self._chosen(each, full, sample))
            ),
        ]
        if full and self.inspires:
            parts += ["", f"## {self.word} Parameter Inspires:", ""]
            parts += [f"- {key}: {value}" for each in self.inspires for key, value in each.items()]
        before, after = _tails()[self.new_tail]
        run = (
            f'curl -X POST "https://api.wiro.ai/v1/Run/{self.path}" -H "Content-Type: '
            'multipart/form-data" -H "x-api-key: ${YOUR_API_KEY}" -H "x-nonce: ${NONCE}" '
            f"-H \"x-signature: ${{SIGNATURE}}\" -d '{self._body()}';"
        )
        title = "## Run Command - Make HTTP Post Request"
        parts += ["", before, "", title, "", "```bash", run, "```", "", after]
        text = "\n".join(parts)
        if self.flat if flat is None else flat:
            return _WHITE.sub(" ", text)
        return text + "\n"

    def _head(self) -> Iterator[str]:
        yield "## Basic tool info"
        yield ""
        for key, value in {
            "name": self.name,
            "description": self.description,
            "cover": self.cover,
        }.items():
            yield f"{self.word} {key}: {value}"
        for key, items in {"categories": self.categories, "tags": self.tags}.items():
            if items or key == "categories":
                yield f"{self.word} {key}:"
                yield from (f"- {item}" for item in items)
        yield f"Run Task Endpoint (POST): https://api.wiro.ai/v1/Run/{self.path}"
        yield "Get Task Detail Endpoint (POST): https://api.wiro.ai/v1/Task/Detail"
        yield ""
        yield f"## {self.word} Inputs:"
        yield ""

    def _chosen(self, each: Field, full: bool, sample: int) -> tuple[Choice, ...] | None:
        if full or not each.picker or each.options is None or len(each.options) <= SAMPLE:
            return each.options
        picker = randomness(f"{self.tool}:{each.name}:{sample}")
        return tuple(picker.sample(each.options, SAMPLE))

    def _body(self) -> str:
        body: dict[str, Json] = {each.name: each.shown for each in self.fields if each.sends}
        return json.dumps({**body, "callbackUrl": _CALLBACK}, ensure_ascii=False, indent=2)


@cache
def _tails() -> dict[bool, tuple[str, str]]:
    """What stands before and behind the Run Command on old and new pages, in lines; it is the
    same on all of them, so it is taken from the two real documents."""
    found: dict[bool, tuple[str, str]] = {}
    for new, name in {False: "instant-id-lora.txt", True: "text-to-image-sd-lora.txt"}.items():
        text = (DOCUMENTS / name).read_text("utf-8")
        start = text.index("## Integration Header Prepare")
        run = text.index("## Run Command - Make HTTP Post Request")
        after = text.index("## Run Command - Response")
        found[new] = (_in_lines(text[start:run]), _in_lines(text[after:]))
    return found


def _in_lines(flat: str) -> str:
    text = flat.strip()
    for mark in ("## ", "### ", "```", "- task_"):
        text = text.replace(f" {mark}", f"\n{mark}")
    text = re.sub(r"(```(?:bash|json)) ", r"\1\n", text)
    text = re.sub(r"\n(##+ .*?) (?=This section|These )", r"\n\1\n", text)
    return text.replace("\n##", "\n\n##")


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def randomness(seed: str) -> random.Random:
    """The same numbers for the same seed, whatever was drawn before."""
    return random.Random(seed)  # noqa: S311 - plausible texts, no secrets
