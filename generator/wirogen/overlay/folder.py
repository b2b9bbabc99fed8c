"""The overlays of a project, applied to its specs."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from wirogen.common.cache import Store, key_of
from wirogen.diagnostics.model import Diagnostic, InputError, display_path
from wirogen.held import Held, hold, recall
from wirogen.overlay.apply import apply_overlay
from wirogen.overlay.read import Overlay, load_overlay
from wirogen.pipeline.spec_files import decode, files_below, read_bytes


def apply_overlays(
    specs: Mapping[str, Held], folder: Path, store: Store
) -> tuple[dict[str, Held], list[Diagnostic]]:
    """``specs`` with every overlay below ``folder`` applied, and what is wrong with them."""
    errors: list[Diagnostic] = []
    found: dict[str, Overlay] = {}
    texts: dict[str, str] = {}
    for file in files_below(folder, ".yaml"):
        shown = display_path(file)
        try:
            text = decode(read_bytes(file), shown)
            overlay = load_overlay(text, path=shown)
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
        texts[overlay.tool] = text
    corrected = dict(specs)
    for tool, overlay in found.items():
        corrected[tool], refused = _applied(specs[tool], overlay, texts[tool], store)
        errors += refused
    return corrected, errors


def _applied(
    held: Held, overlay: Overlay, text: str, store: Store
) -> tuple[Held, list[Diagnostic]]:
    key = key_of("corrected", text, held.digest) if store.enabled else ""
    known = recall(store, "corrected", key, partial(_corrected, held, overlay))
    if known is not None:
        return known[0], []
    spec, refused = apply_overlay(held.load(), overlay)
    corrected = hold(spec, store)
    if not refused:
        corrected.note("corrected", key)
    return corrected, refused


def _corrected(held: Held, overlay: Overlay) -> Held:
    return hold(apply_overlay(held.load(), overlay)[0])


def _problem(
    overlay: Overlay, found: Mapping[str, Overlay], specs: Mapping[str, Held]
) -> tuple[str, str] | None:
    tool = overlay.tool
    if tool in found:
        return "O004", f"{tool} has its overlay in {found[tool].path}; put both into one file"
    if tool not in specs:
        near = get_close_matches(tool, specs, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return "O002", f"there is no tool {tool!r}{hint}"
    return None
