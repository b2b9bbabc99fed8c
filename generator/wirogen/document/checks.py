"""What is odd about the head and the inputs of a document that could be read."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

from wirogen.common.json_values import number
from wirogen.common.text import shorten
from wirogen.document.assemble import RawInput
from wirogen.document.head import Head
from wirogen.document.layout import Layout
from wirogen.document.report import Report
from wirogen.document.source_map import SourceMap
from wirogen.document.tail import Body
from wirogen.merge.wire import CALLBACK, Decision, is_picker
from wirogen.specs import Json
from wirogen.specs.model import CHOICE_TYPES, KNOWN_TYPES
from wirogen.specs.names import folded
from wirogen.specs.sliders import slider_fault

_RUN_PREFIX: Final = "https://api.wiro.ai/v1/Run/"
_DETAIL: Final = "https://api.wiro.ai/v1/Task/Detail"
_SAMPLE_SIZE: Final = 5
_UNUSUAL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_PLAIN: Final = bytes([9, 10, 13, *range(32, 127)])
_NUMBERS: Final = frozenset({"number", "float", "range"})
_HELP: Final = "-help"
_HELP_KEY: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*-help")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")


def check_text(report: Report, layout: Layout, source_map: SourceMap) -> None:
    """Characters that a reader does not see, once for each span; and mixed line ends."""
    text = layout.text
    # Without its plain characters a text is short and quick to search.
    if _UNUSUAL.search(text.encode().translate(None, _PLAIN).decode()):
        spans = source_map.spans
        starts = [span.start for span in spans]
        reported = -1
        for match in _UNUSUAL.finditer(text):
            number = bisect_right(starts, match.start()) - 1
            if number != reported:
                reported = number
                subject = ".".join(map(str, spans[number].path))
                message = f"holds an unusual character: U+{ord(match.group()):04X}"
                report.add("D008", match.start(), subject, message)
    returns = text.count("\r")
    if returns and returns != text.count("\n"):
        report.add("D009", text.index("\r"), "", "has line ends of two kinds")


def check_head(report: Report, head: Head, tool: str) -> None:
    if not head.run.startswith(_RUN_PREFIX):
        message = f"the Run endpoint is not below {_RUN_PREFIX}: {shorten(head.run)}"
        report.add("D109", head.at["run"], "endpoints.run", message)
    if head.detail != _DETAIL:
        message = f"the Detail endpoint is not {_DETAIL}: {shorten(head.detail)}"
        report.add("D109", head.at["detail"], "endpoints.detail", message)
    if folded(head.name) != folded(tool):
        message = f"is displayed as {shorten(head.name)} and called as {shorten(tool)}"
        report.add("D110", head.at.get("name", 0), "name", message)


def check_inputs(
    report: Report, raw: list[RawInput], decisions: list[Decision], body: Body | None
) -> None:
    shown = None if body is None else body.shown()
    unusable = {} if body is None else body.unusable()
    keys: set[str] = set()
    seen = {item.name for item in raw}
    for item, decision in zip(raw, decisions, strict=False):
        if item.type not in KNOWN_TYPES:
            report.add("D105", item.at["type"], item.name, f"has type {shorten(item.type)}")
        if item.type in _NUMBERS and item.default and number(item.default) is None:
            message = f"has default {shorten(item.default)}, which is not a number"
            report.add("D207", item.at["default"], item.name, message)
        if _is_foreign(item):
            keys = keys or {_plain(key) for other in raw for key in (other.name, other.label)}
            if _plain(item.help.removesuffix(_HELP)) in keys:
                message = f"has {shorten(item.help)}, the help of another input"
                report.add("D205", item.at["help"], item.name, message)
        _check_options(report, item)
        if shown is not None and item.name not in unusable:
            _check_shown(report, item, decision, shown)
    for member in body.members if body else ():
        if member.key not in seen and member.key != CALLBACK and member.key not in unusable:
            message = "is in the Run Command, but no input describes it"
            report.add("D305", member.key_start, member.key, message)
    for member in unusable.values():
        if member.wrong is not None and member.key != CALLBACK:
            message = f"has a value in the Run Command that cannot be used: {member.wrong}"
            if member.key not in seen:
                message += "; no input describes it, so it is left out"
            report.add("D312", member.start, member.key, message)


def _check_shown(
    report: Report, item: RawInput, decision: Decision, shown: dict[str, Json]
) -> None:
    if item.name not in shown:
        report.add("D304", item.at["name"], item.name, "is not in the Run Command")
        return
    value = shown[item.name]
    if item.type in {"select", "selectwithcover"} and isinstance(value, list):
        message = f"is a {item.type}, but the Run Command sends a list"
        report.add("D303", item.at["type"], item.name, message)
    if decision.differs:
        message = f"has default {shorten(item.default or '')}, the Run Command sends "
        report.add("D306", item.at["default"], item.name, message + shorten(str(value)))


def _is_foreign(item: RawInput) -> bool:
    """Whether the help is a key, and made neither from the name nor from the label."""
    if item.help in {f"{item.name}{_HELP}", f"{item.label}{_HELP}"}:
        return False
    return _HELP_KEY.fullmatch(item.help) is not None and (
        _plain(item.help.removesuffix(_HELP)) not in {_plain(item.name), _plain(item.label)}
    )


def _check_options(report: Report, item: RawInput) -> None:
    if item.options is None:
        return
    if not item.options:
        report.add("D204", item.at["options"], item.name, "has no options")
        return
    subject = f"{item.name}.options"
    values: set[str] = set()
    for option, at in zip(item.options, item.option_at, strict=True):
        if option.value in values:
            report.add("D202", at, subject, f"has {shorten(option.value)} more than once")
        values.add(option.value)
        for slider in option.generatesettings or ():
            wrong = slider_fault(slider)
            if wrong:
                report.add("D212", at, subject, f"{shorten(option.value)}: {wrong}")
    picker = is_picker(item)
    sample = picker and len(item.options) == _SAMPLE_SIZE
    if item.type in CHOICE_TYPES and item.default:
        chosen = [item.default]
        if item.type == "multiselect" and item.default not in values:
            chosen = [part.strip() for part in item.default.split(",")]
        missing = [value for value in chosen if value not in values]
        if missing:
            message = f"has default {shorten(missing[0])}, which is not among the options shown"
            report.add("D201", item.at["default"], item.name, message)
    if sample:
        message = f"shows {_SAMPLE_SIZE} models, as many as a random sample has"
        report.add("D203", item.at["options"], item.name, message)


def _plain(key: str) -> str:
    return _NOT_WORD.sub("", key.lower())
