"""Checked by pyright, not run: what a generated function gives for each kind of client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

from wiro_runtime import AsyncResult, AsyncTask, AsyncWiro, Event, Result, Task, Wiro
from wiro_runtime.generated import Client, ResultT, TaskT


def run(client: Client[ResultT, TaskT], *, prompt: str) -> ResultT:
    return client.run("wiro/painter", {"prompt": prompt})


def submit(client: Client[ResultT, TaskT], *, prompt: str) -> TaskT:
    return client.submit("wiro/painter", {"prompt": prompt})


def blocking(client: Wiro) -> None:
    assert_type(run(client, prompt="x"), Result)
    task = assert_type(submit(client, prompt="x"), Task)
    assert_type(task.wait(timeout=1, on_update=print), Result)
    assert_type(task.events(), Iterator[Event])
    assert_type(task.cancel(), bool)
    result = run(client, prompt="x")
    assert_type(result.download("out"), list[Path])
    assert_type(result.outputs[0].save("out/"), Path)
    assert_type(result.outputs[0].read(), bytes)


async def awaited(client: AsyncWiro) -> None:
    result = assert_type(await run(client, prompt="x"), AsyncResult)
    assert_type(await result.download("out"), list[Path])
    assert_type(await result.outputs[0].save("out/"), Path)
    assert_type(await result.outputs[0].read(), bytes)
    task = assert_type(await submit(client, prompt="x"), AsyncTask)
    assert_type(await task.wait(timeout=1, on_update=print), AsyncResult)
    assert_type(task.events(), AsyncIterator[Event])
    assert_type(await task.cancel(), bool)
