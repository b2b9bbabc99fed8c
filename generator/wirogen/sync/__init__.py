"""Wiro's catalogue, kept up to date below ``specs/documents/``."""

from wirogen.sync.listing import CatalogueError, Filters, Listed
from wirogen.sync.run import Options, Outcome, SyncReport, Verdict, sync

__all__ = [
    "CatalogueError",
    "Filters",
    "Listed",
    "Options",
    "Outcome",
    "SyncReport",
    "Verdict",
    "sync",
]
