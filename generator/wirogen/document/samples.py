"""What is odd about the samples and commands at the end of a document."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from wirogen.common.json_values import same
from wirogen.common.text import shorten
from wirogen.diagnostics.model import position_at
from wirogen.document.grammar import INTEGRATION, RUN
from wirogen.document.json_decoding import JsonError
from wirogen.document.page import Page
from wirogen.document.tail import Block, Body
from wirogen.specs import Json

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
