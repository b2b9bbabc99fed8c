"""Where in its file a finding is about, for those that were made without looking at the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from wirogen.diagnostics.model import Diagnostic

if TYPE_CHECKING:
    from wirogen.diagnostics.finders import Finder


def with_places(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings, each with a place if its file shows one. A file is read once for those that
    follow one another."""
    path: str | None = None
    finder: Finder | None = None
    for each in found:
        if each.position is not None:
            yield each
            continue
        if finder is None or each.path != path:
            from wirogen.diagnostics.finders import finder_of  # noqa: PLC0415 - loads the reader of YAML

            path, finder = each.path, finder_of(each.path)
        yield replace(each, position=finder.find(each))
