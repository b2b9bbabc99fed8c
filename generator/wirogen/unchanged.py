"""Whether anything has changed since a tree was built: the price of a look at the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from wirogen.diagnostics import Diagnostic
from wirogen.publish import Changes, manifest_hash, up_to_date
from wirogen.sources import display_path
from wirogen.store import Store, folder_fingerprint, key_of
from wirogen.template_folders import template_folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A build as people are told of it; ``diagnostics`` begin with the ``errors``."""

    tools: tuple[str, ...]
    specs: tuple[str, ...]
    edited: tuple[str, ...]
    changes: Changes
    errors: tuple[Diagnostic, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def stale(self) -> bool:
        return bool(self.specs) or self.changes.stale


def unless_built(
    make: Callable[[], Summary],
    out: Path,
    state: Callable[[], str],
    *,
    check: bool,
    store: Store,
) -> Summary:
    """What ``make`` gives, or what it gave when ``out`` was made from the same ``state``."""
    known: tuple[Summary, str] | None = store.get("build", state())
    if known is not None:
        summary, manifest = known
        changes = up_to_date(out, manifest)
        if changes is not None:
            return replace(summary, changes=changes)
    summary = make()
    if not (check and summary.stale):
        # Asked again, since a build writes specs.
        told = replace(summary, specs=(), edited=())
        store.put("build", state(), (told, manifest_hash(out)))
    return summary


def state_of(kind: str, folders: Iterable[Path], *, templates: Path | None, shown: Path) -> str:
    """A key for everything that a build reads; messages name files from where the user is."""
    looks = folder_fingerprint(template_folders(templates))
    return key_of(kind, display_path(shown), looks, folder_fingerprint(folders))
