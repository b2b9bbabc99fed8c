"""A file that remembers every submission, so that a killed process loses no task.

It is written before a run is sent, and again when its fate is known. What is in it survives
``kill -9`` and power cuts. It holds the inputs of submissions and is readable by its owner only; it
never holds a credential. Processes may share one: what a living client is at work on is not handed
to another.

It does not grow without end: when it has become several times as long as what is still of use it is
written anew. All that is unfinished is kept, and the last thousand tasks that have ended.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.forks import renew_in_child
from wiro_runtime.tasks.detail import as_float
from wiro_runtime.tasks.presence import Presence
from wiro_runtime.tasks.shared_log import SharedLog

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterator, Mapping

log = logging.getLogger("wiro_runtime")

_ENDED: Final = 1000
"""Ended tasks that are remembered."""

_SMALL: Final = 256 * 1024
"""Bytes below which a journal is left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSubmission:
    """A run that was sent, or was about to be, when its process ended or its connection broke:
    Wiro may have accepted it, and may bill it. ``at`` is when, in Unix seconds; ``inputs`` is
    what was sent, files by their names."""

    key: str
    tool: str
    inputs: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A task that was accepted and has not been seen to end."""

    id: str
    token: str
    tool: str


class _Known:
    """What the lines of a journal come to. ``owner`` is the client that is at work on a
    submission, by its key, or on a task, by its id."""

    def __init__(self) -> None:
        self.lost: dict[str, LostSubmission] = {}
        self.open: dict[str, OpenTask] = {}
        self.ended: OrderedDict[str, OpenTask] = OrderedDict()
        self.owner: dict[str, str] = {}

    def take(self, entry: Mapping[str, Any]) -> None:
        """Account for one line. One that is of no known kind is passed over."""
        key, task = _text(entry, "submission"), _text(entry, "task")
        match entry.get("event"):
            case "submitting":
                inputs = entry.get("inputs")
                self.lost[key] = LostSubmission(
                    key=key,
                    tool=_text(entry, "tool"),
                    inputs=cast("dict[str, Any]", inputs) if isinstance(inputs, dict) else {},
                    at=as_float(entry.get("at")) or 0.0,
                )
                self.owner[key] = _text(entry, "by")
            case "accepted":
                lost = self.lost.pop(key, None)
                owner = self.owner.pop(key, "")
                name = task or _text(entry, "token")
                self.open[name] = _task(entry, tool=lost.tool if lost else _text(entry, "tool"))
                self.owner[name] = _text(entry, "by") or owner
            case "settled":
                self.lost.pop(key, None)
                self.owner.pop(key, None)
            case "ended":
                found = self.open.pop(task, None)
                if found is None and "id" in entry:
                    found = _task({**entry, "task": entry["id"]}, tool=_text(entry, "tool"))
                if found is not None:
                    self.owner.pop(task, None)
                    self.ended[task] = found
                    if len(self.ended) > _ENDED:
                        self.ended.popitem(last=False)
            case "taken":
                for name in (*_names(entry, "tasks"), *_names(entry, "submissions")):
                    if name in self.open or name in self.lost:
                        self.owner[name] = _text(entry, "by")
            case _:
                log.warning("a line of the journal is of no known kind")

    def lines(self) -> Generator[dict[str, Any], None, None]:
        """Lines that come to the same."""
        for name, task in self.ended.items():
            yield {"event": "ended", "task": name, "id": task.id, **_about(task)}
        for name, task in self.open.items():
            by = self.owner.get(name, "")
            yield {"event": "accepted", "task": task.id, "by": by, **_about(task)}
        for key, lost in self.lost.items():
            yield _submitting(lost, self.owner.get(key, ""))


class Journal:
    """The journal at ``path``, made when missing. Raises :class:`ConfigurationError` when it
    cannot be read or written."""

    def __init__(self, path: str | os.PathLike[str], *, small: int = _SMALL) -> None:
        self._log = SharedLog(path)
        self.path = self._log.path
        self._presence = Presence(self.path)
        self._known = _Known()
        self._flying: set[str] = set()
        self._small = self._limit = small
        renew_in_child(self)
        with self._log.locked():
            self._catch_up()
            self._presence.sweep()

    def renew(self) -> None:
        """A forked child has sent nothing yet."""
        self._flying = set()

    def close(self) -> None:
        try:
            with self._log.locked():
                self._presence.leave()
        except ConfigurationError:
            # Closed already, or not to be locked: whoever looks finds the lock released.
            self._presence.leave()
        self._log.close()

    def begin(self, tool: str, inputs: Mapping[str, Any]) -> str:
        """Record that a run is about to be sent; gives the key of the entry."""
        lost = LostSubmission(key=secrets.token_hex(8), tool=tool, inputs=inputs, at=time.time())
        with self._log.locked():
            self._catch_up()
            self._write(_submitting(lost, self._presence.name))
            self._flying.add(lost.key)
        return lost.key

    def accepted(self, key: str, task_id: str, token: str) -> None:
        """Record the task that a submission became."""
        entry = {"submission": key, "event": "accepted", "task": task_id}
        with self._log.locked():
            self._catch_up()
            self._write(entry if task_id else {**entry, "token": token})
            self._flying.discard(key)

    def settled(self, key: str, reason: str) -> None:
        """Record that a submission became no task, or that its user knows what became of it."""
        with self._log.locked():
            self._catch_up()
            self._write({"submission": key, "event": "settled", "reason": reason})
            self._flying.discard(key)

    def uncertain(self, key: str) -> None:
        """The request of this submission is not under way any more, and nobody knows its fate."""
        self._flying.discard(key)

    def ended(self, status: str, task_id: str, token: str = "") -> None:
        """Record that a task has been seen to end; a task of others is none of the journal's."""
        with self._log.locked():
            self._catch_up()
            for name in (task_id, token):
                if name in self._known.open:
                    # Losing this line costs one look at an ended task: no need to wait for it.
                    entry = {"event": "ended", "task": name, "status": status}
                    self._write(entry, sync=False)
                    return

    def resume(self) -> tuple[list[OpenTask], list[LostSubmission]]:
        """The tasks that have not been seen to end and the submissions whose fate nobody knows:
        this client's own, and those of clients that are gone, which are this one's from now on."""
        with self._log.locked():
            self._catch_up()
            known = self._known
            dead = {by for by in set(known.owner.values()) if not self._presence.is_alive(by)}
            gone = [name for name, by in known.owner.items() if by in dead]
            if gone:
                self._write(
                    {
                        "event": "taken",
                        "by": self._presence.name,
                        "tasks": [name for name in gone if name in known.open],
                        "submissions": [name for name in gone if name in known.lost],
                    },
                    sync=False,
                )
            mine = {name for name, by in known.owner.items() if self._presence.is_me(by)}
            lost = [each for key, each in known.lost.items() if key in mine - self._flying]
            return [task for name, task in known.open.items() if name in mine], lost

    def ended_tasks(self) -> list[OpenTask]:
        """The last tasks that have been seen to end, by whichever client."""
        with self._log.locked():
            self._catch_up()
            return list(self._known.ended.values())

    def _catch_up(self) -> None:
        """Learn what others have written, or all anew when one has compacted the file."""
        if self._log.from_the_beginning:
            self._known = _Known()
        for entry in self._log.news():
            self._known.take(entry)

    def _write(self, entry: Mapping[str, Any], *, sync: bool = True) -> None:
        self._log.append(entry, sync=sync)
        self._known.take(entry)
        if self._log.size < self._limit:
            return
        try:
            self._log.replace(self._known.lines())
            self._catch_up()
        except ConfigurationError as error:
            # What had to be written has been.
            log.warning("%s", error)
        self._limit = max(self._small, 2 * self._log.size)


def _submitting(lost: LostSubmission, by: str) -> dict[str, Any]:
    entry = {"submission": lost.key, "event": "submitting", "tool": lost.tool}
    return {**entry, "inputs": lost.inputs, "at": lost.at, "by": by}


def _task(entry: Mapping[str, Any], *, tool: str) -> OpenTask:
    return OpenTask(id=_text(entry, "task"), token=_text(entry, "token"), tool=tool)


def _about(task: OpenTask) -> dict[str, str]:
    return {"tool": task.tool, **({"token": task.token} if task.token else {})}


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _names(entry: Mapping[str, Any], name: str) -> Iterator[str]:
    value = entry.get(name)
    for item in cast("list[object]", value) if isinstance(value, list) else []:
        if isinstance(item, str):
            yield item
