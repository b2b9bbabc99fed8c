"""The reference of the runtime and of the commands, from docstrings and help texts."""

from __future__ import annotations


def reference_pages() -> dict[str, str]:
    """The pages below ``reference/``, as Markdown."""
    return {"reference/python.md": "---\ntitle: Python\n---\n\n# Python\n"}
