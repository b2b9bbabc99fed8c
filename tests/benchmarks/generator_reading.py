"""Reading documents: at least 4 MB a second and core, in every form that documents have; and
reading and writing specs, against PyYAML's parser on the same text.

What counts for a document is everything from its bytes to a spec with diagnostics: hashing and
decoding, not the disk. Cycles are looked for as seldom as when ``wirogen`` runs. Times are
processor times, the best of several rounds in one process; beside them is how long a regular
expression takes to find the words of the same documents.
"""

from __future__ import annotations

import gc
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "generator")]

from corpus import pages
from document.unflatten import unflatten
from wirogen.document import parse_document
from wirogen.specs import ToolSpec, dump_spec, load_spec

LIMIT, YAML_LIMIT = 4.0, 1.6
ROUNDS, PAGES = 9, 60


def main() -> int:
    gc.set_threshold(100_000, 50, 50)  # as wirogen.cli.app does
    real = [path.read_text("utf-8") for path in (ROOT / "specs" / "documents").rglob("*.txt")]
    made = list(pages(PAGES, seed=1))
    forms: dict[str, list[str]] = {
        "the documents in specs/, on one line": real * 5,
        "the documents in specs/, in lines": [unflatten(each) for each in real] * 5,
    }
    for full in (False, True):
        for flat in (True, False):
            shown = "all options" if full else "a sample"
            name = f"made up, {shown}, {'one line' if flat else 'lines'}"
            forms[name] = [page.text(full=full, flat=flat) for page in made]
    rates = [documents(name, texts) for name, texts in forms.items()]
    print(f"slowest form: {min(rates):.1f} MB/s a core (at least {LIMIT})")
    specs = [parse_document(page.text(), path=page.tool).spec for page in made]
    ratio = yaml_of(specs)
    return 0 if min(rates) >= LIMIT and ratio <= YAML_LIMIT else 1


def documents(name: str, texts: Sequence[str]) -> float:
    data = [text.encode() for text in texts]
    size = sum(map(len, data)) / 1e6
    parse, words = best(
        lambda: [parse_document(each, path="x") for each in data],
        lambda: [re.findall(r"\S+", each) for each in texts],
    )
    print(
        f"{name}: {len(data)} documents, {size:.2f} MB, {size / parse:.1f} MB/s, "
        f"{parse / words:.1f} times as long as finding words"
    )
    return size / parse


def yaml_of(specs: Sequence[ToolSpec]) -> float:
    written = [dump_spec(spec) for spec in specs]
    dump, load, events = best(
        lambda: [dump_spec(spec) for spec in specs],
        lambda: [load_spec(text, path="x") for text in written],
        lambda: [list(yaml.parse(text, Loader=yaml.CSafeLoader)) for text in written],
    )
    each = 1000 / len(specs)
    size = statistics.mean(map(len, written)) / 1000
    print(
        f"specs of {size:.1f} kB: writing {dump * each:.2f} ms, reading {load * each:.2f} ms, "
        f"PyYAML's events alone {events * each:.2f} ms"
    )
    print(f"reading a spec / PyYAML's events: {load / events:.2f} (at most {YAML_LIMIT})")
    return load / events


def best(*calls: Callable[[], object]) -> list[float]:
    """The least processor time of each call; they take turns, so that a busy machine slows all
    alike."""
    found = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for index, call in enumerate(calls):
            begun = time.process_time()
            call()
            found[index] = min(found[index], time.process_time() - begun)
    return found


if __name__ == "__main__":
    sys.exit(main())
