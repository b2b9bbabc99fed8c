"""What every reader of a document needs: its layout, the source map and the report."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.common.text import shorten
from wirogen.document.layout import Layout
from wirogen.document.report import Report
from wirogen.document.source_map import Form, SourceMap, SpecPath
from wirogen.document.values import value_of


@dataclass(frozen=True, slots=True)
class Page:
    """A document that is being read."""

    layout: Layout
    source_map: SourceMap
    report: Report

    @property
    def text(self) -> str:
        return self.layout.text

    def value(
        self, start: int, end: int, place: SpecPath, column: int = 0, shown: str | None = None
    ) -> str:
        """The value in ``[start, end)``, added to the source map. ``column`` and ``shown`` as for
        :func:`value_of`."""
        layout = self.layout
        begin, stop = layout.trim(start, end)
        if layout.flat:
            self.source_map.value(begin, stop, place)
            return layout.text[begin:stop]
        value, form, indent = value_of(layout, begin, stop, column, shown)
        self.source_map.value(begin, stop, place, form, indent)
        return value

    def keep(
        self,
        keys: list[tuple[int, int]],
        end: int,
        place: SpecPath,
        extra: dict[str, str],
        *,
        code: str,
        subject: str,
    ) -> None:
        """Keeps unknown keys, the last of which ends at ``end``, in ``extra`` (a key that comes
        again is numbered). Each is given by where its key begins and where its value does."""
        for number, (at, stop) in enumerate(keys):
            limit = keys[number + 1][0] if number + 1 < len(keys) else end
            key, slot = self.text[at : stop - 1], len(extra)
            self.report.add(code, at, subject, f"has an unknown key {shorten(key)}")
            form = Form.NUMBERED if key in extra else Form.TEXT
            self.source_map.value(at, stop - 1, (*place, "extra", slot, "key"), form)
            self.source_map.syntax(stop - 1, ":")
            value = self.value(stop, limit, (*place, "extra", slot, "value"))
            extra[key if key not in extra else f"{key} {slot}"] = value
