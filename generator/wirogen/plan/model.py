"""The plan of a tool: every name, type, literal and order that generated files need.

Templates print these values and decide nothing. ``Code`` is Python source made by this package
(by ``repr`` wherever text is involved); everything else is text that must be escaped on its way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from wirogen.diagnostics.model import Diagnostic
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.specs.model import Input, Json, Option, ToolSpec


class Code(str):
    """Python source: may be printed into a module as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePlan:
    """Where a tool lives: ``<package>.<owner>.<project>`` and the file paths that go with it."""

    tool: str
    owner: Identifier
    project: Identifier
    spec_path: str
    package: Identifier = DEFAULT_PACKAGE

    @property
    def name(self) -> Code:
        """The module's name in full."""
        return Code(f"{self.package}.{self.owner}.{self.project}")

    @property
    def spec_file(self) -> Code:
        """The spec below ``specs/tools/``; its name is made of ASCII letters and digits."""
        return Code(f"{self.spec_path}.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingPlan:
    """One slider of a LoRA option; limits are decimal numbers in text, ``None`` when absent."""

    id: str
    kind: str
    minimum: str | None
    maximum: str | None
    default: str | None
    step: str | None
    note: str

    @property
    def minimum_text(self) -> str:
        return self.minimum if self.minimum is not None else "any"

    @property
    def maximum_text(self) -> str:
        return self.maximum if self.maximum is not None else "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantPlan:
    """A readable name for one option value."""

    name: Identifier
    option: Option
    settings: tuple[SettingPlan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantsPlan:
    """The constants of one select: a class in the client module. ``input`` is the parameter."""

    name: Identifier
    input: Identifier
    lora: bool
    values: tuple[ConstantPlan, ...]

    @property
    def described(self) -> bool:
        return any(value.option.description is not None for value in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPlan:
    """One input in Python.

    ``annotation`` and ``default`` are those of the keyword parameter (``default`` is ``None`` for
    a required input). ``default_text`` is a long default that the signature refers to by name
    instead. ``names`` are the run-time types that it needs. ``schema`` is the JSON Schema of the
    value as the validator takes it, ``type_name`` what a person calls it. ``literal`` names the
    alias of a closed select's ``literal_values``. ``labelled`` tells a label that the document has
    from one that was made out of the name.
    """

    name: Identifier
    spec: Input
    annotation: Code
    default: Code | None
    default_text: str | None
    default_name: Identifier | None
    schema: Mapping[str, Json]
    type_name: str
    title: str
    labelled: bool
    help: str
    names: tuple[Identifier, ...]
    literal: Identifier | None
    literal_values: tuple[str, ...]
    constants: ConstantsPlan | None

    @property
    def required(self) -> bool:
        return self.spec.required

    @property
    def summary(self) -> str:
        """What the input is, in one line that ends like a sentence."""
        parts = [self.title] if self.labelled or not self.help else []
        parts += [self.help] if self.help else []
        text = ": ".join(" ".join(part.split()) for part in parts)
        return text if text.endswith((".", "!", "?", ")")) else f"{text}."

    @property
    def short_summary(self) -> str:
        return self.title if len(self.summary) > 120 else self.summary

    @property
    def default_span(self) -> str | None:
        """The default as a page shows it in a line, or ``None`` when nothing is sent."""
        if self.default is None or self.default == "None":
            return None
        return f'"{_shorten(self.default_text)}"' if self.default_text else str(self.default)

    @property
    def simple(self) -> bool:
        """Whether a line of a table says everything about it."""
        long = self.default_text or self.spec.example is not None or len(self.summary) > 120
        return not (long or self.constants or self.literal_values or self.spec.step)

    @property
    def filled_in(self) -> str | None:
        """What the web form shows, where that is neither sent nor the example."""
        default = self.spec.default
        if default is None or default in (self.spec.wire.sent, self.spec.example):
            return None
        return None if default == str(self.spec.wire.sent) else _shorten(default)

    @property
    def example_text(self) -> str | None:
        example = self.spec.example
        if example is None or isinstance(example, str):
            return example
        return json.dumps(example, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentPlan:
    """An argument of the example call: a parameter, its value and the source of that."""

    name: Identifier
    constant: Json
    value: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """``from module import names``."""

    module: Code
    names: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPlan:
    """Everything that templates need to write one tool."""

    spec: ToolSpec
    module: ModulePlan
    inputs: tuple[InputPlan, ...]
    imports: tuple[ImportPlan, ...]
    example: tuple[ArgumentPlan, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def parameters(self) -> tuple[InputPlan, ...]:
        """Inputs in signature order: those that must be given come first."""
        return tuple(sorted(self.inputs, key=lambda item: not item.required))

    @property
    def run_request(self) -> str:
        return f"POST /Run/{self.spec.tool}"

    @property
    def long_defaults(self) -> tuple[InputPlan, ...]:
        return tuple(item for item in self.inputs if item.default_name)

    @property
    def exports(self) -> list[str]:
        """The public names of the client module."""
        names = {"TOOL", "Inputs", "run", "submit"}
        names.update(each.name for each in self.constants)
        names.update(item.literal for item in self.inputs if item.literal)
        return sorted(map(str, names | ({"Default"} if self.long_defaults else set())))

    @property
    def constants(self) -> tuple[ConstantsPlan, ...]:
        return tuple(item.constants for item in self.inputs if item.constants)


def _shorten(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
