"""Runs that an agent's retry does not repeat.

A run has a key, made of its tool, its inputs and what the caller calls it, and the journal has one
submission for each key: it is recorded before the request is sent. A call that is repeated, after a
restart or by another server with the same journal, finds that submission and its task.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.errors import ConfigurationError, SubmissionUncertain
from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.mcp.files import digests
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.records import NAMED, KeyTaken
from wiro_runtime.tasks.submission import Submission
from wiro_runtime.tasks.task import AsyncTask

if TYPE_CHECKING:
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.inputs.model import ToolInputs
    from wiro_runtime.tasks.budget import Ceiling

_PATIENCE: Final = 30.0
"""Seconds to wait for one of the server's own tasks to end at the concurrency limit."""
_PAUSE: Final = 0.2
"""Seconds between two reads of a submission that another call is sending."""


async def run_key(tool: str, inputs: ToolInputs, request_id: str) -> str:
    """The key of a run in the journal. Inputs are compared as they are sent, so that an option by
    its label and the same one by its value are one run; files by their content."""
    files = await run_in_thread(lambda: digests(inputs))
    text = json.dumps([tool, inputs.wire(), request_id, files], sort_keys=True)
    return f"{NAMED}{hashlib.sha256(text.encode()).hexdigest()}"


class Runs:
    """The runs of a client, each sent once."""

    def __init__(self, client: AsyncWiro) -> None:
        """Raise :class:`ConfigurationError` for a client without a journal."""
        journal = client.service.recorder.ledger
        if not isinstance(journal, Journal):
            raise ConfigurationError(
                "runs for agents are recorded: pass journal=PATH to the client"
            )
        self._client = client
        self._journal = journal

    async def is_known(self, key: str) -> bool:
        """Whether there is a submission with this key."""
        return await run_in_thread(lambda: self._journal.find(key)) is not None

    async def submit(
        self,
        tool: str,
        inputs: ToolInputs,
        key: str,
        ceiling: Ceiling,
    ) -> tuple[AsyncTask, bool]:
        """Return the task of a run, and whether an earlier call has started it.

        Raises :class:`SubmissionUncertain` when an earlier call was sent, its response was lost,
        and no task of the account is certainly its own.
        """
        while True:
            found = await run_in_thread(lambda: self._journal.find(key))
            if found is None:
                try:
                    return await self._send(tool, inputs, key, ceiling), False
                except KeyTaken:
                    continue
            if found.state in ("accepted", "ended"):
                return self._client.task(found.task_id or found.token), True
            if found.state == "lost" or (not self._journal.is_own(found) and await self._died(key)):
                await self._settle(tool, key)
            else:
                await asyncio.sleep(_PAUSE)

    async def _send(self, tool: str, inputs: ToolInputs, key: str, ceiling: Ceiling) -> AsyncTask:
        service = self._client.service
        submission = Submission(tool, inputs, service.settings, ceiling=ceiling)
        submission.wanted_key = key
        with submission.named():
            return AsyncTask(self._client, await service.submit(submission, _PATIENCE))

    async def _died(self, key: str) -> bool:
        """Whether the process that was sending this run has ended."""
        _, lost = await run_in_thread(self._journal.unfinished)
        return any(each.key == key for each in lost)

    async def _settle(self, tool: str, key: str) -> None:
        """Find out what became of a run whose response was lost, and record it: its task, or that
        it was certainly not accepted. Raises :class:`SubmissionUncertain`."""
        settlements: dict[str, Any] = {each.lost.key: each for each in await self._client.settle()}
        settlement = settlements.get(key)
        if settlement is not None and settlement.outcome == "absent":
            await self._client.forget(settlement.lost)
        elif settlement is None or settlement.task is None:
            raise SubmissionUncertain(
                f"an earlier call of this run of {tool} was sent, its response was lost, and it "
                "cannot be told which task it became; list_tasks may have it",
                tool=tool,
                submission=key,
            )
