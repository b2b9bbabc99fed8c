"""However a project comes to be what it is, a build gives what a first build of it would give."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import pytest

from commands.small import TEMPLATES, page, tree
from corpus import Page, later, pages
from generator.project import detail
from wirogen.document import parse_document
from wirogen.pipeline.build import Summary, build_project
from wirogen.specs import dump_spec

pytestmark = pytest.mark.slow

SEED: Final = 1003
BUILDS: Final = 12
_PICKERS: Final = [
    each
    for each in pages(90)
    if len(each.text()) < 20_000 and any(field.picker for field in each.fields)
][:3]
_SAME_NAME: Final = ("acme/Tool.1", "acme/tool_1", "Acme/tool 1", "acme/TOOL-1")
_OWN: Final = (
    "docs/assets/main.js",
    "docs/tools/[owner]/[project].md.jinja",
    "python/wiro_tools/[owner]/[project].py.jinja",
    "python/wiro_tools/__init__.pyi.jinja",
)


def _known_pages() -> Iterator[Page]:
    yield from (page(number) for number in range(4))
    for number, tool in enumerate(_SAME_NAME):
        yield replace(page(number + 4), tool=tool, path=tool, name=tool)
    yield from _PICKERS


PAGES: Final = list(_known_pages())


class Scene:
    """A project that somebody works on: each step is one thing that people do."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root = root
        self.specs = root / "specs"
        self.made = root / "generated"
        self.templates = root / "templates"
        self.chance = chance
        self.specs.mkdir(parents=True)
        self.templates.mkdir()
        self.steps = (
            self.document, self.document, self.document, self.newer, self.move, self.twice,
            self.no_document, self.remove_document, self.overlay, self.overlay, self.remove_overlay,
            self.detail, self.remove_detail, self.edit_spec, self.break_spec, self.own_spec,
            self.remove_spec, self.rename_spec, self.template, self.remove_template,
            self.edit_generated, self.remove_generated, self.damage_cache, self.lose_cache,
        )  # fmt: skip
        self.left: list[Callable[[], None]] = []

    def step(self) -> str:
        """Do one of the steps; each comes once before any comes again."""
        if not self.left:
            self.left = self.chance.sample(self.steps, len(self.steps))
        step = self.left.pop()
        step()
        return step.__name__

    def _write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def _any(self, folder: Path, suffix: str) -> Path | None:
        found = sorted(path for path in folder.rglob(f"*{suffix}") if path.is_file())
        return self.chance.choice(found) if found else None

    def _remove(self, folder: Path, suffix: str) -> None:
        file = self._any(folder, suffix)
        if file is not None:
            file.unlink()

    def write_document(self, what: Page, name: str) -> None:
        full = self.chance.random() < 0.3
        sample = self.chance.randrange(3)
        text = what.text(full=full, flat=self.chance.random() < 0.5, sample=sample)
        self._write(f"specs/documents/{name}.txt", text)

    def document(self) -> None:
        number = self.chance.randrange(len(PAGES))
        self.write_document(PAGES[number], f"d/{number}")

    def newer(self) -> None:
        number = self.chance.randrange(len(PAGES))
        self.write_document(later(PAGES[number], self.chance.randrange(2)), f"d/{number}")

    def move(self) -> None:
        file = self._any(self.specs / "documents", ".txt")
        if file is not None:
            target = (
                self.specs / "documents" / self.chance.choice(("e", "d")) / f"moved-{file.name}"
            )
            target.parent.mkdir(exist_ok=True)
            file.rename(target)

    def twice(self) -> None:
        self.write_document(self.chance.choice(PAGES), "z/again")

    def no_document(self) -> None:
        self._write("specs/documents/d/1.txt", "Not found")

    def remove_document(self) -> None:
        self._remove(self.specs / "documents", ".txt")

    def overlay(self) -> None:
        what = self.chance.choice(PAGES)
        item = self.chance.choice(what.fields).name
        correction = self.chance.choice(
            (
                {"input": item, "set": {"help": f"ours {self.chance.randrange(2)}"}},
                {"input": item, "set": {"label": "Ours"}},
                {"input": item, "rename": "ours"},
                {"input": item, "hide": True},
                {"input": item, "set": {"required": True}},
                {"set": {"description": "Ours"}},
                {"input": "extra", "set": {"help": "of nobody"}},
            )
        )
        tool = self.chance.choice((what.tool, what.tool, what.tool, "acme/nobody"))
        overlay = {
            "overlay": 1,
            "tool": tool,
            "corrections": [{"reason": "so that it changes", **correction}],
        }
        self._write(f"specs/overlays/{self.chance.randrange(3)}.yaml", json.dumps(overlay))

    def remove_overlay(self) -> None:
        self._remove(self.specs / "overlays", ".yaml")

    def detail(self) -> None:
        what = self.chance.choice(PAGES)
        items: list[dict[str, Any]] = [
            {
                "id": each.name,
                "type": each.type,
                "label": "Told",
                "required": self.chance.random() < 0.5,
                "min": self.chance.randrange(2),
                "max": 900,
                "step": 1,
                "options": None,
            }
            for each in what.fields[: self.chance.randrange(1, 4)]
        ]
        items.append({"id": "told", "type": "text", "label": "Told", "required": False})
        name = self.chance.randrange(3)
        self._write(f"specs/documents/t/{name}.json", json.dumps(detail(what.tool, *items)))

    def remove_detail(self) -> None:
        self._remove(self.specs / "documents", ".json")

    def _change_spec(self, old: str, new: str) -> None:
        file = self._any(self.specs / "tools", ".yaml")
        if file is not None:
            file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")

    def edit_spec(self) -> None:
        self._change_spec('help: "', f'help: "by hand {self.chance.randrange(2)} ')

    def break_spec(self) -> None:
        self._change_spec("inputs:", self.chance.choice(("inputs: [", "tool: 1\ninputs:")))

    def own_spec(self) -> None:
        file = self._any(self.specs / "tools", ".yaml")
        if file is not None:
            text, _, _ = file.read_text("utf-8").partition("\nsource:")
            file.write_text(f"# A person's.\n{text}\n", "utf-8")

    def remove_spec(self) -> None:
        self._remove(self.specs / "tools", ".yaml")

    def rename_spec(self) -> None:
        file = self._any(self.specs / "tools", ".yaml")
        if file is not None:
            file.rename(file.with_name(f"other-{file.name[-40:]}"))

    def template(self) -> None:
        name = self.chance.choice(_OWN)
        more = "# ours\n" if "/wiro_tools/" in name else "\nours\n"
        times = self.chance.randrange(3)
        if name.endswith(".js"):
            more = "\n// ours\n"
        self._write(f"templates/{name}", (TEMPLATES / name).read_text("utf-8") + more * times)

    def remove_template(self) -> None:
        self._remove(self.templates, "")

    def edit_generated(self) -> None:
        file = self._any(self.made, "")
        if file is not None and file.name != "MANIFEST.json":
            file.write_text("by hand", "utf-8")

    def remove_generated(self) -> None:
        if self.chance.random() < 0.3:
            shutil.rmtree(self.made, ignore_errors=True)
        else:
            self._remove(self.made / "docs", "")

    def _entries(self) -> list[Path]:
        folder = self.root.parent / "cache"
        return sorted(path for path in folder.rglob("*") if path.is_file())

    def damage_cache(self) -> None:
        for entry in self._entries():
            if self.chance.random() < 0.2:
                entry.write_bytes(entry.read_bytes()[: self.chance.randrange(60)])

    def lose_cache(self) -> None:
        for entry in self._entries():
            if self.chance.random() < 0.2:
                entry.unlink()


def build_in(root: Path, cache: str, *, check: bool = False) -> Summary:
    """Build with the cache in this folder, or with none."""
    # Messages name files from where the user is.
    with patch.dict(os.environ, WIROGEN_CACHE=cache), contextlib.chdir(root):
        return build_project(Path(), templates=Path("templates"), check=check, jobs=1)


def _work(tmp_path: Path, seed: int, builds: int) -> None:
    scene = Scene(tmp_path / "project", random.Random(seed))  # noqa: S311 - the same steps for the same seed
    cache = str(tmp_path / "cache")
    for number in range(3):
        scene.write_document(PAGES[number], f"d/{number}")
    done: list[str] = []
    for number in range(builds):
        done += [scene.step() for _ in range(scene.chance.randint(2, 4))]
        done.append("BUILD")
        fresh = tmp_path / f"fresh-{number}"
        shutil.copytree(scene.specs, fresh / "specs")
        shutil.copytree(scene.templates, fresh / "templates")
        found = build_in(scene.root, cache)
        wanted = build_in(fresh, "")
        told = (found.tools, found.errors, found.diagnostics)
        assert told == (wanted.tools, wanted.errors, wanted.diagnostics), done
        for folder in ("specs", "generated"):
            assert tree(scene.root / folder) == tree(fresh / folder), (folder, done)
        again = build_in(scene.root, cache, check=True)
        assert (again.specs, again.changes.written, again.changes.removed) == ((), (), ()), done
        assert again.errors == found.errors, done
        shutil.rmtree(fresh)


def test_a_build_gives_what_a_first_build_would_give(tmp_path: Path) -> None:
    _work(tmp_path, SEED, BUILDS)


def _spec(tool: str, says: str) -> str:
    what = replace(page(1), tool=tool, path=tool, name=tool, description=says)
    spec = replace(parse_document(what.text(), path="x").spec, source=None)
    return f"# {says}\n{dump_spec(spec)}"


def _says(root: Path) -> list[str]:
    files = sorted((root / "specs" / "tools").rglob("*.yaml"))
    return sorted(file.read_text("utf-8").partition("\n")[0] for file in files)


def _own_specs(root: Path, **texts: str) -> None:
    folder = root / "specs" / "tools" / "acme"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text, "utf-8")


@pytest.mark.parametrize(
    "texts",
    [
        {"mine": _spec("acme/sketch", "mine"), "sketch": "# broken\ntool: ["},
        {"a": _spec("acme/sketch", "draft"), "sketch": _spec("acme/sketch", "finished")},
        {"a": _spec("acme/b", "is b"), "b": _spec("acme/a", "is a")},
        {"a": _spec("acme/b", "is b"), "b": _spec("acme/c", "is c"), "c": "# broken\n["},
    ],
    ids=["broken", "twice", "swapped", "chain"],
)
def test_no_spec_of_a_person_is_lost_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str]
) -> None:
    monkeypatch.setenv("WIROGEN_CACHE", "")
    _own_specs(tmp_path, **texts)
    before = _says(tmp_path)
    for _ in range(2):
        build_project(tmp_path, jobs=1)
        assert _says(tmp_path) == before


def test_a_new_tool_does_not_take_the_spec_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIROGEN_CACHE", "")
    _own_specs(tmp_path, tool_1=_spec("acme/tool_1", "mine"))
    (tmp_path / "specs" / "documents").mkdir()
    (tmp_path / "specs" / "documents" / "new.txt").write_text(page(1).text(), "utf-8")
    assert build_project(tmp_path, jobs=1).tools == ("acme/tool-1", "acme/tool_1")
    assert "# mine" in _says(tmp_path)
    assert not build_project(tmp_path, check=True, jobs=1).stale


@pytest.mark.parametrize("linked", ["documents", "documents/acme"])
def test_what_lies_behind_a_link_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linked: str
) -> None:
    monkeypatch.setenv("WIROGEN_CACHE", str(tmp_path / "cache"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    document = elsewhere / "tool.txt"
    link = tmp_path / "project" / "specs" / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    for version in ("first", "second"):
        document.write_text(page(1, version).text(), "utf-8")
        assert build_project(tmp_path / "project", jobs=1).changes.written
        written = tmp_path / "project/generated/docs/tools/acme/tool_1.md"
        assert f"The {version}" in written.read_text("utf-8")
