"""What a page says to type is what the command line takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from generated import imported, plan, prompt, render, text, tool
from wiro_runtime.catalogue import Entry
from wiro_runtime.cli import view
from wirogen.emit.pages.snippets import powershell_word
from wirogen.plan import names as planned_names

pytestmark = pytest.mark.slow


def test_options_of_the_command_line_have_one_name() -> None:
    clashing = sorted({*view.RUN_OPTIONS, *planned_names.RUN_OPTIONS})
    names = [each.replace("-", "_") for each in clashing]
    spec = tool(prompt(), *(text(name) for name in (*names, "input_out", "input-json", "_x_", "y")))
    planned = plan(spec)
    entry = Entry(
        tool=spec.tool,
        name=spec.name,
        module_name=f"wiro_tools.{planned.module.owner}.{planned.module.project}",
        description="",
        cover=None,
        categories=(),
        tags=(),
        inputs=(),
    )
    with imported(spec):
        shown = view.view_tool(entry)
    options = [item.option for item in planned.inputs]
    assert [field.option for field in shown.fields] == options
    assert len({*options}) == len(options)


def powershell_errors(text: str) -> list[str]:
    """What a PowerShell says of a program, or a grammar where there is none."""
    if pwsh := shutil.which("pwsh"):
        check = (
            "$errors = $null; [void][Management.Automation.Language.Parser]::ParseInput("
            "[Console]::In.ReadToEnd(), [ref]$null, [ref]$errors); $errors | % Message"
        )
        done = subprocess.run(
            [pwsh, "-NoProfile", "-Command", check], input=text, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.splitlines()
    tree_sitter = pytest.importorskip("tree_sitter")
    grammar = pytest.importorskip("tree_sitter_powershell")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    nodes = [parser.parse(text.encode()).root_node]
    errors: list[str] = []
    for node in nodes:
        nodes += node.children
        if node.type == "ERROR" or node.is_missing:
            errors.append(f"{node.start_point}: {node.text.decode()[:80]}")
    return errors


def test_snippets_are_powershell(site: Path) -> None:
    assert powershell_errors("wiro-tools run 'a")
    found = [
        (path.name, program)
        for path in (site / "tools").rglob("*.md")
        for program in re.findall(r"(?ms)^```+powershell\n(.*?)^```+$", path.read_text("utf-8"))
    ]
    assert len(found) > 10
    for name, program in found:
        assert powershell_errors(program) == [], (name, program)


def test_a_word_for_powershell_is_one_word() -> None:
    assert powershell_word("wiro/a-b_1.2") == "wiro/a-b_1.2"
    assert powershell_word("it's ‘so’ $(id) `n") == "'it''s ‘‘so’’ $(id) `n'"
    for odd in ("", "-x", "@a", "1,2", "a b", "%", "a;b", "1e5", "0x1"):
        assert powershell_word(odd) == f"'{odd}'"


@pytest.mark.parametrize(
    ("example", "words"),
    [
        ("--help", ["--prompt=--help", "'--prompt=--help'"]),
        ("-h", ["--prompt=-h", "'--prompt=-h'"]),
        ("--it's", ["'--prompt=--it'\\''s'", "'--prompt=--it''s'"]),
        ("-5", ["--prompt -5", "--prompt '-5'"]),
    ],
)
def test_a_value_that_looks_like_an_option_is_written_in_one(
    example: str, words: list[str]
) -> None:
    page = render(tool(prompt(example=example)))["docs/tools/wiro/painter.md"]
    lines = [line.strip()[:-2] for line in page.splitlines() if "--prompt" in line]
    assert lines == words
