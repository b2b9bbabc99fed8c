"""One side of a comparison: a spec, a document, a folder of them, or a tree of generated specs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.pipeline.inputs import read_documents
from wirogen.pipeline.spec_files import Sources, files_below, read_specs
from wirogen.specs import ToolSpec

_SPEC_SUFFIXES = {".yaml", ".yml"}


def read_side(path: Path) -> tuple[Mapping[str, ToolSpec], list[Diagnostic]]:
    """Return the specs at ``path`` by tool id, and the errors of files that cannot be read.

    A file is a spec (``.yaml``) or else a document; a folder is a project, its ``specs/`` or
    ``specs/tools/``, or any folder of specs; without any spec, its documents are parsed. Raises
    :class:`InputError` when there is nothing.
    """
    sources = Sources()
    if path.is_dir():
        folder = next(
            (each for each in (path / "specs" / "tools", path / "tools") if each.is_dir()), path
        )
        specs = files_below(folder, ".yaml")
        if specs:
            read_specs(specs, into=sources)
        else:
            read_documents(files_below(path, ".txt"), base=path, into=sources)
    elif path.suffix in _SPEC_SUFFIXES:
        read_specs([path], into=sources)
    else:
        read_documents([path], base=path.parent, into=sources)
    if not sources.specs and not sources.errors and not path.is_dir():
        raise InputError(Diagnostic(code="S004", message="holds no spec", path=str(path)))
    return sources.specs, sources.errors
