"""What became of uncertain rows, by comparison with the tasks of the account."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wiro_runtime.tasks.records import LostSubmission
from wiro_runtime.tasks.settle import OTHER_KEY, compare

if TYPE_CHECKING:
    from wiro_runtime.batch.store import Intent, Store
    from wiro_runtime.client import AsyncWiro

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

    async def known() -> tuple[set[str], list[LostSubmission]]:
        tasks = await store.database.call(store.known_tasks)
        sending = await store.database.call(store.intents, "sending")
        return tasks, [_lost(tool, each) for each in sending]

    found = await compare(client.service.api, [_lost(tool, each) for each in lost], known)
    candidates: list[tuple[int, tuple[str, ...]]] = []
    counts = Counter(each.outcome for each in found)
    for intent, settlement in zip(lost, found, strict=True):
        row, task = intent.row, settlement.task
        if task is not None:
            await store.database.call(store.accepted, row, task.id, task.token)
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


def _lost(tool: str, intent: Intent) -> LostSubmission:
    row = intent.row
    return LostSubmission(
        key=intent.nonce,
        tool=tool,
        inputs=row.body,
        at=intent.at,
        until=intent.until,
        origin=intent.origin,
    )
