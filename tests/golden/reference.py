"""The reference pages of the runtime and of the commands, from docstrings and help texts.

``make golden`` writes them below ``templates/docs/``, from where every build copies them: they can
be read where the code is hosted, and no build needs the packages that they describe.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, cast

import wiro_runtime
from wiro_runtime.cli.console import tidy
from wiro_runtime.cli.view import OPTIONS, OwnOption
from wirogen.emit.escape import code_span, markdown
from wirogen.site.stage import REFERENCE

_GROUPS: Final = {
    "Clients": ("Wiro", "AsyncWiro", "Client"),
    "Tasks and results": (
        "Task",
        "AsyncTask",
        "Result",
        "Output",
        "TaskDetail",
        "Segment",
        "ToolCall",
        "Usage",
    ),
    "Inputs": ("ToolInputs", "LoraOption", "LoraChoice"),
    "Events": (
        "Event",
        "StatusChanged",
        "Progress",
        "TextDelta",
        "ThinkingDelta",
        "LogLine",
        "BinaryFrame",
        "OutputsReady",
        "TaskEnded",
    ),
}
_MODULES: Final = {
    "Tables": ("batch", ("Batch", "AsyncBatch")),
    "Finding tools": (
        "catalogue",
        ("open_catalogue", "installed_catalogues", "Catalogue", "Entry", "EntryInput"),
    ),
    "Webhooks": ("webhooks", ("CallbackReceiver", "CallbackRefused")),
    "Tests": ("testing", ("Simulator", "Scenario")),
}
"""Modules of ``wiro_runtime`` that are imported by name, and what comes first of each."""
_NOT_SHOWN: Final = frozenset({"faults", "fold", "serve_catalogue"})
"""What a guide shows instead, and what generated modules and pages alone need."""
_STATUSES: Final = """\
Exit status, where a command says nothing else: 0 when all is well; 1 when something was found or \
failed; 2 for wrong usage or inputs, a key that is missing or refused, and what cannot be read; \
130 after Ctrl-C, 143 after SIGTERM. What is wrong is said on the standard error."""
_OF_TOOLS: Final = {
    "wiro-tools run": "The inputs of the tool are options too: `wiro-tools run OWNER/PROJECT "
    "--help` lists them. `@FILE` reads a text from a file, or sends the file where an input takes "
    "one; `@-` is the standard input, and `@@` stands for one `@`.",
    "wiro-tools price": "Inputs that are left out leave the price open where it depends on them.",
}
"""What is to be said of commands whose options are those of a tool."""
_ROLE: Final = re.compile(r":\w+:`~?\.?([^`]+)`")
_LITERAL: Final = re.compile(r"``([^`]+)``")
_CODE: Final = re.compile(r"(`[^`]*`)")
_FIELD: Final = re.compile(r"(?m)^:(?:param|raises) ([\w. ]+): ")
_WIDTH: Final = 76
_DOCUMENTED: Final = frozenset(
    {name for group in _GROUPS.values() for name in group} | {"ApiError", "WiroError"}
)
"""Classes whose members need not stand below those that inherit them."""
_INTERNAL: Final = re.compile(r"Deprecated: |.*not for its users", re.DOTALL)
_CONSTRUCTORS: Final = frozenset({"from_detail", "from_raw"})
"""Those that read what Wiro sent."""


def reference_pages() -> dict[str, str]:
    """The pages as Markdown, by path below ``docs/``."""
    python, commands = REFERENCE
    return {
        python: _page("Python", "Everything in wiro_runtime.", _runtime()),
        commands: _page("Commands", "wirogen and wiro-tools.", _commands()),
    }


def _page(title: str, description: str, parts: Iterable[str]) -> str:
    head = f"---\ntitle: {title}\ndescription: {description}\n---\n\n# {title}\n\n"
    return head + "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _runtime() -> Iterator[str]:
    names = [name for name in wiro_runtime.__all__ if not name.startswith("__")]
    left = [name for name in names if not any(name in group for group in _GROUPS.values())]
    errors = [name for name in left if _is_error(getattr(wiro_runtime, name))]
    groups = {
        **_GROUPS,
        "Errors": tuple(errors),
        "Settings and hooks": tuple(name for name in left if name not in errors),
    }
    for title, members in groups.items():
        yield f"## {title}"
        for name in members:
            yield from _class(name, getattr(wiro_runtime, name))
    for title, (module, members) in _MODULES.items():
        yield f"## {title}"
        yield f"From `wiro_runtime.{module}`."
        found = importlib.import_module(f"wiro_runtime.{module}")
        left = {*getattr(found, "__all__", ())} - {*members, *_NOT_SHOWN}
        for name in (*members, *sorted(left)):
            yield from _class(name, getattr(found, name))


def _is_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _class(name: str, value: Any) -> Iterator[str]:
    yield f"### {name}"
    if name != value.__name__:
        yield f"The older name of `{value.__name__}`."
        return
    if _is_error(value):
        yield f"Derives from {_bases(value)}."
    if not _is_error(value) and name not in {"ToolInputs", "LoraChoice", "Client"}:
        yield _signature(name, value)
    yield _prose(inspect.getdoc(value))
    members = _members(value)
    properties = [
        f"- `{member}`: {' '.join(_prose(inspect.getdoc(found)).split())}"
        for member, found in members.items()
        if isinstance(found, property)
    ]
    if properties:
        yield "\n".join(properties)
    for member, found in members.items():
        if not isinstance(found, property):
            yield f"#### {name}.{member}"
            yield _signature(member, getattr(value, member))
            yield _prose(inspect.getdoc(getattr(value, member)))


def _bases(error: type) -> str:
    """The public classes that it derives from directly, as code."""
    found: list[str] = []
    for base in error.__bases__:
        public = not base.__name__.startswith("_")
        found.append(f"`{base.__name__}`" if public else _bases(base))
    return " and ".join(found)


def _members(value: Any) -> dict[str, object]:
    """The documented members of a class by name, also those of its bases that have no section."""
    found: dict[str, object] = {}
    for each in inspect.getmro(value) if isinstance(value, type) else ():
        if each is not value and (each.__name__ in _DOCUMENTED or "wiro_" not in each.__module__):
            continue
        for name, member in vars(each).items():
            known = inspect.isfunction(member) or isinstance(member, classmethod | property)
            public = not name.startswith("_") or name == "__call__"
            doc = inspect.getdoc(cast("Any", member)) or ""
            if known and public and doc and name not in _CONSTRUCTORS and not _INTERNAL.match(doc):
                found.setdefault(name, cast("object", member))
    return found


def _signature(name: str, called: Callable[..., Any]) -> str:
    """Return the signature as a code block, with one argument a line when it is long."""
    signature = inspect.signature(called)
    parts: list[str] = []
    star = False
    for each in signature.parameters.values():
        if each.name == "self":
            continue
        if each.kind is each.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        annotation = (
            f": {_annotation(each.annotation)}" if each.annotation is not each.empty else ""
        )
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        parts.append(f"{each.name}{annotation}{default}")
    returned = signature.return_annotation
    tail = (
        ""
        if returned in {inspect.Signature.empty, "None", None}
        else f" -> {_annotation(returned)}"
    )
    prefix = "async " if inspect.iscoroutinefunction(called) else ""
    line = f"{prefix}{name}({', '.join(parts)}){tail}"
    if len(line) > _WIDTH:
        line = f"{prefix}{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){tail}"
    return f"```python\n{line}\n```"


def _default(value: object) -> str:
    """Return a default as source; a function's ``repr`` would show an address in memory."""
    return getattr(value, "__name__", "…") if callable(value) else repr(value)


def _annotation(value: object) -> str:
    return value if isinstance(value, str) else inspect.formatannotation(value)


def _prose(doc: str | None) -> str:
    """Return a docstring as Markdown: roles and literals become code, other text is escaped."""
    text = _LITERAL.sub(r"`\1`", _ROLE.sub(r"`\1`", doc or ""))
    text = _FIELD.sub(r"- `\1`: ", text).replace("\n:returns: ", "\n- returns ")
    parts: list[str] = []
    for block in text.split("\n\n"):
        lines = block.split("\n")
        if lines[-1].endswith("::"):
            parts.append(_plain(block.removesuffix("::") + ":") if block != "::" else "")
        elif all(line.startswith("    ") for line in lines if line):
            body = "\n".join(line[4:] for line in lines)
            parts.append(f"```python\n{body}\n```")
        else:
            parts.append(_plain(block))
    return "\n\n".join(filter(None, parts))


def _plain(block: str) -> str:
    pieces = _CODE.split(block)
    return "".join(
        piece if piece.startswith("`") else piece.replace("<", "&lt;").replace("*", "\\*")
        for piece in pieces
    )


def _commands() -> Iterator[str]:
    import typer

    from wiro_runtime.cli.app import app as tools
    from wirogen.cli.app import application

    yield _STATUSES
    for name, app in (("wirogen", application()), ("wiro-tools", tools)):
        yield f"## {name}"
        yield from _command(name, tidy(typer.main.get_command(app)), level=2)


def _command(name: str, command: Any, *, level: int) -> Iterator[str]:
    if level > 2:
        yield f"{'#' * level} {name}"
    yield _prose(command.help)
    rows = [_row(each) for each in command.params if each.name != "help" and not each.hidden]
    if name in _OF_TOOLS:
        yield _OF_TOOLS[name]
        rows += [_row_of_run(each) for each in OPTIONS if name.endswith("run") or each.priced]
    if rows:
        yield "\n".join(["| Option | What it does |", "| --- | --- |", *rows])
    for child in _children(command):
        yield from _command(f"{name} {child.name}", child, level=level + 1)


def _children(command: Any) -> list[Any]:
    found = getattr(command, "commands", None)
    return [] if not isinstance(found, dict) else list(cast("dict[str, Any]", found).values())


def _row(option: Any) -> str:
    value = option.metavar or ""
    if not value and not getattr(option, "is_flag", True):
        value = option.display_type(None)
    if option.opts[0].startswith("-"):
        spelled = [*option.opts, *option.secondary_opts]
        names = " ".join(code_span(f"{each} {value}".strip()) for each in spelled)
    else:
        names = code_span(value or option.name.upper())
    default: object = option.default
    shown = isinstance(default, (str, int, float)) and default not in ("", False)
    if default is True:
        default = option.opts[0]
    variable = f" Variable: {code_span(option.envvar)}." if option.envvar else ""
    tail = f" Default: {code_span(str(default))}." if shown else ""
    return f"| {names} | {_meaning(option.help or '')}{tail}{variable} |"


def _row_of_run(option: OwnOption) -> str:
    """An option of ``run`` itself; those of a tool are made when it is chosen."""
    spelled = [
        f"--{option.name} {option.value}".strip(),
        *(["-h"] if option.name == "help" else []),
    ]
    return f"| {' '.join(map(code_span, spelled))} | {_meaning(option.meaning)} |"


def _meaning(text: str) -> str:
    """A help text as Markdown, with the default at its end as in other rows."""
    said, found, default = text.partition("[default: ")
    tail = f" Default: {code_span(default.removesuffix(']'))}." if found else ""
    return f"{markdown(said.strip())}{tail}"
