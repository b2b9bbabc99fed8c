"""Whatever a caller passes that cannot be used is said in one line, before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import reduce
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got, nameless
from wiro_runtime import (
    AsyncWiro,
    ConfigurationError,
    Hooks,
    InvalidInputs,
    LoraOption,
    PollSchedule,
    Result,
    Retries,
    Timeouts,
    Wiro,
    WiroError,
)
from wiro_runtime.inputs.lora import LoraSetting
from wiro_runtime.testing import Simulator
from wiro_runtime.webhooks import CallbackReceiver, CallbackRefused

INFINITE, NAN, HUGE = float("inf"), float("nan"), 10**400
DEEP: list[Any] = reduce(lambda inner, _: [inner], range(5000), [])


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no text of it")


UNSHOWABLE = Unshowable()


def cases(name: str, *values: Any) -> list[dict[str, Any]]:
    return [{name: value} for value in values]


def pairs(name: str, *values: Any) -> list[tuple[str, Any]]:
    return [(name, value) for value in values]


def wrong(made: Callable[..., Any], name: str, *values: Any) -> list[tuple[Any, dict[str, Any]]]:
    return [(made, case) for case in cases(name, *values)]


NO_DELAY: tuple[Any, ...] = (None, "1", -1, NAN, INFINITE, HUGE, True, b"1", {})
NO_INTERVALS: tuple[Any, ...] = (
    None, 5, "ab", b"ab", {}, [], (5,), ((0, "2"),), ((0, 2, 3),), ((0, HUGE),),
)  # fmt: skip

WRONG = [
    *wrong(Retries, "attempts", None, "3", 0, -1, 2.0, True, [], NAN),
    *wrong(Retries, "initial_delay", *NO_DELAY),
    *wrong(Retries, "max_delay", *NO_DELAY),
    *wrong(Timeouts, "wait", None, "1", 0, NAN, INFINITE, HUGE, True),
    *wrong(PollSchedule, "intervals", *NO_INTERVALS),
    *wrong(PollSchedule.every, "seconds", None, "2", 0, HUGE, True),
    *(each for name in ("request", "response", "retry", "task") for each in wrong(Hooks, name, 5)),
]


@pytest.mark.parametrize(("made", "arguments"), WRONG, ids=nameless)
def test_settings_of_a_wrong_type_or_size(
    made: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        made(**arguments)
    assert len(str(caught.value).splitlines()) == 1


CLIENTS: list[tuple[str, tuple[Any, ...]]] = [
    ("max_concurrency", ("4", 0, 1.5, True, NAN, None, [])),
    ("poll", (5, "x", [], 0, (0, 2))),
    ("timeouts", (5, "x", [], 0, Retries())),
    ("retries", (5, "x", [], 0)),
    ("timeout", ("1", -1, 0, NAN, INFINITE, HUGE, True, b"1", {}, Timeouts())),
    ("max_retries", ("3", -1, 2.0, True, [], NAN)),
    ("hooks", (5, "x", [], 0, print)),
    ("on_interrupt", ("kill", None, [])),
    ("project_id", (5, "", "  ", [], b"x")),
    ("journal", (5, "", b"x", [], "a\0b", "a\ud83d")),
    ("allow_hosts", (None, 5, True, object(), print, [5], ["a/b"], "https://a.b")),
    ("base_url", (5, b"https://x", [], "https://\ud800.example/v1", "https://a.example/v1\n")),
    ("socket_url", (5, b"wss://x", [], "wss://\ud800.example/v1", "wss://a b.example/v1")),
    ("api_secret", (5, b"x", [], {})),
]


@pytest.mark.parametrize(("name", "values"), CLIENTS)
@pytest.mark.parametrize("client", [Wiro, AsyncWiro])
def test_clients_of_wrong_settings(
    client: type[Wiro] | type[AsyncWiro], name: str, values: tuple[Any, ...]
) -> None:
    for value in values:
        with pytest.raises(ConfigurationError) as caught:
            cast("Any", client)(**{"api_key": "key", name: value})
        assert len(str(caught.value).splitlines()) == 1
        assert "object at" not in str(caught.value)


@pytest.mark.parametrize("value", [None, True, 0, -1, HUGE, 1.5, "", " ", b"1", [], object()])
def test_what_is_no_task(kit: Kit, value: Any) -> None:
    async def flow(client: AnyClient) -> None:
        client.task(value)

    with pytest.raises(InvalidInputs, match="task"):
        kit.run(flow)


def test_a_task_by_its_number(kit: Kit) -> None:
    async def flow(client: AnyClient) -> tuple[str, str]:
        task = await got(client.submit(TOOL, {"prompt": "x"}))
        known: Any = int(task.id)
        return task.id, (await got(client.task(known).wait())).task_id

    assert len(set(kit.run(flow))) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *pairs("tool", None, 5, b"a/b", [], "a", "a/b/c", "a/\n", "a/\ud800"),
        *pairs("inputs", None, 5, "x", b"x", [], [("a", 1)], {5: "x"}),
        *pairs("callback_url", 5, "", "x", "ftp://x/", "https://", b"https://x"),
        ("callback_url", "https://example.com/\nx"),
        ("callback_url", "http://[::1/"),
    ],
    ids=nameless,
)
def test_a_run_that_cannot_be_sent(kit: Kit, name: str, value: Any) -> None:
    async def flow(client: AnyClient) -> None:
        arguments: dict[str, Any] = {"tool": TOOL, "inputs": {"prompt": "x"}, name: value}
        await got(client.run(arguments.pop("tool"), arguments.pop("inputs"), **arguments))

    with pytest.raises(InvalidInputs) as caught:
        kit.run(flow)
    assert len(str(caught.value).splitlines()) == 1
    assert kit.simulator.requests == []


@pytest.mark.parametrize(
    "tool", [None, 5, 10**5000, b"x", [], DEEP, UNSHOWABLE, "", "a", "a\0/b"], ids=nameless
)
def test_what_is_no_tool_of_a_package(tool: Any) -> None:
    with Wiro("key") as client, pytest.raises(InvalidInputs, match="wiro_tools has no tool"):
        client.run(tool, {}, package="wiro_tools")


@pytest.mark.parametrize("method", ["run", "submit"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tool", "a"),
        ("inputs", 5),
        ("callback_url", "x"),
        ("package", 5),
        ("previous", 5),
        ("tool_outputs", 5),
        ("max_cost", "x"),
        ("timeout", "x"),
    ],
)
def test_what_is_wrong_raises_inside_of_its_coroutine(method: str, name: str, value: Any) -> None:
    """It raises in its own coroutine, so that ``gather()`` still awaits the others."""

    async def main() -> list[Any]:
        async with AsyncWiro("key") as client:
            arguments: dict[str, Any] = {"tool": TOOL, "inputs": {"prompt": "x"}, name: value}
            bad: Coroutine[Any, Any, Any] = getattr(client, method)(**arguments)
            return [*(await asyncio.gather(bad, return_exceptions=True))]

    (error,) = asyncio.run(main())
    assert isinstance(error, WiroError)


@pytest.mark.parametrize("package", [None, 5, b"x", [], "", ".x", "no.such", "os", "a b"])
def test_what_is_no_package(package: Any) -> None:
    with (
        Wiro("key") as client,
        pytest.raises(ConfigurationError, match="no generated package"),
    ):
        client.run_tool("a/b", {}, package=package)


@pytest.mark.parametrize("file", [None, 5, [], {}, "text", object()])
def test_what_is_no_file(kit: Kit, file: Any) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.upload(file))

    with pytest.raises(InvalidInputs, match="file: "):
        kit.run(flow)
    assert kit.simulator.requests == []


@pytest.fixture
def result(instant: Simulator) -> Result:
    with Wiro(
        instant.api_key,
        instant.api_secret,
        base_url=instant.base_url,
        poll=PollSchedule.every(0.01),
    ) as client:
        return client.run(TOOL, {"prompt": "x"})


@pytest.mark.parametrize(
    "arguments",
    [
        *cases("folder", None, 5, b"x", "", "a\0b", "a\ud83d", []),
        *cases("concurrency", 0, -1, "4", 1.5, True, None),
        *cases("max_bytes", -1, "4", 1.5, True),
        {"progress": 5},
    ],
    ids=nameless,
)
def test_downloads_of_a_wrong_kind(
    result: Result, tmp_path: Path, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        cast("Any", result).download(**{"folder": tmp_path, **arguments})
    assert list(tmp_path.iterdir()) == []


LORA = LoraOption(
    value="1", label="L", triggerwords=("a",), settings=(LoraSetting(id="s", kind="float"),)
)


@pytest.mark.parametrize(
    "arguments",
    [
        *cases("words", None, 5, [5], b"a", "b"),
        *cases("scales", 5, "x", b"x", [1], {5: 1}),
        *cases("scale", "1", True, NAN, HUGE, [], DEEP, UNSHOWABLE),
    ],
    ids=nameless,
)
def test_loras_of_a_wrong_kind(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputs, match=r"^L: "):
        LORA(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"client": None},
        {"client": "x"},
        {"handler": 5},
        {"max_bytes": 0},
        {"max_bytes": "x"},
        {"remember": -1},
        {"patience": 0},
    ],
)
def test_receivers_of_a_wrong_kind(arguments: dict[str, Any]) -> None:
    made = cast("Any", CallbackReceiver)
    with Wiro("key") as client, pytest.raises(ConfigurationError):
        made(**{"client": client, **arguments})


@pytest.mark.parametrize("body", [None, 5, [], object()])
def test_a_post_that_is_no_bytes(body: Any) -> None:
    with Wiro("key") as client, pytest.raises(CallbackRefused):
        CallbackReceiver(client).receive(body)
