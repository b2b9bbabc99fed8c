"""Whether anything has changed since a tree was built: the price of a look at the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from wirogen.common.cache import Store, file_hashes, folder_fingerprint, key_of
from wirogen.diagnostics.model import Diagnostic, display_path
from wirogen.output.manifest import manifest_hash
from wirogen.output.publication import Changes, up_to_date
from wirogen.standing import Standing, looking
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

    @property
    def written(self) -> tuple[str, ...]:
        """The specs that were written, below ``specs/``."""
        return tuple(f"tools/{path}" for path in self.specs)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a build reads: the hashes of ``files`` by path, and ``rest``, which stands for
    everything else."""

    rest: str
    files: Mapping[str, str]

    @property
    def key(self) -> str:
        return key_of(self.rest, *chain.from_iterable(sorted(self.files.items())))

    def became(self, later: State, written: Iterable[str]) -> bool:
        """Whether ``later`` differs from this in nothing but files that were ``written``."""
        either = {*self.files.items()} ^ {*later.files.items()}
        return self.rest == later.rest and {path for path, _ in either} <= set(written)


def unless_built(
    make: Callable[[Standing], Summary],
    out: Path,
    state: Callable[[], State],
    *,
    check: bool,
    store: Store,
) -> Summary:
    """What ``make`` gives, or what it gave when ``out`` was made from the same ``state``."""
    with looking(out) as standing:
        before = state()
        known: tuple[Summary, str] | None = store.get("build", before.key)
        if known is not None:
            summary, manifest = known
            changes = up_to_date(standing.look(), manifest)
            if changes is not None:
                return replace(summary, changes=changes)
        summary = make(standing)
    after = state()
    # Somebody may have edited a file while it was being built from.
    if not (check and summary.stale) and before.became(after, summary.written):
        told = replace(summary, specs=(), edited=())
        store.put("build", after.key, (told, manifest_hash(out)))
    return summary


def state_of(*parts: str, folders: Sequence[Path], templates: Path | None, shown: Path) -> State:
    """Everything that a build reads in ``folders`` and elsewhere; ``parts`` are the options that
    count. Messages name files from where the user is, who therefore counts as well."""
    looks = folder_fingerprint(template_folders(templates))
    places = [display_path(folder) for folder in (shown, *folders)]
    return State(rest=key_of(*parts, *places, looks), files=file_hashes(folders))
