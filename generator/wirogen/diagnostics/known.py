"""Diagnostics that are known already: from the last build, or from a baseline that was accepted.

A diagnostic is known by its code and subject, and by how often a tool or file has it: positions
and numbers in messages change with every edit.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias, cast

from wirogen.common.files import read_text
from wirogen.common.text import beginning
from wirogen.diagnostics.model import Diagnostic, Severity

Known: TypeAlias = "Mapping[str, Counter[str]]"
"""How often each finding is known, by what has it: a tool or a file."""

BASELINE: Final = "specs/baseline.toml"
_HEAD: Final = """\
# Diagnostics that `wirogen lint --baseline` accepted. wirogen lint reports what is not here.
"""
_SUBJECT: Final = 80
_DAMAGED: Final = (
    OSError, ValueError, TypeError, AttributeError, RecursionError, OverflowError
)  # fmt: skip


def finding(each: Diagnostic) -> str:
    """What a diagnostic is known by: ``D201 selectedModel``."""
    text = f"{each.code} {beginning(each.subject, _SUBJECT)}".strip()
    # JSON can spell half characters, which no file can hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def unknown(
    found: Iterable[Diagnostic], known: Known, owner: Callable[[Diagnostic], str]
) -> list[Diagnostic]:
    """The diagnostics that are not known of their ``owner``, in the same order."""
    left = {name: Counter(each) for name, each in known.items()}
    fresh: list[Diagnostic] = []
    for each in found:
        counted = left.get(owner(each), Counter())
        if counted[finding(each)] > 0:
            counted[finding(each)] -= 1
        else:
            fresh.append(each)
    return fresh


def read_baseline(file: Path) -> Known | None:
    """The accepted diagnostics by file, ``None`` when there is no baseline. Raises ``ValueError``
    for a file that no ``wirogen lint --baseline`` wrote."""
    try:
        tables: dict[str, object] = tomllib.loads(read_text(file))
        return {
            path: Counter({key: int(count) for key, count in cast("dict[str, int]", each).items()})
            for path, each in tables.items()
        }
    except FileNotFoundError:
        return None
    except _DAMAGED as error:
        message = f"not a baseline ({error}); restore it, or write it anew: wirogen lint --baseline"
        raise ValueError(message) from None


def baseline_text(found: Iterable[Diagnostic], owner: Callable[[Diagnostic], str]) -> str:
    """A baseline that accepts ``found``. Errors are never accepted."""
    counted: dict[str, Counter[str]] = {}
    for each in found:
        if each.severity is not Severity.ERROR and not each.rule.boilerplate:
            counted.setdefault(owner(each), Counter())[finding(each)] += 1
    lines = [_HEAD]
    for path in sorted(counted):
        lines.append(f"\n[{_quoted(path)}]\n")
        lines += [f"{_quoted(key)} = {count}\n" for key, count in sorted(counted[path].items())]
    return "".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
