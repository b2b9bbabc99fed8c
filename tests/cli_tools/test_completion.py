"""Completion in shells, asked the way their scripts ask."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cli_tools.kit import Here, Shell
from wiro_runtime.cli.completion import (
    SHELLS,
    CompletionItem,
    Word,
    quote_bash,
    quote_powershell,
    split_line,
)

pytestmark = pytest.mark.slow

SD = "wiro/text-to-image-sd-lora"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("sh", ["show"]),
        ("task c", ["cancel"]),
        ("run wiro/", ["wiro/instant-id-lora", SD]),
        ("show wiro/t", [SD]),
        (f"run {SD} --sa", ["--samples"]),
        (f"run {SD} --scheduler LMS", ["LMSDiscreteScheduler"]),
        (f"run {SD} --prompt x --lora 6", ["62", "68", "61"]),
        ("run wiro/unknown --sa", []),
    ],
)
def test_names_options_and_values_are_completed(
    here: Here, monkeypatch: pytest.MonkeyPatch, words: str, found: list[str]
) -> None:
    monkeypatch.setenv("_WIRO_TOOLS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMPLETE_LINE", f"wiro-tools {words}")
    done = here()
    assert (done.code, done.err) == (0, "")
    state, *lines = done.out.splitlines()
    assert state == "closed"
    assert [line.split(" ")[0] for line in lines] == found


def test_zsh_gets_values_and_what_to_show_of_them(shell: Shell) -> None:
    done = shell("run", "wiro/painter", "--pr", _WIRO_TOOLS_COMPLETE="complete_zsh")
    state, *parts = done.out.rstrip("\n").split("\0")
    assert state == "closed"
    shown = dict(zip(parts[::2], parts[1::2], strict=True))
    assert shown["--prompt"].endswith(r"  What to make, [bold]in words[/bold]\x1b[31m.")


def test_a_script_for_the_shell_is_printed(shell: Shell) -> None:
    done = shell("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "_WIRO_TOOLS_COMPLETE=complete_bash" in done.out


def test_tools_of_any_package_are_completed_without_importing_them(
    here: Here, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "listed_tools"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "catalogue.py").write_text(
        "from wiro_runtime.catalogue import serve_catalogue\nserve_catalogue(__name__)\n", "utf-8"
    )
    (folder / "catalogue.json").write_text('{"tools": [{"tool": "a/b", "module": "a.b"}]}', "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert here("--package", "listed_tools", "list").out == "a/b\t\t\t\n"
    monkeypatch.setenv("WIRO_TOOLS_PACKAGE", "listed_tools")
    monkeypatch.setenv("_WIRO_TOOLS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMPLETE_LINE", "wiro-tools run a")
    assert here().out.split() == ["closed", "a/b"]


@pytest.mark.parametrize(
    ("line", "words", "word"),
    [
        ("a b", ["a"], Word("b", 2)),
        ("a  ", ["a"], Word("", 3)),
        ("", [], Word("", 0)),
        ("a 'b c", ["a"], Word("b c", 2, "'", 2)),
        ("a x'b c", ["a"], Word("xb c", 2, "'", 3)),
        ("a 'b c' d", ["a", "b c"], Word("d", 8)),
        (r"a b\ c", ["a"], Word("b c", 2)),
        ("a 'b\\", ["a"], Word("b\\", 2, "'", 2)),
        (r'a "b\"\$\x', ["a"], Word('b"$\\x', 2, '"', 2)),
        ("a b$'\\n'c", ["a"], Word("b\nc", 2)),
        ("a b\\", ["a"], Word("b", 2)),
        ("a '' b", ["a", ""], Word("b", 5)),
    ],
)
def test_a_line_of_a_shell_is_split(line: str, words: list[str], word: Word) -> None:
    assert split_line(line) == (words, word)


@pytest.mark.parametrize(
    ("line", "words", "word"),
    [
        ("a 'it''s", ["a"], Word("it's", 2, "'", 2)),
        ('a "b`"c', ["a"], Word('b"c', 2, '"', 2)),
        (r"a C:\x", ["a"], Word(r"C:\x", 2)),
        ("a b` c d", ["a", "b c"], Word("d", 7)),
    ],
)
def test_a_line_of_powershell_is_split(line: str, words: list[str], word: Word) -> None:
    assert split_line(line, "`") == (words, word)


TEXTS = st.text(
    st.characters(blacklist_characters="\0\r", blacklist_categories=("Cs",)), min_size=1
)


@given(TEXTS)
def test_what_is_quoted_reads_as_it_is(text: str) -> None:
    for quote in ("", "'", '"'):
        line = f"x {quote}{quote_bash(text, quote)}{quote}"
        words, word = split_line(f"{line} ")
        assert (words, word.text) == (["x", text], ""), (line, quote)
    words, word = split_line(f"x {quote_powershell(text)} ", "`")
    if not re.search("[\u2018-\u201b]", text):  # which only PowerShell takes for quotation marks
        assert (words, word.text) == (["x", text], "")


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("plain-1.5/x", "plain-1.5/x"),
        ("a b", "'a b'"),
        ("$(x)", "'$(x)'"),
        ("it's", "'it''s'"),
        ("\u2018a\u2019", "'\u2018\u2018a\u2019\u2019'"),
        ("a`b", "'a`b'"),
        ("@a", "'@a'"),
        ("a;b", "'a;b'"),
        ("#x", "'#x'"),
        ("a,b", "'a,b'"),
        ("{a}", "'{a}'"),
        ("%x", "'%x'"),
    ],
)
def test_powershell_gets_what_stands_for_itself(value: str, quoted: str) -> None:
    assert quote_powershell(value) == quoted


def test_powershell_gets_json_in_ascii(shell: Shell) -> None:
    done = shell(
        _WIRO_TOOLS_COMPLETE="complete_powershell",
        COMPLETE_LINE="wiro-tools run wiro/painter --lora 'Ost",
    )
    assert done.out.strip() == ""
    done = shell(
        _WIRO_TOOLS_COMPLETE="complete_powershell",
        COMPLETE_LINE="wiro-tools run wiro/painter --lora 6",
    )
    assert json.loads(done.out) == {"text": "62", "shown": "62", "label": "Ostris/Happy Slider"}
    assert done.out.isascii()


@pytest.mark.parametrize("kind", ["\x1b[2J", "a\x07", "\x9b2J", "\u202e", "\x7f", "a\tb", "\u2028"])
@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish", "powershell"])
def test_what_cannot_be_seen_is_not_offered(
    monkeypatch: pytest.MonkeyPatch, kind: str, shell_name: str
) -> None:
    shell = SHELLS[shell_name](cast("Any", None), {}, "wiro-tools", "X")
    items = [CompletionItem(kind, help=kind), CompletionItem("x", help=kind)]

    def completions(_words: list[str], _current: str) -> list[CompletionItem]:
        return items

    monkeypatch.setattr(shell, "get_completions", completions)
    monkeypatch.setattr(sys, "argv", ["wiro-tools", ""])
    found = shell.complete()
    assert kind not in found
    assert "x" in found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("--level -", ["-1", "-inf"]),
        ("--level -i", ["-inf"]),
        ("--level=-i", ["-inf"]),
        ("--level ", ["-1", "-inf", "0"]),
        ("--level 0 -", ["--help"]),
        ("--le", ["--level"]),
        # None of its values: another option.
        ("--level --h", ["--help"]),
    ],
)
@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish", "powershell"])
def test_a_value_that_begins_with_a_dash_is_completed(
    monkeypatch: pytest.MonkeyPatch, shell_name: str, typed: str, found: list[str]
) -> None:
    def values(incomplete: str) -> list[str]:
        return [each for each in ("-1", "-inf", "0") if each.startswith(incomplete)]

    def command(level: str = typer.Option("0", autocompletion=values)) -> None:
        del level

    app = typer.Typer(add_completion=False)
    app.command()(command)
    monkeypatch.setattr(sys, "argv", ["x", *typed.split(" ")])
    monkeypatch.setenv("COMPLETE_LINE", f"x {typed}")
    out = SHELLS[shell_name](typer.main.get_command(app), {}, "x", "X").complete()
    for each in found:
        assert each in out
    # zsh and fish get all values and look for those themselves.
    if shell_name in ("bash", "powershell"):
        others = {"-1", "-inf", "--level", "--help"} - {*found}
        assert not any(f"{each}\n" in f"{out}\n" or f'"{each}"' in out for each in others)
