"""Specs: what is known about each tool, and its YAML form."""

from wirogen.spec.dump import dump_spec, spec_to_json
from wirogen.spec.load import load_spec
from wirogen.spec.model import (
    UNSENT,
    Finding,
    Input,
    Json,
    Option,
    Section,
    Source,
    ToolSpec,
    Unsent,
    Wire,
)
from wirogen.spec.schema import spec_json_schema

__all__ = [
    "UNSENT",
    "Finding",
    "Input",
    "Json",
    "Option",
    "Section",
    "Source",
    "ToolSpec",
    "Unsent",
    "Wire",
    "dump_spec",
    "load_spec",
    "spec_json_schema",
    "spec_to_json",
]
