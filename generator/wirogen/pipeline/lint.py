"""Everything odd about documents, Tool/Detail responses, specs and overlays, in one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wirogen.diagnostics.model import Diagnostic, InputError, display_path
from wirogen.overlay.read import load_overlay
from wirogen.pipeline.build import corrected_specs, read_project
from wirogen.pipeline.causes import check_tool
from wirogen.pipeline.examples import read_examples
from wirogen.pipeline.inputs import read_documents
from wirogen.pipeline.positions import with_positions
from wirogen.pipeline.spec_files import YAML, Sources, decode, files_below, read_bytes, read_specs
from wirogen.plan import plan_modules
from wirogen.specs import ToolSpec

_DOCUMENTS = (".txt", ".json", ".md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Diagnostics by file and place; ``tools`` are the tools that files are about, by path."""

    diagnostics: list[Diagnostic]
    tools: Mapping[str, str]


def lint_project(root: Path) -> Found:
    """All diagnostics of a project."""
    sources = read_project(root)
    specs = corrected_specs(root, sources)
    _, odd = read_examples(root)
    found = [*sources.errors, *sources.diagnostics, *_made(specs, sources), *odd]
    return Found(diagnostics=_sorted(found), tools=sources.tools)


def lint_paths(paths: Sequence[Path]) -> Found:
    """The diagnostics of single files and of everything below folders. An overlay is checked for
    what it says, not for whether it applies."""
    files: list[Path] = []
    for path in paths:
        files += files_below(path, *_DOCUMENTS, *YAML) if path.is_dir() else [path]
    sources = Sources()
    documents = [file for file in files if file.suffix not in YAML]
    read_documents(documents, base=None, into=sources)
    yaml = [file for file in files if file.suffix in YAML]
    read_specs([file for file in yaml if not _is_overlay(file, sources)], into=sources)
    found = [*sources.errors, *sources.diagnostics, *_made(sources.specs, sources)]
    return Found(diagnostics=_sorted(found), tools=sources.tools)


def _is_overlay(file: Path, into: Sources) -> bool:
    """Whether the file says that it is an overlay, or lies where they do; then it is checked."""
    shown = display_path(file)
    try:
        text = decode(read_bytes(file), shown)
        if not text.startswith("overlay:") and "overlays" not in file.parts:
            return False
        load_overlay(text, path=shown)
    except InputError as error:
        into.errors.append(error.diagnostic)
    return True


def _made(specs: Mapping[str, ToolSpec], sources: Sources) -> Iterable[Diagnostic]:
    modules, renamed = plan_modules(specs)
    for each in renamed:
        yield replace(each, path=sources.origin[each.subject])
    for tool in specs:
        yield from check_tool(tool, modules[tool], sources)


def _sorted(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    by_file = sorted(found, key=lambda each: each.path)
    return sorted(
        with_positions(by_file),
        key=lambda each: (each.path, each.position or (0, 0), each.code, each.subject),
    )
