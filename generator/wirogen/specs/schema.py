"""JSON Schema (2020-12) of a spec's YAML form, published as ``generated/schemas/spec.json``."""

from __future__ import annotations

from wirogen.specs.fields import TOOL
from wirogen.specs.model import Json


def spec_json_schema() -> dict[str, Json]:
    """The schema that every file below ``specs/tools/`` fulfils."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wiro-tools:spec:1",
        "title": "The spec of one Wiro tool",
        **TOOL.schema(),
    }
