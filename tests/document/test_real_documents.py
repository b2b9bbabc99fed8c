"""The two documents as received, and their multi-line form."""

from __future__ import annotations

import json
import re

import pytest

from document.build import NAMES, codes, parse, real, without_source
from document.unflatten import unflatten
from wirogen.document import verify
from wirogen.specs import UNSENT, Json, dump_spec, load_spec


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_both_layouts_give_the_same_spec_and_findings(name: str, newline: str) -> None:
    flat = parse(real(name))
    lines = parse(unflatten(real(name)).replace("\n", newline))
    assert lines.text.count("\n") > 100
    assert without_source(lines) == without_source(flat)
    assert lines.spec.source is not None
    assert flat.spec.source is not None
    assert lines.spec.source.findings == flat.spec.source.findings


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_dropped(name: str) -> None:
    for text in (real(name), unflatten(real(name)), unflatten(real(name)).replace("\n", "\r\n")):
        parsed = parse(text)
        assert verify(parsed) is None
        assert verify(parsed, load_spec(dump_spec(parsed.spec), path="spec.yaml")) is None


@pytest.mark.parametrize("name", NAMES)
def test_parts_tile_the_text(name: str) -> None:
    parsed = parse(real(name))
    assert "".join(parsed.text[span.start : span.end] for span in parsed.spans) == parsed.text


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_by_default_is_the_documents_own_run_command(name: str) -> None:
    text = real(name)
    found = re.search(r"Run Command - Make HTTP Post Request ```bash curl.*? -d '(\{.*?\})';", text)
    assert found
    body: dict[str, Json] = json.loads(found[1])
    del body["callbackUrl"]
    spec = parse(text).spec
    given = {item.name: item.example for item in spec.inputs if item.required}
    sent = {item.name: item.wire.sent for item in spec.inputs if item.wire.sent is not UNSENT}
    assert {key: {**given, **sent}[key] for key in body} == body
    assert given.keys() | sent.keys() == body.keys()
    assert list(given) == (["inputImageUrl", "prompt"] if name == "instant-id-lora" else ["prompt"])


def test_wire_rules_on_the_documents() -> None:
    inputs = {item.name: item for item in parse(real("text-to-image-sd-lora")).spec.inputs}
    assert (inputs["samples"].wire.type, inputs["samples"].wire.sent) == ("number", 4)
    assert (inputs["scale"].wire.type, inputs["scale"].wire.sent) == ("string", "7.5")
    assert (inputs["seed"].wire.type, inputs["seed"].wire.sent) == ("string", "123456")
    assert (inputs["selectedModel"].default, inputs["selectedModel"].wire.sent) == ("1", "")
    assert inputs["selectedLoraModel"].wire.sent == []
    assert inputs["selectedModelPrivate"].default == ""
    private = inputs["selectedLoraModelPrivate"]
    assert (private.required, private.wire.type, private.wire.sent) == (False, "array", UNSENT)
    assert inputs["prompt"].required
    assert inputs["prompt"].wire.sent is UNSENT
    assert inputs["prompt"].example == inputs["prompt"].default
    assert inputs["negativePrompt"].default is None
    assert inputs["negativePrompt"].wire.sent == ""
    assert inputs["selectedModel"].open is True
    assert inputs["selectedModelPrivate"].open is True
    assert inputs["scheduler"].open is False
    assert inputs["seed"].open is None


def test_texts_are_kept_exactly() -> None:
    inputs = {item.name: item for item in parse(real("instant-id-lora")).spec.inputs}
    loras = inputs["selectedLoraModel"].options
    assert loras
    assert loras[0].label == "jjhuang/JJs Interior Style - Modern v1.0 - LoRA XL"
    assert "We’ll apply it" in inputs["selectedLoraModelPrivateUrl"].help
    assert inputs["selectedModel"].default is None
    other = {item.name: item for item in parse(real("text-to-image-sd-lora")).spec.inputs}
    options = other["selectedLoraModel"].options
    assert options
    last = options[-1]
    assert last.triggerwords is not None
    assert last.triggerwords[-1] == "shield, spear, sword (read notes)"
    settings = options[0].generatesettings
    assert settings is not None
    assert list(settings[0]) == [
        "type", "template", "id", "placeholder", "label", "minvalue", "maxvalue", "value",
        "defaultvalue", "incrementby", "options", "note",
    ]  # fmt: skip
    schedulers = [option.value for option in other["scheduler"].options or ()]
    assert schedulers.count("EulerDiscreteScheduler") == 2


FINDINGS = {
    "text-to-image-sd-lora": [
        ("D201", "selectedModel", '"1"'),
        ("D203", "selectedModel", 'options: - value: "482"'),
        ("D204", "selectedModelPrivate", "options: - name: selectedLoraModel "),
        ("D203", "selectedLoraModel", 'options: - value: "62"'),
        ("D304", "selectedLoraModelPrivate", "selectedLoraModelPrivate label"),
        ("D204", "selectedLoraModelPrivate", "options: - name: selectedLoraModelPrivateUrl"),
        ("D202", "scheduler.options", '"EulerDiscreteScheduler" label'),
        ("D307", "Integration Header Prepare", "openssl dgst -sha256"),
        ("D302", "", "multipart/form-data"),
        ("D301", "Kill Task - Response", 'tool","image-to-image"'),
        ("D301", "Cancel Task - Response", 'tool","image-to-image"'),
    ],
    "instant-id-lora": [
        ("D203", "selectedModel", 'options: - value: "606"'),
        ("D204", "selectedModelPrivate", "options: - name"),
        ("D303", "selectedLoraModel", "select default"),
        ("D203", "selectedLoraModel", 'options: - value: "540"'),
        ("D304", "selectedLoraModelPrivate", "selectedLoraModelPrivate label"),
        ("D204", "selectedLoraModelPrivate", "options: - name"),
        ("D205", "ip_adapter_scale", "guidancescale-help"),
        ("D205", "samples", "guidancescale-help"),
        ("D202", "scheduler.options", '"EulerDiscreteScheduler" label'),
        ("D307", "Integration Header Prepare", "openssl dgst -sha256"),
        ("D302", "", "multipart/form-data"),
        ("D301", "Get Task Detail - Make HTTP Post Request", "'eDcCm5yyUfIvMFspTwww49OUfgXkQt'"),
    ],
}


@pytest.mark.parametrize("name", NAMES)
def test_diagnostics_and_where_they_point(name: str) -> None:
    parsed = parse(real(name))
    assert codes(parsed) == [code for code, _, _ in FINDINGS[name]]
    for found, (_, subject, text) in zip(parsed.diagnostics, FINDINGS[name], strict=True):
        assert found.subject == subject
        assert found.position is not None
        assert parsed.text.startswith(text, found.position.column - 1), (found, text)
        assert found.position.line == 1
    # The second of the two, not the first.
    duplicate = next(found for found in parsed.diagnostics if found.code == "D202")
    assert duplicate.position is not None
    before = parsed.text[: duplicate.position.column - 1]
    assert before.count('- value: "EulerDiscreteScheduler"') == 1


def test_positions_count_lines_in_the_multi_line_form() -> None:
    text = unflatten(real("text-to-image-sd-lora"))
    default = next(found for found in parse(text).diagnostics if found.code == "D201")
    assert default.position is not None
    line = text.split("\n")[default.position.line - 1]
    assert line[default.position.column - 1 :] == '"1"'
