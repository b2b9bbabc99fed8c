"""The plan of a tool: every name, type, literal and order that generated files need.

Templates print these values and decide nothing. ``Code`` is Python source made by this package
(by ``repr`` wherever text is involved); everything else is text that must be escaped on its way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from wiro_runtime.price import Tariff
from wirogen.common.json_values import number
from wirogen.common.text import beginning
from wirogen.diagnostics.model import Diagnostic
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier, Safe
from wirogen.plan.kinds import TYPE_NAMES, Kind
from wirogen.plan.names import call_key, function_name
from wirogen.specs.model import Input, Json, Option, ToolSpec, Unsent


class Code(Safe):
    """Python source: may be printed into a module as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePlan:
    """The module of a tool: ``<package>.<owner>.<project>`` and the paths of its files."""

    tool: str
    """The tool's id: ``owner/project``."""
    owner: Identifier
    """The package of the owner."""
    project: Identifier
    """The module of the tool."""
    spec_path: str
    """Its spec below ``specs/tools/``, without the ending."""
    package: Identifier = DEFAULT_PACKAGE
    """The import package."""

    @property
    def name(self) -> Code:
        """The module's name in full."""
        return Code(f"{self.package}.{self.owner}.{self.project}")

    @property
    def operation_id(self) -> str:
        """The id of the operation in ``openapi.json``; unique, as module names are."""
        return f"run_{self.owner}__{self.project}"

    @property
    def function_name(self) -> str:
        """The name of the tool for language models that call tools."""
        return function_name(self.tool, self.owner, self.project)

    @property
    def spec_file(self) -> Code:
        """The spec below ``specs/tools/``; its name is made of ASCII letters and digits."""
        return Code(f"{self.spec_path}.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingPlan:
    """One slider of a LoRA option; limits are decimal numbers in text, ``None`` when absent."""

    id: str
    """The name that stands in the prompt's tag."""
    kind: str
    """``number`` or ``float``."""
    minimum: str | None
    """The lowest value."""
    maximum: str | None
    """The highest value."""
    default: str | None
    """The documented value."""
    step: str | None
    """The documented step."""
    note: str
    """What an overlay says about it."""

    @property
    def minimum_text(self) -> str:
        """The lowest value, or ``any``."""
        return self.minimum if self.minimum is not None else "any"

    @property
    def maximum_text(self) -> str:
        """The highest value, or ``any``."""
        return self.maximum if self.maximum is not None else "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantPlan:
    """A readable name for one option value."""

    name: Identifier
    """The constant."""
    option: Option
    """The option that it stands for."""
    settings: tuple[SettingPlan, ...]
    """Its sliders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantsPlan:
    """The constants of one select: a class in the client module."""

    name: Identifier
    """The class."""
    input: Identifier
    """The parameter that takes its values."""
    lora: bool
    """Whether its options are LoRAs."""
    values: tuple[ConstantPlan, ...]
    """One constant for each option."""

    @property
    def described(self) -> bool:
        """Whether any option has a description."""
        return any(value.option.description is not None for value in self.values)


_LIMITS_IN_WORDS: Final = re.compile(
    r"\b(?:min|max)(?:imum)?\b|\b(?:between|range|limit|up to|at (?:most|least))\b"
    r"|\b(?:more|less) than \d"
    r"|\ben (?:az|çok|fazla)\b|\baras[ıi]"  # Wiro's owners write Turkish, too.
    r"|[<>≤≥]=? ?\d|\d ?[-–—~〜～] ?\d|\bfrom -?\d+(?:\.\d+)? to\b",
    re.IGNORECASE,
)
INFERRED: Final = "Required, as the document's sample call suggests."


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPlan:
    """One input in Python."""

    name: Identifier
    """The parameter."""
    spec: Input
    """The input in the spec."""
    annotation: Code
    """The parameter's annotation."""
    default: Code | None
    """The source of its default; ``None`` for a required input."""
    default_text: str | None
    """A long default, which the signature refers to by name."""
    default_name: Identifier | None
    """The name of that default."""
    schema: Mapping[str, Json]
    """JSON Schema of the value as the validator takes it."""
    option: str
    """The option of ``wiro-tools run``, without the dashes."""
    kind: Kind
    """The kind of value, decided once."""
    odd: Json | Unsent
    """A documented default of another kind, which stays legal; ``UNSENT`` without one."""
    title: str
    """The label, or the name in words."""
    labelled: bool
    """Whether the document has the label."""
    help: str
    """The help, or what an input of this name always means."""
    literal: Identifier | None
    """The alias of the values of a closed select."""
    literal_values: tuple[str, ...]
    """The values of a closed select."""
    literal_labels: tuple[str, ...]
    """The labels that stand for one of them each."""
    constants: ConstantsPlan | None
    """Its constants class, for a select with options."""
    inferred: bool = False
    """Whether it is required although no source says so: its default is blank, and the sample
    call of the document has a value."""

    @property
    def unlimited(self) -> bool:
        """Whether it is a number of which no source says how small or large it may be: neither
        Tool/Detail nor the help, which has it in words ("Minimum: 0.5, maximum: 2")."""
        limits = (self.spec.minimum, self.spec.maximum)
        if self.kind not in {Kind.INT, Kind.NUMBER} or limits != (None, None):
            return False
        return _LIMITS_IN_WORDS.search(self.help) is None

    @property
    def call_key(self) -> str:
        """The key for language models that call tools."""
        return call_key(self.spec.name, self.name)

    @property
    def limits(self) -> str:
        """The range of a number in words, for pages, docstrings and the shell; empty for others."""
        low, high, step = self.spec.minimum, self.spec.maximum, self.spec.step
        if self.unlimited and step is None:
            return "no limits documented"
        parts = [f"from {low}"] if low is not None else []
        parts += [f"to {high}"] if high is not None else []
        parts += [f"in steps of {step}"] if step is not None else []
        return " ".join(parts)

    @property
    def notes(self) -> str:
        """What stands behind its summary: the range of a number, and that it was guessed that a
        call needs it."""
        texts = (f"{self.limits[:1].upper()}{self.limits[1:]}.", INFERRED if self.inferred else "")
        return " ".join(text for text in texts if text.strip("."))

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.spec.required

    @property
    def type_name(self) -> str:
        """The type as a person calls it."""
        return TYPE_NAMES[self.kind]

    @property
    def summary(self) -> str:
        """What the input is, in one line that ends like a sentence."""
        parts = [self.title] if self.labelled or not self.help else []
        parts += [self.help] if self.help else []
        text = ": ".join(" ".join(part.split()) for part in parts)
        return text if text.endswith((".", "!", "?", ")")) else f"{text}."

    @property
    def default_span(self) -> str | None:
        """The default as a page shows it in a line, or ``None`` when nothing is sent."""
        if self.default is None or self.default == "None":
            return None
        return f'"{beginning(self.default_text)}"' if self.default_text else str(self.default)

    @property
    def simple(self) -> bool:
        """Whether a line of a table says everything about it."""
        long = self.default_text or self.spec.example is not None or len(self.summary) > 120
        return not (long or self.constants or self.literal_values or self.spec.step)

    @property
    def filled_in(self) -> str | None:
        """What the web form shows, where that is neither sent nor the example."""
        default, sent = self.spec.default, self.spec.wire.sent
        if default is None or default in (sent, self.spec.example):
            return None
        if isinstance(sent, float) and number(default) == sent:
            return None
        return None if default == str(self.spec.wire.sent) else beginning(default)

    @property
    def example_text(self) -> str | None:
        """The documented example as text."""
        example = self.spec.example
        if example is None or isinstance(example, str):
            return example
        return json.dumps(example, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentPlan:
    """An argument of the example call."""

    name: Identifier
    """The parameter."""
    constant: Json
    """The value."""
    value: Code
    """The source of the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """``from module import names``."""

    module: Code
    """The module."""
    names: tuple[Identifier, ...]
    """What is imported from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPlan:
    """Everything that templates need to write one tool."""

    spec: ToolSpec
    """The spec, overlays applied."""
    module: ModulePlan
    """The tool's module."""
    inputs: tuple[InputPlan, ...]
    """Its inputs in the order of the document."""
    tariff: Mapping[str, Json] | None
    """What computes the price of a run; ``None`` when Tool/Detail gives none."""
    imports: tuple[ImportPlan, ...]
    """What the client module imports."""
    example: tuple[ArgumentPlan, ...]
    """The arguments of the call that pages show: a documented sample, or the smallest call."""
    samples: tuple[tuple[ArgumentPlan, ...], ...]
    """The documented sets of values."""
    diagnostics: tuple[Diagnostic, ...]
    """What was renamed or cannot be sent."""

    @property
    def parameters(self) -> tuple[InputPlan, ...]:
        """Inputs in signature order: those that must be given come first."""
        return tuple(sorted(self.inputs, key=lambda item: not item.required))

    @property
    def smallest(self) -> tuple[ArgumentPlan, ...]:
        """The arguments that a call must give."""
        required = {item.name for item in self.inputs if item.required}
        return tuple(each for each in self.example if each.name in required)

    @property
    def is_llm(self) -> bool:
        """Whether a run of the tool can go on from an earlier one."""
        return is_llm(self.spec)

    @property
    def price_words(self) -> str:
        """The least that a run costs, in words: ``from $0.06``."""
        return price_summary(self.tariff) or "not documented"

    @property
    def run_request(self) -> str:
        """The request that runs it: ``POST /Run/owner/project``."""
        return f"POST /Run/{self.spec.tool}"

    @property
    def long_defaults(self) -> tuple[InputPlan, ...]:
        """The inputs whose defaults have names."""
        return tuple(item for item in self.inputs if item.default_name)

    @property
    def exports(self) -> list[str]:
        """The public names of the client module."""
        names = {"TOOL", "Inputs", "price", "run", "submit"}
        names.update(each.name for each in self.constants)
        names.update(item.literal for item in self.inputs if item.literal)
        return sorted(map(str, names | ({"Default"} if self.long_defaults else set())))

    @property
    def constants(self) -> tuple[ConstantsPlan, ...]:
        """The constants classes of its inputs."""
        return tuple(item.constants for item in self.inputs if item.constants)


def price_summary(tariff: Mapping[str, Json] | None) -> str:
    """The least that a run costs, such as ``from $0.06``; empty when that is not known."""
    return "" if tariff is None else Tariff(tariff).summary


def is_llm(spec: ToolSpec) -> bool:
    """Whether a tool is a language model, by its categories (``llm``, ``llm-tool-call``)."""
    return any("llm" in category.lower().split("-") for category in spec.categories)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSummary:
    """What files that list tools say of one."""

    spec: ToolSpec
    """The spec without inputs, examples and sections."""
    module: ModulePlan
    """The tool's module."""
    diagnostics: tuple[Diagnostic, ...]
    """What was renamed or cannot be sent."""
    operation: str
    """Its lines in ``openapi.json``."""
    entry: str
    """Its line in ``catalogue.json``."""
    listing: str
    """Its line in ``tools.json``."""
    purpose: str
    """What people come to it for: a value of ``Purpose``."""
    required_inputs: int
    """How many inputs a call must give."""
    guide_topics: frozenset[str]
    """The guides that can show it as their example: ``file``, ``lora``."""
