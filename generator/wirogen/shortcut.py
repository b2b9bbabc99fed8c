"""Builds at the price of a look at the files when nothing has changed.

What a build needs beyond that is loaded only when there is something to build.
"""

from __future__ import annotations

from pathlib import Path

from wirogen.common.cache import Store, default_store
from wirogen.diagnostics.model import display_path
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.standing import Standing
from wirogen.unchanged import State, Summary, state_of, unless_built


def build(
    root: Path,
    *,
    templates: Path | None = None,
    check: bool = False,
    jobs: int | None = None,
    store: Store | None = None,
) -> Summary:
    """:func:`wirogen.pipeline.build.build_project`, unless that was done."""
    kept = default_store() if store is None else store

    def make(standing: Standing) -> Summary:
        from wirogen.pipeline.build import build_project  # noqa: PLC0415 - see above

        return build_project(
            root, templates=templates, check=check, jobs=jobs, store=kept, standing=standing
        ).summary

    def state() -> State:
        return state_of("build", folders=[root / "specs"], templates=templates, shown=root)

    return unless_built(make, root / "generated", state, check=check, store=kept)


def build_selection(
    specs: Path,
    out: Path,
    *,
    overlays: Path | None = None,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    jobs: int | None = None,
    store: Store | None = None,
) -> Summary:
    """:func:`wirogen.pipeline.build.build_selection`, unless that was done."""
    kept = default_store() if store is None else store
    folders = [specs] if overlays is None else [specs, overlays]

    def make(standing: Standing) -> Summary:
        from wirogen.pipeline.build import build_selection  # noqa: PLC0415 - see above

        return build_selection(
            specs,
            out,
            overlays=overlays,
            templates=templates,
            package=package,
            jobs=jobs,
            store=kept,
            standing=standing,
        ).summary

    def state() -> State:
        options = (package, display_path(overlays) if overlays else "")
        return state_of("generate", *options, folders=folders, templates=templates, shown=specs)

    return unless_built(make, out, state, check=False, store=kept)
