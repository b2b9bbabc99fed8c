"""Specs: what is known about each tool, and its YAML form."""

from wirogen.specs.model import (
    UNSENT,
    Finding,
    Input,
    Json,
    Option,
    Section,
    Source,
    TaskStat,
    ToolSpec,
    Unsent,
    Wire,
)
from wirogen.specs.schema import spec_json_schema
from wirogen.specs.yaml_reader import load_spec
from wirogen.specs.yaml_writer import dump_spec, spec_to_json

__all__ = [
    "UNSENT",
    "Finding",
    "Input",
    "Json",
    "Option",
    "Section",
    "Source",
    "TaskStat",
    "ToolSpec",
    "Unsent",
    "Wire",
    "dump_spec",
    "load_spec",
    "spec_json_schema",
    "spec_to_json",
]
