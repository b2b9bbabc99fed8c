"""ToolSpec → ToolPlan: one tool, every decision."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from wirogen.common.json_values import kind, number
from wirogen.diagnostics.model import Diagnostic
from wirogen.merge.wire import PROMPT, takes_address
from wirogen.plan.glossary import MEANINGS, MEANINGS_OF_ONE
from wirogen.plan.identifiers import (
    CLASS_RESERVED,
    INPUT_RESERVED,
    KEYWORDS,
    Identifier,
    camel,
    constant,
    distinguish,
    number_duplicates,
    own,
    parameter_name,
    words,
)
from wirogen.plan.kinds import FILE_KINDS, LORA_KINDS, Kind
from wirogen.plan.literals import imports_of, names_in
from wirogen.plan.model import (
    ArgumentPlan,
    Code,
    ConstantPlan,
    ConstantsPlan,
    ImportPlan,
    InputPlan,
    ModulePlan,
    SettingPlan,
    ToolPlan,
    is_llm,
)
from wirogen.plan.names import shell_options
from wirogen.plan.price import tariff_of
from wirogen.plan.samples import argument, sample_sets, whole
from wirogen.plan.values import Value, is_lora, python_default, value_of
from wirogen.specs.model import DETAIL_TEXTS, Input, Json, Option, ToolSpec
from wirogen.specs.sliders import text_of, usable_values

_HELP_KEY: Final = re.compile(r"[A-Za-z0-9_+-]*(-help|Help)\Z|\S*-\S*\Z")
_LABEL_KEY: Final = re.compile(r"[a-z0-9_-]+\Z")
_TYPES: Final = frozenset("Any FileLike Literal LoraChoice LoraOption Mapping Sequence".split())
"""Types that annotations of parameters name."""
_LONG_DEFAULT: Final = 48
_OPEN_KINDS: Final = LORA_KINDS | {Kind.ID, Kind.IDS}


def plan_tool(spec: ToolSpec, module: ModulePlan) -> ToolPlan:
    """The plan of one tool. Same spec and module, same plan."""
    path = f"specs/tools/{module.spec_path}.yaml"
    names = input_names(spec.inputs)
    class_names = _class_names(spec.inputs)
    siblings = frozenset(item.name for item in spec.inputs)
    prompt = "prompt" if "prompt" in siblings else None
    inputs: list[InputPlan] = []
    diagnostics: list[Diagnostic] = []
    for item, name, option in zip(spec.inputs, names, shell_options(names), strict=True):
        value = value_of(item, siblings)
        class_name = class_names.get(item.name)
        planned = _plan_input(item, name, option, value, class_name, prompt)
        inputs.append(_with_notes(replace(planned, inferred=_is_inferred(spec, item))))
        diagnostics += (
            Diagnostic(code=code, message=message, path=path, subject=item.name)
            for code, message in _about_input(item, inputs[-1], prompt)
        )
    samples = sample_sets(inputs, spec.examples, module.project)
    return ToolPlan(
        spec=spec,
        module=module,
        inputs=tuple(inputs),
        tariff=tariff_of(spec, inputs),
        imports=_imports(inputs, llm=is_llm(spec)),
        example=_example(inputs, samples[0] if samples else (), module.project),
        samples=samples,
        diagnostics=tuple(diagnostics),
    )


def _is_inferred(spec: ToolSpec, item: Input) -> bool:
    """Whether the input is required only because the document's sample call has a value for it
    beside a blank default: neither Tool/Detail nor a person says so."""
    guessed = item.required and item.default is None and not item.stated
    return guessed and spec.source is not None and item.name != PROMPT


def _with_notes(item: InputPlan) -> InputPlan:
    """The input with its notes in the description that validators and schemas have."""
    help_text = item.help
    if help_text and item.notes and not help_text.endswith((".", "!", "?", ")")):
        help_text += "."
    text = " ".join(filter(None, (help_text, item.notes)))
    return replace(item, schema={**item.schema, "description": text}) if text else item


def input_names(inputs: Sequence[Input]) -> list[Identifier]:
    """The parameter of each input, all distinct; a ``python_name`` is used as it is if it can.

    No parameter is Wiro's name of another input, since validators take both.
    """
    wiro = [item.name for item in inputs]
    known = set(wiro)
    wanted: list[tuple[str, Identifier]] = []
    for item in inputs:
        own_name = item.python_name if item.python_name not in known else None
        text = own_name or item.name
        wanted.append((text, parameter_name(text, split_camel=own_name is None)))
    return number_duplicates(wanted, reserved=INPUT_RESERVED, aliases=wiro)


def _class_names(inputs: Iterable[Input]) -> dict[str, Identifier]:
    """The constants class of each input that lists values; its type alias adds ``Value``."""
    chosen = [item for item in inputs if item.options or item.type == "checkbox"]
    chosen.sort(key=lambda item: item.name != "selectedLoraModel")
    taken = set(CLASS_RESERVED)
    last: defaultdict[str, int] = defaultdict(lambda: 1)
    names: dict[str, Identifier] = {}
    for item in chosen:
        text = "Lora" if item.name == "selectedLoraModel" and is_lora(item) else item.name
        name, plain = camel(text, reserved=taken), camel(item.name)
        while name in taken or f"{name}Value" in taken:
            last[plain] += 1
            name = camel(item.name, suffix=f"Options{last[plain]}")
        taken |= {name, f"{name}Value"}
        names[item.name] = name
    return names


def _plan_input(
    item: Input,
    name: Identifier,
    option: str,
    value: Value,
    class_name: Identifier | None,
    prompt: str | None,
) -> InputPlan:
    literal = own(f"{class_name}Value") if value.literal else None
    annotation = value.annotation.replace("{literal}", literal or "str")
    default = None if item.required else python_default(value)
    default_text = None
    default_name = None
    if isinstance(value.default, str) and default is not None and len(default) > _LONG_DEFAULT:
        default_text = value.default
        default_name = constant(name)
        default = Code(f"Default.{default_name}")
    schema = dict(value.schema)
    if is_lora(item) and prompt is not None and prompt != item.name:
        schema["x-lora-prompt"] = prompt
    title = _title(item)
    help_text = _help(item)
    labelled = _label(item) is not None
    if labelled:
        schema["title"] = title
    constants = _constants(item, class_name, name)
    if constants is not None:
        # The validator of an open list has its options from here alone.
        labels: dict[str, Json] = {
            each.option.value: each.option.label
            for each in constants.values
            if not value.literal or each.option.label != each.option.value
        }
        if labels:
            schema["x-options"] = labels
    return InputPlan(
        name=name,
        spec=item,
        annotation=Code(annotation),
        default=default,
        default_text=default_text,
        default_name=default_name,
        schema=schema,
        option=option,
        kind=value.kind,
        odd=value.odd,
        title=title,
        labelled=labelled,
        help=help_text,
        literal=literal,
        literal_values=value.literal,
        literal_labels=_labels(value.literal, constants),
        constants=constants,
    )


def _label(item: Input) -> str | None:
    """The document's label, unless it is a translation key or the name again."""
    label = " ".join(item.label.split())
    return label if label and not _LABEL_KEY.match(label) and label != item.name else None


def _title(item: Input) -> str:
    parts = words(item.name, split_camel=True)
    return _label(item) or (" ".join(parts).capitalize() if parts else item.name)


def _help(item: Input) -> str:
    """The document's help, or what Tool/Detail says where that is blank or a translation key."""
    *said, placeholder = (item.extra.get(key, "").strip() for key in DETAIL_TEXTS)
    for text in (item.help.strip(), *said):
        if text and not _HELP_KEY.match(text):
            return text
    key = " ".join(words(item.name, split_camel=True)).lower()
    one = MEANINGS_OF_ONE.get(key) if item.wire.type != "array" else None
    return one or MEANINGS.get(key) or ("" if _HELP_KEY.match(placeholder) else placeholder)


def _constants(
    item: Input, class_name: Identifier | None, parameter: Identifier
) -> ConstantsPlan | None:
    if class_name is None or not item.options:
        return None
    options: dict[str, Option] = {}
    for option in item.options:
        options.setdefault(option.value, option)
    wanted = [(value, constant(option.label or value)) for value, option in options.items()]
    names = distinguish(wanted, suffix=lambda value: value)
    return ConstantsPlan(
        name=class_name,
        input=parameter,
        lora=is_lora(item),
        values=tuple(
            ConstantPlan(name=name, option=option, settings=_settings(option))
            for name, option in zip(names, options.values(), strict=True)
        ),
    )


def _labels(values: tuple[str, ...], constants: ConstantsPlan | None) -> tuple[str, ...]:
    """The labels that may stand for the values of a closed select: those of one option each that
    are no option's id."""
    if not values or constants is None:
        return ()
    found = Counter(each.option.label for each in constants.values)
    return tuple(
        label
        for label, times in found.items()
        if times == 1 and label.strip() and label not in values
    )


def _settings(option: Option) -> tuple[SettingPlan, ...]:
    """The sliders that a tag in the prompt can name."""
    found = option.generatesettings or ()
    return tuple(_setting(setting) for setting in found if text_of(setting.get("id")).strip())


def _setting(setting: Mapping[str, Json]) -> SettingPlan:
    kind, note = setting.get("type"), setting.get("note")
    return SettingPlan(
        id=text_of(setting.get("id")),
        kind=kind if isinstance(kind, str) and kind else "float",
        note=note if isinstance(note, str) else "",
        **usable_values(setting),
    )


def _imports(inputs: Iterable[InputPlan], *, llm: bool) -> tuple[ImportPlan, ...]:
    """What the client module imports."""
    names: set[str] = {"Client", "Dollars", "Final", "OnUpdate", "Price", "ResultT", "TaskT"}
    names |= {"inputs_of", "price_of"}
    if llm:
        names.add("Earlier")
    for item in inputs:
        names |= names_in(item.annotation) & _TYPES
        if item.literal:
            names |= {"Literal", "TypeAlias"}
        if item.constants and item.constants.lora:
            names.add("LoraOption")
            if any(value.settings for value in item.constants.values):
                names.add("LoraSetting")
    return imports_of(names)


def _example(
    inputs: Iterable[InputPlan], sample: Iterable[ArgumentPlan], module: Identifier
) -> tuple[ArgumentPlan, ...]:
    """The arguments of a call with a documented sample, and with all that it needs besides."""
    given = {each.name: each for each in sample}
    ordered = sorted(inputs, key=lambda item: not item.required)
    return tuple(
        given.get(item.name) or argument(item, _example_value(item), module)
        for item in ordered
        if item.required or item.name in given or _shows_address(item.spec)
    )


def _shows_address(item: Input) -> bool:
    """Whether the document has a sample of the input, and the input is an address: few tools run
    without their file, whichever way it is given."""
    return takes_address(item) and item.example is not None


def _example_value(item: InputPlan) -> Json:
    """A value that the validator takes: the documented one where it is such a value."""
    example = item.spec.example
    if item.literal_values:
        many = item.schema.get("type") == "array"
        return [item.literal_values[0]] if many else item.literal_values[0]
    if item.kind in FILE_KINDS or takes_address(item.spec):
        files = example if isinstance(example, list) else [example]
        if item.kind is Kind.FILES_URL and isinstance(example, str):
            files = example.split(",")
        addresses: list[Json] = [_address(each) for each in files or [None]]
        several = item.kind is Kind.FILES_URL and len(addresses) > 1
        many = several or item.schema.get("type") == "array"
        return addresses if many else addresses[0]
    if item.kind in _OPEN_KINDS and item.spec.options:
        return _example_ids(item, example)
    kinds = item.schema.get("anyOf")
    schema = kinds[0] if isinstance(kinds, list) and isinstance(kinds[0], dict) else item.schema
    types = schema.get("type")
    if isinstance(example, str) and types in ("string", ["integer", "string"]):
        return whole(example) or "a lighthouse"
    if types in ("integer", ["integer", "number"]):
        return _example_number(example, schema)
    if example is not None and (not isinstance(types, str) or kind(example) == types):
        return example
    if types == "array":
        return ["a lighthouse"]
    if types == "object":
        return {}
    return True if types == "boolean" else "a lighthouse"


def _address(example: Json) -> str:
    name = example if isinstance(example, str) and example else "file"
    return name if "://" in name else f"https://example.com/{name}"


def _example_ids(item: InputPlan, example: Json) -> Json:
    """The sample as far as the client takes it for ids, else the first that is documented."""
    known = [option.value for option in item.spec.options or ()]
    numbers = all(value.isdigit() for value in known)
    given = example if isinstance(example, list) else [example]
    texts = [each for each in given if isinstance(each, str) and each.strip()]
    found = [each for each in texts if each in known or each.isdigit() or not numbers]
    ids: list[Json] = [*(found or known[:1])]
    return ids if item.schema.get("type") == "array" else ids[0]


def _example_number(example: Json, schema: Mapping[str, Json]) -> Json:
    low, high = schema.get("minimum"), schema.get("maximum")
    given = number(example) if isinstance(example, str) else example
    fits = int if schema.get("type") == "integer" else (int, float)
    for value in (given, 1, low, high):
        if isinstance(value, fits) and not isinstance(value, bool):
            above = not isinstance(low, int | float) or low <= value
            if above and (not isinstance(high, int | float) or value <= high):
                return value
    return 1


def _about_input(item: Input, plan: InputPlan, prompt: str | None) -> Iterator[tuple[str, str]]:
    """What was renamed, inferred or cannot be sent: code and message of each diagnostic."""
    expected = "_".join(words(item.name, split_camel=True)).lower()
    if plan.name not in (expected, item.python_name):
        reason = (
            f"{expected!r} is reserved"
            if expected in INPUT_RESERVED | KEYWORDS
            else "its name does not stand for itself in Python"
        )
        yield "N101", f"is called {plan.name!r} in Python: {reason}"
    if plan.inferred:
        yield "N105", "is required by inference: its default is blank, the sample call has a value"
    if plan.constants is None:
        return
    for value in plan.constants.values:
        plain = constant(value.option.label or value.option.value)
        if value.name != plain:
            yield "N102", f"option {value.option.value!r} is {plan.constants.name}.{value.name}"
    unsendable = not plan.constants.lora or prompt is None
    if unsendable and any(value.settings for value in plan.constants.values):
        yield "N104", "has options with settings, and there is no known way to send them"
