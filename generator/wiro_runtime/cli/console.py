"""What the commands print, and how: results on stdout, everything about them on stderr. ``wirogen``
prints with it, too, so that both look alike.

Nothing is coloured or cut unless it goes to a terminal. Text that came from Wiro is shown without
the characters that could move a terminal's cursor.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.price import plain

PROGRAM: Final = "wiro-tools"
_VALUES: Final = {"path": "PATH", "int": "N", "float": "N", "str": "TEXT"}
_KIND: Final = re.compile(r"<?(?:list\[)?(\w+)")
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


class CommandError(Exception):
    """Bad usage or unreadable input: one line on stderr and exit status 2."""


def prepare_process() -> None:
    """Make the streams and the width of the screen fit to use, however the process was started."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # The parent process has closed this stream, as >&- does.
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    columns = os.environ.get("COLUMNS", "")
    if not (columns.isascii() and columns.isdigit() and 20 <= int(columns[:9]) <= 1000):
        os.environ.pop("COLUMNS", None)


def read_stdin(limit: int = -1) -> bytes:
    """Read the standard input, ``limit`` bytes at most. Raises :class:`CommandError`."""
    if sys.stdin is None:  # closed, as with <&-
        raise CommandError("the standard input is closed")
    try:
        return sys.stdin.buffer.read(limit)
    except OSError as error:
        raise CommandError(f"standard input: {(error.strerror or str(error)).lower()}") from None


class LogFormatter(logging.Formatter):
    """Formats a record as lines without control characters; its message is one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return "\n".join(map(printable, super().formatException(ei).split("\n")))


class Screen(Console):
    """A console of which :class:`BrokenPipeError` comes through; rich ends the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def out() -> Console:
    return Screen(highlight=False, soft_wrap=True)


def err() -> Console:
    return Screen(stderr=True, highlight=False, soft_wrap=True)


def require_extra(extra: str, *modules: str) -> None:
    """Raise :class:`CommandError` when an extra, which brings these modules, is missing."""
    if any(find_spec(module) is None for module in modules):
        raise CommandError(f"{extra}: not installed; run: pip install 'wiro-tools[{extra}]'")


def state_folder() -> Path:
    """The folder for what commands of this user keep, in the place that the system has for it."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    else:
        given = os.environ.get("XDG_STATE_HOME", "")
        base = Path(given) if given.startswith("/") else Path.home() / ".local" / "state"
    return base / PROGRAM


def make_folder(folder: Path, advice: str) -> None:
    """Make a folder that only this user can read. Raises :class:`ConfigurationError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else "cannot be written to"
    except OSError as error:
        reason = f"cannot be made: {(error.strerror or str(error)).lower()}"
    if reason:
        raise ConfigurationError(f"{folder} {reason}; {advice}")


def print_json(value: object, *, one_line: bool = False) -> None:
    form: dict[str, Any] = {"separators": (",", ":")} if one_line else {"indent": 2}
    escaped = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, ensure_ascii=escaped, **form)
    # JSON leaves DEL, C1 and the marks that turn text around as they are.
    text = "\n".join(
        line
        if line.isprintable()
        else "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
        for line in text.split("\n")
    )
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_result(as_json: bool, value: object, *lines: str) -> None:
    """What a command found: as JSON, or in lines."""
    if as_json:
        print_json(value)
    else:
        for line in lines:
            print_line(line)


def print_line(*cells: str) -> None:
    """One line of results; several cells are columns, for ``cut`` and its kin."""
    sys.stdout.write("\t".join(map(printable, cells)) + "\n")
    sys.stdout.flush()


def print_facts(rows: Iterable[tuple[str, str]]) -> None:
    """Names and values, a line each; those without a value are left out."""
    console = out()
    for name, text in rows:
        if text:
            console.print(Text.assemble((f"{name:<12}", "bold"), printable(text)))


def print_text(text: str) -> None:
    """A text that a tool wrote: as it is into a file or a pipe, harmless on a terminal."""
    print_piece(text if text.endswith("\n") else text + "\n")


def print_piece(text: str) -> None:
    """A piece of such a text, without a line break of our own."""
    if sys.stdout.isatty():
        text = "\n".join(printable(line.replace("\t", "    ")) for line in text.split("\n"))
    sys.stdout.write(text)
    sys.stdout.flush()


def say(text: str, style: str = "") -> None:
    """One line about what is going on, on stderr. Nobody listening there is no reason to leave a
    task alone that has been paid for."""
    with suppress(OSError):
        err().print(Text(printable(text), style=style))


def complain(lines: Iterable[str], program: str = PROGRAM) -> None:
    """An error on stderr: one line, and the details that it needs below."""
    first, *rest = list(lines) or [""]
    line = Text(f"{program}: ", style="bold red")
    line.append(printable(first), style="not bold default")
    console = err()
    with suppress(OSError):
        print_wrapped(line, console)
        for each in rest:
            print_wrapped(Text(f"  {printable(each)}"), console, indent=4)


def print_wrapped(line: Text, console: Console, indent: int = 2) -> None:
    """Print a line: on a terminal broken between words, its rest indented, elsewhere as it is."""
    if not console.is_terminal:
        console.print(line)
        return
    for number, part in enumerate(line.wrap(console, max(console.width - indent, 20))):
        part.rstrip()
        console.print(Text.assemble(" " * indent, part) if number else part)


def printable(text: str) -> str:
    """``text`` without anything that could move the cursor or hide something."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def brief(text: str, limit: int) -> str:
    """``text`` on one line of at most ``limit`` characters, printable."""
    return printable(shorten(text, limit))


def exact(cost: Decimal | None) -> str | None:
    """An amount of money for JSON, as text: all of its digits but zeros at the end."""
    return None if cost is None else plain(cost)


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


def is_reader_gone(error: BaseException) -> bool:
    """Whether the reader of the output has closed it, as ``head`` does once it has its lines;
    Typer raises another exception in its place."""
    return isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError)


def print_usage_error(error: Any, program: str) -> int:
    """Print what is wrong with the arguments of a command, or the help of a group of commands that
    was called without one of them; the exit status."""
    # Typer exports no name for this class.
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.ctx.get_help()}\n")
    else:
        complain([_usage_line(error, program)], program)
    status: int = error.exit_code
    return status


def _usage_line(error: Any, program: str) -> str:
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
