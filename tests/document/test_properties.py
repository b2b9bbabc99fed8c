"""Documents made at random, with hostile texts in every field, read back in both layouts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from document.build import as_documented, parse, text_input, tool, without_source
from document.layouts import Page, flat, lines
from wirogen.diagnostics.model import InputError
from wirogen.document import parse_document, verify
from wirogen.specs import Input, Json, Option, ToolSpec, dump_spec, load_spec

pytestmark = pytest.mark.slow

QUICK = settings(
    max_examples=35,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

PIECES = st.sampled_from(
    [
        '"', "'", "\\", "\\n", '"""', "'''", "{{", "}}", "{{ 7*7 }}", "{%", "%}", "{#", "#}",
        "`id`", "<b>", "&amp;", "]]>", "--", "#", "##", "###", "-", "- item", "-x", ":", "a:", "|",
        "\x01", "\x1b[31m", "\x7f", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\x85",
        "\xa0", "\u3000", "’", "—", "日本語", "🦊", "e\u0301", "default: 4.5", "label:", "true",
        "- name: foo", "${x}", "null", "08", "1e3", "12:30", "~", "%s", "*x*", "!tag",
        "&a", "@x", "[verse]", "(a:1.2)",
        "Tool", "Run", "callbackUrl", "self", "- value: \"x\"", "don't", "\\u0041", "\\ud800", "=",
    ]
)  # fmt: skip
LETTERS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=6
)
WORDS = st.one_of(PIECES, PIECES, LETTERS)


def texts(most: int = 6) -> st.SearchStrategy[str]:
    """A text of words with one blank between, as the flat form can hold it."""
    return st.lists(WORDS, max_size=most).map(" ".join).map(lambda text: text.strip(" "))


KEYS = ("label:", "help:", "type:", "description:", "triggerwords:", "generatesettings:")


def label_texts() -> st.SearchStrategy[str]:
    """A text before other keys: a key in it would end it, as it does for a reader."""
    return texts(4).filter(
        lambda text: not any(key in text.split(" ") for key in KEYS) and "- value:" not in text
    )


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: name != "callbackUrl"
)
TRIGGERS = st.lists(texts(4), max_size=3).map(tuple)
SLIDER = st.fixed_dictionaries(
    {"type": st.sampled_from(["float", "number", "other"]), "id": texts(3), "maxvalue": texts(2)}
)


@st.composite
def options(draw: st.DrawFn) -> tuple[Option, ...]:
    models = draw(st.booleans())
    found: list[Option] = []
    for _ in range(draw(st.integers(0, 3))):
        value = draw(texts(3).filter(lambda text: '"' not in text))
        # Behind the last option of a document, "## " begins a section.
        label = draw(label_texts().filter(lambda text: "##" not in text))
        if models:
            found.append(
                Option(
                    value=value, label=label, description=draw(label_texts()),
                    triggerwords=draw(TRIGGERS), generatesettings=draw(st.tuples(SLIDER)),
                )
            )  # fmt: skip
        else:
            found.append(Option(value=value, label=label))
    return tuple(found)


@st.composite
def inputs(draw: st.DrawFn, name: str) -> Input:
    kind = draw(st.sampled_from(["text", "textarea", "number", "select", "multiselect", "brush"]))
    choice = "select" in kind
    default = draw(texts(2 if choice else 8)) or None
    if choice and default and (default[0] == '"' or "options:" in default):
        default = None
    if kind == "number":
        default = draw(st.sampled_from(["4", "0", "7.5", None]))
    return text_input(
        name, default, type=kind, label=draw(label_texts()), help=draw(texts(8)),
        options=draw(options()) if choice else None,
    )  # fmt: skip


@st.composite
def pages(draw: st.DrawFn) -> Page:
    names = draw(st.lists(NAMES, max_size=5, unique=True))
    made = tuple(draw(inputs(name)) for name in names)
    body: dict[str, Json] = {}
    for item in made:
        if item.type in {"text", "textarea", "brush"}:
            body[item.name] = item.default or ""
        elif draw(st.booleans()):
            body[item.name] = draw(st.sampled_from(["", [], "x"])) if item.options else 4
    spec = tool(*made, description=draw(texts(8)), tags=tuple(draw(st.lists(st.just("a b")))))
    return Page(
        spec, body, word=draw(st.sampled_from(["Tool", "Model"])),
        tail=draw(st.sampled_from(["old", "new"])),
    )  # fmt: skip


@QUICK
@given(pages())
def test_what_is_written_is_read_in_both_layouts(made: Page) -> None:
    one, other = parse(flat(made)), parse(lines(made))
    assert as_documented(other.spec) == as_documented(made.spec)
    assert as_documented(one.spec) == as_documented(made.spec)
    assert without_source(one) == without_source(other)
    for parsed in (one, other):
        assert verify(parsed) is None
        assert verify(parsed, load_spec(dump_spec(parsed.spec), path="x.yaml")) is None


FULL = "- name: x label: y help: z type: text default: w"


@QUICK
@given(
    before=texts(4),
    after=texts(4),
    name=NAMES.filter(lambda name: name not in {"aa", "zz"}),
    last=st.booleans(),
)
@example(before="", after="", name="prompt", last=True)
def test_the_run_command_settles_a_default_that_spells_out_an_input(
    before: str, after: str, name: str, *, last: bool
) -> None:
    default = f"{before} {FULL} {after}".strip(" ")
    made = text_input(name, default, type="textarea")
    more = [] if last else [text_input("zz", "5")]
    spec = tool(text_input("aa", "1"), made, *more)
    page = Page(spec, {item.name: item.default or "" for item in spec.inputs})
    for parsed in (parse(flat(page)), parse(lines(page))):
        assert as_documented(parsed.spec).inputs == as_documented(spec).inputs
        assert verify(parsed) is None


@QUICK
@example(verse=['"', "a:"])
@given(st.lists(st.one_of(texts(3), st.just(""), st.just("  indented")), min_size=1, max_size=8))
def test_texts_of_several_lines_keep_them(verse: list[str]) -> None:
    text = "\n".join(verse).strip(" \n")
    item = text_input("lyrics", text or None, type="textarea")
    spec = tool(text_input("aa", "1"), item, text_input("zz", "5"))
    page = Page(spec, {found.name: found.default or "" for found in spec.inputs})
    for newline in ("\n", "\r\n"):
        for indent in ("", "  ", "    "):
            parsed = parse(lines(page, newline, indent))
            assert parsed.spec.inputs[1].default == (text or None)
            assert [found.name for found in parsed.spec.inputs] == ["aa", "lyrics", "zz"]
            assert verify(parsed) is None


@QUICK
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_garbage_is_refused(data: bytes | str) -> None:
    for document in (data, _begin(data)):
        try:
            parsed = parse_document(document, path="x")
        except InputError:
            continue
        else:
            assert verify(parsed) is None


def _begin(data: bytes | str) -> bytes | str:
    start = "## Basic tool info Tool name: a/b "
    return start.encode() + data if isinstance(data, bytes) else start + data


@QUICK
@given(made=pages(), data=st.data())
def test_a_document_with_a_hole_or_a_repeat_loses_nothing(made: Page, data: st.DataObject) -> None:
    document = data.draw(st.sampled_from([flat(made), lines(made)]))
    start = data.draw(st.integers(0, len(document)))
    end = data.draw(st.integers(start, len(document)))
    text = data.draw(
        st.sampled_from([document[:start] + document[end:], document[:end] + document[start:]])
    )
    try:
        parsed = parse(text)
    except InputError:
        return
    assert verify(parsed) is None
    spec: ToolSpec = replace(parsed.spec, source=None)
    assert load_spec(dump_spec(spec), path="x") == spec
