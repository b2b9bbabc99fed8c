"""The overlays of a project, applied to its specs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from wirogen.common.text import did_you_mean
from wirogen.diagnostics.model import Diagnostic, InputError, display_path
from wirogen.overlay.apply import apply_overlay
from wirogen.overlay.read import Overlay, load_overlay
from wirogen.pipeline.spec_files import decode, files_below, read_bytes
from wirogen.specs import ToolSpec


def apply_overlays(
    specs: Mapping[str, ToolSpec], folder: Path
) -> tuple[dict[str, ToolSpec], list[Diagnostic]]:
    """``specs`` with every overlay below ``folder`` applied, and what is wrong with them."""
    errors: list[Diagnostic] = []
    found: dict[str, Overlay] = {}
    for file in files_below(folder, ".yaml"):
        shown = display_path(file)
        try:
            overlay = load_overlay(decode(read_bytes(file), shown), path=shown)
        except InputError as error:
            errors.append(error.diagnostic)
            continue
        if problem := _problem(overlay, found, specs):
            code, message = problem
            errors.append(
                Diagnostic(code=code, message=message, path=shown, position=overlay.position)
            )
            continue
        found[overlay.tool] = overlay
    corrected = dict(specs)
    for tool, overlay in found.items():
        corrected[tool], refused = apply_overlay(specs[tool], overlay)
        errors += refused
    return corrected, errors


def _problem(
    overlay: Overlay, found: Mapping[str, Overlay], tools: Collection[str]
) -> tuple[str, str] | None:
    tool = overlay.tool
    if tool in found:
        return "O004", f"{tool} has its overlay in {found[tool].path}; put both into one file"
    if tool not in tools:
        return "O002", f"there is no tool {tool!r}{did_you_mean(tool, tools)}"
    return None
