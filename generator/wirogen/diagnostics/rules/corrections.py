"""Codes about what is known beside documents. T: Tool/Detail. O: overlays. Y: sync."""

from __future__ import annotations

from typing import Final

from wirogen.diagnostics.rules.rule import Rule, error, note, warning

CORRECTION_RULES: Final[tuple[Rule, ...]] = (
    error(
        "T001",
        "invalid-detail",
        "The file is not an answer of Tool/Detail.",
        "It should be the JSON that Tool/Detail answers, about one tool, with the list of its "
        "parameters.",
        "Ask Tool/Detail again (wirogen sync does) and pass the answer as it is.",
    ),
    note(
        "T101",
        "input-not-in-document",
        "Tool/Detail has an input that the document does not have.",
        "The input is added; how it is sent was guessed from its type, since no Run Command "
        "shows it. One whose name differs in case alone is the input of the document.",
        "Try it before you rely on it; hide it with an overlay if it is not meant for callers.",
    ),
    warning(
        "T102",
        "unusable-limit",
        "A limit in Tool/Detail makes no sense.",
        "It is not a number, or the smallest value is above the largest. It is left out, so the "
        "client lets every number pass.",
        "Set the limits with an overlay.",
    ),
    note(
        "T103",
        "price-not-json",
        "The price in Tool/Detail is not JSON.",
        "It is kept as the text that it is, and the price of a run is unknown.",
        "Nothing to do.",
    ),
    note(
        "T104",
        "more-options-in-detail",
        "Tool/Detail lists options that the document does not.",
        "They are added behind those of the document, and accepted.",
        "Nothing to do; parse a newer document if there is one.",
    ),
    error(
        "T105",
        "two-details-of-one-tool",
        "Two Tool/Detail files are about the same tool.",
        "Which of them is the newer one cannot be told.",
        "Remove one of the two files.",
    ),
    warning(
        "T106",
        "unreadable-options",
        "Tool/Detail lists options in a shape that is not known.",
        "An option has a value and a text. What has another shape is left out, and the input "
        "takes values beyond those that are listed.",
        "Add the options with an overlay, or report the answer of Tool/Detail.",
    ),
    warning(
        "T107",
        "inputs-not-known",
        "Tool/Detail lists no parameters, and there is no document.",
        "A client is made that takes no inputs; most tools need some.",
        "Add the tool's document, or its inputs with an overlay.",
    ),
    warning(
        "T108",
        "odd-fact-in-detail",
        "Tool/Detail gives a text, a number, a time or an address that makes no sense.",
        "A label or note that is no text, a default that is a list where one value is wanted, a "
        "'required' that is neither true nor false, a parameter that is listed twice, groups "
        "and examples of another shape, negative or huge counts and costs, times that are none, "
        "and samples whose address is not one of https are left out of the spec and of the tool's "
        "page.",
        "Nothing to do; an overlay may set the right value.",
    ),
    error(
        "O001",
        "invalid-overlay",
        "An overlay that cannot be read.",
        "An overlay names a tool and lists corrections. Each correction says what it is about, "
        "has a reason, and either sets values, hides an input or renames it in Python.",
        "Correct the line that is named; the docs have an example of each kind.",
    ),
    error(
        "O002",
        "overlay-does-not-apply",
        "A correction that no longer applies.",
        "The tool, input or option that it is about does not exist, or the spec says already "
        "what the correction wants.",
        "Remove the correction, or correct the name.",
    ),
    error(
        "O003",
        "overlay-breaks-spec",
        "A correction that would make no sense of the spec.",
        "With it, an input would contradict itself: a minimum above the maximum, a required "
        "input that is also sent by default, a Python name that is taken or reserved.",
        "Correct the value, or correct the other value as well.",
    ),
    error(
        "O004",
        "two-overlays",
        "Two overlays are about the same tool.",
        "The order in which they apply would decide what holds.",
        "Put the corrections into one file.",
    ),
    warning(
        "Y001",
        "page-quarantined",
        "A downloaded page is not a tool document.",
        "An error page, a sign-in page or half a document came in place of one. It lies in "
        ".wirogen/quarantine/; the document that was there before still counts.",
        "Run sync again later. If the page is right after all, parse it and read the message.",
    ),
    warning(
        "Y002",
        "page-would-shrink",
        "A downloaded document has less in it than the one before.",
        "It has fewer inputs, fewer options in a list that is complete, less than half of a list "
        "of models, or it ends early. It lies in .wirogen/quarantine/; the one before still "
        "counts.",
        "Compare the two. Pass --accept OWNER/PROJECT to sync if the tool has really shrunk.",
    ),
    warning(
        "Y003",
        "page-of-another-tool",
        "A downloaded document is about another tool than the one asked for.",
        "Its Run endpoint names another tool, so it would overwrite what is known of that one.",
        "Read the page in .wirogen/quarantine/.",
    ),
    warning(
        "Y004",
        "not-downloaded",
        "A page could not be downloaded.",
        "The server did not answer, refused, or has no such page, each time it was tried.",
        "Run sync again: it goes on where it stopped.",
    ),
)
