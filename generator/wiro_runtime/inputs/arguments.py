"""Checks of the arguments that a caller passes, made before anything is sent.

Each ``check_`` function raises :class:`ConfigurationError` with one line: the name of the argument,
the values that it takes, and the value given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.inputs.messages import invalid, shown

_MOST_DOLLARS: Final = 10**9


def is_number(value: object) -> bool:
    """Whether ``value`` is a finite number, 0 or more, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return 0 <= float(value) < float("inf")
    except OverflowError:
        return False


def is_duration(value: object) -> bool:
    """Whether ``value`` is a number of seconds that one can wait for."""
    return value != 0 and is_number(value)


def check_duration(name: str, value: object) -> None:
    if not is_duration(value):
        raise ConfigurationError(f"{name} must be a positive number of seconds, not {shown(value)}")


def check_number(name: str, value: object) -> None:
    if not is_number(value):
        raise ConfigurationError(f"{name} must be a number, 0 or more, not {shown(value)}")


def read_dollars(name: str, value: object) -> Decimal:
    """Return an amount of US dollars, exact as it is written."""
    amount = None
    if isinstance(value, (int, float, str, Decimal)) and not isinstance(value, bool):
        with suppress(ArithmeticError, ValueError):
            amount = Decimal(str(value))
    if amount is None or not amount.is_finite() or not 0 <= amount <= _MOST_DOLLARS:
        raise ConfigurationError(f"{name} must be an amount of dollars, not {shown(value)}")
    return amount


def read_inputs(given: object, argument: str = "inputs") -> dict[str, Any]:
    """Return the inputs of a tool by name. Raises :class:`InvalidInputs`."""
    if not isinstance(given, Mapping):
        raise invalid(argument, f"expected a mapping of inputs, got {shown(given)}")
    for name in cast("Mapping[object, Any]", given):
        if not isinstance(name, str):
            raise invalid(argument, f"the name of an input is text, not {shown(name)}")
    return dict(cast("Mapping[str, Any]", given))


def check_whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigurationError(
            f"{name} must be a whole number, at least {least}, not {shown(value)}"
        )


def check_function(name: str, value: object) -> None:
    """Whether ``value`` can be called, or is ``None``."""
    if value is not None and not callable(value):
        raise ConfigurationError(f"{name} must be a function, not {shown(value)}")


def check_path(name: str, value: object) -> None:
    """Whether ``value`` can name a file: text or a ``pathlib.Path``, without a null character or
    half of one that takes two."""
    path: object = None
    with suppress(TypeError, UnicodeError):
        os.fsencode(cast("str", value))
        path = os.fspath(cast("str", value))
    if not isinstance(path, str) or not path or "\0" in path:
        raise ConfigurationError(f"{name} must be a path, not {shown(value)}")
