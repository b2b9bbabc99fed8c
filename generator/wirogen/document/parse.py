"""Puts the readers together: a tool document in, a spec and what is odd about it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from wirogen.diagnostics import Diagnostic
from wirogen.document.fields import Fields
from wirogen.document.grammar import HEADING, INTEGRATION, RUN, START, TAIL
from wirogen.document.head import Head, read_head
from wirogen.document.inputs import InputReader, RawInput
from wirogen.document.jsontext import JsonError
from wirogen.document.layout import Layout, detect
from wirogen.document.parts import Form, Part, Tiler
from wirogen.document.reading import read
from wirogen.document.report import Report
from wirogen.document.tail import Block, Body, find_tail, run_body, walk
from wirogen.document.wire import CALLBACK, Decision, Shown, decide, is_open, shown_type
from wirogen.spec import Finding, Input, Json, Section, Source, ToolSpec

_RUN_PATH: Final = "/Run/"


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document that was read: its text, the spec, what is odd, and the parts that tile it."""

    path: str
    text: str
    newline: str
    spec: ToolSpec
    diagnostics: tuple[Diagnostic, ...]
    parts: tuple[Part, ...]


def parse_document(data: bytes | str, *, path: str, document: str = "") -> ParsedDocument:
    """Reads a tool document in either layout.

    ``path`` is the file's name in messages, ``document`` what ``source.document`` says (``path``
    when it is empty). Raises ``InputError`` for what cannot be used: not a tool document, not
    text, two documents in one, or cut before its tool id.
    """
    text, digest = read(data, path)
    return _Parser(text, path).parse(document or path, digest)


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.report = Report(text, path)
        self.path = path
        self.tiler = Tiler(text)
        start = len(text) - len(text.lstrip(" \t\r\n"))
        if not text.startswith(START, start):
            self.report.fail(
                "D001", start, f"is not a tool document: it does not begin with '{START}'"
            )
        self.layout: Layout = detect(text, start + len(START))

    def parse(self, document: str, digest: str) -> ParsedDocument:
        layout, text = self.layout, self.text
        head = read_head(layout, self.tiler, self.report)
        tail = find_tail(layout, head.end)
        blocks = walk(layout, tail) if tail >= 0 else []
        end = tail if tail >= 0 else len(text)
        run = next((block for block in blocks if block.title == RUN), None)
        body = run_body(layout, run) if run else None
        shown: Mapping[str, Json] | None = None
        if isinstance(body, Body):
            shown = {member.key: member.value for member in body.members}
        fields = Fields(layout, head.end, end)
        reader = InputReader(layout, self.tiler, self.report, shown)
        raw = reader.read(fields.complete(), fields, end)
        inputs, decisions = self._decide(raw, shown)
        sections: list[Section] = []
        self._tile_tail(blocks, body, inputs, decisions, sections)
        diagnostics = self.report.finish()
        spec = ToolSpec(
            tool=self._tool(head),
            name=head.name,
            description=head.description,
            cover=head.cover,
            categories=tuple(head.categories),
            tags=tuple(head.tags),
            endpoints={"run": head.run, "detail": head.detail},
            inputs=tuple(inputs),
            sections=tuple(sections),
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
            self.path, text, layout.newline, spec, diagnostics, self.tiler.finish()
        )

    def _tool(self, head: Head) -> str:
        _, found, path = head.run.partition(_RUN_PATH)
        tool = unquote(path)
        if not found or tool.count("/") != 1:
            self.report.fail("D006", head.at.get("run", 0), "has no usable tool id")
        return tool

    def _decide(
        self, raw: list[RawInput], shown: Mapping[str, Json] | None
    ) -> tuple[list[Input], list[Decision]]:
        inputs: list[Input] = []
        decisions: list[Decision] = []
        for item in raw:
            decision = decide(item.name, item.type, item.default, item.options, shown)
            decisions.append(decision)
            inputs.append(
                Input(
                    name=item.name,
                    label=item.label,
                    help=item.help,
                    type=item.type,
                    default=item.default,
                    required=decision.required,
                    wire=decision.wire,
                    example=decision.example,
                    open=is_open(item.name, item.type, item.options),
                    options=item.options,
                    extra=item.extra,
                )
            )
        names = {item.name for item in raw}
        for name, value in (shown or {}).items():
            if name in names or name == CALLBACK:
                continue
            type_ = shown_type(value)
            decision = Decision(False, decide(name, type_, "", None, shown).wire, None, Shown.SENT)
            decisions.append(decision)
            inputs.append(
                Input(
                    name=name, label="", help="", type=type_, default=None, required=False,
                    wire=decision.wire, open=is_open(name, type_, None),
                )
            )  # fmt: skip
        return inputs, decisions

    def _tile_tail(
        self,
        blocks: list[Block],
        body: Body | JsonError | None,
        inputs: list[Input],
        decisions: list[Decision],
        sections: list[Section],
    ) -> None:
        tiler = self.tiler
        slots = {item.name: index for index, item in reversed(list(enumerate(inputs)))}
        for block in blocks:
            if not block.known:
                continue
            tiler.syntax(block.start, f"{HEADING} {block.title}")
            begin, end = self.layout.trim(block.title_end, block.end)
            region = TAIL[block.title]
            if block.title == RUN and isinstance(body, Body):
                tiler.region(begin, body.start, region)
                self._tile_body(body, slots, decisions)
                begin = body.end
            tiler.region(begin, end, region)

    def _tile_body(self, body: Body, slots: dict[str, int], decisions: list[Decision]) -> None:
        tiler = self.tiler
        at = body.start
        tiler.syntax(at, "{")
        for member in body.members:
            slot = slots.get(member.key)
            if slot is None:
                tiler.region(member.key_start, member.end, "callback")
            else:
                decision = decisions[slot]
                tiler.value(member.key_start, member.key_end, ("inputs", slot, "name"), Form.JSON)
                tiler.syntax(self.text.index(":", member.key_end), ":")
                if decision.shown is Shown.UNUSED:
                    tiler.region(member.start, member.end, "unused-sample")
                else:
                    where = ("example",) if decision.shown is Shown.EXAMPLE else ("wire", "sent")
                    tiler.value(member.start, member.end, ("inputs", slot, *where), Form.JSON)
            comma = self.layout.skip(member.end, len(self.text))
            if self.text.startswith(",", comma):
                tiler.syntax(comma, ",")
        tiler.syntax(body.end - 1, "}")


__all__ = ["INTEGRATION", "ParsedDocument", "parse_document"]
