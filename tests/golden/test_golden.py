"""Generated files, whole, for a spec that has one of everything; ``make golden`` accepts them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generated import RENDERER
from wirogen.emit.render import render_shared, render_tool, summary_of
from wirogen.pipeline.spec_files import Sources, files_below, read_specs
from wirogen.plan import plan_modules, plan_tool

HERE = Path(__file__).parent
# The rest of the pages is the site's, which has tests of its own.
_SHOWN = ("python/", "schemas/tools/", "schemas/calls/", "docs/tools/acme/", "openapi.json")


def made() -> dict[str, str]:
    sources = Sources()
    read_specs(files_below(HERE / "specs", ".yaml"), into=sources)
    assert not sources.errors
    modules, _ = plan_modules(sources.specs)
    plans = [plan_tool(spec, modules[tool]) for tool, spec in sorted(sources.specs.items())]
    files: dict[str, str | bytes] = {}
    for plan in plans:
        files |= render_tool(plan, RENDERER)
    by_tool = {plan.spec.tool: plan for plan in plans}
    files |= render_shared(map(summary_of, plans), by_tool.__getitem__, RENDERER)
    shown = {path: text for path, text in files.items() if path.startswith(_SHOWN)}
    return {
        path: str(text, "utf-8") if isinstance(text, bytes) else str(text)
        for path, text in shown.items()
    }


def test_generated_files_are_as_accepted(request: pytest.FixtureRequest) -> None:
    files = made()
    expected = HERE / "expected"
    if request.config.getoption("--accept-golden"):
        shutil.rmtree(expected, ignore_errors=True)
        for name, text in files.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text, "utf-8")
    accepted = {
        path.relative_to(expected).as_posix(): path.read_text("utf-8")
        for path in expected.rglob("*")
        if path.is_file()
    }
    right = "if this is right, accept it with `make golden`"
    assert sorted(files) == sorted(accepted), right
    for name, text in files.items():
        assert text == accepted[name], f"{name}: {right}"
