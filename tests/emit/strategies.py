"""Specs full of what breaks generators."""

from __future__ import annotations

from hypothesis import strategies as st

from generated import number, prompt, select, text, tool
from wirogen.specs import UNSENT, Input, Option, ToolSpec, Wire

HOSTILE = (
    '"""',
    "'''",
    '\\"""',
    "\\",
    'end with a quote"',
    "end with a backslash\\",
    "{{ 7 * 7 }}",
    "{% for x in y %}",
    "{# comment #}",
    "${IFS}`id`$(id)",
    "<script>alert(1)</script>",
    "![x](javascript:alert(1)) [a](b) | c | `d` ``` e",
    "\x00\x07\x1b[31m\x7f\x85",
    "\u202e\u2066\ufeff\u200b",
    "\r\n\t\n",
    "\N{GREEK SMALL LETTER ALPHA}\U0001f600\N{LATIN SMALL LETTER E WITH ACUTE}",
    "'); __import__('os').system('x') #",
    "%s %(a)s {0} {a}",
    "- name: x label: y help: z type: text default: w",
    "__class__",
    "N{BULLET} \\N{BULLET} \\x41 \\u0041",
    "#" * 20,
    "# a\n## b\n1. c\n> d\n| e |",
    "   leading and trailing   ",
    "x" * 300,
)
_NAMES = (
    "self",
    "client",
    "class",
    "wire",
    "model_config",
    "str",
    "int",
    "timeout",
    "on_update",
    "callback_url",
    "inputs",
    "run",
    "submit",
    "TOOL",
    "Lora",
    "default",
    "$ref",
    "anyOf",
    "properties",
    "customTypePath",
    "a.b",
    "a/b",
    "~1",
    "../../x",
    "/etc/passwd",
    "__init__",
    "__class__",
    "3D",
    "copy",
    "Sequence",
    "Field",
    "Inputs",
    "Literal",
)

printable = st.text(st.characters(codec="utf-8"), max_size=40)
texts = st.one_of(st.sampled_from(HOSTILE), printable)
names = st.one_of(st.sampled_from(_NAMES), st.sampled_from(HOSTILE), printable.filter(bool))

_settings = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["float", "number"]),
        "id": texts,
        "minvalue": st.just("0"),
        "maxvalue": st.just("5"),
        "defaultvalue": st.just("1"),
        "incrementby": st.just("1"),
        "note": texts,
    }
)
_options = st.builds(
    Option,
    value=texts,
    label=texts,
    description=st.none() | texts,
    triggerwords=st.none() | st.lists(texts, max_size=2).map(tuple),
    generatesettings=st.none() | st.lists(_settings, max_size=2).map(tuple),
)


@st.composite
def _inputs(draw: st.DrawFn, name: str) -> Input:
    about = {"label": draw(texts), "help": draw(texts)}
    kind = draw(
        st.sampled_from(["text", "number", "float", "closed", "open", "many", "lora", "file"])
    )
    if kind == "number":
        return number(name, draw(st.integers(-(10**12), 10**12)), **about)
    if kind == "float":
        sent = draw(st.floats(allow_nan=False, allow_infinity=False))
        return number(name, draw(st.sampled_from([sent, str(sent)])), "float", **about)
    options = draw(st.lists(_options, max_size=4))
    if kind in {"closed", "open"}:
        sent = Wire(type="string", sent=draw(texts))
        return select(name, *options, open=kind == "open", wire=sent, **about)
    if kind in {"many", "lora"}:
        sent = Wire(type="array", sent=draw(st.lists(texts, max_size=2)))
        full = f"{name}Lora" if kind == "lora" else name
        return select(full, *options, open=True, type="multiselect", wire=sent, **about)
    if kind == "file":
        return text(name, type="combinefileinput", wire=Wire(type="array", sent=UNSENT), **about)
    value = draw(texts)
    return text(name, default=value, wire=Wire(type="string", sent=value), **about)


_rates = st.fixed_dictionaries(
    {
        "inputs": st.dictionaries(names, texts, max_size=2),
        "price": st.floats(0, 10),
        "priceMethod": st.sampled_from(["cpr", "cpo", "cp-pixel", "cp-promptlength", "cpx"]),
    }
)


@st.composite
def specs(draw: st.DrawFn) -> ToolSpec:
    chosen = draw(st.lists(names, max_size=5, unique=True))
    inputs = [draw(_inputs(name)) for name in chosen if name != "prompt"]
    distinct = {item.name: item for item in inputs}
    return tool(
        prompt(example=draw(texts), default=draw(texts)),
        *distinct.values(),
        description=draw(texts),
        cover=draw(st.none() | texts),
        categories=tuple(draw(st.lists(texts, max_size=2))),
        tags=tuple(draw(st.lists(texts, max_size=2))),
        examples=tuple(draw(st.lists(st.dictionaries(names, texts, max_size=2), max_size=2))),
        dynamicprice=draw(st.none() | st.lists(_rates, max_size=3)),
    )
