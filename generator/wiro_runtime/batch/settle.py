"""What became of uncertain rows, by comparison with the tasks of the account."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wiro_runtime.tasks.records import LostSubmission
from wiro_runtime.tasks.settle import GRACE, OTHER_KEY, match, since

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wiro_runtime.batch.store import Intent, Store
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.settle import Settlement

_REASON: Final = "its response is lost; no task of the account is certainly it, and several may be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How many uncertain rows are tasks now, were certainly not accepted and are pending again, or
    are uncertain still, ``others`` of them because another API key has sent them; ``candidates``
    are the tasks that each of the rest may be, by row."""

    found: int = 0
    absent: int = 0
    uncertain: int = 0
    others: int = 0
    candidates: tuple[tuple[int, tuple[str, ...]], ...] = ()


async def settle(store: Store, client: AsyncWiro, tool: str) -> Settled:
    """Compare the uncertain rows with Wiro's list of tasks. Nothing is sent."""
    account = client.service.api.settings.account
    intents = await store.database.call(store.intents, "uncertain")
    own = ("", account)  # An earlier version has not recorded it.
    others = [each for each in intents if each.origin.account not in own]
    for each in others:
        await store.database.call(store.note, each.row, OTHER_KEY)
    lost = [each for each in intents if each.origin.account in own]
    if not lost:
        return Settled(uncertain=len(others), others=len(others))
    found = await _compare(store, client, tool, lost)
    absent = [each.lost.until or each.lost.at for each in found if each.outcome == "absent"]
    left = max(absent, default=0.0) + GRACE - time.time()
    if left > 0:
        # A request that was given up just now may still arrive.
        await asyncio.sleep(min(left, GRACE))
        found = await _compare(store, client, tool, lost)
    candidates: list[tuple[int, tuple[str, ...]]] = []
    counts = {"found": 0, "absent": 0, "ambiguous": 0}
    for intent, settlement in zip(lost, found, strict=True):
        row, task = intent.row, settlement.task
        counts[settlement.outcome] += 1
        if task is not None:
            await store.database.call(store.accepted, row.id, row.attempt, task.id, task.token)
        elif settlement.outcome == "absent":
            await store.database.call(store.withdraw, intent)
        else:
            tasks = tuple(each.id for each in settlement.candidates)
            candidates.append((row.row, tasks))
            await store.database.call(store.note, row, f"{_REASON}: {', '.join(tasks[:5])}")
    return Settled(
        found=counts["found"],
        absent=counts["absent"],
        uncertain=counts["ambiguous"] + len(others),
        others=len(others),
        candidates=tuple(candidates),
    )


async def _compare(
    store: Store, client: AsyncWiro, tool: str, lost: Sequence[Intent]
) -> list[Settlement[TaskDetail]]:
    records = [_lost(tool, each) for each in lost]
    api = client.service.api
    before = await store.database.call(store.intents, "sending")
    details: list[TaskDetail] = []
    first = since(records, api.skew)
    async for task in client.tasks():
        detail = task.detail
        if detail is None:
            continue
        if detail.created is not None and detail.created < first:
            break
        details.append(detail)
    # After the list, so that a task which was accepted meanwhile is known.
    known = await store.database.call(store.known_tasks)
    after = await store.database.call(store.intents, "sending")
    unknown = [each for each in details if not {each.id, each.token} & known]
    sending = {each.nonce: _lost(tool, each) for each in (*before, *after)}
    return match(records, unknown, list(sending.values()), api.skew)


def _lost(tool: str, intent: Intent) -> LostSubmission:
    row = intent.row
    return LostSubmission(
        key=intent.nonce,
        tool=tool,
        inputs=row.body,
        at=row.sent_at or 0.0,
        until=row.until,
        origin=intent.origin,
    )
