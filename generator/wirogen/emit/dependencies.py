"""Which templates the files of one tool depend on, so that others may change without them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from wirogen.common.cache import Store, file_hashes, key_of

_ROOTS: Final = (
    "python/wiro_tools/[owner]/[project].py.jinja",
    "docs/tools/[owner]/[project].md.jinja",
)
_SNIPPETS: Final = "docs/snippets/"


def tool_look(folders: Sequence[Path], store: Store) -> str:
    """A hash of the templates, found in ``folders`` first to last, that are used for one tool."""
    hashes = _hashes(folders)
    everything = key_of("look", *(f"{name}={hashes[name]}" for name in sorted(hashes)))
    used = store.memo("look", everything, lambda: templates_of_tools(folders))
    # One module of somebody's own, and black itself formats them all.
    own = str(len(folders) > 1 and (folders[0] / "python").is_dir())
    return key_of("look", own, *(f"{name}={hashes[name]}" for name in used))


def templates_of_tools(folders: Sequence[Path]) -> list[str]:
    """Their names; those of all templates where one cannot be told before it is rendered."""
    import jinja2  # noqa: PLC0415 - slow to load, and the answer is mostly known
    from jinja2 import meta  # noqa: PLC0415 - see above

    hashes = _hashes(folders)
    env = jinja2.Environment()  # noqa: S701 - nothing is rendered with it
    todo = [name for name in hashes if name in _ROOTS or name.startswith(_SNIPPETS)]
    used: set[str] = set()
    while todo:
        name = todo.pop()
        if name in used or name not in hashes:
            continue
        used.add(name)
        try:
            found: Iterable[str | None] = meta.find_referenced_templates(
                env.parse(_text(folders, name))
            )
            references = list(found)
        except (jinja2.TemplateSyntaxError, ValueError):
            return sorted(hashes)
        if None in references:
            return sorted(hashes)
        todo += [each for each in references if each is not None]
    return sorted(used)


def _hashes(folders: Sequence[Path]) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for folder in reversed(folders):
        hashes |= file_hashes([folder])
    return hashes


def _text(folders: Sequence[Path], name: str) -> str:
    folder = next(folder for folder in folders if (folder / name).is_file())
    return (folder / name).read_text("utf-8")
