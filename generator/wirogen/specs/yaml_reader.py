"""YAML → spec, checked: what a person could have written wrong is one line with its position."""

from __future__ import annotations

from wirogen.specs.fields import TOOL
from wirogen.specs.model import ToolSpec
from wirogen.specs.tree import read_tree


def load_spec(text: str, *, path: str) -> ToolSpec:
    """The spec in a YAML text. ``path`` is for messages only.

    Raises:
        InputError: not YAML, an unknown or missing key, or a value of the wrong kind (S001).
    """
    return TOOL.load(read_tree(text, path), path, "the spec")
