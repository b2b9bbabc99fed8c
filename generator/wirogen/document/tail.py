"""The tail of a document: the sections after the inputs, each with a title and a block of code."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.document.grammar import FENCE, HEADING, INTEGRATION, STATUS, TAIL
from wirogen.document.jsontext import JsonError, Member, decode, members
from wirogen.document.layout import Layout

_TITLES = sorted(TAIL, key=len, reverse=True)


@dataclass(slots=True)
class Block:
    """One section: its title, and the code in it (``code`` up to ``code_end``, fences excluded).

    ``after`` is where text begins that stands behind the code and before the next section;
    ``end`` where the section ends. ``closed`` is false when the document ends inside the code.
    """

    start: int
    title: str
    title_end: int
    end: int
    known: bool
    before: tuple[int, int] = (0, 0)
    language: str = ""
    code: int = -1
    code_end: int = -1
    after: int = -1
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Body:
    """A JSON object after ``-d '`` in a Run Command: its members and where it stands."""

    start: int
    end: int
    members: tuple[Member, ...]
    lenient: bool = False


def find_tail(layout: Layout, start: int) -> int:
    """Where the tail begins, or -1: the first heading of a known section from which on the
    document is well formed to its end, else the first with a block of code behind it."""
    text = layout.text
    first = -1
    for title in _TITLES_IN_ORDER:
        word = f"{HEADING} {title}"
        at = layout.find(word, start, len(text))
        tries = 0
        while at >= 0 and tries < 8:
            if layout.column(at) == 0 and _opens(layout, at + len(word), title):
                tries += 1
                blocks = walk(layout, at)
                clean = all(block.known and block.after < 0 for block in blocks)
                if clean and sum(block.title == INTEGRATION for block in blocks) <= 1:
                    return at
                first = at if first < 0 else first
            at = layout.find(word, at + 1, len(text))
        if first >= 0:
            return first
    return -1


_TITLES_IN_ORDER = tuple(TAIL)


def _opens(layout: Layout, at: int, title: str) -> bool:
    if title == STATUS:
        return True
    return layout.text.startswith(FENCE, layout.skip(at, len(layout.text)))


def walk(layout: Layout, start: int) -> list[Block]:
    """The sections from ``start`` (a heading) to the end of the text."""
    text = layout.text
    blocks: list[Block] = []
    at = start
    while 0 <= at < len(text):
        block = _block(layout, at)
        blocks.append(block)
        at = block.end
    return blocks


def _block(layout: Layout, start: int) -> Block:
    text, size = layout.text, len(layout.text)
    begin = layout.skip(start + len(HEADING), size)
    following = layout.heading(begin, size)
    limit = following if following >= 0 else size
    fence = text.find(FENCE, begin, limit)
    title = next((title for title in _TITLES if layout.is_key(start, f"{HEADING} {title}")), "")
    known = bool(title)
    if not known:
        stop = fence if fence >= 0 else limit
        if not layout.flat:
            line = text.find("\n", begin, stop)
            stop = line if line >= 0 else stop
        elif fence < 0:
            stop = _title_end(text, begin, stop)
        begin, stop = layout.trim(begin, stop)
        title = text[begin:stop]
        title_end = stop
    else:
        title_end = begin + len(title)
    block = Block(start, title, title_end, limit, known)
    if fence < 0 or title == STATUS:
        return block
    _code(layout, block, fence)
    return block


def _code(layout: Layout, block: Block, fence: int) -> None:
    text, size = layout.text, len(layout.text)
    block.before = layout.trim(block.title_end, fence)
    at = fence + len(FENCE)
    language_end = layout.word_end(at, size)
    block.language = text[at:language_end]
    block.code = language_end
    search = _after_json(layout, block)
    close = closing_fence(layout, search)
    if close < 0:
        block.code_end, block.end, block.closed = size, size, False
        return
    block.code_end = close
    after = close + len(FENCE)
    following = layout.heading(after, size)
    block.end = following if following >= 0 else size
    begin, end = layout.trim(after, block.end)
    block.after = begin if end > begin else -1


def _after_json(layout: Layout, block: Block) -> int:
    """Where the search for the end of a block may begin: behind its JSON, which may hold fences."""
    text = layout.text
    start = json_start(layout, block)
    if start < 0:
        return block.code
    for strict in (True, False):
        try:
            return decode(text, start, strict=strict)[1]
        except JsonError:
            continue
    return block.code


def json_start(layout: Layout, block: Block) -> int:
    """Where the JSON of a block begins (after ``-d '`` or at once), or -1."""
    text, size = layout.text, len(layout.text)
    if block.language == "json":
        return layout.skip(block.code, size)
    limit = closing_fence(layout, block.code)
    mark = text.find("-d '", block.code, limit if limit >= 0 else size)
    return -1 if mark < 0 else layout.skip(mark + 4, size)


def closing_fence(layout: Layout, start: int) -> int:
    """The first fence from ``start`` on that closes a block, or -1."""
    text = layout.text
    at = text.find(FENCE, start)
    while at >= 0:
        if layout.is_key(at, FENCE):
            return at
        at = text.find(FENCE, at + 1)
    return -1


def run_body(layout: Layout, block: Block) -> Body | JsonError:
    """The body that a Run Command sends, or what is wrong with it."""
    start = json_start(layout, block)
    if start < 0:
        return JsonError(max(block.code, block.title_end), "there is no body after -d '")
    try:
        found, end = members(layout.text, start)
        return Body(start, end, tuple(found))
    except JsonError as error:
        wrong = error
    try:
        found, end = members(layout.text, start, strict=False)
        return Body(start, end, tuple(found), lenient=True)
    except JsonError:
        return wrong


def _title_end(text: str, start: int, end: int) -> int:
    """Where the title of an unknown section ends in the flat form: before the first sentence, as
    far as capitals show it."""
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
