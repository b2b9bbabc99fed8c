"""Overlays: corrections of specs, kept by hand, that survive every new document."""
