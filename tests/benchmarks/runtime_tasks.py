"""1,000 tasks in flight with coroutines and 200 with threads: all end, each costs less than 20 kB.

Wiro is asked no more often than the schedule implies, within 10 %, and less often only while it
takes its time to respond to 1,000 requests at once: an end is told within one interval of the
schedule and the longest time that a response took.

The memory of a task is what 1,000 add to a client that follows a hundred already: its modules,
threads, connections and WebSockets, which it has once, are there by then. Without that they were
counted as the tasks' own, 1 to 12 kB each, as many of them as the machine came to make in time.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import threading
import time
from pathlib import Path

from wiro_runtime import AsyncWiro, Hooks, PollSchedule, ResponseInfo, Wiro

sys.path.insert(0, str(Path(__file__).parent))
from runtime_server import TOOL, Server, server

COROUTINES, EARLIER, THREADS = 1000, 100, 200
MEMORY, DEVIATION = 20_000, 0.10
POLL = PollSchedule(intervals=((0.0, 4.0), (12.0, 6.0)))
LIFE = 27.0


async def coroutines(one: Server) -> tuple[int, float, float, float]:
    """Tasks that ended, bytes for each while all are in flight, the longest seconds of a task and
    of a response."""
    taken: list[float] = []

    async def run(client: AsyncWiro) -> str:
        task = await client.submit(TOOL, {"prompt": "x"})
        accepted = time.perf_counter()
        task_id = (await task.wait()).task_id
        taken.append(time.perf_counter() - accepted)
        return task_id

    slowest = 0.0

    def note(response: ResponseInfo) -> None:
        nonlocal slowest
        slowest = max(slowest, response.seconds)

    async with AsyncWiro(**one.options, poll=POLL, hooks=Hooks(response=note)) as client:
        earlier = [asyncio.create_task(run(client)) for _ in range(EARLIER)]
        await asyncio.sleep(LIFE * 0.3)
        gc.collect()
        before = _memory()
        runs = [asyncio.create_task(run(client)) for _ in range(COROUTINES)]
        await asyncio.sleep(LIFE * 0.6)
        gc.collect()
        memory = (_memory() - before) / COROUTINES
        in_flight = sum(not run.done() for run in [*earlier, *runs])
        results = await asyncio.gather(*earlier, *runs)
    assert in_flight == COROUTINES + EARLIER, f"only {in_flight} were in flight"
    return len(set(results)), memory, max(taken), slowest


def _memory() -> int:
    """Bytes of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def expected_looks(life: float) -> float:
    """Looks at a task of ``life`` seconds when nothing takes time but the schedule."""
    age, looks = 0.0, 0
    while True:
        age += POLL.delay(age, lambda: 0.5)
        looks += 1
        if age >= life:
            return looks


def threads(one: Server) -> int:
    ended: list[str] = []
    with Wiro(**one.options, poll=POLL) as client:

        def work() -> None:
            ended.append(client.run(TOOL, {"prompt": "x"}).task_id)

        workers = [threading.Thread(target=work) for _ in range(THREADS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return len(set(ended))


def main() -> int:
    # A task lasts 9 s at speed 1.
    with server(speed=9 / LIFE) as one:
        ended, memory, longest, slowest = asyncio.run(coroutines(one))
        looks = one.counts()["looks"] / (COROUTINES + EARLIER)
    implied = expected_looks(LIFE)
    with server(speed=5) as one:
        threaded = threads(one)
    more = looks / implied - 1
    limit = LIFE + POLL.intervals[-1][1] * 1.2 + slowest
    print(f"coroutines: {ended} of {COROUTINES + EARLIER} ended")
    print(f"memory per task: {memory / 1000:.1f} kB (limit {MEMORY / 1000:.0f})")
    print(
        f"looks per task: {looks:.2f}, the schedule implies {implied:.0f} "
        f"({more:+.1%}, limit {DEVIATION:+.0%})"
    )
    print(f"told after {longest:.1f} s at most (limit {limit:.1f}; responses took {slowest:.1f} s)")
    print(f"threads: {threaded} of {THREADS} ended")
    good = ended == COROUTINES + EARLIER and threaded == THREADS
    return int(not good or memory > MEMORY or more > DEVIATION or longest > limit)


if __name__ == "__main__":
    sys.exit(main())
