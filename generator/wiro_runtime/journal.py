"""A file that remembers every submission, so that a killed process loses no task.

One JSON object a line, appended and flushed to the disk: before a run is sent, and again when its
fate is known. What is in the file is what survives ``kill -9`` and power cuts. It holds the inputs
of submissions and is readable by its owner only; it never holds a credential.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wiro_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("wiro_runtime")


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


class Journal:
    """The journal at ``path``, made when missing. Only one client at a time may use it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._lost: dict[str, LostSubmission] = {}
        self._open: dict[str, OpenTask] = {}
        self._ended: dict[str, OpenTask] = {}
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._file = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise ConfigurationError(f"cannot open the journal {path}: {error.strerror}") from None
        try:
            self._claim()
            self._load()
        except BaseException:
            os.close(self._file)
            raise
        self._closed = False

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                os.close(self._file)

    def begin(self, tool: str, inputs: Mapping[str, Any]) -> str:
        """Record that a run is about to be sent; gives the key of the entry."""
        lost = LostSubmission(key=secrets.token_hex(8), tool=tool, inputs=inputs, at=time.time())
        entry = {"event": "submitting", "tool": tool, "inputs": inputs, "at": lost.at}
        with self._lock:
            self._write(lost.key, entry)
            self._lost[lost.key] = lost
        return lost.key

    def accepted(self, key: str, task_id: str, token: str) -> None:
        """Record the task that a submission became."""
        entry = {"event": "accepted", "task": task_id, **({} if task_id else {"token": token})}
        with self._lock:
            self._write(key, entry)
            self._take(key, task_id, token)

    def uncertain(self, key: str) -> None:
        """The request of this submission is not under way any more, and nobody knows its fate."""

    def settled(self, key: str, reason: str) -> None:
        """Record that a submission became no task, or that its user knows what became of it."""
        with self._lock:
            self._write(key, {"event": "settled", "reason": reason})
            self._lost.pop(key, None)

    def ended(self, status: str, task_id: str, token: str = "") -> None:
        """Record that a task has been seen to end; a task of others is none of the journal's."""
        with self._lock:
            task = self._open.pop(task_id, None)
            if task is None:
                task_id, task = token, self._open.pop(token, None)
            if task is not None:
                self._ended[task_id] = task
                # Losing this line costs one look at an ended task: no need to wait for the disk.
                self._write("", {"event": "ended", "task": task_id, "status": status}, sync=False)

    def tasks(self, *, ended: bool = False) -> list[OpenTask]:
        """The tasks that have not been seen to end, and those that have when ``ended``."""
        with self._lock:
            return [*(self._ended.values() if ended else ()), *self._open.values()]

    def lost(self) -> list[LostSubmission]:
        """The submissions whose fate nobody knows."""
        with self._lock:
            return list(self._lost.values())

    def _write(self, key: str, entry: Mapping[str, Any], *, sync: bool = True) -> None:
        if self._closed:
            raise ConfigurationError(f"the journal {self.path} is closed")
        line = json.dumps({**({"submission": key} if key else {}), **entry}) + "\n"
        data = line.encode()
        try:
            while data:
                data = data[os.write(self._file, data) :]
            if sync:
                os.fsync(self._file)
        except OSError as error:
            raise ConfigurationError(
                f"cannot write the journal {self.path}: {error.strerror}"
            ) from error

    def _claim(self) -> None:
        try:
            import fcntl  # noqa: PLC0415 - not on every system
        except ImportError:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"the journal {self.path} is in use by another client; give each its own"
            ) from None

    def _load(self) -> None:
        data = self.path.read_bytes()
        for line in data.splitlines():
            try:
                parsed: object = json.loads(line)
            except (ValueError, RecursionError):
                # The line that was being written when the process was killed.
                log.warning("a line of the journal %s is cut", self.path)
                continue
            if isinstance(parsed, dict):
                self._replay(cast("dict[str, Any]", parsed))
        if data and not data.endswith(b"\n"):
            os.write(self._file, b"\n")
        elif not data:
            # The file itself has to survive too.
            with suppress(OSError):
                folder = os.open(self.path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)

    def _replay(self, entry: dict[str, Any]) -> None:
        key, task_id = str(entry.get("submission", "")), str(entry.get("task", ""))
        match entry.get("event"):
            case "submitting":
                inputs = entry.get("inputs")
                self._lost[key] = LostSubmission(
                    key=key,
                    tool=str(entry.get("tool", "")),
                    inputs=cast("dict[str, Any]", inputs) if isinstance(inputs, dict) else {},
                    at=float(entry.get("at") or 0),
                )
            case "accepted":
                self._take(key, task_id, str(entry.get("token", "")))
            case "settled":
                self._lost.pop(key, None)
            case "ended":
                task = self._open.pop(task_id, None)
                if task is not None:
                    self._ended[task_id] = task
            case _:
                log.warning("a line of the journal %s is of no known kind", self.path)

    def _take(self, key: str, task_id: str, token: str) -> None:
        lost = self._lost.pop(key, None)
        task = OpenTask(id=task_id, token=token, tool=lost.tool if lost else "")
        self._open[task_id or token] = task
