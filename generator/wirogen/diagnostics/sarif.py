"""Diagnostics as SARIF 2.1.0, which code hosts and editors show beside the lines."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from wirogen.common.json_values import Json
from wirogen.diagnostics.model import RULES, Diagnostic, Rule

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(diagnostics: Sequence[Diagnostic], *, version: str) -> dict[str, Json]:
    """One run with every rule that has a result. Columns count characters."""
    codes = sorted({each.code for each in diagnostics})
    index = {code: number for number, code in enumerate(codes)}
    rules: list[Json] = [_rule(RULES[code]) for code in codes]
    results: list[Json] = [_result(each, index[each.code]) for each in diagnostics]
    driver: dict[str, Json] = {"name": "wirogen", "version": version, "rules": rules}
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": f"{rule.explanation}\n\nFix: {rule.fix}"},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(each: Diagnostic, index: int) -> Json:
    place: dict[str, Json] = {
        # A name that is no UTF-8 keeps its bytes.
        "artifactLocation": {
            "uri": quote(each.path, safe="/~()!*'", errors="surrogateescape"),
        },
    }
    if each.position is not None:
        place["region"] = {"startLine": each.position.line, "startColumn": each.position.column}
    subject = f"{each.subject}: " if each.subject else ""
    # Lines move with every download; what a finding is about does not.
    known_by = f"{each.path}\0{each.code}\0{each.subject}\0{each.message}"
    mark = hashlib.sha256(known_by.encode(errors="backslashreplace"))
    # `[text](address)` would be a link (3.11.6 of SARIF), and a document may hold one.
    text = f"{subject}{each.message}".replace("](", "] (")
    return {
        "ruleId": each.code,
        "ruleIndex": index,
        "level": str(each.severity),
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"finding/v1": mark.hexdigest()[:32]},
    }
