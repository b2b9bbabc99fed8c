"""A site is written only where no source and no file of another origin is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from wirogen.cli.app import run
from wirogen.cli.docs import _builder
from wirogen.diagnostics.model import InputError
from wirogen.site.build import _read_state, _remove
from wirogen.site.covers import CoverMode
from wirogen.site.stage import write_stage
from wirogen.site.target import MARKER, check_target, site_address

pytestmark = pytest.mark.slow

ADDRESS = "https://example.org/tools/"


@pytest.fixture
def project(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with its generated tree, and a home folder above it."""
    project = tmp_path / "home" / "work" / "project"
    for name in ("specs", "templates"):
        shutil.copytree(root / name, project / name)
    shutil.copytree(root / "generated", project / "generated")
    (project / "generator").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(project)
    return project


def state_of(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".wirogen" not in path.parts
    }


@pytest.mark.parametrize(
    "out",
    [
        "generated/docs",
        "generated/docs/site",
        "generated/docs/tools/new",
        "generated",
        "generated/site",
        "generated/schemas",
        "generated/../generated/docs/",
        "specs",
        "specs/tools",
        "specs/new/site",
        "templates",
        "templates/docs",
        "generator/site",
        "tests/site",
        ".git/site",
        ".wirogen",
        ".wirogen/docs-site",
        ".",
        "..",
        "../..",
        "../../..",
        "/",
    ],
)
def test_sources_and_what_contains_them_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    before = state_of(project.parents[2])
    assert run(["docs", "build", "--covers", "none", "--out", out]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "S005" in line
    assert "choose another folder with --out" in line
    assert state_of(project.parents[2]) == before


@pytest.mark.parametrize(
    "target", ["generated/docs", "generated", "specs/tools", "", "..", "../..", "specs/new"]
)
def test_a_link_to_one_of_them_is_refused(project: Path, tmp_path: Path, target: str) -> None:
    link = tmp_path / "link"
    link.symlink_to(project / target)
    with pytest.raises(InputError, match="S005"):
        check_target(link, project / "generated" / "docs")
    if (project / target).is_dir() and ".." not in target:
        with pytest.raises(InputError, match="S005"):
            check_target(link / "new" if target else link, project / "generated" / "docs")


def test_sources_that_are_reached_through_a_link_are_refused(project: Path, tmp_path: Path) -> None:
    link = tmp_path / "docs"
    link.symlink_to(project / "generated" / "docs")
    for out in (project / "generated" / "docs", project / "generated" / "site", project):
        with pytest.raises(InputError, match="S005"):
            check_target(out, link)


def test_another_project_and_its_generated_tree_are_refused(project: Path, tmp_path: Path) -> None:
    docs = tmp_path / "vendored" / "docs"
    shutil.copytree(project / "generated", tmp_path / "vendored")
    for out in (
        project / "specs" / "new",
        project / "generated" / "docs",
        project,
        docs / "new",
        docs.parent / "new",
        docs.parent,
    ):
        with pytest.raises(InputError, match="S005"):
            check_target(out, docs)


@pytest.mark.parametrize("name", ["index.html", ".hidden", "folder/file"])
def test_a_folder_that_another_program_filled_is_refused(
    project: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", "utf-8")
    arguments = ["--covers", "none", "--out", str(tmp_path / "mine")]
    assert run(["docs", "build", *arguments]) == 2
    assert "S007" in capsys.readouterr().err
    assert run(["docs", "serve", "--port", "0", *arguments]) == 2
    said = capsys.readouterr().err
    assert "S007" in said
    assert "if an earlier version of wirogen docs build made it, remove it first" in said
    assert list(state_of(tmp_path / "mine").values()) == [b"mine"]


def test_a_file_is_refused(project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for out in (tmp_path / "file", tmp_path / "dangling"):
        with pytest.raises(
            InputError, match="not a folder; move it away; choose another folder with --out"
        ):
            check_target(out, project / "generated" / "docs")


@pytest.mark.parametrize("out", ["site", "public/docs", "../site", "generated-site", "specs-site"])
def test_new_and_empty_folders_are_taken(project: Path, out: str) -> None:
    check_target(project / out, project / "generated" / "docs")
    (project / out).mkdir(parents=True)
    check_target(project / out, project / "generated" / "docs")
    (project / out / MARKER).write_text("", "utf-8")
    (project / out / "index.html").write_text("", "utf-8")
    check_target(project / out, project / "generated" / "docs")


@pytest.mark.parametrize("out", [".", "site", "site/", "site/..", "site/.", "link"])
def test_what_a_build_keeps_is_not_in_the_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    here = tmp_path / "here"
    (here / "site").mkdir(parents=True)
    (here / "link").symlink_to(here / "site")
    monkeypatch.chdir(here)
    builder = _builder(tmp_path, Path(out), "x", None, CoverMode.NONE, None, 1)
    work = Path(os.path.realpath(builder.keywords["work"]))
    assert not work.is_relative_to(Path(out).resolve())


@pytest.mark.parametrize("name", ["index.html", "tools", "tools/new/index.html", "CNAME"])
def test_a_site_with_a_link_in_it_is_refused(project: Path, tmp_path: Path, name: str) -> None:
    out = project / "site"
    link = out / name
    link.parent.mkdir(parents=True)
    (out / MARKER).write_text("", "utf-8")
    link.symlink_to(project / "generated" / "docs" / "tools")
    with pytest.raises(InputError, match=r"is a link, and a site has none; remove it first$"):
        check_target(out, project / "generated" / "docs")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/",
        "example.org/x",
        "//example.org/",
        "ftp://example.org/",
        "file:///etc/",
        "javascript:alert(1)",
        "https://",
        "https:///x",
        "https://.../",
        "https://a..example/",
        "https:example.org",
        "https://example.org/x?y",
        "https://example.org/x#z",
        "https://example.org/?",
        "https://example.org/#",
        "https://me:secret@example.org/",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://example.org/a b",
        'https://example.org/"onload="x',
        "https://example.org/<script>",
        "https://example.org/\n",
        "https://exam\u200bple.org/",
        "https://*/",
        "https://a=b,c/",
        "https://$HOST/",
        "not a url",
    ],
)
def test_what_is_no_address_of_a_site_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert run(["docs", "build", "--covers", "none", "--site-url", address]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is no address of a site" in line
    assert not (project / "site").exists()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (ADDRESS, ADDRESS),
        ("https://example.org", "https://example.org/"),
        ("http://localhost:8000/a/b", "http://localhost:8000/a/b/"),
        ("https://[::1]:8443/x/", "https://[::1]:8443/x/"),
        ("https://tëst-1.example_x.org./", "https://tëst-1.example_x.org./"),
        ("https://user.pages.example/%20x/", "https://user.pages.example/%20x/"),
    ],
)
def test_addresses_of_sites_are_taken(given: str, used: str) -> None:
    assert site_address(given) == used


@pytest.mark.parametrize(
    "state",
    [
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"stage": "x", "pages": [], "files": []}',
        '{"stage": "x", "pages": {}, "files": {"a": 1}}',
        '{"stage": 1, "pages": {"a": 1}, "files": [1, null, "PATH"]}',
        '{"stage": "x", "pages": {}, "files": ["../../victim.txt", "PATH"]}',
    ],
    ids=lambda text: text[:60],
)
def test_a_damaged_state_removes_nothing(tmp_path: Path, state: str) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("mine", "utf-8")
    out = tmp_path / "a" / "site"
    out.mkdir(parents=True)
    (tmp_path / "state.json").write_text(state.replace("PATH", str(victim)), "utf-8")
    found = _read_state(tmp_path / "state.json")
    assert all(isinstance(each, str) for each in (found.stage, *found.files, *found.pages.values()))
    _remove(out, found.files)
    _remove(out, ["../../victim.txt", str(victim), "a/../../../victim.txt", "..\\..\\victim.txt"])
    assert victim.read_text("utf-8") == "mine"


@pytest.mark.parametrize("text", ["", "[]", '{"tools": 5}', '{"tools": [5]}', '{"tools": [{}]}'])
def test_documentation_that_no_build_made_is_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (project / "generated" / "docs" / "tools.json").write_text(text, "utf-8")
    assert run(["docs", "build", "--covers", "none"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "build first" in line


def test_a_stage_that_is_a_link_is_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_text("mine", "utf-8")
    (tmp_path / "stage").symlink_to(elsewhere)
    write_stage(tmp_path / "stage", {"docs/index.md": b"x"})
    assert [path.name for path in elsewhere.iterdir()] == ["mine.txt"]
    assert (tmp_path / "stage" / "docs" / "index.md").read_bytes() == b"x"


def test_a_build_marks_its_site(site: Path) -> None:
    assert "wirogen docs build" in (site / MARKER).read_text("utf-8")
