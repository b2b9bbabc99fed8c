"""The made-up catalogue is what benchmarks and sync rely on: stable, distinct, readable."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from corpus import documents, later, pages
from wirogen.document import parse_document, verify


def test_a_smaller_catalogue_is_the_beginning_of_a_larger_one() -> None:
    assert list(documents(8)) == list(islice(documents(5000), 8))
    assert list(documents(8, seed=1)) != list(documents(8))


@pytest.mark.slow
def test_every_document_is_read_in_full_under_the_id_that_it_was_given() -> None:
    types: Counter[str] = Counter()
    tools: set[str] = set()
    for tool, text in documents(160):
        parsed = parse_document(text, path=tool)
        assert parsed.spec.tool == tool
        assert verify(parsed) is None
        tools.add(tool)
        types.update(item.type for item in parsed.spec.inputs)
    assert len(tools) == 160
    assert set(types) >= {
        "select", "multiselect", "selectwithcover", "checkbox", "color", "range", "float",
        "fileinput", "multifileinput", "combinefileinput", "number", "text", "textarea",
    }  # fmt: skip


def test_short_forms_differ_from_download_to_download_and_the_full_one_has_them_all() -> None:
    page = next(page for page in pages(8) if any(each.picker for each in page.fields))
    texts = {page.text(sample=number) for number in range(3)}
    assert len(texts) == 3
    full = parse_document(page.text(full=True), path="full").spec
    for text in texts:
        short = parse_document(text, path="short").spec
        for item, whole in zip(short.inputs, full.inputs, strict=True):
            assert all(option in (whole.options or ()) for option in item.options or ())


def test_later_snapshots_are_of_the_same_tool() -> None:
    page = next(pages(1))
    before = parse_document(page.text(), path="").spec
    after = parse_document(later(page).text(), path="").spec
    assert before.tool == after.tool
    assert len(after.inputs) == len(before.inputs) + 1
