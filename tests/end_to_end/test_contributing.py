"""``CONTRIBUTING.md``: the files, targets and options that it names exist."""

from __future__ import annotations

import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / ".github" / "CONTRIBUTING.md"
TEXT = GUIDE.read_text("utf-8")
# Files that only a build or an installation makes.
MADE = {".venv", "dist/", ".venv/bin/python"}
_PATH = re.compile(r"[\w.\[\]*-]*/[\w./\[\]*-]*|[\w.-]+\.(?:py|md|toml|yml|yaml|txt|jinja|js)")


def sections() -> dict[str, str]:
    """The recipes by title."""
    parts = re.split(r"(?m)^### (.+)$", TEXT.split("## Where a change goes")[1].split("\n## ")[0])
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def paths(text: str) -> list[str]:
    spans = [each for each in re.findall(r"`([^`\n]+)`", text) if _PATH.fullmatch(each)]
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", text)
    return [*spans, *re.findall(r"\btests/[\w./]+", "".join(blocks))]


@pytest.mark.parametrize("title", sections())
def test_each_file_of_a_recipe_exists(title: str) -> None:
    named = paths(sections()[title])
    assert named
    assert [each for each in named if each not in MADE and not (ROOT / each).exists()] == []


def test_recipes_name_sources_and_tests() -> None:
    for title, text in sections().items():
        assert re.search(r"(?m)^1\. ", text), title
        assert "tests/" in text, title


def test_every_file_and_folder_that_it_names_exists() -> None:
    below = [ROOT, ROOT / "generator" / "wirogen", ROOT / "generator" / "wiro_runtime"]
    missing = [
        each
        for each in paths(TEXT)
        if each not in MADE and not any((folder / each).exists() for folder in below)
    ]
    assert missing == []


def test_every_make_target_that_it_names_exists() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    used = {each for words in re.findall(r"`make ([a-z -]+)`", TEXT) for each in words.split()}
    assert used
    assert used <= targets


@pytest.mark.slow
def test_every_command_that_runs_some_tests_finds_some() -> None:
    found = re.findall(r'ARGS="(tests/[^"]+)"|-m pytest (tests/\S+)', TEXT)
    assert found
    for chosen in ("".join(each).split() for each in found):
        command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-m", "not slow"]
        done = subprocess.run(
            [*command, *chosen], check=False, cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, (chosen, done.stdout)


def test_each_guide_has_a_head_and_a_place_of_its_own() -> None:
    orders: dict[str, str] = {}
    for file in (ROOT / "templates" / "docs" / "guides").glob("*.md.jinja"):
        if file.name == "index.md.jinja":
            continue
        head = dict(re.findall(r"(?m)^(\w+): (.+)$", file.read_text("utf-8").split("---\n")[1]))
        assert head.keys() >= {"title", "part", "order", "summary"}, file.name
        assert orders.setdefault(head["order"], file.name) == file.name


def test_a_stage_of_the_flow_is_a_folder() -> None:
    picture = TEXT.split("```mermaid")[1].split("```")[0]
    named = set(re.findall(r"\b([a-z]+)/", picture)) - {"generated", "tools"}
    assert named
    for each in named:
        assert (ROOT / "generator" / "wirogen" / each).is_dir(), each


def test_the_readme_leads_to_it() -> None:
    assert "(.github/CONTRIBUTING.md)" in (ROOT / "README.md").read_text("utf-8")


def test_the_generators_packages_import_in_one_direction() -> None:
    package = ROOT / "generator" / "wirogen"
    imports: dict[str, set[str]] = {}
    for file in package.rglob("*.py"):
        name = file.relative_to(package).parts[0].removesuffix(".py")
        found = re.findall(r"(?m)^\s*(?:from|import) wirogen\.(\w+)", file.read_text("utf-8"))
        imports.setdefault(name, set()).update(set(found) - {name})
    order = list(TopologicalSorter(imports).static_order())
    assert order.index("specs") < order.index("plan") < order.index("emit") < order.index("cli")
