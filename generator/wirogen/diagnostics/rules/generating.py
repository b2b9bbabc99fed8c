"""Codes about generating: the templates and the files that a build writes. All begin with G."""

from __future__ import annotations

from typing import Final

from wirogen.diagnostics.rules.rule import Rule, error, warning

GENERATING_RULES: Final[tuple[Rule, ...]] = (
    error(
        "G001",
        "template-fails",
        "A template cannot be rendered.",
        "It is no Jinja, uses a name that does not exist, prints a text from a document without a "
        "filter, or prints Python that does not parse. Nothing was written.",
        "Correct the line that is named; copy the original template again when in doubt.",
    ),
    error(
        "G002",
        "template-unused",
        "A file among your templates makes nothing.",
        "A template replaces the one of the same path, or makes a new file. A partial that no "
        "template includes, and a path that is spelt nearly like another, would be passed over.",
        "Give it the path of the template that it is to replace, or include it from another one.",
    ),
    error(
        "G003",
        "module-unsound",
        "A module that was made of a spec could not be imported.",
        "Every module is compiled, and its names are looked up, before anything is written. "
        "Nothing was written.",
        "This is a defect of wirogen: report it with the spec that is named.",
    ),
    warning(
        "G004",
        "unusable-example",
        "A tool that guides are to show cannot be shown.",
        "[tool.wirogen.examples] of pyproject.toml says which tools the guides and the home page "
        "show: simple, file and lora. This one has no spec, or does not take what is to be shown; "
        "another tool is shown instead.",
        "Name a tool that has a spec and takes a file, or LoRAs with a slider.",
    ),
)
