"""Streams and environments as odd as they come: one line, never a traceback."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from rich.console import Console

from cli_tools.kit import Shell
from wiro_runtime import StatusChanged, TaskFailed, TextDelta
from wiro_runtime.cli import progress
from wiro_runtime.cli.console import LogFormatter, exact, print_json
from wiro_runtime.cli.results import Delivery, see_through

if TYPE_CHECKING:
    from wiro_runtime import Task
    from wiro_runtime.tasks.events import OnUpdate

pytestmark = pytest.mark.slow

RUN_HELP = ["run", "wiro/painter", "--help"]
NASTY = "a\x1b]0;owned\x07\x9b2J\x7f\u202e\u2028\x00z"


def test_json_escapes_what_a_terminal_would_obey(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": NASTY, "é": "ü\n😀\U000e0001"})
    text = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "ü" in text
    assert "😀" in text
    assert json.loads(text) == {"name": NASTY, "é": "ü\n😀\U000e0001"}


def test_a_log_line_has_no_control_characters_and_stays_one_line() -> None:
    with pytest.raises(ValueError, match="owned") as caught:
        int(NASTY)
    trouble = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord(
        "wiro_runtime", logging.INFO, "", 0, "told %s\nforged", (NASTY,), trouble
    )
    first, *rest = LogFormatter("%(asctime)s %(message)s").format(record).split("\n")
    assert first.endswith("z\\nforged")
    assert all(line.isprintable() for line in (first, *rest))
    assert rest[0] == "Traceback (most recent call last):"


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, None),
        (Decimal("0.003510000000"), "0.00351"),
        (Decimal("1E-9"), "0.000000001"),
        (Decimal("12345678901234567890.01"), "12345678901234567890.01"),
    ],
)
def test_money_keeps_its_digits(cost: Decimal | None, text: str | None) -> None:
    assert exact(cost) == text


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["show", "wiro/painter", "--json"], ["--help"]],
    ids=" ".join,
)
def test_a_reader_that_has_enough_is_no_error(shell: Shell, arguments: list[str]) -> None:
    # The pipe is closed before a word is written.
    done = shell.script('{ sleep 0.1; "$@"; echo "status $?" >&2; } | true', *arguments)
    assert (done.out, done.err) == ("", "status 0\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--prompt", "@-"],
        ["--input-json", "-"],
    ],
)
def test_a_closed_standard_input_is_one_line(shell: Shell, arguments: list[str]) -> None:
    done = shell.script('"$@" <&-', "run", "wiro/painter", *arguments, "--dry-run")
    assert (done.code, done.out) == (2, "")
    assert "the standard input is closed" in done.err
    assert "Traceback" not in done.err


def test_a_server_for_agents_without_a_standard_input_is_one_line(shell: Shell) -> None:
    done = shell.script('"$@" <&-', "mcp")
    assert (done.code, done.out) == (2, "")
    assert done.err == "wiro-tools: the standard input is closed\n"


def test_a_file_may_come_through_a_pipe(shell: Shell) -> None:
    line = (
        "mkfifo pipe; printf abc > pipe & "
        '"$@" run wiro/editor --prompt x --input-image @pipe --dry-run'
    )
    done = shell.script(line)
    assert done.code == 0
    assert "<file" in done.out
    done = shell.script('"$@" run wiro/editor --prompt x --input-image @- --dry-run <&-')
    assert done.code == 2
    assert "the standard input is closed" in done.err


@pytest.mark.parametrize(
    ("columns", "arguments"),
    [
        *((odd, RUN_HELP) for odd in ("0", "-1", "x", "", "9" * 30, "1", "٣", "1e3")),
        ("0", ["--help"]),
        ("0", ["list"]),
        ("1", ["list"]),
    ],
)
def test_an_odd_width_of_the_screen_is_ignored(
    shell: Shell, columns: str, arguments: list[str]
) -> None:
    done = shell(*arguments, COLUMNS=columns)
    assert (done.code, done.err) == (0, "")
    assert done.out.strip()
    assert len(done.out) < 20_000


HELP: Final = {
    "wirogen": [
        ("100", ["--help"], "Documents → specs"),
        ("0", ["docs", "build", "--help"], "Build the site"),
        ("100", ["build", "--help"], "under generated/"),
    ],
    "wiro_runtime.cli": [
        ("100", ["--help"], "Find tools by words"),
        ("0", ["task", "--help"], "Take a task out of the queue"),
        ("100", ["show", "wiro/painter"], "Paints pictures."),
        ("100", ["run", "wiro/painter", "--prompt", "a", "--dry-run"], '"a"'),
    ],
}
# A process for each command, of one Python that has imported the program.
EACH: Final = """
import importlib, json, os, sys
program = importlib.import_module(sys.argv[1] + ".__main__")
importlib.import_module(sys.argv[1].removesuffix(".cli") + ".cli.app")
for columns, arguments, _ in json.loads(sys.argv[2]):
    if os.fork() == 0:
        os.environ["COLUMNS"] = columns
        sys.argv[1:] = arguments
        program.main()
    if os.wait()[1]:
        sys.exit(f"{arguments} failed")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("program", HELP)
def test_without_docstrings_the_help_is_the_same(shell: Shell, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-OO", "-c", EACH, program, json.dumps(HELP[program])],
        cwd=shell.folder,
        env={**shell.env, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    # A dry run says on stderr what the run would cost.
    said_besides = [line for line in done.stderr.splitlines() if not line.startswith("price: ")]
    assert (done.returncode, said_besides) == (0, [])
    for _, _, said in HELP[program]:
        assert said in done.stdout


# Lines for `sh`, for what only a Python of its own shows.
STREAMS = [
    '"$@" 2>&1 >/dev/null | true',
    '"$@" >&- 2>&- <&-',
    'LC_ALL=C PYTHONUTF8=0 "$@"',
    'PYTHONIOENCODING=latin-1 "$@"',
]


@pytest.mark.parametrize(
    ("line", "arguments"),
    [*((line, ["show", "wiro/painter"]) for line in STREAMS), (STREAMS[1], ["nonsense"])],
)
def test_odd_streams_cause_no_traceback(shell: Shell, line: str, arguments: list[str]) -> None:
    done = shell.script(line, *arguments)
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err


@pytest.mark.parametrize("arguments", [["show", "wiro/painter"], ["nonsense"]], ids=" ".join)
@pytest.mark.parametrize(
    "env",
    [{"HOME": "/nonexistent"}, {"HOME": None}, {"TERM": "dumb"}, {"TERM": ""}, {"NO_COLOR": "1"}],
    ids=str,
)
def test_odd_surroundings_cause_no_traceback(
    shell: Shell, env: dict[str, Any], arguments: list[str]
) -> None:
    done = shell(*arguments, **env)
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err


def test_a_home_that_does_not_exist_is_named_when_completion_is_installed(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = shell("--install-completion", "bash", HOME=str(tmp_path / "file"),
                 _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")  # fmt: skip
    assert done.code == 2
    assert done.err.startswith("wiro-tools: ")
    assert len(done.err.splitlines()) == 1


def test_a_state_cannot_turn_the_line_of_progress_around(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "err", lambda: console)
    with progress.watching("a") as show:
        show(StatusChanged(task_id="7", status="task_\u202egnp", raw={}))
    assert "\u202e" not in screen.getvalue()
    assert r"task_\u202egnp" in screen.getvalue()


def test_an_error_after_a_streamed_text_begins_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing:
        id = "7"

        def wait(self, _timeout: float | None, on_update: OnUpdate) -> None:
            base: dict[str, Any] = {"task_id": "7", "status": "task_output", "raw": {}}
            on_update(TextDelta(**base, text="A light", start=0, answer="A light"))
            raise TaskFailed("task 7 failed")

    how = Delivery(out=None, download=True, as_json=False, timeout=None, stream=True)
    with pytest.raises(TaskFailed):
        see_through(cast("Task", Failing()), how, "a")
    assert capsys.readouterr().out == "A light\n"
