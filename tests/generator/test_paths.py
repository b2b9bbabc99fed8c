"""Paths that another program or person wrote never lead outside of the project."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from corpus import Page, pages
from generated import tool
from generator.project import Project
from wirogen.cli.app import run
from wirogen.cli.simulate import _documents
from wirogen.common.paths import MAX_PART, UnsafePathError, inside, path_problem
from wirogen.diagnostics.model import InputError
from wirogen.output.manifest import MANIFEST, OutputState
from wirogen.pipeline.build import read_project
from wirogen.project.add import take_file
from wirogen.specs import Source
from wirogen.specs.names import tool_hash
from wirogen.sync.state import Entry, State

PAGE: Page = next(iter(pages(1)))
UNSAFE = [
    "../secret.txt",
    "..",
    "a/../../secret.txt",
    "a/./b.txt",
    "a//b.txt",
    "a/",
    "",
    ".",
    "...",
    "/etc/passwd.txt",
    "\\\\server\\share\\x.txt",
    "..\\secret.txt",
    "C:\\x.txt",
    "C:x.txt",
    "a/b.txt:stream",
    "a\0b.txt",
    "a\nb.txt",
    "a/\x7f.txt",
    "\ud800.txt",
    "nul",
    "NUL.txt",
    "a/con/b.txt",
    "aux.tar.gz.txt",
    "lpt1 .txt",
    "a/b.txt.",
    "a /b.txt",
    f"{'x' * (MAX_PART + 1)}.txt",
    f"{'é' * 128}.txt",
    "a/" * 600 + "b.txt",
]
SAFE = ["a.txt", "wiro/text-to-image.txt", ".wirogen/x", "ä/Ünï cödé (1).txt", "console.txt"]


@pytest.mark.parametrize("path", SAFE)
def test_a_path_below_its_folder_is_taken(tmp_path: Path, path: str) -> None:
    assert path_problem(path) is None
    assert inside(tmp_path, path) == tmp_path / path


@pytest.mark.parametrize("path", [*UNSAFE, None, 5, ["a.txt"], b"a.txt"], ids=repr)
def test_any_other_path_is_refused(tmp_path: Path, path: object) -> None:
    assert path_problem(path)
    with pytest.raises(UnsafePathError):
        inside(tmp_path, path)


@pytest.mark.parametrize("leads", ["folder", "file", "chain", "loop"])
def test_a_link_that_leads_outside_is_refused(tmp_path: Path, leads: str) -> None:
    folder, other = tmp_path / "project", tmp_path / "project-of-another"
    (folder / "in").mkdir(parents=True)
    other.mkdir()
    (other / "x.txt").write_text("secret", "utf-8")
    match leads:
        case "folder":
            (folder / "a").symlink_to(other)
        case "file":
            (folder / "a").mkdir()
            (folder / "a" / "x.txt").symlink_to(other / "x.txt")
        case "chain":
            (folder / "in" / "b").symlink_to("../../project-of-another")
            (folder / "a").symlink_to("in/b")
        case _:
            (folder / "a").symlink_to("a")
    if leads == "loop":  # it leads nowhere; the operating system says so
        with pytest.raises(OSError, match=r"[Ll]evels of symbolic links|[Tt]oo many"):
            inside(folder, "a/x.txt").read_bytes()
        return
    with pytest.raises(UnsafePathError, match="through a link"):
        inside(folder, "a/x.txt")


def test_a_link_to_another_place_of_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "a" / "x.txt").write_text("x", "utf-8")
    assert inside(tmp_path, "b/x.txt").read_text("utf-8") == "x"


def with_source(project: Project, document: str) -> None:
    """A project whose only spec says that it was made from ``document``."""
    project.document(PAGE, "a/tool")
    assert run(["build", "--root", str(project.root)]) in (0, 1)
    (file,) = (project.root / "specs" / "tools").rglob("*.yaml")
    text = file.read_text("utf-8").replace('"a/tool.txt"', json.dumps(document))
    file.write_text(text, "utf-8")
    (project.root / "specs" / "documents" / "a" / "tool.txt").unlink()


@pytest.mark.parametrize("document", ["../../../secret.txt", "SECRET", "link/secret.txt"])
def test_a_spec_names_no_document_outside_of_the_project(tmp_path: Path, document: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    project = Project(tmp_path / "project")
    with_source(project, document.replace("SECRET", str(secret)))
    (project.root / "specs" / "documents" / "link").symlink_to(tmp_path)
    specs = read_project(project.root).specs
    assert len(specs) == 1
    assert _documents(specs, project.root / "specs" / "documents") == {}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have names in Unicode only")
@pytest.mark.parametrize("name", ["a/x\udcff", "\udcff/x"], ids=["file", "folder"])
def test_a_document_whose_name_is_no_text_is_built_again(tmp_path: Path, name: str) -> None:
    project = Project(tmp_path)
    project.document(PAGE, name)
    assert run(["build", "--root", str(tmp_path)]) == run(["build", "--root", str(tmp_path)]) == 0


def test_a_document_that_is_added_replaces_that_of_no_other_tool(tmp_path: Path) -> None:
    specs = {
        each: tool(name=each, source=Source(document=document, sha256="0" * 64))
        for each, document in (
            ("acme/x", "acme/x.txt"),
            (f"acme/x-{tool_hash('acme/X')}", f"acme/x-{tool_hash('acme/X')}.txt"),
        )
    }
    file = tmp_path / "page.txt"
    file.write_text(PAGE.text().replace(PAGE.tool, "acme/X"), "utf-8")
    found = take_file(tmp_path, file, specs).spec
    assert found is not None
    assert found.tool == "acme/X"
    assert found.source is not None
    documents = {each.source and each.source.document for each in specs.values()}
    assert found.source.document not in documents


@pytest.mark.parametrize("path", [each for each in UNSAFE if "\ud800" not in each], ids=repr)
def test_a_manifest_with_such_a_path_is_none(tmp_path: Path, path: str) -> None:
    (tmp_path / MANIFEST).write_text(json.dumps({"files": {path: "0"}}), "utf-8")
    with pytest.raises(InputError, match="S003"):
        OutputState(tmp_path)


@pytest.mark.parametrize("path", UNSAFE, ids=repr)
def test_a_state_of_sync_with_such_a_path_is_forgotten(path: str) -> None:
    validators = {"url": "https://x", "etag": "", "modified": ""}
    good = {"validators": validators, "sha256": "0" * 64, "document": "a/b.txt"}
    entry = TypeAdapter(Entry)
    assert entry.validate_python(good)
    with pytest.raises(ValueError, match="document"):
        entry.validate_python({**good, "document": path})


@pytest.mark.parametrize("odd", ["a\r\nhost: b", "a\n", "\x7f", "é", "x" * 2001], ids=repr)
@pytest.mark.parametrize("name", ["url", "etag", "modified"])
def test_a_state_of_sync_with_what_no_header_may_hold_is_forgotten(name: str, odd: str) -> None:
    validators = {"url": "https://x", "etag": "", "modified": "", name: odd}
    with pytest.raises(ValueError, match=name):
        TypeAdapter(Entry).validate_python(
            {"validators": validators, "sha256": "0" * 64, "document": "a/b.txt"}
        )


@pytest.mark.parametrize("name", ["sync.json", "sync.journal"])
def test_a_state_file_that_is_a_link_leads_nowhere(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", "utf-8")
    (tmp_path / "project" / ".wirogen").mkdir(parents=True)
    (tmp_path / "project" / ".wirogen" / name).symlink_to(victim)
    with pytest.raises(InputError, match="through a link"):
        State(tmp_path / "project")
    assert victim.read_text("utf-8") == "mine"
