"""Puts the readers together: a tool document in, a spec and what is odd about it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice, starmap
from typing import Final

from wirogen.common.limits import PREAMBLE
from wirogen.common.text import WHITE
from wirogen.diagnostics.model import Diagnostic
from wirogen.document.checks import (
    check_commands,
    check_head,
    check_inputs,
    check_samples,
    check_text,
)
from wirogen.document.examples import ExampleReader
from wirogen.document.fields import Fields, Start
from wirogen.document.grammar import (
    HEADING,
    NAME,
    RUN,
    START,
    TAIL,
    WORDS,
    head_key,
    inspires_title,
)
from wirogen.document.head import Head, read_head
from wirogen.document.inputs import InputReader, RawInput, assemble
from wirogen.document.json_decoding import JsonError
from wirogen.document.layout import detect
from wirogen.document.page import Page, Report, read
from wirogen.document.source_map import Form, Row, SourceMap, Span, with_gaps
from wirogen.document.tail import (
    Block,
    Body,
    find_tail,
    is_complete,
    run_body,
    shows_later_sections,
    walk,
)
from wirogen.merge.wire import CALLBACK, Decision
from wirogen.specs import Finding, Input, Json, Section, Source, ToolSpec
from wirogen.specs.names import ToolIdError, tool_id

_MOST_REPORTED: Final = 20


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document that was read: its text (without a byte order mark) and line end, the spec, the
    diagnostics, and (``recorded``) the spans that were read."""

    path: str
    text: str
    newline: str
    spec: ToolSpec
    diagnostics: tuple[Diagnostic, ...]
    recorded: tuple[Row, ...] = field(default=(), repr=False)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The spans that tile the text, white space included."""
        return with_gaps(self.text, starmap(Span, self.recorded))


def parse_document(data: bytes | str, *, path: str, document: str = "") -> ParsedDocument:
    """Reads a tool document in either layout.

    ``path`` is the file's name in messages, ``document`` what ``source.document`` says (``path``
    when it is empty). Raises ``InputError`` for what cannot be used: not a tool document, not
    text, two documents in one, cut before the end of its Run Command, or a tool id that is no two
    safe names.
    """
    text, digest = read(data, path)
    report = Report(text, path)
    begin = len(text) - len(text.lstrip(WHITE))
    start = begin if text.startswith(START, begin) else _first_heading(text, begin)
    if start < 0:
        report.fail("D001", begin, f"is not a tool document: it does not begin with '{START}'")
    layout = detect(text, start + len(START))
    return _Parser(Page(layout, SourceMap(), report), begin, start).parse(document or path, digest)


def _first_heading(text: str, begin: int) -> int:
    """Where the document begins behind prose, such as what Wiro's "copy for AI" puts before it;
    -1 when it does not, or when markup is in the way, as in the page of an error."""
    at = text.find(START, begin, PREAMBLE + begin)
    while at >= 0 and text[begin] != "<":
        line = text.rfind("\n", begin, at) + 1
        rest = text[at + len(START) : at + len(START) + 1000].lstrip(WHITE)
        alone = not text[line:at].strip(WHITE) or "\n" not in text.strip(WHITE)
        if alone and text[at - 1] in WHITE and rest.startswith(_NAMES):
            return at
        at = text.find(START, at + 1, PREAMBLE + begin)
    return -1


_NAMES: Final = tuple(head_key(word, "name") for word in WORDS)


class _Parser:
    def __init__(self, page: Page, begin: int, start: int) -> None:
        self.page = page
        self.begin = begin
        self.start = start
        self.text = page.text
        self.layout = page.layout
        self.report = page.report
        self.source_map = page.source_map
        self.sections: list[Section] = []

    def parse(self, document: str, digest: str) -> ParsedDocument:
        if self.begin < self.start:
            self.report.add("D113", self.begin, "", "has text before its first heading")
            self._section("Preamble", self.begin, self.start)
        head = self._head()
        tool = self._tool(head)
        size = len(self.text)
        blocks, certain = find_tail(self.layout, head.end)
        tail = blocks[0].start if blocks else size
        commands = [(block, run_body(self.layout, block)) for block in blocks if block.title == RUN]
        run, body = next(
            (each for each in commands if isinstance(each[1], Body)),
            next(iter(commands), (None, None)),
        )
        usable = body if isinstance(body, Body) else None
        self._whole(blocks, run, usable)
        shown = usable.shown() if usable else None
        if not certain:
            self.report.add("D106", tail, "", "has text that looks like the sections at its end")
        raw, examples = self._middle(head, tail, shown)
        inputs, decisions = assemble(raw, shown, usable.unusable() if usable else ())
        self._second_document(head.end, tail, shown or {})
        self._tail(blocks, body, inputs, decisions)
        check_text(self.report, self.layout, self.source_map)
        check_head(self.report, head, tool)
        check_inputs(self.report, raw, decisions, usable)
        check_samples(self.page, blocks, run, body, head.run)
        check_commands(self.page, commands, run, body)
        diagnostics = self.report.finish()
        spec = ToolSpec(
            tool=tool,
            name=head.name,
            description=head.description,
            cover=head.cover,
            categories=tuple(head.categories),
            tags=tuple(head.tags),
            endpoints={"run": head.run, "detail": head.detail},
            inputs=tuple(inputs),
            examples=tuple(examples),
            sections=tuple(self.sections),
            extra=head.extra,
            source=Source(
                document=document,
                sha256=digest,
                findings=tuple(
                    Finding(code=found.code, subject=found.subject, message=found.message)
                    for found in diagnostics
                ),
            ),
        )
        return ParsedDocument(
            self.report.path,
            self.text,
            self.layout.newline,
            spec,
            diagnostics,
            tuple(self.source_map.rows),
        )

    def _head(self) -> Head:
        head = read_head(self.page, self.start)
        self._unknown_sections(*head.sections)
        title_start = head.sections[1]
        self.source_map.syntax(title_start, self.text[title_start : head.end])
        return head

    def _tool(self, head: Head) -> str:
        try:
            return tool_id(head.run)
        except ToolIdError as error:
            return self.report.fail("D006", head.at["run"], str(error))

    def _whole(self, blocks: list[Block], run: Block | None, body: Body | None) -> None:
        """Refuses a document that was cut before all that it says about calls was read: what is
        left of it would be guessed, over a spec that may be right."""
        if any(is_complete(self.layout, block) for block in blocks):
            return
        end = len(self.text.rstrip(WHITE))
        if body is None and not shows_later_sections(blocks, run):
            where = "in its Run Command" if run else "before its Run Command"
            self.report.fail("D010", end, f"ends {where}: the document is cut; download it again")
        message = "ends early; its inputs and its Run Command were read in full"
        if body is None:
            message = "ends early, and has no Run Command that can be used"
        self.report.add("D007", end, "", message)

    def _middle(
        self, head: Head, end: int, shown: Mapping[str, Json] | None
    ) -> tuple[list[RawInput], list[dict[str, str]]]:
        """The inputs, the examples and whatever else stands before ``end``."""
        fields = Fields(self.layout, head.end, end)
        reader = InputReader(self.page, fields, shown or {}, self._section)
        starts = fields.with_broken(shown or {})
        first = starts[0].at if starts else end
        last = starts[-1] if starts else None
        inspires, title = self._inspires(last, fields, end)
        limit = inspires if inspires >= 0 else end
        starts = [start for start in starts if start.at < limit]
        if starts:
            limit = reader.end_of_last(starts[-1], limit)
        self._stray(head.end, min(first, limit))
        raw = reader.read(starts, limit)
        examples: list[dict[str, str]] = []
        self._taken_for_text(fields, {start.at for start in starts}, limit, shown or {})
        self._unknown_sections(limit, inspires if inspires >= 0 else end)
        if inspires >= 0:
            self.source_map.syntax(inspires, title)
            examples = self._examples(inspires + len(title), end, {item.name for item in raw})
        return raw, examples

    def _inspires(self, last: Start | None, fields: Fields, end: int) -> tuple[int, str]:
        start = last.label if last else fields.start
        places = (
            (self.layout.find(title, start, end), title) for title in map(inspires_title, WORDS)
        )
        return min(((at, title) for at, title in places if at >= 0), default=(-1, ""))

    def _examples(self, start: int, end: int, names: set[str]) -> list[dict[str, str]]:
        reader = ExampleReader(self.page, names)
        items = reader.find(start, end)
        limit = end
        if items:
            heading = self.layout.heading(items[-1].key_end, end)
            limit = heading if heading >= 0 else end
        self._stray(start, items[0].dash if items else limit)
        examples = reader.read(items, limit)
        self._unknown_sections(limit, end)
        return examples

    def _stray(self, start: int, end: int) -> None:
        """Text where the first item of a list was expected, kept as a section without a title."""
        begin, stop = self.layout.trim(start, end)
        if begin == stop:
            return
        if self.layout.heading(begin, stop) == begin:
            self._unknown_sections(begin, stop)
            return
        self.report.add("D112", begin, "", "has text where the first item of a list was expected")
        self._section("", begin, stop)

    def _section(self, title: str, begin: int, end: int) -> None:
        place = ("sections", len(self.sections), "text")
        self.sections.append(Section(title=title, text=self.page.value(begin, end, place)))

    def _unknown_sections(self, start: int, end: int) -> None:
        for block in walk(self.layout, *self.layout.trim(start, end)):
            self._unknown(block)

    def _unknown(self, block: Block) -> None:
        if self.text.startswith(START, block.start):
            self.report.fail("D004", block.start, "holds a second document")
        self.report.add("D104", block.start, block.title, "is a section that is not known")
        place = ("sections", len(self.sections), "title")
        self.source_map.syntax(block.start, HEADING)
        self.source_map.value(block.title_start, block.title_end, place)
        self._section(block.title, block.title_end, block.end)

    def _taken_for_text(
        self, fields: Fields, starts: set[int], end: int, shown: Mapping[str, Json]
    ) -> None:
        """Reports what begins like an input, is none, and is not in the Run Command as text."""
        others = (mark for mark in fields.marks if mark.at not in starts and mark.at < end)
        for mark in islice(others, _MOST_REPORTED):
            like = f"{NAME} {mark.name}"
            if not any(like in text for text in shown.values() if isinstance(text, str)):
                message = "begins like an input but lacks a key; it was taken for text"
                self.report.add("D106", mark.at, mark.name, message)

    def _second_document(self, start: int, end: int, shown: Mapping[str, Json]) -> None:
        """Refuses a second document, unless its beginning is text that the Run Command repeats."""
        at = self.layout.find(START, start, end)
        while at >= 0:
            after = self.layout.skip(at + len(START), end)
            if any(self.text.startswith(head_key(word, "name"), after) for word in WORDS):
                spans = self.source_map.spans
                path = next((span.path for span in spans if span.start <= at < span.end), ())
                repeated = any(START in text for text in shown.values() if isinstance(text, str))
                if path[-1:] != ("default",) or not repeated:
                    self.report.fail("D004", at, "holds a second document")
            at = self.layout.find(START, at + 1, end)

    def _tail(
        self,
        blocks: list[Block],
        body: Body | JsonError | None,
        inputs: list[Input],
        decisions: list[Decision],
    ) -> None:
        for block in blocks:
            if not block.known:
                self._unknown(block)
                continue
            self.source_map.syntax(block.start, f"{HEADING} {block.title}")
            region = TAIL[block.title]
            begin, end = self.layout.trim(block.title_end, block.end)
            before, after = block.before, block.after
            if before[0] < before[1]:
                self._beside(block, *before)
                begin = before[1]
            stop = after[0] if after[0] < after[1] else end
            if isinstance(body, Body) and begin <= body.start < stop and block.title == RUN:
                self.source_map.region(begin, body.start, region)
                self._body(body, inputs, decisions)
                begin = body.end
            begin, stop = self.layout.trim(begin, stop)
            self.source_map.region(begin, stop, region)
            if after[0] < after[1]:
                self._beside(block, *after)

    def _beside(self, block: Block, begin: int, end: int) -> None:
        self.report.add("D107", begin, block.title, "has text beside its block of code")
        self._section(block.title, begin, end)

    def _body(self, body: Body, inputs: list[Input], decisions: list[Decision]) -> None:
        source_map = self.source_map
        slots = {item.name: index for index, item in reversed(list(enumerate(inputs)))}
        last = {member.key: number for number, member in enumerate(body.members)}
        source_map.syntax(body.start, "{")
        for number, member in enumerate(body.members):
            slot = slots.get(member.key)
            if slot is None and member.key == CALLBACK:
                source_map.region(member.key_start, member.end, "callback")
            elif slot is None or last[member.key] != number:
                source_map.region(member.key_start, member.end, "unused-sample")
            else:
                source_map.value(
                    member.key_start, member.key_end, ("inputs", slot, "name"), Form.JSON
                )
                source_map.syntax(self.text.index(":", member.key_end), ":")
                shown = decisions[slot].shown
                if shown:
                    place = ("inputs", slot, *shown)
                    source_map.value(member.start, member.end, place, Form.JSON)
                else:
                    source_map.region(member.start, member.end, "unused-sample")
            comma = self.layout.skip(member.end, len(self.text))
            if self.text.startswith(",", comma):
                source_map.syntax(comma, ",")
        source_map.syntax(body.end - 1, "}")
