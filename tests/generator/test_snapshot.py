"""Newer documents of a known tool add to what is known and lose nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from corpus import Page, later, pages
from wirogen.document import parse_document
from wirogen.merge.snapshots import accumulate, is_full
from wirogen.specs import Input, ToolSpec, dump_spec, load_spec

PAGE = next(
    page for page in pages(60) if any(len(each.options or ()) >= 20 for each in page.fields)
)


def spec_of(page: Page, *, sample: int = 0, full: bool = False) -> ToolSpec:
    return parse_document(page.text(sample=sample, full=full), path="x", document="x.txt").spec


def picker(spec: ToolSpec, name: str = "selectedLoraModel") -> Input:
    return next(item for item in spec.inputs if item.name == name)


def values(spec: ToolSpec) -> list[str]:
    return [option.value for option in picker(spec).options or ()]


def test_options_of_every_snapshot_are_kept_and_marked_with_the_last_that_had_them() -> None:
    first, second = spec_of(PAGE), spec_of(PAGE, sample=1)
    merged = accumulate(first, second)
    assert set(values(merged)) == set(values(first)) | set(values(second))
    assert first.source
    for option in picker(merged).options or ():
        expected = None if option.value in values(second) else first.source.sha256[:12]
        assert option.seen == expected


def test_a_mark_stays_while_the_option_stays_away_and_goes_when_it_is_back() -> None:
    first, second, third = (spec_of(PAGE, sample=number) for number in range(3))
    assert first.source
    gone = next(value for value in values(first) if value not in values(second) + values(third))
    merged = accumulate(accumulate(first, second), third)
    mark = next(each.seen for each in picker(merged).options or () if each.value == gone)
    assert mark == first.source.sha256[:12]
    back = accumulate(merged, first)
    assert next(each.seen for each in picker(back).options or () if each.value == gone) is None


def test_the_same_document_again_changes_nothing() -> None:
    first, second = spec_of(PAGE), spec_of(PAGE, sample=1)
    merged = accumulate(first, second)
    assert accumulate(merged, second) == merged
    assert accumulate(merged, second, full=True) == merged
    assert accumulate(first, first) == first


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_which_options_result_does_not_depend_on_the_order(order: tuple[int, ...]) -> None:
    merged = spec_of(PAGE, sample=order[0])
    for sample in order[1:]:
        merged = accumulate(merged, spec_of(PAGE, sample=sample))
    everything = {value for sample in range(3) for value in values(spec_of(PAGE, sample=sample))}
    assert values(merged) == sorted(everything, key=int, reverse=True)


def test_a_full_list_replaces() -> None:
    old = spec_of(PAGE)
    kept = picker(old).options or ()
    stale = replace(next(iter(kept)), value="99999", label="gone from Wiro")
    known = replace(
        old,
        inputs=tuple(
            replace(item, options=(stale, *kept)) if item.name == "selectedLoraModel" else item
            for item in old.inputs
        ),
    )
    full = spec_of(PAGE, full=True)
    assert "99999" in values(accumulate(known, spec_of(PAGE, sample=1)))
    assert accumulate(known, full, full=is_full(full)) == full


def test_full_documents_are_known_by_name_or_by_what_only_they_have() -> None:
    short, full = spec_of(PAGE), spec_of(PAGE, full=True)
    assert is_full(full)
    assert not is_full(short)
    for name in ("wiro/llms-full.txt", "wiro/painter.full.txt", "painter-full.txt"):
        assert is_full(short, name)
    for name in ("wiro/llms.txt", "wiro/fully.txt", "wiro/beautiful.txt"):
        assert not is_full(short, name)


def test_all_else_is_what_the_newer_document_says() -> None:
    old = spec_of(PAGE)
    new = spec_of(later(PAGE))
    merged = accumulate(old, new)
    assert merged.cover == new.cover
    assert [item.name for item in merged.inputs] == [item.name for item in new.inputs]
    assert [item.help for item in merged.inputs] == [item.help for item in new.inputs]


def test_examples_survive_a_document_that_has_none() -> None:
    page = next(page for page in pages(40) if page.inspires)
    full, short = spec_of(page, full=True), spec_of(page)
    assert full.examples
    assert accumulate(full, short).examples == full.examples


def broken(page: Page, old: str = "-d '{", new: str = "-d '{ oops") -> ToolSpec:
    """The tool by a document whose Run Command is not as it was."""
    text = page.text()
    start = text.index(old, text.index("## Run Command - Make"))
    return parse_document(
        text[:start] + new + text[start + len(old) :], path="x", document="x.txt"
    ).spec


def contract(spec: ToolSpec) -> dict[str, tuple[object, ...]]:
    return {item.name: (item.required, item.wire, item.example) for item in spec.inputs}


def kept(spec: ToolSpec) -> list[str]:
    assert spec.source
    return [each.subject for each in spec.source.findings if each.code == "D314"]


@pytest.mark.parametrize("full", [False, True])
def test_a_run_command_that_cannot_be_read_takes_nothing_back(full: bool) -> None:
    known, new = spec_of(PAGE), broken(PAGE)
    assert contract(new) != contract(known)
    merged = accumulate(known, new, full=full)
    assert contract(merged) == contract(known)
    assert kept(merged) == ["Run Command"]
    assert accumulate(merged, new, full=full) == merged
    # A document that shows it again counts.
    assert accumulate(merged, known, full=full).source == known.source


def test_what_was_guessed_is_not_kept_as_a_contract() -> None:
    guessed = broken(PAGE)
    merged = accumulate(guessed, broken(later(PAGE)))
    assert kept(merged) == []


def test_one_value_that_cannot_be_read_is_kept_alone() -> None:
    known = spec_of(PAGE)
    name = next(item.name for item in known.inputs if item.wire.type == "number")
    text = PAGE.text()
    shown = re.search(rf'"{name}": (\S+?)[,\s]', text[text.index("## Run Command - Make") :])
    assert shown
    new = broken(PAGE, f'"{name}": {shown[1]}', f'"{name}": 1e999')
    merged = accumulate(known, new)
    assert contract(merged) == contract(known)
    assert kept(merged) == [name]
    assert accumulate(merged, new) == merged


def test_a_key_that_only_the_run_command_had_is_kept() -> None:
    known = broken(PAGE, "-d '{", '-d \'{ "extraKey": 7,')
    assert known.inputs[-1].name == "extraKey"
    assert accumulate(known, broken(PAGE)).inputs[-1] == known.inputs[-1]
    assert len(accumulate(known, spec_of(PAGE)).inputs) == len(known.inputs) - 1


def test_marks_survive_the_file() -> None:
    merged = accumulate(spec_of(PAGE), spec_of(PAGE, sample=1))
    assert load_spec(dump_spec(merged), path="x.yaml") == merged
