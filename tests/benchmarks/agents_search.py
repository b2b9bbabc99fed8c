"""Search and description of tools for agents, over a package of 5,000: 50 ms each, at most.

Times are of the processor. The first search of a process and the first description of each tool,
which imports its client, are measured too, and the index that is made before the server answers.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from corpus import pages
from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.catalogue.catalogue import DATA
from wiro_runtime.mcp.describe import tool_json
from wiro_runtime.mcp.search import SearchIndex
from wirogen.document import parse_document
from wirogen.pipeline.render import generate
from wirogen.plan.identifiers import package_name

TOOLS = 5000
MADE = 40
LIMIT = 50.0
PACKAGE = "many_tools"
QUERIES = (
    "lora",
    "I want a picture of a lighthouse at dusk, painted in oil, with a portrait of my dog in it",
    "upscale a video to 4k without losing faces, as cheaply as possible please",
    "image",
    "text to speech in Turkish",
    "nothing that exists anywhere xyzzy",
)


def milliseconds(work: Callable[[], object]) -> float:
    # Of this process alone: the machine is shared.
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1000


def make_package(folder: Path) -> list[str]:
    """Forty real clients, and a catalogue in which they stand 125 times; the ids of the clients."""
    specs = [parse_document(page.text(full=True), path="x").spec for page in pages(MADE)]
    generate({spec.tool: spec for spec in specs}, folder, package=package_name(PACKAGE))
    file = folder / "python" / PACKAGE / DATA
    catalogue: dict[str, Any] = json.loads(file.read_text("utf-8"))
    made: list[dict[str, Any]] = catalogue["tools"]
    words = " ".join(each["description"] for each in made).split()
    random = Random(5000)  # noqa: S311 - no secret
    more = [
        {
            **each,
            "tool": f"{each['tool']}-{number}",
            "description": " ".join(random.sample(words, min(40, len(words)))),
        }
        for number in range(TOOLS // len(made) - 1)
        for each in made
    ]
    catalogue["tools"] = sorted([*made, *more], key=lambda each: each["tool"])
    file.write_text(json.dumps(catalogue), "utf-8")
    return [each["tool"] for each in made]


def report(name: str, figures: list[float], limit: float | None = LIMIT) -> bool:
    good = limit is None or max(figures) <= limit
    bound = "" if limit is None else f" (at most {limit:g}) {'good' if good else 'MISSED'}"
    middle = statistics.median(figures)
    print(f"{name}: {middle:.1f} ms in the middle, {max(figures):.1f} ms at most{bound}")
    return good


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        made = make_package(Path(name))
        sys.path.insert(0, str(Path(name) / "python"))
        catalogue = open_catalogue(PACKAGE)
        indexes: list[SearchIndex] = []
        report(
            f"index of {len(catalogue)} tools",
            [milliseconds(lambda: indexes.append(SearchIndex(catalogue)))],
            None,
        )
        searches = [
            milliseconds(lambda query=query: indexes[0].search(query, 10))
            for _ in range(20)
            for query in QUERIES
        ]
        describe = [milliseconds(lambda tool=tool: tool_json(catalogue.get(tool))) for tool in made]
        again = [milliseconds(lambda tool=tool: tool_json(catalogue.get(tool))) for tool in made]
        found = [
            report("search", searches),
            report("describe, first", describe),
            report("describe, again", again),
        ]
        return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
