"""Searches find a word whatever its case, accents and form: on the site as on the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from wiro_runtime.catalogue import fold

pytestmark = pytest.mark.slow

_FOLD_JS = Path(__file__).parents[2] / "templates" / "docs" / "assets" / "fold.js"
CASES = {
    "Café": "cafe",
    "Cafe\u0301": "cafe",
    "STRASSE Straße": "strasse strasse",
    "Ａｎｉｍｅ ﬁlter": "anime filter",
    "İstanbul ışık IŞIK": "istanbul isik isik",
    "Ångström Å": "angstrom a",
    "ΣΊΣΥΦΟΣ ς": "σισυφοσ σ",
    "Ёлка й": "елка и",
    "日本語 ｶﾞ": "日本語 カ",
    "text-to-image v4.5": "text-to-image v4.5",
    "\U0001f600 ²": "\U0001f600 2",
}


@pytest.mark.parametrize(("text", "folded"), CASES.items(), ids=list(map(ascii, CASES)))
def test_the_command_line_folds(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node, which CI has")
def test_the_site_folds_alike_and_knows_where_a_match_stands() -> None:
    script = (
        f"import {{ fold, foldedPlaces }} from {json.dumps(_FOLD_JS.as_uri())};"
        f"const cases = {json.dumps(list(CASES))};"
        "console.log(JSON.stringify(cases.map((text) => [fold(text), foldedPlaces(text)])));"
    )
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    for (text, folded), (found, places) in zip(CASES.items(), json.loads(ran.stdout), strict=True):
        assert found == places["folded"] == folded == fold(text)
        assert len(places["places"]) == len(found.encode("utf-16-le")) // 2 + 1
        assert places["places"] == sorted(places["places"])
