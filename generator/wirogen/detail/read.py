"""The JSON of Tool/Detail → values, with whatever is odd in it told apart from what is meant."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NoReturn

from wirogen.common.files import sha256
from wirogen.common.json_values import decimal, parse_json
from wirogen.common.limits import DIGITS, LAST_TIME, RUNS
from wirogen.common.text import WHITE, counted, shorten
from wirogen.diagnostics.model import Diagnostic, Position, input_error
from wirogen.specs import Described, Json, Option, TaskStat, ToolSpec
from wirogen.specs.checks import (
    amount_problem,
    duration_problem,
    https_problem,
    readme_problem,
)
from wirogen.specs.model import DETAIL_TEXTS, LIST_TYPES
from wirogen.specs.names import tool_name_problem

_API: Final = "https://api.wiro.ai/v1"
_COUNT_DIGITS: Final = 20
_NO_TEXT: Final = frozenset({"parameters", "categories", "tags", "samples", "inspire", "taskstat"})
"""Keys whose values are lists and objects."""


@dataclass(slots=True, kw_only=True)
class DetailItem(Described):
    """One parameter. Limits are decimal numbers in text; ``required`` is ``None`` where the
    response does not say. ``options`` is ``None`` where the response has no list,
    ``partial`` says that some could not be read."""

    required: bool | None
    minimum: str | None
    maximum: str | None
    step: str | None
    partial: bool = False
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """All that it says to people, by the keys of the response; the first is the help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One tool. ``tools`` are the ids that may mean it: as the response spells it, and as slugs,
    which come first. ``spec`` is all that it says but for ``items``, its parameters; ``sha256`` is
    the hash of the bytes that were read, ``path`` what messages call the file."""

    tools: tuple[str, ...]
    spec: ToolSpec
    items: tuple[DetailItem, ...]
    sha256: str
    path: str
    diagnostics: tuple[Diagnostic, ...]


def looks_like_detail(data: bytes) -> bool:
    """Whether the bytes are meant as JSON, which no tool document is."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def read_detail(data: bytes, *, path: str) -> Detail:
    """Raises :class:`InputError` (T001) for what is no response of Tool/Detail with one tool."""
    return _Reader(path).read(data)


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []

    def fail(self, message: str, place: Position | None = None) -> NoReturn:
        raise input_error("T001", message, self.path, place)

    def odd(self, code: str, subject: str, message: str) -> None:
        self.diagnostics.append(
            Diagnostic(code=code, message=message, path=self.path, subject=subject)
        )

    def read(self, data: bytes) -> Detail:
        tool = self._tool(data)
        ids = [
            f"{_id(tool.get(owner))}/{_id(tool.get(project))}"
            for owner, project in (
                ("cleanslugowner", "cleanslugproject"),
                ("slugowner", "slugproject"),
            )
        ]
        tools = tuple(dict.fromkeys(each for each in ids if tool_name_problem(each) is None))
        if not tools:
            self.fail("does not name its tool: slugowner and slugproject are missing or odd")
        items: dict[str, DetailItem] = {}
        for each in self._parameters(tool.get("parameters")):
            item = self._item(each)
            if items.setdefault(item.name, item) != item:
                self.odd("T108", item.name, "is listed twice; the first one counts")
        spec = ToolSpec(
            tool=tools[0],
            name=self._prose(tool, "title") or tools[0],
            description=self._prose(tool, "description"),
            cover=self._prose(tool, "image") or None,
            categories=self._texts(tool, "categories"),
            tags=self._texts(tool, "tags"),
            endpoints={"run": f"{_API}/Run/{tools[0]}", "detail": f"{_API}/Task/Detail"},
            inputs=(),
            dynamicprice=self._price(tool.get("dynamicprice")),
            examples=self._examples(tool.get("inspire")),
            samples=self._samples(tool.get("samples")),
            readme=self._fact("readme", self._prose(tool, "readme"), readme_problem),
            computingtime=self._fact("computingtime", tool.get("computingtime"), duration_problem),
            cps=self._fact("cps", tool.get("cps"), amount_problem),
            approximatelycost=self._fact(
                "approximatelycost", tool.get("approximatelycost"), amount_problem
            ),
            taskstat=self._taskstat(tool.get("taskstat")),
        )
        return Detail(
            tools=tools,
            spec=spec,
            items=tuple(items.values()),
            sha256=sha256(data),
            path=self.path,
            diagnostics=tuple(self.diagnostics),
        )

    def _tool(self, data: bytes) -> Mapping[str, Json]:
        try:
            response = parse_json(
                data,
                parse_float=_float_or_text,
                parse_int=_int_or_text,
                parse_constant=_refuse,
            )
        except json.JSONDecodeError as error:
            self.fail(f"is not JSON: {error.msg.lower()}", Position(error.lineno, error.colno))
        except ValueError as error:
            self.fail(f"is not JSON: {str(error).lower()}")
        if isinstance(response, dict) and response.get("result") is False:
            self.fail("is an error of Wiro, not a tool")
        tools = response.get("tool") if isinstance(response, dict) else response
        tool = response if tools is None else tools
        if isinstance(tool, list):
            if len(tool) != 1:
                self.fail(f"holds {len(tool)} tools; one is wanted")
            tool = tool[0]
        if not isinstance(tool, dict):
            self.fail("is no response of Tool/Detail: there is no tool in it")
        tool = {key: _decoded(value) if key in _NO_TEXT else value for key, value in tool.items()}
        if not isinstance(tool.get("parameters"), list | None):
            self.fail("is no response of Tool/Detail: 'parameters' is not a list")
        return tool

    def _parameters(self, groups: Json) -> list[Mapping[str, Json]]:
        """The parameters of all groups."""
        found: list[Mapping[str, Json]] = []
        for group in groups if isinstance(groups, list) else []:
            items = group.get("items") if isinstance(group, dict) else None
            known = _mappings(items)
            found += known
            if group is not None and (not isinstance(items, list) or len(known) < len(items)):
                shown = shorten(json.dumps(group, ensure_ascii=False))
                message = f"has a group {shown}, which is no list of items; it is left out"
                self.odd("T108", "parameters", message)
        return found

    def _item(self, item: Mapping[str, Json]) -> DetailItem:
        name = _id(item.get("id"))
        if not name:
            self.fail("has a parameter without an id")
        low, high, step = (self._limit(name, key, item.get(key)) for key in ("min", "max", "step"))
        if step is not None and Decimal(step) <= 0:
            self.odd("T102", name, f"has step {step}, which is not above 0")
            step = None
        if low is not None and high is not None and Decimal(low) > Decimal(high):
            self.odd("T102", name, f"has min {low} above max {high}; neither is used")
            low = high = None
        options, partial = self._options(name, item.get("options"))
        type_ = self._prose(item, "type", name) or "text"
        texts = {key: text for key in DETAIL_TEXTS if (text := self._prose(item, key, name))}
        defaults = [self._default(item, key, name, type_) for key in ("value", "default")]
        return DetailItem(
            name=name,
            type=type_,
            label=self._prose(item, "label", name),
            help=next(iter(texts.values()), ""),
            default=next((each for each in defaults if each.strip(WHITE)), None),
            required=self._required(name, item.get("required")),
            minimum=low,
            maximum=high,
            step=step,
            options=options,
            partial=partial,
            texts=texts,
        )

    def _options(self, name: str, value: Json) -> tuple[tuple[Option, ...] | None, bool]:
        """The options that can be read, and whether there are others."""
        if not isinstance(value, list):
            if value:
                self.odd("T106", name, "has options that cannot be read: they are no list")
            return None, bool(value)
        found = [option for each in value if (option := self._option(each, name)) is not None]
        lost = len(value) - len(found)
        if lost:
            noun = counted(lost, "option")
            self.odd("T106", name, f"has {noun} of {len(value)} in a shape that is not known")
        return (tuple(found) if found or not lost else None), bool(lost)

    def _option(self, value: Json, name: str) -> Option | None:
        """One option, ``None`` where its shape is not known: it has a value, which may be blank."""
        given = value.get("value") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(given, str | int | float):
            return None
        return Option(
            value=_text(given),
            label=self._prose(value, "text", name) or self._prose(value, "label", name),
            description=self._prose(value, "description", name) or None,
        )

    def _default(self, item: Mapping[str, Json], key: str, name: str, type_: str) -> str:
        """A default in text, as documents have it: values of a list stand between commas."""
        value = item.get(key)
        if not value or not isinstance(value, list | dict):
            return _text(value)
        if isinstance(value, list) and type_ in LIST_TYPES:
            texts = [_text(each) for each in value]
            if all(text and text == text.strip(WHITE) and "," not in text for text in texts):
                return ",".join(texts)
        self._left_out(key, value, name)
        return ""

    def _prose(self, item: Mapping[str, Json], key: str, name: str = "") -> str:
        """A text that people read; ``name`` is the input that it is about."""
        value = item.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        self._left_out(key, value, name)
        return ""

    def _texts(self, tool: Mapping[str, Json], key: str) -> tuple[str, ...]:
        values = tool.get(key)
        if not isinstance(values, list):
            values = [values]
        return tuple(text for each in values if (text := self._prose({key: each}, key)))

    def _required(self, name: str, value: Json) -> bool | None:
        flags = {"true": True, "1": True, "false": False, "0": False}
        known = flags.get(_text(value).lower())
        if known is None and value:
            self._left_out("required", value, name)
        return known

    def _limit(self, name: str, key: str, value: Json) -> str | None:
        if value is None or isinstance(value, bool) or value == "":
            return None
        text = _text(value).strip()
        if decimal(text) is not None:
            return text
        self.odd("T102", name, f"has {key} {shorten(text)}, which is not a number")
        return None

    def _price(self, value: Json) -> Json:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return parse_json(value)
        except ValueError:
            self.odd("T103", "dynamicprice", "is not JSON; it is kept as text")
            return value

    def _fact(self, key: str, value: Json, problem: Callable[[str], str | None]) -> str | None:
        """A text or number that ``problem`` has nothing against; what is blank is absent."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        odd = isinstance(value, bool) or not isinstance(value, str | int | float)
        text = "" if odd else _text(value).strip()
        if odd or problem(text):
            self._left_out(key, value)
            return None
        return text

    def _samples(self, value: Json) -> tuple[str, ...]:
        if not value:
            return ()
        if not isinstance(value, list):
            self._left_out("samples", value)
            return ()
        found = [self._fact("samples", each, https_problem) for each in value]
        return tuple(dict.fromkeys(each for each in found if each is not None))

    def _examples(self, value: Json) -> tuple[Mapping[str, str], ...]:
        """The example inputs of ``inspire``. A list is JSON, as in documents; an object, or a list
        of them, is left out."""
        sets = _mappings(value)
        if value and (not isinstance(value, list) or len(sets) < len(value)):
            self._left_out("inspire", value)
        found = (
            {key: text for key, given in each.items() if (text := _example(given)) is not None}
            for each in sets
        )
        return tuple(each for each in found if each)

    def _taskstat(self, value: Json) -> TaskStat | None:
        if not value:
            return None
        if not isinstance(value, dict):
            self._left_out("taskstat", value)
            return None
        found = TaskStat(
            runcount=self._count(value, "runcount", RUNS),
            successcount=self._count(value, "successcount", RUNS),
            errorcount=self._count(value, "errorcount", RUNS),
            lastruntime=self._count(value, "lastruntime", LAST_TIME),
        )
        return None if found == TaskStat() else found

    def _count(self, counts: Mapping[str, Json], key: str, most: int) -> int | None:
        value = counts.get(key)
        text = "" if isinstance(value, bool) else _text(value).strip()
        if value is None or (isinstance(value, str) and not text):
            return None
        found = _whole(text) if key != "lastruntime" else _whole(text, _seconds(text))
        if found is None or not 0 <= found <= most:
            self._left_out(f"taskstat.{key}", value)
            return None
        return found

    def _left_out(self, key: str, value: Json, name: str = "") -> None:
        shown = shorten(value if isinstance(value, str) else json.dumps(value))
        verb = f"has {key}" if name else "is"
        self.odd("T108", name or key, f"{verb} {shown}, which makes no sense; it is left out")


def _whole(text: str, otherwise: int | None = None) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= _COUNT_DIGITS
    return int(text) if plain else otherwise


def _seconds(text: str) -> int | None:
    """A date or time of ISO 8601 in seconds since 1970; without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _float_or_text(text: str) -> float | str:
    """A number that no float holds is kept as the text that it is."""
    return text if decimal(text) is None else float(text)


def _int_or_text(text: str) -> int | str:
    return text if len(text) > DIGITS else int(text)


def _mappings(value: Json) -> list[Mapping[str, Json]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _id(value: Json) -> str:
    return "" if isinstance(value, bool) else _text(value)


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return json.dumps(value)
    return ""


def _decoded(value: Json) -> Json:
    """A list or object, which may be written as JSON in text, as ``dynamicprice`` is."""
    if not isinstance(value, str) or value.strip()[:1] not in ("[", "{"):
        return value
    try:
        return parse_json(value)
    except ValueError:
        return value


def _example(value: Json) -> str | None:
    if isinstance(value, list) and value and all(isinstance(x, str | int | float) for x in value):
        return json.dumps(value, ensure_ascii=False)
    return _text(value) if isinstance(value, str | int | float) else None
