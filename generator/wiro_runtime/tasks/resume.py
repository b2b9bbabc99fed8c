"""What a client goes on with: unfinished tasks, and lost submissions as far as they are settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wiro_runtime.errors import ConfigurationError, WiroError
from wiro_runtime.http.api import Api
from wiro_runtime.http.logs import log
from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.tasks.listing import check_listing, list_tasks, tool_of
from wiro_runtime.tasks.settle import OTHER_KEY, Settlement, compare, convert
from wiro_runtime.tasks.state import TaskState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.journal import Journal
    from wiro_runtime.tasks.records import LostSubmission


class Resumption:
    """The journal of a client, compared with the tasks of its account."""

    def __init__(self, api: Api, journal: Journal | None) -> None:
        self._api = api
        self._journal = journal

    def tasks(self, tool: str | None, limit: int | None) -> AsyncGenerator[TaskState, None]:
        """The tasks of the account, newest first; see :func:`list_tasks`."""
        check_listing(tool, limit)
        return self._listed(tool, limit)

    async def _listed(self, tool: str | None, limit: int | None) -> AsyncGenerator[TaskState, None]:
        async for detail in list_tasks(self._api.call_idempotent, tool=tool, limit=limit):
            yield self._state(detail)

    def recorded(self, *, ended: bool) -> tuple[list[TaskState], list[LostSubmission]]:
        """What the journal alone knows to be unfinished; ``ended``: before that the last tasks that
        have ended. Waits for the disk."""
        journal = self._required("resume")
        tasks, lost = journal.unfinished()
        if ended:
            tasks = [*journal.ended_tasks(), *tasks]
        born = self._api.clock()
        return [TaskState(id=task.id, token=task.token, born=born) for task in tasks], lost

    async def resume(self, *, ended: bool) -> list[TaskState | LostSubmission]:
        """What is unfinished, with the tasks that lost submissions have become."""
        known, lost = await run_in_thread(lambda: self.recorded(ended=ended))
        try:
            settlements = await self._settle(self._required("resume"), lost)
        except WiroError as error:
            # They are lost still, which is what is known.
            log.warning("lost submissions could not be compared with your tasks: %s", error)
            return [*known, *lost]
        return [*known, *(each.task or each.lost for each in settlements)]

    async def settle(self) -> list[Settlement[TaskState]]:
        """What became of each lost submission. Those that were found are tasks in the journal from
        here on."""
        journal = self._required("settle")
        _, lost = await run_in_thread(journal.unfinished)
        return await self._settle(journal, lost)

    async def forget(self, lost: LostSubmission) -> None:
        """Take a lost submission off the journal."""
        journal = self._required("forget")
        await run_in_thread(lambda: journal.forget(lost))

    async def _settle(
        self, journal: Journal, lost: Sequence[LostSubmission]
    ) -> list[Settlement[TaskState]]:
        accounts = ("", self._api.settings.account)
        own = [each for each in lost if each.origin.account in accounts]
        found: list[Settlement[TaskState]] = [
            Settlement(lost=replace(each, reason=OTHER_KEY), outcome="ambiguous")
            for each in lost
            if each.origin.account not in accounts
        ]
        if found:
            what = "submission was" if len(found) == 1 else "submissions were"
            log.warning("%s lost %s sent with another API key, and is left", len(found), what)
        if not own:
            return found
        compared = await compare(self._api, own, lambda: run_in_thread(journal.known))
        for each in convert(compared, self._state):
            if each.task is not None:
                await self._record(journal, each.lost, each.task)
                each.task.tool = each.lost.tool
                if each.task.detail is not None and each.task.detail.terminal:
                    # Not seen to end by its user yet: wait() is to ask, and to record it.
                    each.task.detail = each.task.tool = None
            found.append(each)
        return found

    async def _record(self, journal: Journal, lost: LostSubmission, state: TaskState) -> None:
        try:
            await run_in_thread(lambda: journal.accepted(lost.key, state.id, state.token))
        except ConfigurationError as error:
            log.warning("task %s: %s", state.id, error)

    def _state(self, detail: TaskDetail) -> TaskState:
        tool = tool_of(detail) or None
        state = TaskState(id=detail.id, token=detail.token, born=self._api.clock(), tool=tool)
        state.detail = detail
        return state

    def _required(self, method: str) -> Journal:
        if self._journal is None:
            raise ConfigurationError(f"{method}() needs a journal: pass journal=PATH to the client")
        return self._journal
