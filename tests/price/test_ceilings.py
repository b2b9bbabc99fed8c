"""Ceilings: nothing is sent that may cost more than it may."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from runtime.kit import PROMPT, SAMPLES, TOOL, TOOLS, AnyClient, ClientKind, Kit, each, got, tool
from wiro_runtime import (
    AsyncTask,
    AsyncWiro,
    ConfigurationError,
    InsufficientBalanceError,
    PriceExceeded,
    SubmissionUncertain,
    Task,
    TaskFailed,
    Wiro,
)
from wiro_runtime.generated import FileLike, Tariff, ToolInputs
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Scenario, Simulator, faults

RATES: list[dict[str, Any]] = [{"inputs": {}, "price": 0.05, "priceMethod": "cpo"}]


class Inputs(ToolInputs):
    _tariff: ClassVar[Tariff | None] = Tariff(
        {"rates": [{"inputs": {}, "method": "cpo", "price": "0.05"}], "outputs": "samples"}
    )
    prompt: Annotated[str, Field(alias="prompt", json_schema_extra={"x-wire": "string"})] = "a"
    samples: Annotated[
        int | None, Field(alias="samples", json_schema_extra={"x-wire": "number"})
    ] = 1


@pytest.fixture(scope="module")
def priced() -> Iterator[Simulator]:
    with Simulator([tool(TOOL, PROMPT, SAMPLES) | {"dynamicprice": RATES}]) as simulator:
        yield simulator


@pytest.fixture(params=["sync", "async"])
def kit(request: pytest.FixtureRequest, priced: Simulator) -> Kit:
    priced.clear()
    kind: ClientKind = request.param
    return Kit(kind, priced)


@pytest.fixture(params=["a journal", "memory"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """What a budget is kept in."""
    return {"journal": tmp_path / "journal"} if request.param == "a journal" else {}


@pytest.mark.parametrize("method", ["run", "submit"])
@pytest.mark.parametrize(
    ("inputs", "more", "says"),
    [
        (Inputs(samples=3), {"max_cost": 0.1}, "the price is $0.15, above max_cost of $0.10"),
        (Inputs(samples=None), {"max_cost": "0.04"}, "the price is from $0.05, above max_cost"),
        (Inputs(samples=None), {"max_cost": 1}, "the price is $0.05 upwards, so it cannot be"),
        ({"prompt": "a"}, {"max_cost": Decimal(1)}, "the price is not known, so it cannot be"),
    ],
)
def test_a_run_above_its_ceiling_is_not_sent(
    kit: Kit, method: str, inputs: Any, more: dict[str, Any], says: str
) -> None:
    async def flow(client: AnyClient) -> None:
        with pytest.raises(PriceExceeded, match=says.replace("$", r"\$")) as caught:
            await got(getattr(client, method)(TOOL, inputs, **more))
        assert caught.value.ceiling == Decimal(str(more["max_cost"]))
        assert caught.value.price is not None

    kit.run(flow)
    assert not kit.simulator.requests


def test_a_run_below_its_ceiling_is_sent(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        result = await got(client.run(TOOL, Inputs(samples=2), max_cost="0.1"))
        assert result.cost == Decimal("0.1")
        await got(client.run(TOOL, Inputs(samples=None), max_cost=0.1, allow_unknown=True))

    kit.run(flow)
    assert len(kit.simulator.runs) == 2


@pytest.mark.parametrize("name", ["budget", "max_cost"])
@pytest.mark.parametrize("value", [-1, "ten", float("nan"), True, "1e400", object()])
def test_a_ceiling_is_an_amount(kit: Kit, name: str, value: Any) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, Inputs(), **({name: value} if name == "max_cost" else {})))

    with pytest.raises(ConfigurationError, match=f"{name} must be an amount of dollars"):
        kit.run(flow, **({name: value} if name == "budget" else {}))


def test_a_budget_is_used_up(kit: Kit, kept: dict[str, Any]) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, Inputs(samples=2)))
        with pytest.raises(PriceExceeded, match=r"\$0.05 of \$0.15 is left") as caught:
            await got(client.run(TOOL, Inputs(samples=2)))
        assert caught.value.ceiling == Decimal("0.05")
        await got(client.submit(TOOL, Inputs()))
        with pytest.raises(PriceExceeded, match="cannot be kept"):
            await got(client.submit(TOOL, Inputs(samples=None)))

    kit.run(flow, budget="0.15", **kept)
    assert len(kit.simulator.runs) == 2


def test_what_failed_or_was_not_accepted_is_given_back(kit: Kit, kept: dict[str, Any]) -> None:
    kit.simulator.plan(Scenario.failing())
    kit.simulator.faults.add("Run/*", faults.error(97, "no money"), nth=2)

    async def flow(client: AnyClient) -> None:
        for wrong in (TaskFailed, InsufficientBalanceError):
            with pytest.raises(wrong):
                await got(client.run(TOOL, Inputs(samples=3)))
        await got(client.run(TOOL, Inputs(samples=3)))

    kit.run(flow, budget="0.15", **kept)
    assert len(kit.simulator.runs) == 2


def test_what_may_have_been_accepted_stays_reserved(kit: Kit, kept: dict[str, Any]) -> None:
    kit.simulator.faults.add("Run/*", faults.reset(acts=True))

    async def flow(client: AnyClient) -> None:
        with pytest.raises(SubmissionUncertain) as caught:
            await got(client.run(TOOL, Inputs(samples=2)))
        assert (caught.value.submission is not None) is ("journal" in kept)
        with pytest.raises(PriceExceeded, match=r"\$0.05 of \$0.15 is left"):
            await got(client.run(TOOL, Inputs(samples=2)))

    kit.run(flow, budget="0.15", **kept)


def test_an_estimate_that_was_wrong_counts_as_it_was_billed(kit: Kit, kept: dict[str, Any]) -> None:
    kit.simulator.plan(Scenario(cost="0.12"))

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, Inputs()))
        with pytest.raises(PriceExceeded, match=r"\$0.03 of \$0.15 is left"):
            await got(client.run(TOOL, Inputs()))

    kit.run(flow, budget="0.15", **kept)


def test_clients_of_a_journal_share_its_budget(kit: Kit, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    async def first(client: AnyClient) -> None:
        await got(client.run(TOOL, Inputs()))
        await got(client.submit(TOOL, Inputs()))

    async def second(client: AnyClient) -> None:
        with pytest.raises(PriceExceeded, match=r"\$0.05 of \$0.15 is left"):
            await got(client.run(TOOL, Inputs(samples=2)))
        for task in await each(client.resume()):
            assert isinstance(task, Task | AsyncTask)
            await got(task.wait())
        await got(client.run(TOOL, Inputs()))

    kit.run(first, journal=journal)
    kit.run(second, journal=journal, budget="0.15")
    kept = Journal(journal)
    assert [(each.runs, each.spent, each.low, each.high) for each in kept.costs()] == [
        (3, Decimal("0.15"), Decimal("0.15"), Decimal("0.15"))
    ]
    kept.close()


class Audio(ToolInputs):
    """A tool whose price depends on what is in its file."""

    _tariff: ClassVar[Tariff | None] = Tariff(
        {
            "rates": [{"inputs": {}, "method": "cp-audiosecondslength", "price": "0.01"}],
            "audio": ["inputImage"],
            "files": {"inputImage": ["inputImage"]},
        }
    )
    prompt: Annotated[str, Field(alias="prompt", json_schema_extra={"x-wire": "string"})] = "a"
    sound: Annotated[
        FileLike | None, Field(alias="inputImage", json_schema_extra={"x-wire": "file"})
    ] = None


class Stream:
    """What can be read only once."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._data.read(size)


class Slow(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.002)
        return super().read(size)


def wav(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(os.urandom(16000 * seconds))
    return out.getvalue()


@pytest.mark.parametrize("kind", [Stream, Slow, io.BytesIO])
def test_a_file_whose_price_is_looked_up_is_sent_whole(
    kit: Kit, kept: dict[str, Any], kind: type[Any]
) -> None:
    data = wav(20)
    file = kind(data)
    count = 1 if kind is Stream else 6

    async def flow(client: AnyClient) -> None:
        inputs = Audio(sound=file)
        if isinstance(client, Wiro):
            with ThreadPoolExecutor(count) as pool:
                work = [pool.submit(client.submit, "wiro/files", inputs) for _ in range(count)]
                for each in work:
                    each.result()
        else:
            await asyncio.gather(*(client.submit("wiro/files", inputs) for _ in range(count)))

    with Simulator([TOOLS[3]]) as simulator:
        kit.simulator = simulator
        kit.run(flow, **kept)
        sent = [run.body["inputImage"][0].data for run in simulator.runs]
    assert len(sent) == count
    assert all(each == data for each in sent)


def test_no_event_loop_reads_a_file_for_its_price(priced: Simulator, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav(1))
    opened: list[int] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and str(arguments[0]).endswith("a.wav"):
            opened.append(threading.get_ident())

    async def flow() -> None:
        async with AsyncWiro(priced.api_key, priced.api_secret, base_url=priced.base_url) as client:
            inputs = Audio(sound=tmp_path / "a.wav")
            with pytest.raises(PriceExceeded, match="the price is"):
                await client.submit("wiro/files", lambda: inputs, max_cost="0.001")

    sys.addaudithook(watch)
    asyncio.run(flow())
    assert opened
    assert threading.get_ident() not in opened
