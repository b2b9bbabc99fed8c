"""Codes about specs and what is made of them. S0: specs and other files. S1: specs
that are inconsistent. N1: names in Python."""

from __future__ import annotations

from typing import Final

from wirogen.diagnostics.rules.rule import Rule, error, note, warning

SPEC_RULES: Final[tuple[Rule, ...]] = (
    error(
        "S001",
        "invalid-spec",
        "A spec that cannot be read.",
        "A spec is YAML with the keys of generated/schemas/spec.json and nothing else: no anchors, "
        "tags, duplicate keys or second document. Every text is quoted, so that no YAML reader "
        "takes Yes, 08 or 12:30 for something else.",
        "Correct the line that is named, or parse the document again.",
    ),
    error(
        "S002",
        "tool-claimed-twice",
        "Two specs or documents say that they are the same tool.",
        "A tool is known by its Run endpoint, so two of them would write the same files.",
        "Remove one of the two files.",
    ),
    error(
        "S003",
        "invalid-manifest",
        "The manifest of a generated folder cannot be read.",
        "The manifest says which files a build may overwrite or remove; without it, a build would "
        "have to guess which files are yours.",
        "Restore MANIFEST.json from version control, or delete the generated folder.",
    ),
    error(
        "S004",
        "unreadable-file",
        "The operating system does not let the file be read.",
        "It is missing, a folder, or not readable by this user.",
        "Check the path and its permissions.",
    ),
    error(
        "S005",
        "cannot-be-written",
        "The generated tree cannot be written.",
        "The disk is full, the folder may not be written to, or a file has its name. A tree "
        "changes as a whole or not at all, so the one that was there before is still there.",
        "Make room, or choose another folder; then build again.",
    ),
    error(
        "S007",
        "file-in-the-way",
        "A file of yours has the name of one that would be generated.",
        "Files that the manifest does not list are left alone, so nothing was written at all.",
        "Move the file away, or choose another folder. If the manifest was lost, restore it from "
        "version control, or delete the generated folder.",
    ),
    error(
        "S008",
        "worker-ended",
        "The operating system ended a process that was at work.",
        "That is what it does when there is no memory left. The tree that was there is unchanged.",
        "Use fewer processes (--jobs 1), or make room in memory.",
    ),
    note(
        "S006",
        "cover-left-out",
        "A cover is not in the documentation site.",
        "While the site is built, covers are copied into it, so that its pages ask no other host. "
        "Only pictures and short MP4 videos are taken, over https, from hosts that are named, and "
        "as many as a site can hold. The page shows a drawn cover instead.",
        "Build again when the server answers, name its host with --cover-host, or choose "
        "--covers none.",
    ),
    warning(
        "S101",
        "sent-of-another-type",
        "A spec sends a value of another type than the input has on the wire.",
        "'wire.type' is the JSON type that the API takes, and 'wire.sent' goes out when the "
        "caller gives nothing. The two contradict each other.",
        "Correct 'wire.sent' (twenty is not 20) or 'wire.type' where they were written.",
    ),
    warning(
        "S102",
        "sent-not-an-option",
        "A spec sends a value that is not among the options.",
        "The choice takes only its options, yet another value goes out when the caller gives "
        "nothing. Some documents do that, so it is allowed.",
        "Correct 'wire.sent', or add the option.",
    ),
    warning(
        "S103",
        "odd-setting",
        "A setting of an option makes no sense.",
        "Its limits, default or step are not numbers, the step is not above 0, the lowest value "
        "is above the highest, or the default is outside. Limits that make no sense are not "
        "checked.",
        "Correct the setting where it was written.",
    ),
    warning(
        "S104",
        "sent-outside-limits",
        "A spec sends a value outside the limits of its input.",
        "The client refuses what is outside 'minimum' and 'maximum', the value that goes out when "
        "the caller gives nothing included, so every call has to give another one.",
        "Correct the limits or 'wire.sent' where they were written, be it in an overlay.",
    ),
    warning(
        "S105",
        "endpoint-of-another-tool",
        "The Run endpoint of a spec is not that of its tool.",
        "Clients run the tool that 'tool' names; pages show the address in 'endpoints'. The two "
        "should say the same.",
        "Correct 'tool' or 'endpoints' (https://api.wiro.ai/v1/Run/owner/project).",
    ),
    warning(
        "S106",
        "unreadable-rate",
        "A rate of the price list cannot be read.",
        "It has a method of billing that is not known, a negative or huge amount, or another shape "
        "than {inputs, price, priceMethod}. Wherever this rate may be the one that counts, the "
        "price of a run is unknown: no number is guessed, and a run with a ceiling is not sent.",
        "Correct 'dynamicprice' with an overlay; report a method that is new.",
    ),
    warning(
        "S107",
        "rate-of-no-input",
        "A rate of the price list is about an input, or an option, that the tool does not have.",
        "A rate counts when its inputs equal what is sent. Nothing is ever sent for this one, so "
        "the rate never counts, or the price of a run is unknown.",
        "Correct 'dynamicprice', or add the input or the option, with an overlay.",
    ),
    note(
        "N101",
        "input-renamed",
        "An input has another name in Python than its words give.",
        "Its own name is reserved in Python or in generated modules, or another input has it.",
        "Nothing needs to be done; the reference page shows both names.",
    ),
    note(
        "N102",
        "constant-renamed",
        "Several options would share one constant, so each has its value added to its name.",
        "A constant that silently changed its meaning when an option appears would run another "
        "model than the caller chose, so none of the options keeps the short name.",
        "Nothing needs to be done; values in quotes work as well as constants.",
    ),
    note(
        "N103",
        "module-renamed",
        "Several tools would share one module, so a hash is added to the name.",
        "Wiro tells apart names that differ only in case or punctuation; Python modules and many "
        "disks do not.",
        "Nothing needs to be done.",
    ),
    note(
        "N104",
        "settings-not-sent",
        "Options have settings, but no way to send them is known.",
        "Only LoRA scales are known to travel, as tags in the prompt of the same tool.",
        "Write the setting into the prompt by hand if the tool understands it.",
    ),
    note(
        "N105",
        "required-by-inference",
        "An input is required although no source says so.",
        "Its default is blank, and the Run Command of the document shows a value, which is a "
        "sample and never sent. Pages, docstrings and --help say that it was inferred.",
        "Make it optional with an overlay (required: false) if the tool works without it; confirm "
        "it (required: true) if it does not.",
    ),
)
