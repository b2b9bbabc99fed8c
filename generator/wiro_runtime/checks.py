"""Old name of :mod:`wiro_runtime.inputs.arguments`."""

from wiro_runtime.inputs.arguments import (
    check_duration,
    check_function,
    check_functions,
    check_kind,
    check_number,
    check_path,
    check_whole,
    is_duration,
    is_number,
)
from wiro_runtime.inputs.messages import shown

__all__ = [
    "check_duration",
    "check_function",
    "check_functions",
    "check_kind",
    "check_number",
    "check_path",
    "check_whole",
    "is_duration",
    "is_number",
    "shown",
]
