"""The fixed words of tool documents. Nothing else counts as syntax."""

from __future__ import annotations

from typing import Final

START: Final = "## Basic tool info"
WORDS: Final = ("Tool", "Model")
"""A page says one of these everywhere; newer pages say the second."""

NAME: Final = "- name:"
LABEL: Final = "label:"
HELP: Final = "help:"
TYPE: Final = "type:"
DEFAULT: Final = "default:"
OPTIONS: Final = "options:"
VALUE: Final = "- value:"
DESCRIPTION: Final = "description:"
TRIGGERWORDS: Final = "triggerwords:"
GENERATESETTINGS: Final = "generatesettings:"
RUN_ENDPOINT: Final = "Run Task Endpoint (POST):"
DETAIL_ENDPOINT: Final = "Get Task Detail Endpoint (POST):"
NO_COVER: Final = "No cover"
ITEM: Final = "-"
HEADING: Final = "##"
FENCE: Final = "```"

INTEGRATION: Final = "Integration Header Prepare"
RUN: Final = "Run Command - Make HTTP Post Request"
STATUS: Final = "Task Status Information"

TAIL: Final[dict[str, str]] = {
    INTEGRATION: "integration",
    RUN: "run-request",
    "Run Command - Response": "run-response",
    "Get Task Detail - Make HTTP Post Request": "detail-request",
    "Get Task Detail - Make HTTP Post Request with Task ID": "detail-request-by-id",
    "Get Task Detail - Make HTTP Post Request with Socket Access Token": "detail-request-by-token",
    "Get Task Detail - Response": "detail-response",
    "Kill Task - Make HTTP Post Request with Task ID": "kill-request-by-id",
    "Kill Task - Make HTTP Post Request with Socket Access Token": "kill-request-by-token",
    "Kill Task - Response": "kill-response",
    "Cancel Task - Make HTTP Post Request (For tasks on queue)": "cancel-request",
    "Cancel Task - Response": "cancel-response",
    STATUS: "statuses",
}
"""Title of each section after the inputs, and the name of the region that holds its text."""

REGIONS: Final = frozenset(TAIL.values()) | {"callback", "unused-sample"}


def head_key(word: str, name: str) -> str:
    """``Tool name:``, ``Model categories:`` and so on."""
    return f"{word} {name}:"


def inputs_title(word: str) -> str:
    return f"{HEADING} {word} Inputs:"


def inspires_title(word: str) -> str:
    return f"{HEADING} {word} Parameter Inspires:"


SYNTAX: Final = frozenset(
    {
        START, NAME, LABEL, HELP, TYPE, DEFAULT, OPTIONS, VALUE, DESCRIPTION, TRIGGERWORDS,
        GENERATESETTINGS, RUN_ENDPOINT, DETAIL_ENDPOINT, NO_COVER, ITEM, HEADING, FENCE,
        ":", "{", "}", ",",
    }
    | {f"{HEADING} {title}" for title in TAIL}
    | {inputs_title(word) for word in WORDS}
    | {inspires_title(word) for word in WORDS}
    | {
        head_key(word, name)
        for word in WORDS
        for name in ("name", "description", "cover", "categories", "tags")
    }
)  # fmt: skip
"""Every word that a syntax part may consist of."""
