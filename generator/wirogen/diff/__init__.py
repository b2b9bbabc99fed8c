"""Compares two sets of specs and classifies each change by its effect on callers."""

from wirogen.diff.compare import compare_tool, compare_tools
from wirogen.diff.model import Change, Impact, bump
from wirogen.diff.report import condensed, markdown_report, summary

__all__ = [
    "Change",
    "Impact",
    "bump",
    "compare_tool",
    "compare_tools",
    "condensed",
    "markdown_report",
    "summary",
]
