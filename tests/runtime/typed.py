"""Checked by pyright, not run: what a generated function gives for each kind of client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

from wiro_runtime import AsyncTask, AsyncWiro, Event, Result, Task, Wiro
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
    assert_type(run(client, prompt="x").download("out"), list[Path])


async def awaited(client: AsyncWiro) -> None:
    assert_type(await run(client, prompt="x"), Result)
    task = assert_type(await submit(client, prompt="x"), AsyncTask)
    assert_type(await task.wait(timeout=1, on_update=print), Result)
    assert_type(task.events(), AsyncIterator[Event])
    assert_type(await task.cancel(), bool)
