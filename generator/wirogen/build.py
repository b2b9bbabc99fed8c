"""Sources → plans → files: the whole way, once, for every command that generates."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wirogen.diagnostics import Diagnostic
from wirogen.emit import Renderer, render_shared, render_tool
from wirogen.overlay import apply_overlays
from wirogen.plan import ToolPlan, plan_modules, plan_tool
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.publish import Changes, publish, write_file
from wirogen.sources import Sources, files_below, read_bytes, read_documents, read_specs
from wirogen.spec import ToolSpec, dump_spec

# Versions of these change the bytes of generated files.
_SHAPING: Final = ("black", "datamodel-code-generator", "jinja2")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did. ``specs`` are spec files (re)written, below ``specs/tools/``."""

    sources: Sources
    plans: tuple[ToolPlan, ...]
    specs: tuple[str, ...]
    changes: Changes

    @property
    def diagnostics(self) -> list[Diagnostic]:
        planned = [each for plan in self.plans for each in plan.diagnostics]
        return [*self.sources.errors, *self.sources.diagnostics, *planned]

    @property
    def stale(self) -> bool:
        return bool(self.specs) or self.changes.stale


def read_project(root: Path) -> Sources:
    """Everything below ``specs/``: specs, and what documents add to them or say anew.

    A tool whose document cannot be read keeps the spec that an earlier build wrote.
    """
    known = Sources()
    read_specs(files_below(root / "specs" / "tools", ".yaml"), into=known)
    sources = Sources(errors=known.errors, broken=known.broken, files=known.files)
    documents = root / "specs" / "documents"
    files = files_below(documents, ".txt", ".json")
    read_documents(files, base=documents, into=sources, known=known.specs)
    for tool, spec in known.specs.items():
        if tool not in sources.specs:
            sources.add(spec, known.origin[tool])
    return sources


def build_project(root: Path, *, templates: Path | None = None, check: bool = False) -> BuildReport:
    """documents → specs → everything below ``generated/``. With ``check``, nothing is written."""
    sources = read_project(root)
    specs = write_specs(sources, root / "specs" / "tools", check=check)
    corrected = corrected_specs(root, sources)
    plans, changes = generate(corrected, root / "generated", templates=templates, check=check)
    return BuildReport(sources=sources, plans=plans, specs=specs, changes=changes)


def corrected_specs(root: Path, sources: Sources) -> dict[str, ToolSpec]:
    """The specs with the project's overlays applied; what is wrong with those is an error."""
    corrected, errors = apply_overlays(sources.specs, root / "specs" / "overlays")
    sources.errors += errors
    return corrected


def write_specs(sources: Sources, out: Path, *, check: bool = False) -> tuple[str, ...]:
    """Write each spec that differs from its file; the paths of those below ``out``.

    A spec whose file has another name than it should (because a tool with a similar id has come)
    moves to the right one.
    """
    stale: list[str] = []
    targets = sources.spec_files()
    for path, spec in targets.items():
        text = dump_spec(spec)
        file = out / path
        if file.resolve() in sources.broken:
            continue
        if not file.is_file() or read_bytes(file) != text.encode():
            stale.append(path)
            if not check:
                write_file(file, text)
    kept = {(out / path).resolve() for path in targets}
    for tool, file in sources.files.items():
        if tool in sources.specs and file.resolve() not in kept and not check:
            file.unlink(missing_ok=True)
    return tuple(stale)


def generate(
    specs: Mapping[str, ToolSpec],
    out: Path,
    *,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    check: bool = False,
) -> tuple[tuple[ToolPlan, ...], Changes]:
    """specs → a complete generated tree in ``out``, with its modules in ``package``."""
    renderer = Renderer(templates)
    modules, _ = plan_modules(specs, package)
    plans = tuple(plan_tool(specs[tool], modules[tool]) for tool in sorted(specs))
    files: dict[str, str] = {}
    for plan in plans:
        files |= render_tool(plan, renderer)
    files |= render_shared(plans, renderer, package)
    return plans, publish(files, out, provenance=_provenance(plans), check=check)


def _provenance(plans: tuple[ToolPlan, ...]) -> dict[str, object]:
    return {
        "libraries": {name: importlib.metadata.version(name) for name in _SHAPING},
        "tools": {
            plan.spec.tool: {
                "spec": f"specs/tools/{plan.module.spec_path}.yaml",
                "sha256": hashlib.sha256(dump_spec(plan.spec).encode()).hexdigest(),
                "module": plan.module.name,
            }
            for plan in plans
        },
    }
