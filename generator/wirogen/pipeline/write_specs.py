"""Specs → their files below ``specs/tools/``: what changed is written, what is misnamed moves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from wirogen.common.cache import NO_CACHE, Cache
from wirogen.common.files import sha256
from wirogen.output.publication import write_file
from wirogen.pipeline.history import with_history
from wirogen.pipeline.spec_files import Sources, decode, digest_of, read_bytes, remember_spec
from wirogen.specs import ToolSpec, dump_spec

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class WrittenSpecs(NamedTuple):
    """The paths that were (or in a check would be) written below the folder, and those of them
    that a person had edited."""

    stale: tuple[str, ...]
    edited: tuple[str, ...]


def write_specs(
    sources: Sources,
    out: Path,
    *,
    check: bool = False,
    built: Mapping[str, str] = _NOTHING,
    cache: Cache = NO_CACHE,
) -> WrittenSpecs:
    """Write each spec that differs from its file.

    A spec whose file has another name than it should (because a tool with a similar id has come)
    moves to the right one. ``built`` are the hashes of the specs that the last build worked from.
    A spec without a source is a person's, down to its comments: it may move, and stays as it was
    written.
    """
    stale: list[str] = []
    edited: list[str] = []
    occupied = {os.path.realpath(file): tool for tool, file in sources.files.items()}
    files = sources.spec_files()
    targets = {path: os.path.realpath(out / path) for path in files}
    for path, spec in _vacated_first(files, targets, occupied):
        file, target = out / path, targets[path]
        own = sources.files.get(spec.tool, file)
        before = sources.loaded.get(spec.tool)
        if spec is not before:
            sources.digests[spec.tool] = digest_of(spec)
        if target in sources.broken or occupied.get(target, spec.tool) != spec.tool:
            continue
        moved = own is not file and os.path.realpath(own) != target
        data = read_bytes(own) if own.is_file() else None
        by_hand = data is not None and spec.source is None
        same = data is not None and sha256(data) == sources.digests[spec.tool]
        if not moved and (by_hand or same):
            continue
        stale.append(path)
        if data is not None and before is not None and not by_hand:
            untouched = sha256(data) == built.get(spec.tool)
            edited += [path] if _same_documents(before, spec) and not untouched else []
        if moved:
            del occupied[os.path.realpath(own)]
        if check:
            continue
        if path not in edited and not by_hand:
            spec = with_history(before, spec, alone=not sources.loaded)  # noqa: PLW2901 - the same
            sources.specs[spec.tool] = spec
        text = decode(data, str(own)) if by_hand and data is not None else dump_spec(spec)
        if not by_hand:
            sources.digests[spec.tool] = sha256(text.encode())
        if moved:
            # One step, so that no tool ever has two files.
            file.parent.mkdir(parents=True, exist_ok=True)
            own.replace(file)
        write_file(file, text)
        remember_spec(spec, sources.digests[spec.tool], text.encode(), cache)
    return WrittenSpecs(tuple(stale), tuple(edited))


def _vacated_first(
    specs: Mapping[str, ToolSpec], targets: Mapping[str, str], occupied: Mapping[str, str]
) -> Iterator[tuple[str, ToolSpec]]:
    """The specs by path, each after the one that leaves its file. Those that lie in each other's
    files come last."""
    waiting = dict(specs)
    while waiting:
        tools = {spec.tool for spec in waiting.values()}
        blocked = {
            path: spec
            for path, spec in waiting.items()
            if (owner := occupied.get(targets[path], spec.tool)) != spec.tool and owner in tools
        }
        if len(blocked) == len(waiting):
            yield from blocked.items()
            return
        yield from ((path, spec) for path, spec in waiting.items() if path not in blocked)
        waiting = blocked


def _same_documents(one: ToolSpec, other: ToolSpec) -> bool:
    """Whether both come from the same bytes, so that what differs did not come from there."""
    first, second = (
        spec.source and (spec.source.sha256, spec.source.detail_sha256) for spec in (one, other)
    )
    return first is not None and first == second
