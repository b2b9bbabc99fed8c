"""Specs by name and hash, so that thousands of them need not be in memory, or loaded, at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from wirogen.common.cache import Store, key_of
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.specs import ToolSpec, dump_spec

_NO_STORE: Final = Store(None)


@dataclass(slots=True, eq=False)
class Held:
    """A spec that is in the store, or, where there is none, in memory."""

    tool: str
    _store: Store
    _digest: str = ""
    _spec: ToolSpec | None = None
    _again: Callable[[], Held] | None = None

    @property
    def digest(self) -> str:
        """The hash of the canonical text: two with one digest are the same spec."""
        if not self._digest and self._spec is not None:
            self._digest = hashlib.sha256(dump_spec(self._spec).encode()).hexdigest()
        return self._digest

    def load(self) -> ToolSpec:
        """The spec itself."""
        spec = self._spec
        if spec is None:
            spec = cast(
                "ToolSpec | None", self._store.get("object", key_of("object", self._digest))
            )
        if spec is None and self._again is not None:
            spec = self._again().load()
        if spec is None:
            message = "was lost from the cache while it was needed; run the command again"
            raise InputError(Diagnostic(code="S004", message=message, path=self.tool))
        return spec

    def same_as(self, other: Held) -> bool:
        """Whether both are one spec; in memory that costs no text."""
        if self._spec is not None and other._spec is not None:
            return self._spec == other._spec
        return self.digest == other.digest

    def note(self, kind: str, key: str, also: object = None) -> None:
        """Remember under ``key`` that the result is this spec, and what ``also`` came of it."""
        if self._spec is None:
            self._store.put(kind, key, (self.tool, self._digest, also))


def hold(spec: ToolSpec, store: Store = _NO_STORE) -> Held:
    """Put a spec into the store, if there is one."""
    held = Held(spec.tool, store, _spec=spec)
    if store.enabled and store.put("object", key_of("object", held.digest), spec):
        return Held(spec.tool, store, held.digest)
    return held


def recall(store: Store, kind: str, key: str, again: Callable[[], Held]) -> tuple[Held, Any] | None:
    """What :meth:`Held.note` has remembered under ``key``. Should the spec itself turn out to be
    damaged, ``again`` works it out anew; it must be possible to pickle it."""
    found: tuple[str, str, Any] | None = store.get(kind, key)
    if found is None or not store.has("object", key_of("object", found[1])):
        return None
    tool, digest, also = found
    return Held(tool, store, digest, _again=again), also


class Specs(Mapping[str, ToolSpec]):
    """Held specs as a mapping of specs, each loaded whenever it is asked for."""

    def __init__(self, held: Mapping[str, Held]) -> None:
        self._held = held

    def __getitem__(self, tool: str) -> ToolSpec:
        return self._held[tool].load()

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, tool: object) -> bool:
        return tool in self._held
