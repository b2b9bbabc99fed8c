"""TAB in real shells, over a tool whose document holds everything that a shell could misread."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import fork_server
import wiro_runtime
from cli_tools.kit import SLIDER
from cli_tools.prepared import NAMES, prepared
from conftest import MakeOnce
from generated import number, prompt, text, tool
from generated import select as choice
from wirogen.pipeline.render import generate
from wirogen.specs import Option, Wire

pytestmark = pytest.mark.slow

# It has no types.
pexpect: Any = importlib.import_module("pexpect")

VALUES: Final = (
    "a b  c:d:e=f g%h%%i (j) k{l,m} n#o #p q,r@s ünï’t",
    "c'd 'e",
    'd"e "f',
    "e$(touch RAN)",
    r"f\$(touch RAN)",
    "g`touch RAN`",
    "h\\i\\",
    "i\nj",
    "l*?[m]",
    "~root",
    "m!n !! !touch",
    "n;touch RAN;o&touch RAN|p<q>r",
    "s=t u",
    "$HOME",
    "^w^x",
    "ünï code’s",
    "v,w@x",
    "#y",
    "=ls",
    "w!",
    "x'",
    'y"',
    "z\n",
)
LABELS: Final = tuple(
    Option(value=str(number), label=f"{text} {number}")
    for number, text in enumerate(
        (r"calm \$(touch RAN)", "$(touch RAN)", "`touch RAN`", r"\`touch RAN\`", "'; touch RAN; '",
         '"; touch RAN; "', "%F{red}%(1/touch RAN/)", "a:b [c] )) }", "\x1b]0;owned\x07\x9b2J")
    )
)  # fmt: skip
POSTER: Final = tool(
    prompt(help=r"Words \$(touch RAN) `touch RAN` $(touch RAN) '\"; touch RAN; \"'."),
    choice("voice", *VALUES, default="v,w@x"),
    choice("near", "soft a", "soft $(touch RAN)", "16:9", "16:10", default="16:9"),
    choice("dashed", "-k l", default="-k l"),
    choice("loud", "!!", default="!!"),
    choice("quoted", "'x", default="'x"),
    choice("mood", *LABELS, default="1"),
    choice(
        "selectedLoraModel",
        Option(value="62", label=r"some/Nice \$(touch RAN)", generatesettings=(SLIDER,)),
        Option(value="63", label="b"),
        open=True,
        type="multiselect",
        wire=Wire(type="array", sent=[]),
    ),
    text("inputImage", type="fileinput", wire=Wire(type="string")),
    number("samples", 1, help="$(touch RAN)"),
    name="acme/poster",
)
ICON: Final = tool(prompt(), name="acme/2D Game: $(touch RAN) 'Icon'")

SHELLS: Final = [name for name in ("bash", "zsh", "fish") if shutil.which(name)]


SETUP: Final = {
    "bash": """\
PS1='READY> '
unset HISTFILE
bind 'set bell-style none'
bind 'set page-completions off'
bind 'set completion-query-items -1'
bind -x '"\\C-xm": printf . >> marks'
""",
    "zsh": """\
PS1='READY> '
LISTMAX=1000
unsetopt BEEP PROMPT_SP
autoload -Uz compinit
compinit -u -D
mark() { printf . >> marks; }
zle -N mark
bindkey '^Xm' mark
""",
    "fish": """\
function fish_prompt; printf 'READY> '; end
bind \\cxm 'printf . >> marks'
""",
}
"""``C-x m`` tells when the keys before it have been handled."""

CLEAR: Final = {"bash": "\x15", "zsh": "\x15", "fish": "\x03"}
MARK: Final = "\x18m"
PATIENCE: Final = 120
"""Seconds that a shell may take for anything: how fast it is, is not tested here."""


class Prompt:
    """A shell at its prompt. ``arguments`` presses TAB and asks the shell what it would run."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.folder = folder
        flags = {
            "bash": ["--norc", "--noprofile", "-i"],
            "zsh": ["-f", "-i"],
            "fish": ["--no-config", "-i"],
        }
        self.child = pexpect.spawn(
            name, flags[name], env=dict(env), cwd=str(folder), encoding="utf-8",
            timeout=PATIENCE, dimensions=(200, 200),
        )  # fmt: skip
        self.child.delaybeforesend = None
        self.marks = folder / "marks"
        self.marks.touch()
        self.shown = folder / "shown"
        setup = SETUP[name]
        for program in NAMES:
            # What Enter runs. Completion asks the program of that name.
            setup += (
                f"function {program}; printf '%s\\0' $argv END > shown; end\n"
                if name == "fish"
                else f"{program}() {{ printf '%s\\0' \"$@\" END > shown; }}\n"
            )
            setup += f"source ./{program}.{name}\n"
        (folder / f"setup.{name}").write_text(setup, "utf-8")
        self.child.sendline(f"source ./setup.{name}")
        self.child.expect("READY> ")

    def wait(self, done: Callable[[str], bool], again: str = "") -> str:
        """Read what the shell shows until ``done``; ``again`` is typed every few seconds."""
        seen, end, repeat = "", time.monotonic() + PATIENCE, time.monotonic() + 5
        while not done(seen):
            assert time.monotonic() < end, seen
            if again and time.monotonic() > repeat:
                self.child.send(again)
                repeat = time.monotonic() + 5
            seen += self.read(0.01)
        return seen + self.read(0)

    def read(self, seconds: float) -> str:
        with contextlib.suppress(pexpect.TIMEOUT):
            return self.child.read_nonblocking(65536, timeout=seconds)
        return ""

    def type(self, keys: str) -> str:
        """Type, and return what the shell shows until it has handled the keys."""
        before = self.marks.stat().st_size
        self.child.send(keys + MARK)
        return self.wait(lambda _: self.marks.stat().st_size > before, again=MARK)

    def tab(self, line: str, times: int = 1) -> str:
        """What the shell shows after TAB; the line is emptied again."""
        self.type(line)
        shown = self.type("\t" * times)
        return shown + self.type(CLEAR[self.name])

    def shows(self, line: str, text: str) -> str:
        """What the shell shows after TAB was pressed twice, which has ``text`` in it."""
        self.type(line)
        self.child.send("\t\t")
        shown = self.wait(lambda seen: text in seen)
        return shown + self.type(CLEAR[self.name])

    def arguments(self, line: str) -> list[str]:
        """The arguments that the shell passes after TAB and Enter."""
        self.type("")
        self.shown.unlink(missing_ok=True)
        self.child.send(f"{line}\t\r")
        self.wait(lambda _: self.shown.exists() and self.shown.read_bytes().endswith(b"END\0"))
        return self.shown.read_text("utf-8").split("\0")[:-2]

    @property
    def ran(self) -> list[str]:
        return [path.name for path in self.folder.glob("RAN*")]


@pytest.fixture(scope="module", params=SHELLS)
def prompt_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make_once: MakeOnce
) -> Iterator[Prompt]:
    specs = {spec.tool: spec for spec in (POSTER, ICON)}
    made = make_once("posters", lambda folder: generate(specs, folder))
    folder = tmp_path_factory.mktemp("shell")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(
            (str(made / "python"), str(Path(wiro_runtime.__file__).parents[1]))
        ),
    }
    for program in NAMES:
        variable = f"_{program.replace('-', '_').upper()}_COMPLETE"
        asked = {**env, variable: f"source_{request.param}"}
        script = fork_server.run(program, cwd=folder, env=asked).stdout
        (folder / f"{program}.{request.param}").write_text(script, "utf-8")
    (folder / "my photo $(touch RAN).png").touch()
    (folder / "pictures").mkdir()
    (folder / "pictures" / "one.png").touch()
    with prepared(folder) as programs:
        shell = Prompt(request.param, folder, {**env, "PATH": f"{programs}:{env['PATH']}"})
        yield shell
        shell.child.close(force=True)


RUN: Final = "wiro-tools run acme/poster --prompt x "


def typed(value: str) -> list[str]:
    """Return the beginnings of ``value`` that a user may type; several where quoting is hard."""
    # fish takes a star for a pattern, quoted or not.
    begin = value[: 2 if value[:2].isprintable() and "*" not in value[:2] else 1]
    ways = [f"'{begin}"] if "'" not in begin else []
    if not set(begin) & set('$`!\\"'):
        ways.append(f'"{begin}')
    if begin.isalnum():
        ways.insert(0, begin)
    ways = ways or [value[:1]]
    return ways if set(value) & set("'\"$`\\!\n") else ways[:1]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_inserted_as_the_one_argument_that_it_is(prompt_of: Prompt, value: str) -> None:
    for begin in typed(value):
        found = prompt_of.arguments(f"{RUN}--voice {begin}")
        assert found[-1:] == [value], begin
    assert prompt_of.ran == []


def test_nothing_is_run_or_inserted_while_all_values_are_shown(prompt_of: Prompt) -> None:
    for line in ("--voice ", "--mood ", "--lora ", "--near ", "--", "--input-image ", "--voice='"):
        prompt_of.tab(RUN + line, times=3)
    prompt_of.tab("wiro-tools run ", times=3)
    assert prompt_of.ran == []


def test_values_that_share_a_beginning_are_completed_as_far_as_they_agree(
    prompt_of: Prompt,
) -> None:
    prompt_of.shows(f"{RUN}--near 16:", "16:10")
    shown = prompt_of.tab(f"{RUN}--near so", times=2)
    assert "$" in shown or "ft" in shown
    assert prompt_of.arguments(f"{RUN}--near 16:9")[-1] == "16:9"
    assert prompt_of.arguments(f"{RUN}--near 'soft a")[-1] == "soft a"
    assert prompt_of.arguments(f"{RUN}--near='soft $")[-1].endswith("soft $(touch RAN)")
    assert prompt_of.ran == []


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("wiro-tools run acme/2", ICON.tool),
        ("wiro-tools run 'acme/2", ICON.tool),
        ("wiro-tools show acme/2", ICON.tool),
        ("wiro-tools ru", "run"),
        ("wirogen bui", "build"),
        ("wirogen parse --ver", "--verify"),
        (f"{RUN}--samp", "--samples"),
        (f"{RUN}--lora 62", "62"),
        (f"{RUN}--dashed ", "-k l"),
        (f'{RUN}--loud "', "!!"),
        (f"{RUN}--loud '", "!!"),
        (f"{RUN}--quoted '", "'x"),
        (f'{RUN}--quoted "', "'x"),
        (f"{RUN}--input-image @my", "@my photo $(touch RAN).png"),
        (f"{RUN}--input-image @pictures/o", "@pictures/one.png"),
        (f"{RUN}--out pic", "pictures"),
        (f"{RUN}--input-json my", "my photo $(touch RAN).png"),
        (f"{RUN}--input-json=my", "--input-json=my photo $(touch RAN).png"),
        (f"{RUN}--out=./pictures/o", "--out=./pictures/one.png"),
    ],
)
def test_names_and_files_are_inserted_as_they_are(prompt_of: Prompt, line: str, last: str) -> None:
    assert prompt_of.arguments(line)[-1].removesuffix("/") == last
    assert prompt_of.ran == []


@pytest.mark.parametrize(
    ("line", "last"), [("wiro-tools run acme/2", ICON.tool), ("wirogen bui", "build")]
)
def test_the_installed_programs_complete(prompt_of: Prompt, line: str, last: str) -> None:
    (prompt_of.folder / "installed").touch()
    assert prompt_of.arguments(line)[-1] == last
    (prompt_of.folder / "installed").unlink()


def test_labels_reach_the_terminal_without_control_characters(prompt_of: Prompt) -> None:
    shown = prompt_of.shows(f"{RUN}--mood ", "calm")
    assert "\x1b]0;" not in shown
    assert "\x9b" not in shown
    assert prompt_of.ran == []
