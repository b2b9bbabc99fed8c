"""The rules for what is sent, one row for each case."""

from __future__ import annotations

import pytest

from document.build import page, text_input
from document.layouts import flat
from generated import imported
from wirogen.document import parse_document
from wirogen.merge.wire import decide, is_open
from wirogen.specs import UNSENT, Described, Json, Option, Unsent

PLAIN = (Option(value="a", label="A"),)
MODELS = (Option(value="1", label="A", triggerwords=(), generatesettings=()),)
ABSENT = object()


@pytest.mark.parametrize(
    ("name", "kind", "default", "shown", "required", "wire", "sent", "example"),
    [
        # 1. A prompt is required; the documented text is its example.
        ("prompt", "textarea", "a cat", "a cat", True, "string", UNSENT, "a cat"),
        ("prompt", "textarea", None, "a cat", True, "string", UNSENT, "a cat"),
        ("prompt", "textarea", "a cat", "", True, "string", UNSENT, "a cat"),
        ("prompt", "text", "a cat", "a dog", True, "string", UNSENT, "a dog"),
        ("prompt", "textarea", "a cat", ABSENT, True, "string", UNSENT, "a cat"),
        # 2. A blank default beside a value: a sample.
        ("inputImageUrl", "text", None, "a.jpg", True, "string", UNSENT, "a.jpg"),
        ("steps", "number", None, 5, True, "number", UNSENT, 5),
        ("inputImage", "combinefileinput", None, ["a.jpg"], False, "array", UNSENT, ["a.jpg"]),
        ("inputImage", "combinefileinput", "a,b", ["a", "b"], False, "array", UNSENT, ["a", "b"]),
        ("inputImage", "combinefileinput", "a,b", [], False, "array", UNSENT, ["a", "b"]),
        ("inputImage", "fileinput", "a.jpg", "", False, "string", UNSENT, "a.jpg"),
        ("inputImage", "fileinput", None, ABSENT, False, "string", UNSENT, None),
        ("files", "multifileinput", "a,b", ABSENT, False, "array", UNSENT, ["a", "b"]),
        # The default of an address that no address is.
        ("inputImageUrl", "text", "a.jpg", "a.jpg", False, "string", UNSENT, "a.jpg"),
        ("inputImageUrl", "text", "a.jpg", "b.jpg", False, "string", UNSENT, "b.jpg"),
        ("inputImageUrl", "text", "https://a/b", "b.jpg", False, "string", UNSENT, "b.jpg"),
        ("inputFilesMultipleUrl", "text", "a,b", "a,b", False, "string", UNSENT, "a,b"),
        ("inputImageUrl", "text", "a.jpg", "", False, "string", "", None),
        ("inputImageUrl", "text", "a.jpg", ABSENT, False, "string", UNSENT, "a.jpg"),
        (
            "inputImageUrl",
            "text",
            "https://a/b",
            "https://a/b",
            False,
            "string",
            "https://a/b",
            None,
        ),
        ("websiteUrl", "text", "a.jpg", "a.jpg", False, "string", "a.jpg", None),
        # 3. A default beside "" or []: what is shown.
        ("selectedModel", "select", "1", "", False, "string", "", None),
        ("selectedLoraModel", "select", "61", [], False, "array", [], None),
        ("selectedModel", "select", "", "", False, "string", "", None),
        ("negativePrompt", "textarea", None, "", False, "string", "", None),
        ("generateAudio", "checkbox", None, False, False, "boolean", False, None),
        # 4. Otherwise the default, as the type that is shown.
        ("samples", "number", "4", 4, False, "number", 4, None),
        ("scale", "float", "7.5", "7.5", False, "string", "7.5", None),
        ("seed", "text", "123456", "123456", False, "string", "123456", None),
        ("genre", "multiselect", "a", ["a"], False, "array", ["a"], None),
        ("audio", "number", "false", False, False, "number", False, None),
        ("mix", "checkbox", "--id_mix", "--id_mix", False, "string", "--id_mix", None),
        ("odd", "text", "x", None, False, "string", None, None),
        ("ratio", "select", "1:1", "16:9", False, "string", "16:9", None),
        # A list or an object that a default spells as JSON.
        ("genre", "multiselect", '["a", "b"]', ["a", "b"], False, "array", ["a", "b"], None),
        ("box", "textarea", "[[1, 2]]", [[1, 2]], False, "array", [[1, 2]], None),
        ("options", "textarea", '{"a": 1}', {"a": 1}, False, "object", {"a": 1}, None),
        ("options", "textarea", '{"a": 1}', {"a": 2}, False, "object", {"a": 2}, None),
        ("options", "textarea", "{a}", {"a": 2}, False, "object", {"a": 2}, None),
        # Not in the Run Command: left out.
        ("selectedLoraModelPrivate", "multiselect", "", ABSENT, False, "array", UNSENT, None),
        ("seed", "text", "5", ABSENT, False, "string", UNSENT, None),
        ("steps", "number", "5", ABSENT, False, "number", UNSENT, None),
        ("scale", "float", "5", ABSENT, False, "string", UNSENT, None),
        ("flag", "checkbox", "--x", ABSENT, False, "string", UNSENT, None),
        ("flag", "checkbox", "True", ABSENT, False, "boolean", UNSENT, None),
    ],
)
def test_with_a_run_command(
    name: str, kind: str, default: str | None, shown: Json, required: bool, wire: str,
    sent: Json | Unsent, example: Json,
) -> None:  # fmt: skip
    body = {} if shown is ABSENT else {name: shown}
    found = decide(Described(name=name, type=kind, default=default), body)
    assert (found.required, found.wire.type, found.wire.sent, found.example) == (
        required, wire, sent, example,
    )  # fmt: skip
    assert type(found.wire.sent) is type(sent)
    assert found.differs is (shown is not ABSENT and (default, shown) in DIFFERENT)


DIFFERENT: list[tuple[object, object]] = [
    ("a cat", "a dog"),
    ("a.jpg", "b.jpg"),
    ("https://a/b", "b.jpg"),
    ("1:1", "16:9"),
    ('{"a": 1}', {"a": 2}),
    ("{a}", {"a": 2}),
]


@pytest.mark.parametrize(
    ("name", "kind", "default", "wire", "sent"),
    [
        ("samples", "number", "4", "number", 4),
        ("width", "number", "4.5", "number", 4.5),
        ("audio", "number", "false", "number", False),
        ("odd", "number", "08", "number", "08"),
        ("steps", "number", None, "number", UNSENT),
        ("scale", "float", "7.5", "string", "7.5"),
        ("flag", "checkbox", "--id_mix", "string", "--id_mix"),
        ("flag", "checkbox", "true", "boolean", True),
        ("flag", "checkbox", None, "string", UNSENT),
        ("seed", "text", "1e3", "string", "1e3"),
        ("genre", "multiselect", "a,b", "array", ["a", "b"]),
        ("genre", "multiselect", '["a","b, c"]', "array", ["a", "b, c"]),
        ("genre", "multiselect", "[verse], b", "array", ["[verse]", "b"]),
        ("selectedModel", "select", "1", "string", ""),
        ("selectedLoraModel", "multiselect", "61", "array", []),
        ("ratio", "select", "16:9", "string", "16:9"),
        ("ratio", "select", None, "string", UNSENT),
        ("inputImageUrl", "text", "a.jpg", "string", UNSENT),
        ("inputImageUrl", "text", "https://a/b", "string", "https://a/b"),
    ],
)
def test_without_a_run_command(
    name: str, kind: str, default: str | None, wire: str, sent: Json | Unsent
) -> None:
    found = decide(Described(name=name, type=kind, default=default), None)
    assert (found.required, found.wire.type, found.wire.sent) == (False, wire, sent)
    assert type(found.wire.sent) is type(sent)


def _is_open(name: str, kind: str, options: tuple[Option, ...] | None) -> bool | None:
    return is_open(Described(name=name, type=kind, options=options))


def test_which_choices_are_open() -> None:
    assert _is_open("scheduler", "select", PLAIN) is False
    assert _is_open("scheduler", "select", ()) is True
    assert _is_open("style", "select", MODELS) is True
    assert _is_open("selectedModel", "select", PLAIN) is True
    assert _is_open("selectedControlnetModel", "multiselect", PLAIN) is True
    assert _is_open("selectedLoraModelPrivate", "select", ()) is True
    assert _is_open("selectedRatio", "selectwithcover", PLAIN) is False
    assert _is_open("selectedModel", "text", None) is None


def test_a_prompt_that_only_the_run_command_shows_is_required_all_the_same() -> None:
    text = flat(page(text_input(), body={"seed": "1", "prompt": "a cat"}))
    prompt = parse_document(text, path="x").spec.inputs[-1]
    assert (prompt.name, prompt.required, prompt.example) == ("prompt", True, "a cat")
    assert prompt.wire.sent is UNSENT


@pytest.mark.parametrize("kind", ["select", "selectwithcover", "text"])
def test_a_blank_default_that_is_an_option_is_sent_and_not_the_sample(kind: str) -> None:
    options = (Option(value="16:9", label="Wide"), Option(value="", label="Auto"))
    item = Described(name="ratio", type=kind, options=options)
    found = decide(item, {"ratio": "16:9"})
    assert (found.required, found.wire.sent, found.example) == (False, "", "16:9")
    without = decide(Described(name="ratio", type=kind, options=options[:1]), {"ratio": "16:9"})
    assert (without.required, without.wire.sent, without.example) == (True, UNSENT, "16:9")


@pytest.mark.parametrize(
    ("file", "kind", "address"),
    [
        ("inputImage", "fileinput", "inputImageUrl"),
        ("inputImage", "combinefileinput", "inputImageUrl"),
        ("photo", "fileinput", "photoUrl"),
        ("inputFileMultiple", "multifileinput", "inputFileMultipleUrl"),
        ("inputFileMultiple", "multifileinput", "inputFileUrlMultiple"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_file_and_its_address_that_both_are_inputs(
    file: str, kind: str, address: str, turned: bool
) -> None:
    inputs = [text_input(file, None, type=kind), text_input(address, None)]
    body: dict[str, Json] = {file: "", address: "a.jpg"}
    made = flat(page(*(reversed(inputs) if turned else inputs), body=body))
    parsed = parse_document(made, path="x").spec
    assert {item.name: item.required for item in parsed.inputs} == {file: False, address: False}
    assert next(item.example for item in parsed.inputs if item.name == address) == "a.jpg"
    alone = parse_document(flat(page(text_input(address, None), body=body)), path="x").spec
    assert alone.inputs[0].required


def test_an_address_with_a_file_name_as_its_default_can_be_left_out_or_given() -> None:
    shown: dict[str, Json] = {"inputImageUrl": "input.jpg", "prompt": "x"}
    made = page(text_input("inputImageUrl", "input.jpg"), text_input("prompt", "x"), body=shown)
    with imported(parse_document(flat(made), path="x").spec) as module:
        assert module.Inputs(prompt="x").wire() == {"prompt": "x"}
        given = module.Inputs(prompt="x", input_image_url="https://example.com/a.png").wire()
        assert given == {"inputImageUrl": "https://example.com/a.png", "prompt": "x"}


def test_a_file_alone_or_its_address_alone_is_a_complete_call() -> None:
    inputs = [text_input("inputImage", None, type="fileinput"), text_input("inputImageUrl", None)]
    body: dict[str, Json] = {"inputImage": "", "inputImageUrl": "a.jpg"}
    link = "https://example.com/a.png"
    with imported(parse_document(flat(page(*inputs, body=body)), path="x").spec) as module:
        assert module.Inputs(input_image_url=link).wire() == {"inputImageUrl": link}
        given = module.Inputs(input_image=b"x").wire()
        assert given == {"inputImage": "<file file>", "inputImageUrl": ""}
