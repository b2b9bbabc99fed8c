"""Codes about tool documents. D0: the file as a whole. D1: its structure. D2: its inputs and
options. D3: its samples and commands."""

from __future__ import annotations

from typing import Final

from wirogen.diagnostics.rules.rule import Rule, error, note, warning

DOCUMENT_RULES: Final[tuple[Rule, ...]] = (
    error(
        "D001",
        "not-a-document",
        "The file is not a tool document.",
        "A tool document begins with '## Basic tool info'. This file begins with something "
        "else, so nothing in it can be trusted to be where it should be.",
        "Download the tool's llms.txt or llms-full.txt again and pass that file.",
    ),
    error(
        "D002",
        "empty",
        "The file is empty.",
        "There is nothing in the file but white space, as after a download that failed.",
        "Download the document again.",
    ),
    error(
        "D003",
        "not-text",
        "The file is not UTF-8 text.",
        "Tool documents are UTF-8 text. A file in another encoding, or a binary file, would "
        "give names and prompts that are wrong.",
        "Save the document as UTF-8 (a byte order mark does no harm), or pass the right file.",
    ),
    error(
        "D004",
        "two-documents",
        "The file holds two tool documents.",
        "A second '## Basic tool info' begins inside the file. Inputs of two tools would be "
        "mixed up.",
        "Split the file: one document, one file.",
    ),
    error(
        "D005",
        "cut-before-inputs",
        "The document ends, or goes wrong, before its inputs.",
        "Without a Run endpoint there is no tool id, and without inputs nothing to generate.",
        "Download the document again; it was probably cut.",
    ),
    error(
        "D006",
        "unusable-tool-id",
        "The Run endpoint does not name a usable 'owner/project'.",
        "The tool id is what follows '/Run/' in the Run endpoint, and files are named after "
        "it. It must be two names with one slash between, without path tricks ('..', a "
        "leading '/' or '.'), control or invisible characters, or characters that file "
        "systems refuse.",
        "Check where the document came from. If the tool is real, write its spec by hand "
        "under another file name.",
    ),
    warning(
        "D007",
        "document-cut",
        "The document ends before its last section does.",
        "The end of the document is missing. All inputs were read in full, and so was the Run "
        "Command if there is one that can be read: what is missing are samples behind it.",
        "Download the document again before you rely on the generated code.",
        concerns_callers=True,
    ),
    warning(
        "D008",
        "unusual-characters",
        "A text holds control, invisible or bidirectional characters.",
        "Such characters are kept exactly, but a reader does not see them, and some make text"
        " look different from what it is.",
        "Look at the text at this place; correct it with an overlay if the characters are not"
        " meant.",
    ),
    note(
        "D009",
        "mixed-line-ends",
        "The document mixes two kinds of line ends.",
        "Some lines end in CR LF and others in LF. Texts of several lines keep exactly what "
        "they have.",
        "Save the document with one kind of line end.",
    ),
    error(
        "D010",
        "cut-before-run-command",
        "The document ends before its Run Command is complete.",
        "The Run Command says which values a call sends and which ones it needs. Without all of "
        "it, a spec would be guessed, and calls made with it might send, and cost, something else. "
        "A spec that an earlier document gave stays as it is.",
        "Download the document again.",
    ),
    warning(
        "D101",
        "unknown-head-key",
        "The head of the document has a key that is not known.",
        "It is kept in the spec under 'extra', and nothing is generated from it.",
        "Nothing to do, unless the key changes how the tool is called: then the generator has"
        " to learn it.",
    ),
    warning(
        "D102",
        "unknown-input-key",
        "An input has a key that is not known.",
        "It is kept in the spec under the input's 'extra', and nothing is generated from it.",
        "If the key limits the values (a minimum, say), put the limit into an overlay.",
    ),
    warning(
        "D103",
        "unknown-option-key",
        "An option has a key that is not known.",
        "It is kept in the spec under the option's 'extra', and nothing is generated from it.",
        "Nothing to do, unless callers need it.",
    ),
    warning(
        "D104",
        "unknown-section",
        "The document has a section that is not known.",
        "It is kept in the spec under 'sections', and nothing is generated from it.",
        "Read it: it may change how the tool is called.",
    ),
    warning(
        "D105",
        "unknown-type",
        "An input has a type that is not known.",
        "The input is kept and taken as text, unless the Run Command shows another JSON type.",
        "Compare the generated field with the document; correct it with an overlay if need be.",
        concerns_callers=True,
    ),
    warning(
        "D106",
        "ambiguous-text",
        "A text looks like part of the document's structure.",
        "On one line, a text that spells out keys ('type: text default: x') can be read in "
        "more than one way, and the Run Command does not settle which. One reading was chosen"
        " by a fixed rule.",
        "Compare the input with the document; use the multi-line form of the document if "
        "there is one, or correct the input with an overlay.",
    ),
    warning(
        "D107",
        "text-outside-code",
        "A known section holds text beside its code.",
        "Sections after the inputs consist of a title and a block of code. Text before or "
        "behind the code is kept in the spec under 'sections'.",
        "Read it: it may change how the tool is called.",
    ),
    warning(
        "D108",
        "missing-head-field",
        "A field is missing from the head of the document.",
        "The field is empty in the spec and on the reference page.",
        "Add it with an overlay if you need it.",
    ),
    warning(
        "D109",
        "unexpected-endpoint",
        "An endpoint is not where Wiro's API is.",
        "Clients send signed requests, and money, to their own base address and never to one "
        "taken from a document. An address elsewhere is a sign of a copied or altered "
        "document.",
        "Check where the document came from.",
    ),
    note(
        "D110",
        "name-differs-from-path",
        "The displayed name is not the one in the Run endpoint.",
        "The tool is identified by its Run endpoint; the displayed name is kept for readers only.",
        "Use the tool id to find its files and its module.",
    ),
    note(
        "D111",
        "unknown-example-key",
        "An example names an input that the tool does not have.",
        "Examples (the 'Parameter Inspires') are kept with the key as it is.",
        "Nothing to do: the input was probably renamed or removed.",
    ),
    warning(
        "D112",
        "text-before-inputs",
        "Text stands where an input was expected.",
        "The part of the document that lists the inputs does not begin with '- name:'. The "
        "text is kept in the spec under 'sections'.",
        "Compare the inputs with the document.",
    ),
    note(
        "D113",
        "text-before-document",
        "Prose stands before the first heading of the document.",
        'Wiro\'s own "copy for AI" puts a few lines for a language model there. They are kept in '
        "the spec under 'sections', as 'Preamble'.",
        "Nothing to do.",
    ),
    warning(
        "D201",
        "default-not-an-option",
        "The default is not among the options shown.",
        "Either the list is not complete (short documents show a random sample of a model "
        "list) or the default is out of date. It is documented as it is, and sent only if the"
        " Run Command sends it.",
        "Parse the tool's llms-full.txt, which lists all options; else correct the default "
        "with an overlay.",
        concerns_callers=True,
    ),
    warning(
        "D202",
        "duplicate-option",
        "Two options have the same value.",
        "Both are kept in the spec; callers get one constant for the value.",
        "Nothing to do; one of the two was probably meant to be another value.",
    ),
    note(
        "D203",
        "options-are-a-sample",
        "The list of models is a sample.",
        "A short document (llms.txt) shows five models chosen at random on each download. The"
        " input therefore takes other ids as well.",
        "Parse the tool's llms-full.txt to get constants for all models.",
    ),
    note(
        "D204",
        "no-options",
        "A choice has no options.",
        "The list is empty, as it is for private models. The input takes any id.",
        "Nothing to do.",
        boilerplate=True,
    ),
    warning(
        "D205",
        "help-of-another-input",
        "The help key belongs to another input.",
        "The help is a translation key, and it is that of another input; the site shows the "
        "wrong help for this one.",
        "Write a help for the input in an overlay.",
    ),
    warning(
        "D206",
        "duplicate-input",
        "Two inputs have the same name.",
        "A request can hold only one value under a name. The first one is the input; the second is "
        "kept as text in the spec's 'sections'.",
        "Compare the two in the document, and correct the input with an overlay.",
        concerns_callers=True,
    ),
    warning(
        "D207",
        "default-not-a-number",
        "The default of a number is not a number.",
        "The type says number, the default is another text ('false' often means: not set).",
        "Correct the default with an overlay if the Run Command does not send what you want.",
        concerns_callers=True,
    ),
    warning(
        "D208",
        "options-of-no-choice",
        "An input that is no choice has options.",
        "The options are kept; values are not checked against them.",
        "Correct the type with an overlay if only these values are taken.",
    ),
    warning(
        "D209",
        "invalid-option-json",
        "Trigger words or settings of an option cannot be read.",
        "They should be a JSON array (of texts, or of objects). The text is kept under the "
        "option's 'extra'; the option has no trigger words or sliders.",
        "Write them into an overlay if callers need them.",
        concerns_callers=True,
    ),
    note(
        "D210",
        "unquoted-option-value",
        "The value of an option has no quotes.",
        "Option values stand in double quotes. The word after '- value:' was taken.",
        "Compare the value with the document.",
    ),
    note(
        "D211",
        "callback-as-input",
        "The callback address is listed as an input.",
        "Every run takes a callback address as a parameter of its own, so it is left out of "
        "the inputs.",
        "Pass callback_url to run or submit.",
        boilerplate=True,
    ),
    warning(
        "D212",
        "odd-slider",
        "A slider of an option makes no sense.",
        "Its limits, default or step are not numbers, the lowest value is above the highest, "
        "or the default is outside.",
        "Correct the slider with an overlay; until then limits that make no sense are not checked.",
        concerns_callers=True,
    ),
    warning(
        "D213",
        "option-without-label",
        "An option has no label.",
        "Its label is empty in the spec; its value stands in for it where a name is needed.",
        "Nothing to do, or add a label with an overlay.",
    ),
    warning(
        "D301",
        "invalid-json-sample",
        "A sample is not valid JSON.",
        "The sample cannot be copied as it stands. If it is the body of the Run Command, D308 or "
        "D312 says what could not be read; without either, all of its values were read.",
        "Do not copy this sample; the reference page shows a request that works.",
        boilerplate=True,
    ),
    warning(
        "D302",
        "content-type-contradicts-body",
        "A request declares multipart but sends JSON.",
        "The sample says 'Content-Type: multipart/form-data' over a JSON body. The API takes "
        "application/json when no file is sent, and real multipart when one is.",
        "Send 'Content-Type: application/json', as the generated clients do.",
        boilerplate=True,
    ),
    warning(
        "D303",
        "select-sampled-as-list",
        "A single choice is sent as a list.",
        "The input's type allows one value, the Run Command sends a list. The Run Command is "
        "what the API takes, so the client sends a list.",
        "Pass a list, even for one value.",
        concerns_callers=True,
    ),
    warning(
        "D304",
        "not-in-run-command",
        "An input is missing from the Run Command.",
        "The document describes the input, but its sample request does not send it. It is "
        "optional, and left out unless it is given.",
        "Nothing to do; try it before you rely on it.",
        concerns_callers=True,
    ),
    warning(
        "D305",
        "run-key-without-input",
        "The Run Command sends a key that no input describes.",
        "It is kept as an input without label and help, with the type that the sample shows, "
        "and sent as shown.",
        "Describe it with an overlay.",
        concerns_callers=True,
    ),
    warning(
        "D306",
        "run-command-differs",
        "The Run Command and the default disagree.",
        "The Run Command is the contract, so its value is the one that is sent when none is given.",
        "Set the default with an overlay if the other value is the right one.",
        concerns_callers=True,
    ),
    warning(
        "D307",
        "curl-cannot-sign",
        "The curl lines cannot sign a request as printed.",
        "The signature is taken from 'openssl dgst', which nowadays prints 'SHA2-256(stdin)= "
        "' in front of it. The header then holds that text too, and Wiro refuses it.",
        "Add ' -r | cut -d\" \" -f1' behind the openssl command, or use the generated client.",
        boilerplate=True,
    ),
    warning(
        "D308",
        "no-run-command",
        "There is no Run Command that can be used.",
        "The sample request is missing, or is not built like JSON. How inputs are sent was "
        "guessed from their types, unless an earlier document of the tool showed it (D314).",
        "Compare a request with the tool's page before you rely on it, and correct the spec "
        "with an overlay.",
        concerns_callers=True,
    ),
    warning(
        "D309",
        "sample-of-another-address",
        "The Run Command calls another address than the Run endpoint.",
        "The address in the sample request is not the Run endpoint of the head. The head was "
        "believed.",
        "Check which of the two is right.",
        concerns_callers=True,
    ),
    warning(
        "D310",
        "quote-ends-body",
        "An apostrophe in the body ends it for the shell.",
        "The body of the sample stands in single quotes, and a text in it holds one. The "
        "command breaks when it is pasted into a shell.",
        "Write '\\'' for each apostrophe, or use the generated client.",
    ),
    warning(
        "D311",
        "duplicate-key-in-body",
        "The Run Command sends a key twice.",
        "JSON readers take the last value, and so does the spec.",
        "Nothing to do.",
        concerns_callers=True,
    ),
    warning(
        "D312",
        "unusable-value-in-body",
        "The Run Command shows a value that cannot be used.",
        "The value is NaN, infinite, a number of too many digits, nested too deeply or no text. "
        "How this one input is sent was guessed from its type, unless an earlier document of the "
        "tool showed it (D314); without a default it is required. The other values count. A key "
        "that no input describes is left out.",
        "Correct the input with an overlay.",
        concerns_callers=True,
    ),
    warning(
        "D313",
        "run-commands-disagree",
        "Two Run Commands send different things.",
        "The first one that can be read is taken for the contract; nothing is taken from the "
        "other.",
        "Check with the tool's page which of the two is right, and correct the spec with an "
        "overlay.",
        concerns_callers=True,
    ),
    warning(
        "D314",
        "contract-kept",
        "How inputs are sent is what an earlier document showed.",
        "The newest document has no Run Command, or no value in it, that can be read. Inputs of "
        "the same name and type are required and sent as before, and inputs that only the Run "
        "Command had are kept.",
        "Download the document again; compare a request with the tool's page.",
        concerns_callers=True,
    ),
)
