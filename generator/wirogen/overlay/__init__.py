"""Overlays: corrections of specs, kept by hand, that survive every new document."""

from wirogen.overlay.apply import apply_overlay
from wirogen.overlay.read import Correction, Overlay, load_overlay

__all__ = ["Correction", "Overlay", "apply_overlay", "load_overlay"]
