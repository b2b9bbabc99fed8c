"""One more tool in a project: its document, from Wiro or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from wirogen.common.files import read_whole, write_file
from wirogen.common.paths import UnsafePathError, inside
from wirogen.detail.read import looks_like_detail, read_detail
from wirogen.diagnostics.model import display_path, input_error
from wirogen.document import parse_document
from wirogen.merge.detail import spec_from_detail
from wirogen.pipeline.spec_files import read_bytes
from wirogen.specs import ToolSpec
from wirogen.specs.names import slug, tool_hash
from wirogen.sync import Listed, Outcome, Verdict, listed_as

_SITE: Final = ("/models/", "/tools/")
_PAGES: Final = ("llms.txt", "llms-full.txt")


def listed_tool(given: str, known: Mapping[str, ToolSpec]) -> Listed:
    """The tool that is meant by an id, or by the address of its page on Wiro; a known one is called
    what it is called there. Raises :class:`ValueError`."""
    listed = listed_as(_tool_of(given))
    for tool in known:
        if listed.means(tool):
            owner, _, project = tool.partition("/")
            return replace(listed, owner=owner, project=project)
    return listed


def _tool_of(given: str) -> str:
    if "://" not in given:
        return given
    path = given.partition("://")[2].partition("?")[0].partition("#")[0]
    for folder in _SITE:
        _, found, tool = path.partition(folder)
        if found:
            parts = [part for part in tool.split("/") if part]
            return "/".join(parts[:-1] if parts[-1:] and parts[-1] in _PAGES else parts)
    return given


def take_file(root: Path, file: Path, known: Mapping[str, ToolSpec]) -> Outcome:
    """Copy a saved document, or a response of Tool/Detail, into the project. Raises
    :class:`InputError` for another file."""
    data = read_bytes(file)
    if looks_like_detail(data):
        spec, path = _of_detail(data, file, known)
    else:
        spec = parse_document(data, path=display_path(file)).spec
        path = _path_of(spec, known)
        if spec.source is not None:
            spec = replace(spec, source=replace(spec.source, document=path))
    try:
        target = inside(root / "specs" / "documents", path)
    except UnsafePathError as error:
        raise input_error("S004", f"{path!r} {error}", display_path(file)) from None
    if target.is_file() and read_whole(target) == data:
        return Outcome(tool=spec.tool, verdict=Verdict.UNCHANGED, spec=spec, address=str(file))
    if target.is_symlink():
        message = "is a link; a document is a file of its own"
        raise input_error("S004", message, display_path(target))
    write_file(target, data)
    verdict = Verdict.CHANGED if spec.tool in known else Verdict.NEW
    return Outcome(tool=spec.tool, verdict=verdict, spec=spec, address=str(file))


def _of_detail(data: bytes, file: Path, known: Mapping[str, ToolSpec]) -> tuple[ToolSpec, str]:
    """The tool that a response is about, and its place: beside the document of the tool."""
    detail = read_detail(data, path=display_path(file))
    spec = next((known[tool] for tool in detail.tools if tool in known), None)
    if spec is None:
        spec = spec_from_detail(detail, document="")
    document = spec.source.document if spec.source is not None else ""
    path = document or f"{slug(spec.owner)}/{slug(spec.project)}"
    return spec, f"{path.removesuffix('.txt').removesuffix('.json')}.json"


def _path_of(spec: ToolSpec, known: Mapping[str, ToolSpec]) -> str:
    """Where the document of a tool lies: where it is, or where its id says."""
    before = known.get(spec.tool)
    if before is not None and before.source is not None:
        document = before.source.document
        if document.endswith(".txt"):
            return document
    path = f"{slug(spec.owner)}/{slug(spec.project)}"
    taken = {each.source.document for each in known.values() if each.source is not None}
    while f"{path}.txt" in taken:
        path = f"{path}-{tool_hash(spec.tool)}"
    return f"{path}.txt"
