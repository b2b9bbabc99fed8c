"""What is odd about a spec that can be read, above all about one that a person wrote.

What its document was already found to have is not said again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Final

from wirogen.diagnostics import Diagnostic
from wirogen.document.jsontext import kind
from wirogen.document.report import shorten
from wirogen.spec import Input, ToolSpec, Unsent
from wirogen.spec.sliders import slider_fault

_NO_OPTION: Final = "D201"
_ODD_SLIDER: Final = "D212"


def check_spec(spec: ToolSpec, path: str) -> Iterator[Diagnostic]:
    """The diagnostics of one spec, in the order of its inputs. ``path`` is the file to name."""
    findings = spec.source.findings if spec.source else ()
    said = {(each.code, each.subject) for each in findings}
    for item in spec.inputs:
        for code, message in chain(_sent(item, said), _sliders(item, said)):
            yield Diagnostic(code=code, message=message, path=path, subject=item.name)


def _sent(item: Input, said: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    sent = item.wire.sent
    if isinstance(sent, Unsent) or sent is None:
        return
    found = kind(sent)
    # Documents have numbers whose value is `false`; the API takes them.
    if found != item.wire.type and (item.wire.type, found) != ("number", "boolean"):
        shown = shorten(json.dumps(sent, ensure_ascii=False))
        yield "S101", f"sends {shown} ({found}), its wire type is {item.wire.type}"
    if item.open is not False or (_NO_OPTION, item.name) in said:
        return
    values = {option.value for option in item.options or ()}
    for each in sent if isinstance(sent, list) else [sent]:
        value = each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
        if value and value not in values:
            yield "S102", f"sends {shorten(value)}, which is not among its options"


def _sliders(item: Input, said: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if (_ODD_SLIDER, f"{item.name}.options") in said:
        return
    for option in item.options or ():
        for slider in option.generatesettings or ():
            if wrong := slider_fault(slider):
                yield "S103", f"option {shorten(option.value)} has {wrong}"
