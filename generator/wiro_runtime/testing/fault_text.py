"""Faults as texts, for a command line: ``Task/Detail=status:503*2@3``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from wiro_runtime.testing import faults

_FORM: Final = re.compile(
    r"(?P<path>[^=]+)=(?P<name>[a-z0-9-]+)(:(?P<value>[^*@]*))?(\*(?P<times>\d+|all))?(@(?P<nth>\d+))?"
)

_MAKERS: Final[Mapping[str, Callable[[str], faults.AnyFault]]] = {
    "status": lambda value: faults.status(int(value)),
    "error": lambda value: faults.error(int(value), f"Simulated error {value}"),
    "rate-limited": lambda value: faults.rate_limited(seconds=float(value or 1)),
    "html": lambda value: faults.html(int(value or 200)),
    "redirect": faults.redirect,
    "reset": lambda _value: faults.reset(),
    "reset-after": lambda _value: faults.reset(acts=True),
    "hang": lambda _value: faults.hang(),
    "hang-after": lambda _value: faults.hang(acts=True),
    "slow": lambda value: faults.slow(float(value or 5)),
    "drip": lambda value: faults.drip(float(value or 1)),
    "cut": lambda value: faults.cut(int(value or 100)),
    "short": lambda value: faults.short(int(value or 1)),
    "long": lambda value: faults.long(int(value or 1)),
    "truncated": lambda _value: faults.truncated(),
    "invalid-utf8": lambda _value: faults.invalid_utf8(),
    "unknown-state": lambda value: faults.task_field("status", value or "task_dreaming"),
    "empty-tasklist": lambda _value: faults.empty_tasklist(),
    "drop": lambda value: faults.drop(int(value or 0)),
    "close": lambda value: faults.close(int(value or 0)),
    "pings": lambda value: faults.pings(int(value or 0)),
    "silence": lambda value: faults.silence(int(value or 0)),
}

FAULT_NAMES: Final = tuple(_MAKERS)
"""The names that a fault's text may have."""


def parse_fault(text: str) -> tuple[str, faults.AnyFault, int, int | None]:
    """Reads ``PATH=NAME[:VALUE][*TIMES][@NTH]``: path, fault, the first request applied, how many.

    ``TIMES`` is 1 when left out, ``all`` for no end of it.

    :raises ValueError: the text has not that form. The message says what is wrong.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"fault {text!r}: expected PATH=NAME[:VALUE][*TIMES][@NTH]")
    maker = _MAKERS.get(match["name"])
    if maker is None:
        known = ", ".join(FAULT_NAMES)
        raise ValueError(f"fault {text!r}: {match['name']!r} is none of {known}")
    try:
        fault = maker(match["value"] or "")
    except ValueError:
        value = match["value"] or ""
        raise ValueError(f"fault {text!r}: {value!r} is no value for {match['name']}") from None
    times = None if match["times"] == "all" else int(match["times"] or 1)
    return match["path"], fault, int(match["nth"] or 1), times
