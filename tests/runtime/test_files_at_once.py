"""The same result saved by several callers at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import AsyncResult, Result
from wiro_runtime.testing import Scenario, faults

SIZE = 300_000


async def at_once(result: Result | AsyncResult, method: str, place: object, times: int) -> Any:
    """What ``times`` calls return: in threads or in coroutines."""
    part: Any = result if method == "download" else result.outputs[0]
    call = getattr(part, method)
    if isinstance(result, Result):
        return await asyncio.gather(*(asyncio.to_thread(call, place) for _ in range(times)))
    return await asyncio.gather(*(call(place) for _ in range(times)))


@pytest.mark.parametrize("method", ["download", "save"])
@pytest.mark.parametrize("fault", [None, faults.cut(1000), faults.status(503)])
def test_a_result_that_is_saved_twice_at_once_is_there_once(
    kit: Kit, tmp_path: Path, method: str, fault: Any
) -> None:
    kit.simulator.plan(Scenario(output_size=SIZE), times=None)
    kit.simulator.faults.add("cdn/*", faults.slow(0.05), times=2)
    place = f"{tmp_path}/out/"

    async def flow(client: AnyClient) -> tuple[Any, Any]:
        result = await got(client.run(TOOL, {"prompt": "x", "samples": 2}))
        if fault is not None:
            kit.simulator.faults.add("cdn/*", fault, nth=3)
        return await at_once(result, method, place, 6), await at_once(result, method, place, 2)

    first, again = kit.run(flow)
    expected = ["0.png", "1.png"] if method == "download" else ["0.png"]
    assert sorted(path.name for path in Path(place).iterdir()) == expected
    assert {path.stat().st_size for path in Path(place).iterdir()} == {SIZE}
    paths = [Path(place, name) for name in expected]
    wanted: Any = paths if method == "download" else paths[0]
    assert first == [wanted] * 6
    assert again == [wanted] * 2


def test_the_second_saves_what_the_first_could_not(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.faults.add("cdn/*", faults.status(404), times=1)

    async def flow(client: AnyClient) -> list[Any]:
        result = await got(client.run(TOOL, {"prompt": "x"}))
        if isinstance(result, Result):
            calls: list[Any] = [asyncio.to_thread(result.download, tmp_path) for _ in range(2)]
        else:
            calls = [result.download(tmp_path) for _ in range(2)]
        return await asyncio.gather(*calls, return_exceptions=True)

    found = kit.run(flow)
    assert sum(isinstance(each, Exception) for each in found) == 1
    assert [tmp_path / "0.png"] in found
    assert [path.name for path in tmp_path.iterdir()] == ["0.png"]
