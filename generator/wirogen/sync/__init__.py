"""Wiro's catalogue, kept up to date below ``specs/documents/``."""

from wirogen.sync.listing import CatalogueError, Filters, Listed, listed_as
from wirogen.sync.run import Options, Outcome, SyncReport, Verdict, sync

__all__ = [
    "CatalogueError",
    "Filters",
    "Listed",
    "Options",
    "Outcome",
    "SyncReport",
    "Verdict",
    "listed_as",
    "sync",
]
