"""The state of a generated tree, and the manifest that it is compared with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirogen.diagnostics.model import InputError
from wirogen.output.manifest import Entry, OutputState, manifest_text

FILES = {f"docs/{number}.md": f"page {number}" for number in range(9)}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    hashes = {path: digest(text) for path, text in FILES.items()}
    (folder / "MANIFEST.json").write_text(json.dumps({"files": hashes}))
    return folder


def test_a_file_that_was_edited_or_is_gone_is_noticed(out: Path) -> None:
    assert OutputState(out).is_whole
    (out / "docs/7.md").write_text("by hand")
    assert not OutputState(out).is_whole
    (out / "docs/7.md").write_text("page 7")
    assert OutputState(out).is_whole
    (out / "docs/7.md").unlink()
    assert not OutputState(out).is_whole


def test_files_are_compared_with_the_hashes_that_are_given(out: Path) -> None:
    state = OutputState(out)
    (out / "docs/7.md").write_text("other")
    (out / "new.md").write_text("other")
    assert state.holds({"docs/7.md": digest("other"), "new.md": digest("other")})
    assert not state.holds({"docs/1.md": digest("other")})


def test_a_folder_without_a_manifest_knows_no_file(tmp_path: Path) -> None:
    state = OutputState(tmp_path / "nowhere")
    assert (state.manifest, state.known, state.is_whole) == ("", {}, True)


def test_a_manifest_that_is_none_is_refused(out: Path) -> None:
    (out / "MANIFEST.json").write_text("x")
    with pytest.raises(InputError, match="S003"):
        OutputState(out)


_entries = st.recursive(
    st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(st.text(), _entries, max_size=4))
def test_a_manifest_is_the_json_that_any_program_would_write(entry: dict[str, Entry]) -> None:
    assert manifest_text(entry) == json.dumps(entry, indent=2, ensure_ascii=False) + "\n"
