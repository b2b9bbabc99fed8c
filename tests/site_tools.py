"""Tools whose pages are hard to show: hostile texts, too much of everything, nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from generated import number, prompt, select, text, tool
from wirogen.emit.render import render_shared, render_tool, summary_of
from wirogen.emit.templates import Renderer
from wirogen.output.publication import publication_of
from wirogen.plan import plan_modules, plan_tool
from wirogen.specs import Input, Option, ToolSpec, Wire, load_spec
from wirogen.specs.model import Finding, Revision, Source, TaskStat

HOSTILE: Final = (
    "<script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    "</script><svg onload=document.title='ran'>",
    "[link](javascript:document.title='ran')",
    "![x](https://evil.example/x.png)",
    "{{ 7*7 }} {% raw %} ${7*7} <%= 7*7 %>",
    "`code` **bold** ~~gone~~ ==mark== ^up^ :smile: (c) -- H2O",
    "\"quoted\" 'single' &amp; &lt; \\ | pipe",
    "{: onclick=document.title='ran' } [^1] *[HTML]: x",
    "--8<-- x.md",
    "line one # not a heading",
    "]]> --> <!-- comment",
    "@arguments@",
)
HOSTILE_README: Final = (
    "<h1 onclick=\"document.title='ran'\">Boats</h1>"
    "<p>See <a href=\"javascript:document.title='ran'\">here</a><img src=x onerror=alert(1)></p>"
    "<script>document.title='ran'</script><style>*{display:none}</style>"
    "<iframe srcdoc='&lt;script&gt;'>framed</iframe><svg onload=alert(1)><g>drawn</g></svg>"
    "<p>&lt;script&gt;document.title='ran'&lt;/script&gt; [x](javascript:y) ![i](https://e/x.png)"
    "<p># heading</p><p>| a | b |</p><p>```</p><pre>    code</pre><!-- hidden"
)
LONG_PROMPT: Final = "A lighthouse on a cliff, seen from the sea at dusk. " * 8
RIGHT_TO_LEFT: Final = "أداة لصنع الصور من الكلمات"
LONG_NAME: Final = "a-very-" + "long-" * 36 + "name"


def load_everything() -> ToolSpec:
    """The spec of the golden files: one input of each kind."""
    path = Path(__file__).parent / "golden" / "specs" / "acme" / "everything.yaml"
    return load_spec(path.read_text("utf-8"), path=str(path))


def write_generated(specs: Mapping[str, ToolSpec], out: Path, *, pages_only: bool = False) -> Path:
    """A whole generated tree of these tools; ``pages_only`` leaves the Python out."""
    renderer, pages = Renderer(), Renderer(parts={"docs", "schemas"})
    modules, _ = plan_modules(specs)
    plans = [plan_tool(spec, modules[tool]) for tool, spec in sorted(specs.items())]
    files: dict[str, str | bytes] = {}
    for plan in plans:
        # The client of ten thousand options takes long to format, and no page needs it.
        without_client = pages_only or plan.spec.tool == "wiro/huge"
        files |= render_tool(plan, pages if without_client else renderer)
    by_tool = {plan.spec.tool: plan for plan in plans}
    shared = render_shared(map(summary_of, plans), by_tool.__getitem__, renderer)
    with publication_of(out) as publication:
        publication.put(files | shared)
        publication.finish({})
    return out


def _number(name: str, **more: str) -> Input:
    return text(name, type="float", default="0.5", wire=Wire(type="number", sent=0.5), **more)


def _hostile() -> ToolSpec:
    options = [
        Option(value=each, label=f"label {each}", description=each, triggerwords=(each,))
        for each in HOSTILE
    ]
    shown = [
        text(f"field{place}", label=f"Label {each}", help=f"Help {each}", default=each,
             wire=Wire(type="string", sent=each))
        for place, each in enumerate(HOSTILE)
    ]  # fmt: skip
    return tool(
        prompt(example=HOSTILE[0]),
        *shown,
        select("selectedModel", *options, open=True),
        select("mode", *HOSTILE),
        name="wiro/hostile",
        description=" ".join(HOSTILE),
        categories=(HOSTILE[0], "a/../b", "image-to-image"),
        tags=HOSTILE,
        cover="https://cdn.example.com/\"onload=x'.png",
        examples=({"prompt": HOSTILE[0], HOSTILE[1]: HOSTILE[2]},),
        samples=("https://x.example/a](javascript:b)'onload=c", "javascript:d", *HOSTILE),
        readme=HOSTILE_README,
        computingtime=HOSTILE[0],
        cps="1e-12",
        approximatelycost="1000000",
        taskstat=TaskStat(runcount=7),
        source=Source(
            document="x.txt",
            sha256="0" * 64,
            findings=(Finding(code="D201", subject=HOSTILE[0], message=HOSTILE[1]),),
        ),
    )


def _corners() -> ToolSpec:
    slider = {"type": "float", "minvalue": "0", "maxvalue": "1", "defaultvalue": "0.5"}
    return tool(
        prompt(),
        text("inputs", help="Called as a heading is."),
        text("json", help="So is this."),
        text("motto", default="one\ntwo", wire=Wire(type="string", sent="one\ntwo")),
        text("verse", type="textarea", default="a\r\nb", wire=Wire(type="string", sent="a\r\nb")),
        text("lines", wire=Wire(type="array", sent=["one", "two\nthree"])),
        number("width", 512, minimum="64", maximum="4096"),
        select("seconds", "5", "10", "2.5", wire=Wire(type="number", sent=5)),
        select("loop", "true", "false", wire=Wire(type="boolean", sent=True)),
        select("genre", "a", "b", "c", type="multiselect", wire=Wire(type="string", sent="a,b")),
        select(
            "selectedLoraModel",
            Option(
                value="7",
                label="Constructor",
                triggerwords=("constructor",),
                generatesettings=({**slider, "id": "constructor"},),
            ),
            open=True,
            type="multiselect",
            wire=Wire(type="array", sent=[]),
        ),
        name="wiro/corners",
        categories=("text-to-image",),
    )


def _labels() -> ToolSpec:
    voices = (
        "Rachel (female, calm)", "Josh (male)", "José (male, old)", "5 seconds", "15 seconds",
        "-1 dB", "16:9", "GPT-4o", "GPT-4.1", "Normal", "Straße", "日本語 (標準)", "Fine", "10",
    )  # fmt: skip
    return tool(
        prompt(),
        select("voice", *[Option(value=f"v{n}", label=each) for n, each in enumerate(voices)]),
        select("slug", Option(value="flux-dev", label="FLUX [dev]"), "flux-pro", open=True),
        select(
            "styles",
            Option(value="1", label="Oil paint"),
            Option(value="2", label="Ink"),
            Option(value="3", label="Water paint"),
            type="multiselect",
            wire=Wire(type="array", sent=[]),
        ),
        name="wiro/labels",
        categories=("text-to-image",),
    )


def _huge() -> ToolSpec:
    many = [Option(value=str(n), label=f"owner/Model {n}") for n in range(10_000)]
    closed = [f"choice-{n}" for n in range(300)]
    return tool(
        prompt(),
        select("selectedModel", *many, open=True),
        select("voice", *closed),
        text("story", type="textarea", default="word " * 40_000,
             wire=Wire(type="string", sent="word " * 40_000)),
        name="wiro/huge",
        description="Too much of everything.",
        categories=("text-to-audio",),
    )  # fmt: skip


AWKWARD: Final = {
    each.tool: each
    for each in (
        _hostile(),
        _corners(),
        _labels(),
        _huge(),
        tool(name="wiro/nothing", description=""),
        tool(
            prompt(label=RIGHT_TO_LEFT, example=RIGHT_TO_LEFT),
            text("style", label=RIGHT_TO_LEFT.replace(" ", "") * 9),
            name=f"wiro/{LONG_NAME}",
            description=RIGHT_TO_LEFT * 20,
            categories=("text-to-image",),
        ),
        tool(
            prompt(),
            _number("strength", minimum="0.1", maximum="1", step="0.1"),
            text("fps", type="number", default="false", wire=Wire(type="number", sent=False)),
            text("extra", wire=Wire(type="object", sent={"a": [1, 2.0, "x"], "b": None})),
            text("words", wire=Wire(type="array", sent=["one", "two"])),
            text("mask", type="fileinput", wire=Wire(type="string")),
            text("pages", type="multifileinput", wire=Wire(type="array")),
            name="wiro/odd-values",
            categories=("image-to-video",),
        ),
        tool(
            prompt(),
            text("system_prompt", default="Be brief."),
            number("max_tokens", 200),
            name="wiro/writer",
            description="Writes what it is asked for, café menus included.",
            categories=("llm", "text-to-text", "Text To Text"),
            tags=("LLM", "writing"),
            dynamicprice=[{"inputs": {}, "price": 0.25, "priceMethod": "cpr"}],
            computingtime="3 seconds",
            taskstat=TaskStat(runcount=98_765),
            history=(
                Revision(date="2026-11-02", breaking=True, changes=("style: is gone", HOSTILE[0])),
                Revision(date="2026-10-01", changes=("Added",)),
            ),
            examples=(
                {"prompt": f'{LONG_PROMPT} It\'s "all" in one piece.', "max_tokens": "50"},
                {"prompt": "Second: a poem about the sea", "system_prompt": "You are a poet."},
                {"prompt": "Second: a poem about the sea", "system_prompt": "You are a poet."},
                {"unknown": "x", "prompt": ""},
            ),
        ),
        tool(
            prompt(),
            text("inputImage", type="combinefileinput", wire=Wire(type="array", sent=[])),
            text("mask", type="fileinput", wire=Wire(type="string")),
            number("numImages", 2, minimum="1", maximum="4"),
            select("ratio", Option(value="1", label="Square"), Option(value="2", label="Wide")),
            name="wiro/editor",
            description="Edits pictures.",
            categories=("Image to Image", "H200"),
            examples=(
                {
                    "inputImage": "https://cdn.wiro.ai/uploads/sampleinputs/portrait.jpg",
                    "mask": "https://cdn.wiro.ai/uploads/sampleinputs/mask.png",
                    "prompt": "Make it night",
                    "numImages": "9",
                    "ratio": "Wide",
                },
            ),
            samples=("https://cdn.wiro.ai/uploads/night.webp",),
        ),
    )
}
