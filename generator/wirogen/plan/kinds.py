"""The kind of value that an input takes: decided once, and carried on the plan."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The names are those that the page's ``values.js`` knows."""

    FILE = "file"
    """A file or an address."""
    FILES = "files"
    """Files, or addresses that travel in another key."""
    FILES_MIXED = "files-mixed"
    """Files and addresses in one list."""
    FILE_URL = "file-url"
    """An address; a file travels in the key without ``Url``."""
    FILES_URL = "files-url"
    """Addresses in one text; files travel in the key without ``Url``."""
    LORA = "lora"
    LORAS = "loras"
    CHOICE = "choice"
    """One of the documented values and nothing else."""
    CHOICES = "choices"
    ID = "id"
    """A documented value, or another one."""
    IDS = "ids"
    TEXT = "text"
    TEXTS = "texts"
    INT = "int"
    NUMBER = "number"
    INT_OR_TEXT = "int-or-text"
    """A whole number that the document sends as text."""
    BOOL = "bool"
    LIST = "list"
    """A list of any JSON values."""
    OBJECT = "object"


TYPE_NAMES: Final[Mapping[Kind, str]] = {
    Kind.FILE: "file or URL",
    Kind.FILES: "list of files or URLs",
    Kind.FILES_MIXED: "list of files or URLs",
    Kind.FILE_URL: "URL or file",
    Kind.FILES_URL: "URLs or files",
    Kind.LORA: "LoRA",
    Kind.LORAS: "list of LoRAs",
    Kind.CHOICE: "choice",
    Kind.CHOICES: "list of choices",
    Kind.ID: "id",
    Kind.IDS: "list of ids",
    Kind.TEXT: "text",
    Kind.TEXTS: "list of texts",
    Kind.INT: "whole number",
    Kind.NUMBER: "number",
    Kind.INT_OR_TEXT: "whole number or text",
    Kind.BOOL: "true or false",
    Kind.LIST: "list",
    Kind.OBJECT: "JSON object",
}
"""What a person calls a value of each kind."""

FILE_KINDS: Final = frozenset(
    {Kind.FILE, Kind.FILES, Kind.FILES_MIXED, Kind.FILE_URL, Kind.FILES_URL}
)
LORA_KINDS: Final = frozenset({Kind.LORA, Kind.LORAS})
CHOICE_KINDS: Final = frozenset({Kind.CHOICE, Kind.CHOICES, Kind.ID, Kind.IDS})
NUMBER_KINDS: Final = frozenset({Kind.INT, Kind.NUMBER, Kind.INT_OR_TEXT})
