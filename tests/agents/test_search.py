"""Sentences find tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agents.conftest import PAINTER, WRITER
from wiro_runtime.catalogue import Catalogue

if TYPE_CHECKING:
    from wiro_runtime.mcp.search import SearchIndex


@pytest.fixture
def index(catalogue: Catalogue) -> SearchIndex:
    from wiro_runtime.mcp.search import SearchIndex

    return SearchIndex(catalogue)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("paint", PAINTER),
        ("painted pictures", PAINTER),
        ("I want a picture of a lighthouse, painted", PAINTER),
        ("Please give me the answer to a question", WRITER),
        ("edit the faces in my photos", "acme/editor"),
        ("édit", "acme/editor"),
        ("llm", WRITER),
        ("acme/painter", PAINTER),
        ("input_image", "acme/editor"),
    ],
)
def test_the_best_tool_comes_first(index: SearchIndex, query: str, best: str) -> None:
    assert index.search(query, 5)[0].tool == best


def test_a_word_for_what_a_tool_makes_finds_it(index: SearchIndex) -> None:
    found = {each.tool for each in index.search("an illustration", 5)}
    assert PAINTER in found
    assert WRITER not in found


def test_nothing_is_found_for_what_no_tool_does(index: SearchIndex) -> None:
    assert index.search("quantum chemistry", 5) == []
    assert index.categories == ["image-to-image", "llm", "text-to-image"]


def test_without_words_the_first_tools_are_shown(index: SearchIndex, catalogue: Catalogue) -> None:
    found = index.search("for me, please", 2)
    assert [each.tool for each in found] == list(catalogue.ids[:2])
