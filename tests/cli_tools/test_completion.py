"""Completion in shells, asked the way their scripts ask."""

from __future__ import annotations

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
    done = shell("--show-completion", "bash")
    assert "_WIRO_TOOLS_COMPLETE=complete_bash" in done.out
