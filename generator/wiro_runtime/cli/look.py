"""How the help of ``wiro-tools`` and of ``wirogen`` looks, so that they look alike."""

from __future__ import annotations

import re
import shlex
from functools import partial
from typing import Any, Final

from rich.console import Console
from rich.text import Text

_VALUES: Final = {"path": "PATH", "int": "N", "float": "N", "str": "TEXT"}
_KIND: Final = re.compile(r"<?(?:list\[)?(\w+)")


class Screen(Console):
    """A console of which :class:`BrokenPipeError` comes through; rich ends the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def out() -> Console:
    return Screen(highlight=False, soft_wrap=True)


def err() -> Console:
    return Screen(stderr=True, highlight=False, soft_wrap=True)


def tidy(command: Any) -> Any:
    """Name arguments and the values of options as other commands do, and summaries whole, in
    ``command`` and the commands below it."""
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            _tidy_argument(parameter)
        elif parameter.metavar is None and not parameter.is_flag:
            kind = _KIND.match(parameter.display_type(None) or "")
            parameter.metavar = _VALUES.get(kind[1].lower()) if kind else None
    command.short_help = command.short_help or first_sentence(command.help or "")
    commands = getattr(command, "commands", {})
    command.no_args_is_help = bool(commands)
    for each in commands.values():
        tidy(each)
    return command


def _tidy_argument(argument: Any) -> None:
    """``FILE…`` instead of ``{files}...`` and ``FILES <list[Path]>``."""
    name = argument.metavar or argument.name.upper()
    several = "…" if argument.nargs != 1 and not name.endswith("…") else ""
    shown = f"{name.removesuffix('S') if several else name}{several}"
    argument.metavar = shown
    argument.display_type_rich = _nothing
    usage = shown if argument.required else f"[{shown}]"
    argument.get_usage_pieces = partial(_usage_of, usage)


def _nothing(**_context: object) -> None:
    """No type beside the name of an argument."""


def _usage_of(usage: str, _context: object) -> list[str]:
    return [usage]


def print_wrapped(line: Text, console: Console, indent: int = 2) -> None:
    """Print a line: on a terminal broken between words, its rest indented, elsewhere as it is."""
    if not console.is_terminal:
        console.print(line)
        return
    for number, part in enumerate(line.wrap(console, max(console.width - indent, 20))):
        part.rstrip()
        console.print(Text.assemble(" " * indent, part) if number else part)


_EXPECTED: Final = (
    (re.compile(r"Input should be a valid number\b.*"), "expected a number"),
    (re.compile(r"Input should be a valid integer\b.*"), "expected a whole number"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"expected \1 or more"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"expected \1 or less"),
    (re.compile(r"Input should be "), "expected "),
    (re.compile(r"Value error, (.*) is not one of (.*)"), r"expected one of \2, got \1"),
    (re.compile(r"Option '([^']*)' requires an argument"), r"\1 needs a value"),
    (re.compile(r"Got unexpected extra argument\(s\) \((.*)\)"), r"unexpected argument '\1'"),
    (re.compile(r" \(Possible options: (.*)\)"), r"; nearest: \1"),
    (re.compile(r"\. Did you mean (.*)\?"), r"; nearest: \1"),
)


def is_reader_gone(error: BaseException) -> bool:
    """Whether the reader of the output has closed it, as ``head`` does once it has its lines;
    Typer raises another exception in its place."""
    return isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError)


def help_instead(error: Any) -> str | None:
    """The help of a group of commands that was called without one of them; ``None`` for other
    errors."""
    # Typer exports no name for this class.
    return error.ctx.get_help() if type(error).__name__ == "NoArgsIsHelpError" else None


def usage_line(error: Any, program: str) -> str:
    """What is wrong with the arguments of a command, in the words of other messages."""
    text = error.format_message().rstrip(".")
    for pattern, expected in _EXPECTED:
        text = pattern.sub(expected, text)
    context = getattr(error, "ctx", None)
    words: list[str] = []
    while context is not None:
        words.insert(0, shlex.quote(context.info_name or ""))
        context = context.parent
    return f"{text[:1].lower()}{text[1:]} (see {' '.join(words) or program} --help)"


def first_sentence(text: str) -> str:
    """The first sentence of a help text, on one line and without its full stop."""
    line = " ".join(text.strip().partition("\n\n")[0].split())
    return re.split(r"\.(?: |$)", line, maxsplit=1)[0]
