"""Specs: what is known about each tool, and its YAML form."""

from wirogen.specs.fields import load_spec, spec_json_schema, spec_to_json
from wirogen.specs.model import (
    UNSENT,
    Described,
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
from wirogen.specs.yaml_writer import dump_spec

__all__ = [
    "UNSENT",
    "Described",
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
