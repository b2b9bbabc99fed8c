"""A batch beside a bare asyncio loop over the client: rows a second, and what a row costs more.

Both do the same 300 rows, ten at a time, with tasks that end at once: submit, wait, save. What a
batch adds is its records, four transactions a row that are on the disk when it goes on. It may be
three times as slow as the loop, which is nothing beside tasks of seconds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from wiro_runtime import AsyncWiro, Wiro
from wiro_runtime.batch import Batch
from wiro_runtime.testing.tool_spec import spec_from_client
from wiro_tools.wiro import text_to_image_sd_lora as sd

sys.path.insert(0, str(Path(__file__).parent))
from runtime_server import server

ROWS, PLACES, ROUNDS, LIMIT = 300, 10, 3, 3.0


def batch(options: dict[str, Any], folder: Path) -> float:
    """Seconds of a batch, checks of the table included."""
    begin = time.perf_counter()
    with (
        Wiro(**options) as client,
        Batch(sd.TOOL, rows(), out=folder, client=client, concurrency=PLACES) as one,
    ):
        assert one.run().complete
    return time.perf_counter() - begin


async def loop(options: dict[str, Any], folder: Path) -> float:
    """Seconds of a loop that forgets everything when it ends."""
    begin = time.perf_counter()
    places = asyncio.Semaphore(PLACES)

    async def row(number: int, inputs: dict[str, Any]) -> None:
        async with places:
            result = await client.run(sd.TOOL, inputs)
            await result.outputs[0].save(folder / f"{number}.png")

    async with AsyncWiro(**options) as client:
        await asyncio.gather(*(row(number, each) for number, each in enumerate(rows())))
    return time.perf_counter() - begin


def rows() -> list[dict[str, Any]]:
    return [{"prompt": f"a lighthouse, {number}", "samples": 1} for number in range(ROWS)]


def main() -> int:
    pairs: list[tuple[float, float]] = []
    with server(tool=spec_from_client(sd)) as one, tempfile.TemporaryDirectory() as made:
        for number in range(ROUNDS):
            bare = Path(made) / f"loop{number}"
            bare.mkdir()
            theirs = asyncio.run(loop(one.options, bare))
            pairs.append((batch(one.options, Path(made) / f"batch{number}"), theirs))
    ours, theirs = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"loop : {ROWS / theirs:.1f} rows/s")
    print(f"batch: {ROWS / ours:.1f} rows/s, {(ours - theirs) / ROWS * 1000:.1f} ms more a row")
    print(f"batch / loop: {ratio:.2f} (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
