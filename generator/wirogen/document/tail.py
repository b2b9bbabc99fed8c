"""The tail of a document: the sections after the inputs, each with a title and a block of code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from wirogen.common.text import WHITE
from wirogen.document.grammar import FENCE, HEADING, INTEGRATION, RUN, STATUS, TAIL
from wirogen.document.json_decoding import JsonError, Member, decode, extent, members
from wirogen.document.layout import Layout
from wirogen.specs import Json

_TITLES: Final = "|".join(map(re.escape, sorted(TAIL, key=len, reverse=True)))
_KNOWN: Final = re.compile(rf"{HEADING} ({_TITLES})(?=[{WHITE}]|\Z)")
_TRIES: Final = 8
_LAST_STATUS: Final = "task_output"


@dataclass(slots=True)
class Block:
    """One section, from its heading at ``start`` up to ``end``.

    ``code`` to ``code_end`` is what stands between its fences (both -1 without any); ``before``
    and ``after`` are the texts in front of and behind the fences, empty as a rule. ``json`` is
    where JSON begins in the code, or -1; it ends at ``json_end`` unless it is ``wrong``.
    ``closed`` is false when the document ends in the code.
    """

    start: int
    title: str
    title_start: int
    title_end: int
    end: int
    known: bool
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)
    language: str = ""
    code: int = -1
    code_end: int = -1
    json: int = -1
    json_end: int = -1
    wrong: JsonError | None = None
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON object that a Run Command sends; ``wrong`` is why it is not quite JSON."""

    start: int
    end: int
    members: tuple[Member, ...]
    wrong: JsonError | None = None

    def shown(self) -> dict[str, Json]:
        """The values by key, the last one where a key comes twice, without unusable ones."""
        last = {member.key: member for member in self.members}
        return {key: member.value for key, member in last.items() if member.wrong is None}

    def unusable(self) -> dict[str, Member]:
        """The members whose value, the last one under their key, cannot be used."""
        last = {member.key: member for member in self.members}
        return {key: member for key, member in last.items() if member.wrong is not None}


def find_tail(layout: Layout, start: int) -> tuple[list[Block], bool]:
    """The sections of the tail (none: there is no tail), and whether they are certain.

    It is the first heading of a known section from which on the document is well formed. A
    heading in a prompt is not: the real one follows it, or text where only sections can be.
    """
    size = len(layout.text)
    first: list[Block] = []
    tries = 0
    at = layout.heading(start, size)
    while at >= 0 and tries < _TRIES:
        if _opens(layout, at):
            tries += 1
            blocks = walk(layout, at, size)
            if _well_formed(layout, blocks):
                return blocks, True
            first = first or blocks
            again = next((block for block in blocks[1:] if block.title == INTEGRATION), None)
            at = again.start - 1 if again else at
        at = layout.heading(at + 1, size)
    return first, not first


def known_title(layout: Layout, at: int) -> str:
    """The title of the known section whose heading is at ``at``, else empty."""
    match = _KNOWN.match(layout.text, at)
    return match[1] if match and layout.column(at) is not None else ""


def _opens(layout: Layout, at: int) -> bool:
    title = known_title(layout, at)
    if not title or title == STATUS:
        return bool(title)
    after = layout.skip(at + len(HEADING) + 1 + len(title), len(layout.text))
    return layout.text.startswith(FENCE, after)


def _well_formed(layout: Layout, blocks: list[Block]) -> bool:
    if any(block.title == INTEGRATION for block in blocks[1:]):
        return False
    for block in blocks:
        if layout.text.find(FENCE, *block.after) >= 0:
            return False
        code_end = block.json if block.json >= 0 else block.code_end
        at = layout.heading(block.code, code_end) if block.code >= 0 else -1
        if at >= 0 and _opens(layout, at):
            return False
    return True


def walk(layout: Layout, start: int, end: int) -> list[Block]:
    """The sections in ``[start, end)``; ``start`` is a heading."""
    blocks: list[Block] = []
    at = start
    while 0 <= at < end:
        blocks.append(_block(layout, at, end))
        at = blocks[-1].end
    return blocks


def is_complete(layout: Layout, block: Block) -> bool:
    """Whether the document ends with ``block`` as documents do."""
    text = layout.text[block.title_end : block.end].rstrip()
    return block.title == STATUS and text.endswith(".") and f"- {_LAST_STATUS} " in text


def _block(layout: Layout, start: int, size: int) -> Block:
    text = layout.text
    begin = layout.skip(start + len(HEADING), size)
    following = layout.heading(begin, size)
    limit = following if following >= 0 else size
    fence = text.find(FENCE, begin, limit)
    title = known_title(layout, start)
    known = bool(title)
    title_end = begin + len(title)
    if not known:
        stop = fence if fence >= 0 else limit
        line = -1 if layout.flat else text.find("\n", begin, stop)
        if line >= 0:
            stop = line
        elif layout.flat and fence < 0:
            stop = _title_end(text, begin, stop)
        begin, title_end = layout.trim(begin, stop)
        title = text[begin:title_end]
    block = Block(start, title, begin, title_end, limit, known)
    if fence >= 0 and title != STATUS:
        _read_code(layout, block, fence, size)
    return block


def _read_code(layout: Layout, block: Block, fence: int, size: int) -> None:
    text = layout.text
    block.before = layout.trim(block.title_end, fence)
    at = fence + len(FENCE)
    block.code = layout.word_end(at, size)
    block.language = text[at : block.code]
    block.json = _json_start(layout, block, size)
    close = layout.find(FENCE, _read_json(text, block), size)
    if close < 0:
        block.code_end, block.end, block.closed = size, size, False
        return
    block.code_end = close
    after = close + len(FENCE)
    following = layout.heading(after, size)
    block.end = following if following >= 0 else size
    block.after = layout.trim(after, block.end)


def _read_json(text: str, block: Block) -> int:
    """Where the search for the end of a block may begin: behind its JSON, which may hold fences."""
    if block.json < 0:
        return block.code
    try:
        block.json_end = decode(text, block.json)[1]
    except JsonError as error:
        block.wrong = error
        try:
            return extent(text, block.json)
        except JsonError:
            return block.code
    return block.json_end


def _json_start(layout: Layout, block: Block, size: int) -> int:
    text = layout.text
    if block.language == "json":
        return layout.skip(block.code, size)
    limit = layout.find(FENCE, block.code, size)
    mark = text.find("-d '", block.code, limit if limit >= 0 else size)
    return -1 if mark < 0 else layout.skip(mark + len("-d '"), size)


def run_body(layout: Layout, block: Block) -> Body | JsonError:
    """The body that a Run Command sends, or what is wrong with it. Line breaks in its strings are
    wrong but harmless."""
    if block.json < 0:
        return JsonError(block.title_start, "there is no body behind -d '")
    try:
        found, end = members(layout.text, block.json)
    except JsonError as error:
        return block.wrong or error
    wrong = next((member.wrong for member in found if member.wrong), block.wrong)
    return Body(block.json, end, tuple(found), wrong)


def shows_later_sections(blocks: list[Block], run: Block | None) -> bool:
    """Whether a whole sample stands behind the place of the Run Command, so that the document was
    not cut before the end of it."""
    start = run.end if run is not None else 0
    return any(
        block.known and block.start >= start and block.code >= 0 and block.closed
        for block in blocks
        if block.title not in {INTEGRATION, RUN}
    )


def _title_end(text: str, start: int, end: int) -> int:
    """Where the title of an unknown section ends in the flat form: before its first sentence, as
    far as capitals show that."""
    at, ends = start, list[int]()
    while at < end:
        stop = text.find(" ", at, end)
        stop = end if stop < 0 else stop
        word = text[at:stop]
        if word and not (word[0].isupper() or word[0].isdigit() or word[0] in "-(&"):
            return ends[-2] if len(ends) > 1 else (ends[-1] if ends else stop)
        ends.append(stop)
        at = stop + 1
    return end
