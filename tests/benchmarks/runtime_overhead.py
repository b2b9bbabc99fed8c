"""Refreshing a task against the same request with bare httpx2 (at most 1.25 times, and 2.2 times
for Wiro, which works on an event loop in a background thread), and signing (under 20 µs)."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path

import httpx2

from wiro_runtime import AsyncWiro, Wiro
from wiro_runtime.http.signing import auth_headers

sys.path.insert(0, str(Path(__file__).parent))
from runtime_server import TOOL, Server, server

ROUNDS, CALLS = 15, 60
SYNC_LIMIT, LIMIT, SIGNING = 2.2, 1.25, 20e-6


def blocking(one: Server) -> float:
    """Median ratio over rounds that take turns."""
    options = one.options
    url = f"{options['base_url']}/Task/Detail"
    with Wiro(**options) as client, httpx2.Client(timeout=60) as bare:
        task = client.submit(TOOL, {"prompt": "x"})

        def ours() -> None:
            client.task(task.id).refresh()

        def theirs() -> None:
            headers = auth_headers(options["api_key"], options["api_secret"])
            bare.post(url, json={"taskid": task.id}, headers=headers).json()

        return statistics.median([_time(ours) / _time(theirs) for _ in range(ROUNDS)])


def _time(call: object) -> float:
    assert callable(call)
    begin = time.perf_counter()
    for _ in range(CALLS):
        call()
    return time.perf_counter() - begin


async def awaited(one: Server) -> float:
    options = one.options
    url = f"{options['base_url']}/Task/Detail"
    ratios: list[float] = []
    async with AsyncWiro(**options) as client, httpx2.AsyncClient(timeout=60) as bare:
        task = await client.submit(TOOL, {"prompt": "x"})
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            for _ in range(CALLS):
                await client.task(task.id).refresh()
            middle = time.perf_counter()
            for _ in range(CALLS):
                headers = auth_headers(options["api_key"], options["api_secret"])
                (await bare.post(url, json={"taskid": task.id}, headers=headers)).json()
            ratios.append((middle - begin) / (time.perf_counter() - middle))
    return statistics.median(ratios)


def signing() -> float:
    """Seconds for one signature with its nonce, the best of five."""
    best = 1.0
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(5000):
            auth_headers("k" * 40, "s" * 40)
        best = min(best, (time.perf_counter() - begin) / 5000)
    return best


def main() -> int:
    with server() as one:
        sync_ratio, async_ratio = blocking(one), asyncio.run(awaited(one))
    seconds = signing()
    print(f"refresh / bare httpx2, sync : {sync_ratio:.2f} (limit {SYNC_LIMIT})")
    print(f"refresh / bare httpx2, async: {async_ratio:.2f} (limit {LIMIT})")
    print(f"signing: {seconds * 1e6:.1f} µs (limit {SIGNING * 1e6:.0f})")
    return int(sync_ratio > SYNC_LIMIT or async_ratio > LIMIT or seconds > SIGNING)


if __name__ == "__main__":
    sys.exit(main())
