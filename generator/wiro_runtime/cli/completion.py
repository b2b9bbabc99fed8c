"""Completion in bash, zsh, fish and PowerShell.

Ids and labels come from documents, so no shell may read them as code. The scripts in ``shells/``
evaluate nothing: zsh and fish get plain values and quote them; bash and PowerShell insert what they
get, so it is quoted here, for the place where it is inserted.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from typer import _completion_classes, _completion_shared
from typer._click.shell_completion import (
    CompletionItem,
    ShellComplete,
    _is_incomplete_option,  # pyright: ignore[reportPrivateUsage] - no public way
    _resolve_context,  # pyright: ignore[reportPrivateUsage] - as above
)

from wiro_runtime.cli.console import brief, printable

_LABEL: Final = 70
_MENU: Final = ("37", "42")
"""COMP_TYPE of bash where every match is inserted whole: menu-complete and insert-completions."""


_NEWLINE: Final = r"$'\n'"
"""A line break as bash reads it."""


def install_completion() -> None:
    """Have Typer use the classes and scripts of this module."""
    for name, cls in SHELLS.items():
        setattr(_completion_classes, f"{cls.typer_name}Complete", cls)
        cls.source_template = (Path(__file__).parent / "shells" / cls.script).read_text("utf-8")
        _completion_shared._completion_scripts[name] = cls.source_template  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no public way


@dataclass(frozen=True, slots=True)
class Word:
    """The word at the cursor. ``text`` is its value as far as it is typed, ``start`` the place in
    the line where it begins, ``quote`` the quotation mark that is still open, at ``quoted_from``.
    """

    text: str
    start: int
    quote: str = ""
    quoted_from: int = 0


def split_line(line: str, escape: str = "\\") -> tuple[list[str], Word]:
    """Return the whole words of a command line up to the cursor, and the word at the cursor.

    ``escape`` is the escape character of the shell: a backslash, or the backtick of PowerShell.
    """
    words: list[str] = []
    text, quote, start, quoted_from, place = "", "", -1, 0, 0
    while place < len(line):
        char = line[place]
        begins = start < 0
        if begins and not (char.isspace() and not quote):
            start = place
        if not quote and line.startswith(_NEWLINE, place):
            text += "\n"
            place += len(_NEWLINE) - 1
        elif char == escape and quote != "'":
            following = line[place + 1 : place + 2]
            kept = escape if quote and escape == "\\" and following not in '"\\$`\n' else ""
            text += kept + following
            place += 1
        elif quote:
            if char != quote:
                text += char
            elif escape == "`" and line[place + 1 : place + 2] == quote:
                text += char
                place += 1
            else:
                quote = ""
        elif char in "'\"":
            quote, quoted_from = char, place
        elif char.isspace():
            if start >= 0:
                words.append(text)
            text, start = "", -1
        else:
            text += char
        place += 1
    place = len(line) if start < 0 else start
    return words, Word(text, place, quote, quoted_from if quote else 0)


def quote_bash(text: str, quote: str = "") -> str:
    """Return ``text`` as it stands for itself in bash, outside of quotation marks or behind an open
    one, which stays open."""
    if quote == "'":
        return text.replace("'", r"'\''").replace("\n", "'$'\\n''")
    if quote == '"':
        escaped = re.sub(r'(["\\$`])', r"\\\1", text)
        return escaped.replace("!", "\"'!'\"").replace("\n", "\"$'\\n'\"")
    return re.sub(r"[^\w@%+=:,./-]", r"\\\g<0>", text).replace("\\\n", _NEWLINE)


def quote_powershell(text: str) -> str:
    """Return ``text`` as one argument of PowerShell, where it reads curly quotation marks, too."""
    if re.fullmatch(r"[A-Za-z0-9_./:=+-]+", text):
        return text
    return "'" + re.sub("(['\u2018-\u201b])", r"\1\1", text) + "'"


def _can_be_typed(value: str) -> bool:
    """Whether ``value`` can be put on a command line and be seen there as it is."""
    try:
        value.encode(sys.stdout.encoding or "utf-8")
    except UnicodeError:
        return False
    return value != "" and all(char.isprintable() or char == "\n" for char in value)


def files_at(text: str) -> list[str]:
    """The files and folders that ``@PATH`` may become."""
    folder, name = os.path.split(text[1:])
    with suppress(OSError), os.scandir(folder or ".") as entries:
        return sorted(
            f"@{text[1 : len(text) - len(name)]}{entry.name}{'/' if entry.is_dir() else ''}"
            for entry in entries
            if entry.name.startswith(name) and (name or not entry.name.startswith("."))
        )
    return []


class _Complete(ShellComplete):
    """Base of the shells' classes. An answer is ``open`` when its only match is a folder."""

    typer_name: ClassVar[str]
    script: ClassVar[str]
    filters = False
    """Whether the shell itself looks for what its word begins with."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Also values that begin with a dash, which Typer takes for names of options."""
        name = _assigned(incomplete)
        words = [*args, name[:-1]] if name else args
        current = incomplete.removeprefix(name)
        found: list[CompletionItem] = []
        if current.startswith("-"):
            context = _resolve_context(self.cli, self.ctx_args, self.prog_name, [*words])
            for option in context.command.get_params(context):
                if _is_incomplete_option(context, words, option):
                    found += option.shell_complete(context, "" if self.filters else current)
        if found and not self.filters:
            return found
        return [*found, *super().get_completions(args, incomplete)]

    def source_vars(self) -> dict[str, Any]:
        return {
            "complete_func": self.func_name,
            "autocomplete_var": self.complete_var,
            "prog_name": self.prog_name,
        }

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words of a shell that filters itself: it gets all values of an input."""
        *words, current = sys.argv[1:] or [""]
        current = current.lstrip("'\"")
        if current.startswith("-"):
            return words, _assigned(current) or "--"
        return words, current if current.startswith("@") else ""

    def found(self, words: list[str], current: str) -> list[CompletionItem]:
        """The matches; none where a path is wanted, which shells complete themselves."""
        items = self.get_completions(words, current)
        return [item for item in items if item.type == "plain" and _can_be_typed(item.value)]

    def format_completion(self, item: CompletionItem) -> str:
        return str(item.value)


def _label(item: CompletionItem) -> str:
    label = brief(item.help or "", _LABEL)
    return "" if label == item.value else label


def _note(item: CompletionItem, *, whole: bool) -> str:
    """The label of a match and, where only the end of its value is listed, the ``whole`` one."""
    parts = [brief(item.value, _LABEL)] if whole else []
    parts += [label] if (label := _label(item)) else []
    return f"  ({': '.join(parts)})" if parts else ""


def _is_open(items: list[CompletionItem]) -> bool:
    return len(items) == 1 and items[0].value.startswith("@") and items[0].value.endswith("/")


class BashComplete(_Complete):
    """bash: one line for each match, quoted; on the first line ``open`` or ``closed``."""

    name = "bash"
    typer_name = "Bash"
    script = "completion.bash"

    def complete(self) -> str:
        line = os.environ.get("COMPLETE_LINE", "")
        words, word = split_line(line)
        begin = word.quoted_from + 1 if word.quote else self._begin(line, word)
        # Readline replaces what stands from `begin` on. The text before it stays.
        _, before = split_line(line[word.start : begin - bool(word.quote)])
        if word.quote and line[word.quoted_from - 1 : word.quoted_from] == "$":
            return "closed"
        items = self.found(_arguments(words), word.text)
        prefix = _assigned(word.text)
        matches = [
            (full[len(before.text) :], item)
            for item in items
            if (full := prefix + item.value).startswith(before.text)
        ]
        rests = [rest for rest, _ in matches]
        if len(rests) != 1 and os.environ.get("COMPLETE_TYPE") not in _MENU:
            # bash inserts what the lines have in common, which must not end within an escape.
            common = os.path.commonprefix(rests)  # noqa: RUF071 - of texts
            quoted = quote_bash(common, word.quote)
            shown = [quoted + printable(rest[len(common) :]) for rest in rests]
            if common not in rests:
                shown = [
                    f"{each}{_note(item, whole=bool(before.text))}"
                    for each, (_, item) in zip(shown, matches, strict=True)
                ]
        else:
            shown = [quote_bash(rest, word.quote) for rest in rests]
            # Readline closes the quotation marks, but not behind the same mark.
            shown = [
                each + word.quote if word.quote and each.endswith(word.quote) else each
                for each in shown
            ]
        # Readline does not insert a mark at the beginning of a match behind the same mark.
        shown = [
            word.quote + each if word.quote and each.startswith(word.quote) else each
            for each in shown
        ]
        return "\n".join(["open" if _is_open(items) else "closed", *shown])

    def _begin(self, line: str, word: Word) -> int:
        """The place behind the last character, in the word at the cursor, that breaks words."""
        breaks = os.environ.get("COMPLETE_BREAKS", " \t\n\"'><=;|&(:")
        place, begin, quote = word.start, word.start, ""
        while place < len(line):
            char = line[place]
            if char == "\\" and quote != "'":
                place += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char in breaks:
                # "@" belongs to the word that it begins.
                begin = place if char == "@" else place + 1
            place += 1
        return begin


class ZshComplete(_Complete):
    """zsh: ``open`` or ``closed``, then a value and its display for each, separated by NUL."""

    name = "zsh"
    filters = True
    typer_name = "Zsh"
    script = "completion.zsh"

    def complete(self) -> str:
        items = self.found(*self.get_completion_args())
        width = min(max((len(brief(item.value, _LABEL)) for item in items), default=0), 40)
        parts = ["open" if _is_open(items) else "closed"]
        for item in items:
            shown, label = brief(item.value, _LABEL), _label(item)
            parts += [item.value, f"{shown:<{width}}  {label}" if label else shown]
        return "\0".join(parts)


class FishComplete(_Complete):
    """fish: a value, and behind a tab its label, for each, separated by NUL."""

    name = "fish"
    filters = True
    typer_name = "Fish"
    script = "completion.fish"

    def complete(self) -> str:
        words, current = self.get_completion_args()
        prefix = _assigned(current)
        items = self.found(words, current)
        return "".join(f"{prefix}{item.value}\t{_label(item)}\0" for item in items)


class PowerShellComplete(_Complete):
    """PowerShell: a JSON object for each match, in ASCII; ``text`` is quoted."""

    name = "powershell"
    typer_name = "PowerShell"
    script = "completion.ps1"

    def complete(self) -> str:
        words, word = split_line(os.environ.get("COMPLETE_LINE", ""), "`")
        prefix = _assigned(word.text)
        return "\n".join(
            json.dumps(
                {
                    "text": quote_powershell(prefix + item.value),
                    "shown": brief(item.value, _LABEL),
                    "label": _label(item) or brief(item.value, _LABEL),
                }
            )
            for item in self.found(_arguments(words), word.text)
            if "\n" not in item.value
        )


def _assigned(text: str) -> str:
    """``--NAME=`` where ``text`` begins with it, else nothing."""
    name, equals, _ = text.partition("=")
    return f"{name}=" if equals and name.startswith("--") else ""


def _arguments(words: list[str]) -> list[str]:
    """``words`` without the program and the variables that are set before it."""
    first = next((place for place, word in enumerate(words) if not re.match(r"\w+=", word)), 0)
    return words[first + 1 :]


SHELLS: Final = {
    "bash": BashComplete,
    "zsh": ZshComplete,
    "fish": FishComplete,
    "powershell": PowerShellComplete,
    "pwsh": PowerShellComplete,
}
