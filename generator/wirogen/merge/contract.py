"""What an earlier document showed of how a tool is called, for a newer one that does not show it.

The Run Command is the contract of a call. Where a newer document has none that can be read, or a
value in it that cannot, guesses must not take the place of what is known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from wirogen.specs import Finding, Input, ToolSpec

KEPT: Final = "D314"
_NO_COMMAND: Final = "D308"
_NO_VALUE: Final = "D312"
_EVERYTHING: Final = "Run Command"
_MESSAGE: Final = "is not shown by the newest document; what an earlier one showed is kept"


def keep_contract(known: ToolSpec, new: ToolSpec) -> ToolSpec:
    """``new`` with the contract of ``known`` where its own document does not show one, and with a
    finding for each thing that was kept. Doing it again changes nothing."""
    missing = _subjects(new, _NO_VALUE)
    nothing = bool(_subjects(new, _NO_COMMAND))
    if new.source is None or not (nothing or missing):
        return new
    listed = {item.name: item.type for item in new.inputs}
    kept = {
        item.name: item
        for item in known.inputs
        if (nothing or item.name in missing)
        and _is_shown(known, item.name)
        and (listed[item.name] == item.type if item.name in listed else _is_undescribed(item))
    }
    inputs = [
        _with_contract(kept[item.name], item) if item.name in kept else item for item in new.inputs
    ]
    inputs += [item for name, item in kept.items() if name not in listed]
    if not kept:
        return new
    subjects = [_EVERYTHING] if nothing else sorted(kept)
    findings = [Finding(code=KEPT, subject=subject, message=_MESSAGE) for subject in subjects]
    source = replace(new.source, findings=(*new.source.findings, *findings))
    return replace(new, inputs=tuple(inputs), source=source)


def kept_findings(spec: ToolSpec) -> tuple[Finding, ...]:
    """What :func:`keep_contract` has reported about ``spec``."""
    findings = spec.source.findings if spec.source else ()
    return tuple(each for each in findings if each.code == KEPT)


def _is_shown(known: ToolSpec, name: str) -> bool:
    """Whether a Run Command, or a person who wrote the spec, says how the input is sent."""
    if known.source is None:
        return True
    if known.source.document.endswith(".json"):
        return False
    kept = _subjects(known, KEPT)
    guessed = bool(_subjects(known, _NO_COMMAND)) or name in _subjects(known, _NO_VALUE)
    return not guessed or _EVERYTHING in kept or name in kept


def _subjects(spec: ToolSpec, code: str) -> frozenset[str]:
    findings = spec.source.findings if spec.source else ()
    return frozenset(each.subject for each in findings if each.code == code)


def _with_contract(known: Input, new: Input) -> Input:
    return replace(new, required=known.required, wire=known.wire, example=known.example)


def _is_undescribed(item: Input) -> bool:
    """Whether the input was only a key of the Run Command."""
    return not (item.label or item.help or item.options) and item.default is None
