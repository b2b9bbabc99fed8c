"""Completion in shells, asked the way their scripts ask."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cli_tools.kit import Here, Shell

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
    monkeypatch.setenv("COMP_WORDS", f"wiro-tools {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))
    done = here()
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == found


def test_zsh_gets_help_that_is_no_markup(shell: Shell) -> None:
    done = shell(
        _WIRO_TOOLS_COMPLETE="complete_zsh",
        _TYPER_COMPLETE_ARGS="wiro-tools run wiro/painter --pr",
    )
    assert '"--prompt":"What to make, (bold)in words(/bold)' in done.out


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
    assert here("--package", "listed_tools", "list").out == "a/b\t\n"
    monkeypatch.setenv("WIRO_TOOLS_PACKAGE", "listed_tools")
    monkeypatch.setenv("_WIRO_TOOLS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "wiro-tools run a")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert here().out.split() == ["a/b"]
