"""What is odd about a document that could be read: its head, inputs, samples and commands."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from wirogen.common.json_values import number, same
from wirogen.common.text import shorten
from wirogen.diagnostics.model import position_at
from wirogen.document.grammar import INTEGRATION, RUN
from wirogen.document.head import Head
from wirogen.document.inputs import RawInput
from wirogen.document.json_decoding import JsonError
from wirogen.document.layout import Layout
from wirogen.document.page import Page, Report
from wirogen.document.source_map import SourceMap
from wirogen.document.tail import Block, Body
from wirogen.merge.snapshots import SAMPLE_SIZE
from wirogen.merge.wire import CALLBACK, Decision, is_picker, wire_value
from wirogen.specs import Json
from wirogen.specs.model import CHOICE_TYPES, KNOWN_TYPES, NUMBER_TYPES
from wirogen.specs.names import folded
from wirogen.specs.sliders import slider_fault

_RUN_PREFIX: Final = "https://api.wiro.ai/v1/Run/"
_DETAIL: Final = "https://api.wiro.ai/v1/Task/Detail"
_UNUSUAL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_HELP: Final = "-help"
_HELP_KEY: Final = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*-help")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")


def check_text(report: Report, layout: Layout, source_map: SourceMap) -> None:
    """Characters that a reader does not see, once for each span; and mixed line ends."""
    text = layout.text
    if _UNUSUAL.search(text):
        spans = list(source_map.spans)
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
        if item.type in NUMBER_TYPES and item.default and number(item.default) is None:
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
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        report.add("D306", item.at["default"], item.name, message + shorten(told))


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
    sample = picker and len(item.options) == SAMPLE_SIZE
    if item.type in CHOICE_TYPES and item.default:
        many = item.type == "multiselect"
        chosen = wire_value(item.default, "array" if many else "string", item.options)
        each = chosen if isinstance(chosen, list) else [chosen]
        missing = [text for text in map(str, each) if text not in values]
        if missing:
            message = f"has default {shorten(missing[0])}, which is not among the options shown"
            report.add("D201", item.at["default"], item.name, message)
    if sample:
        message = f"shows {SAMPLE_SIZE} models, as many as a random sample has"
        report.add("D203", item.at["options"], item.name, message)


def _plain(key: str) -> str:
    return _NOT_WORD.sub("", key.lower())


_CURL: Final = re.compile(r"curl\s+-X\s+POST\s+\"([^\"]*)\"")
_MOST_NAMED: Final = 5
_MULTIPART: Final = "multipart/form-data"
_SIGN: Final = re.compile(r"openssl\s+dgst\b[^\n`]*")
_BARE_OUTPUT: Final = re.compile(r"-binary|-r\b|\|\s*(?:sed|awk|cut|xxd|tr|grep)\b")


def check_samples(
    page: Page,
    blocks: list[Block],
    run: Block | None,
    body: Body | JsonError | None,
    run_endpoint: str,
) -> None:
    """Reports samples that are not JSON or cannot be used as they are printed. ``body`` is that
    of the Run Command, ``run``."""
    report = page.report
    if run is None:
        report.add("D308", len(page.text), RUN, "is missing")
    contradictions: list[int] = []
    for block in blocks:
        if block.code < 0 or not block.known:
            continue
        if block.title == INTEGRATION:
            _check_signing(page, block)
        command = block.language != "json"
        if block is run:
            _check_address(page, block, run_endpoint)
            _check_body(page, block, body)
        elif block.json >= 0 and block.closed:
            _check_json(page, block)
        if command and block.json >= 0:
            at = page.text.find(_MULTIPART, block.code, block.json)
            if at >= 0:
                contradictions.append(at)
    if contradictions:
        count = len(contradictions)
        message = f"{count} request{'s' * (count > 1)} with {_MULTIPART} over a JSON body"
        report.add("D302", contradictions[0], "", message)


def check_commands(
    page: Page,
    commands: Sequence[tuple[Block, Body | JsonError]],
    run: Block | None,
    body: Body | JsonError | None,
) -> None:
    """Reports Run Commands that do not send what ``run`` sends, which is the one that counts."""
    for block, other in commands:
        if run is None or block is run:
            continue
        if isinstance(body, Body) and isinstance(other, Body):
            differing = _differing(body.shown(), other.shown())
            if not differing:
                continue
            said = f"sends another {', '.join(differing[:_MOST_NAMED])}"
        else:
            said = "has no body that can be read"
        here, place = (position_at(page.text, each.start) for each in (block, run))
        message = (
            f"is there twice: the one at {here.line}:{here.column} {said}; "
            f"the one at {place.line}:{place.column} counts"
        )
        page.report.add("D313", block.start, RUN, message)


def _differing(one: Mapping[str, Json], other: Mapping[str, Json]) -> list[str]:
    return [
        shorten(key)
        for key in {**one, **other}
        if key not in one or key not in other or not same(one[key], other[key])
    ]


def _check_signing(page: Page, block: Block) -> None:
    match = _SIGN.search(page.text, block.code, block.code_end)
    if match and "-hmac" in match.group() and not _BARE_OUTPUT.search(match.group()):
        message = "takes the signature from openssl with the text that openssl prints before it"
        page.report.add("D307", match.start(), block.title, message)


def _check_address(page: Page, block: Block, endpoint: str) -> None:
    match = _CURL.search(page.text, block.code, block.code_end)
    if match and unquote(match.group(1)) != unquote(endpoint):
        message = f"calls {shorten(match.group(1))}, not the Run endpoint"
        page.report.add("D309", match.start(1), block.title, message)


def _check_body(page: Page, block: Block, body: Body | JsonError | None) -> None:
    report = page.report
    if isinstance(body, JsonError):
        if block.json >= 0:
            message = f"has a body that is not JSON: {_fault(page, body)}"
            report.add("D301", body.offset, RUN, message)
        report.add("D308", body.offset, RUN, "has no body that can be read")
    if not isinstance(body, Body):
        return
    if body.wrong:
        message = f"has a body that is not quite JSON: {_fault(page, body.wrong)}"
        report.add("D301", body.wrong.offset, RUN, message)
    quote = page.text.find("'", body.start, body.end)
    if quote >= 0:
        report.add("D310", quote, RUN, "has an apostrophe in a body between apostrophes")
    seen: set[str] = set()
    for member in body.members:
        if member.key in seen:
            report.add("D311", member.key_start, member.key, "is sent twice by the Run Command")
        seen.add(member.key)


def _check_json(page: Page, block: Block) -> None:
    if block.wrong:
        message = f"is not JSON: {_fault(page, block.wrong)}"
        page.report.add("D301", block.wrong.offset, block.title, message)
        return
    rest = page.layout.skip(block.json_end, block.code_end)
    if block.language == "json" and rest < block.code_end:
        page.report.add("D301", rest, block.title, "is not JSON: text follows it")


def _fault(page: Page, error: JsonError) -> str:
    """Why, and at which text."""
    reason = error.reason[:1].lower() + error.reason[1:]
    return f"{reason} at {shorten(page.text[error.offset : error.offset + 80], 24)}"
