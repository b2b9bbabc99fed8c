"""What ``wiro-tools`` says about itself and about tools."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli_tools.kit import Shell
from wiro_runtime.cli import doctor
from wiro_runtime.cli.help import _choice
from wiro_runtime.cli.view import Choice

pytestmark = pytest.mark.slow


def test_the_help_of_a_tool_lists_its_real_inputs(shell: Shell) -> None:
    done = shell.run("wiro/painter", "--help")
    assert done.code == 0
    assert "Paints pictures." in done.out
    for line in (
        "--prompt TEXT  (required)",
        "--samples INTEGER  [default: 1]",
        "--scale NUMBER  [default: 7.5]",
        "--seed TEXT  [default: 123456]",
        "--tiled true|false  [default: false]",
        "--scheduler CHOICE  [default: Euler]",
        "--styles CHOICE  [default: oil]  repeatable",
        "--settings JSON",
    ):
        assert f"  {line}\n" in done.out
    assert "One of: Euler, DDIM, PNDM" in done.out
    assert "903  Maker/Model 3" in done.out
    assert "62   Ostris/Happy Slider  [scale -5 to 5 by 1, default 5]" in done.out


def test_long_lists_are_cut_in_the_help_and_whole_in_show(shell: Shell) -> None:
    done = shell.run("wiro/painter", "--help")
    assert "… and 34 more: wiro-tools show wiro/painter" in done.out
    assert "Maker/Model 30" not in done.out
    shown = shell("show", "wiro/painter")
    assert shown.code == 0
    assert "930  Maker/Model 30" in shown.out
    assert "(say: office; shield, sword)" in shown.out
    assert "wiro-tools run wiro/painter --prompt TEXT" in shown.out


@pytest.mark.parametrize(
    ("command", "argument"),
    [("costs", "[DIR…]"), ("skill install", "[DIR]"), ("studio", "[OWNER/PROJECT]")],
)
def test_what_may_be_left_out_stands_in_one_pair_of_brackets(
    shell: Shell, command: str, argument: str
) -> None:
    usage = shell(*command.split(), "--help").out.splitlines()[0]
    assert usage == f"Usage: wiro-tools {command} [OPTIONS] {argument}"


def test_text_of_a_tool_is_neither_markup_nor_an_order_to_the_terminal(shell: Shell) -> None:
    done = shell.run("wiro/painter", "--help")
    assert r"[bold]in words[/bold]\x1b[31m." in done.out
    assert "\x1b" not in done.out


def test_an_input_with_the_name_of_an_option_gets_another(shell: Shell) -> None:
    done = shell.run("wiro/painter", "--help")
    assert "--input-out TEXT" in done.out
    sent = shell.run("wiro/painter", "--prompt", "a", "--input-out", "far", "--dry-run")
    assert sent.json["out"] == "far"


def test_show_as_json_has_every_option(shell: Shell) -> None:
    tool = shell("show", "wiro/painter", "--json").json
    inputs = {each["name"]: each for each in tool["inputs"]}
    assert tool["module"] == "wiro_tools.wiro.painter"
    assert len(inputs["selected_model"]["options"]) == 40
    assert inputs["selected_model"]["options"][3]["constant"] == "MAKER_MODEL_3"
    assert inputs["samples"] == {
        **inputs["samples"],
        "wire_name": "samples",
        "option": "--samples",
        "type": "integer",
        "required": False,
        "default": 1,
        "kind": "number",
    }
    lora = inputs["selected_lora_model"]["options"][0]
    assert lora["settings"][0]["maximum"] == "5"


def test_an_id_with_blanks_is_quoted_where_it_is_to_be_typed(shell: Shell) -> None:
    done = shell.run("openai/A Writer", "--prompt", "a", "--odd")
    assert "(see wiro-tools run 'openai/A Writer' --help)" in done.err
    assert "wiro-tools run 'openai/A Writer' --prompt TEXT" in shell("show", "openai/A Writer").out


def test_an_empty_id_is_shown_as_it_is_typed() -> None:
    written = StringIO()
    choice = Choice(value="", label="Auto", lora=None)
    _choice(choice, 4, Console(file=written, width=80), cut=False)
    assert written.getvalue() == '        ""    Auto\n'


def test_the_commands_are_listed_without_a_tool(shell: Shell) -> None:
    done = shell("--help")
    for command in ("run", "task", "list", "show", "search"):
        assert f"\n  {command} " in done.out
    done = shell.run("--help")
    assert done.code == 0
    assert "--lora ID[:SCALE]" in done.out
    assert "WIRO_API_KEY" in done.out


def test_a_missing_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['typer'] = None\nimport wiro_runtime.cli.__main__ as m; m.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "wiro-tools: not installed; run: pip install 'wiro-tools[cli]'\n"


@pytest.mark.parametrize("arguments", [[], ["task"], ["batch"], ["skill"]], ids=str)
def test_a_command_without_its_command_shows_the_help(shell: Shell, arguments: list[str]) -> None:
    alone, helped = shell(*arguments), shell(*arguments, "--help")
    assert (alone.code, alone.out) == (2, "")
    assert (helped.code, helped.out) == (0, alone.err)
    assert "Commands:" in alone.err


def test_a_long_line_of_show_goes_on_below_itself(shell: Shell) -> None:
    with shell.terminal("show", "wiro/editor", columns=60) as screen:
        assert screen.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.text).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("run it"))
    assert lines[at : at + 2] == [
        "run it      wiro-tools run wiro/editor --prompt",
        "            TEXT --input-image @FILE|URL",
    ]


def test_the_doctor_knows_every_extra(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    assert {*doctor._EXTRAS.values(), "studio", "dev", "all"} == {*project["optional-dependencies"]}
