"""The file of a journal: opening it, and reading what an older version wrote."""

from __future__ import annotations

import errno
import json
import os
import platform
import secrets
import sqlite3
import stat
import sys
import threading
import time
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.http.json_values import as_float
from wiro_runtime.tasks.journal_schema import (
    APPLICATION,
    INSERT,
    INSERT_INPUTS,
    SCHEMA,
    UPGRADE,
    VERSION,
    Row,
    storable,
)

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BUSY: Final = 10.0
"""Seconds to wait for another client that writes: each does for some milliseconds."""

_opening: Final = threading.RLock()
"""Held while a file is created, opened or converted in this process."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database at ``path``, made when missing, or raise :class:`ConfigurationError`."""
    try:
        with _opening:
            create_file(path)
            found = path.stat()
            try:
                return _connect(path)
            except sqlite3.DatabaseError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                    raise
                # Unless another client has converted it meanwhile.
                if os.path.samestat(found, path.stat()):
                    _convert(path)
                return _connect(path)
    except (OSError, sqlite3.Error) as error:
        raise failed("open", path, error) from error


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY, isolation_level=None, check_same_thread=False)
    try:
        _check_schema(db, path)
        _create(db)
        _write_ahead(db)
        db.create_function("is_running", 1, _is_running)
    except BaseException:
        db.close()
        raise
    return db


def failed(what: str, path: Path, error: OSError | sqlite3.Error) -> ConfigurationError:
    """The error to raise when the journal cannot be read, written or opened."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        reason = f"it has been locked for {_BUSY:g} s by a process that does not go on"
    elif code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        reason = "it is damaged; move it away to begin a new one"
    elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        reason = f"{reason}; its folder must be writable, too"
    return ConfigurationError(f"cannot {what} the journal {path}: {reason}")


def identity(path: Path) -> tuple[int, ...] | None:
    """Numbers that change when the file is replaced; ``None`` when it is missing or empty."""
    log = 0
    try:
        found = os.stat(path)  # noqa: PTH116 - quicker, and called for each write
        with suppress(FileNotFoundError):
            log = os.stat(f"{path}-wal").st_ino  # noqa: PTH116 - as above
    except OSError:
        return None
    return (found.st_dev, found.st_ino, log) if found.st_size else None


def remove_remains(path: Path) -> None:
    """Remove what SQLite keeps beside a database that has been removed or emptied: it must not be
    taken for that of the next one."""
    with suppress(OSError):
        if path.exists() and path.stat().st_size:
            return
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)


@cache
def place() -> str:
    """The name of the set of processes among which a process id means one process."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _is_running(pid: int) -> bool:
    """Whether there is a process with this id here; true where the system cannot tell."""
    # On Windows os.kill() would end the process.
    if os.name == "posix":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except (OSError, OverflowError):
            pass
    return True


def create_file(path: Path) -> None:
    """Create the file of a database for its owner's eyes only.

    One that is there is not opened: SQLite holds locks by process, and all that this process has on
    a file end when any descriptor of it is closed. Another process would take the database for one
    that is not in use, and both would damage it.
    """
    with _opening:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, "it is not a regular file") from None
            if mode & 0o077:
                with suppress(OSError):
                    path.chmod(0o600)


def _check_schema(db: sqlite3.Connection, path: Path) -> None:
    # In one transaction: between two reads another client may create the tables.
    with db:
        db.execute("BEGIN")
        (application,) = db.execute("PRAGMA application_id").fetchone()
        version = _version(db)
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (application or version or tables) and application != APPLICATION:
        raise ConfigurationError(f"cannot open the journal {path}: it is another database")
    if version > VERSION:
        raise ConfigurationError(
            f"cannot open the journal {path}: a newer wiro-tools wrote it (schema {version}, "
            f"this one knows {VERSION}); upgrade wiro-tools"
        )


def _version(db: sqlite3.Connection) -> int:
    """The version of the schema; 0 when nothing has been created."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _create(db: sqlite3.Connection, rows: Sequence[Row] = ()) -> None:
    """Create what is missing of the schema; ``rows`` are the submissions of an older file."""
    if _version(db) == VERSION:
        return
    # A record is short, and each write takes whole pages; smaller ones would be more of them.
    db.execute("PRAGMA page_size = 2048")
    with db:
        db.execute("BEGIN IMMEDIATE")
        version = _version(db)
        if version == VERSION:
            # Another client was quicker.
            return
        for statement in (*UPGRADE, *SCHEMA) if version else SCHEMA:
            db.execute(statement)
        if rows:
            db.executemany(INSERT, map(vars, rows))
            db.executemany(INSERT_INPUTS, map(vars, rows))
            # An older file does not say when its tasks ended and what they cost.
            db.execute("DELETE FROM spending")


def _write_ahead(db: sqlite3.Connection) -> None:
    until = time.monotonic() + _BUSY
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            # Opens the write-ahead log, which `identity` needs.
            db.execute("SELECT count(*) FROM clients").fetchone()
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself here, while another client does the same.
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
            time.sleep(0.005)
        else:
            return


# The older format: JSON objects, one a line.


def _convert(path: Path) -> None:
    """Put a database in the place of the JSON lines at ``path``, with all that they hold."""
    with path.open("rb") as file:
        if sys.platform != "win32":
            # As the older version does for each line that it writes.
            fcntl.flock(file, fcntl.LOCK_EX)
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return
        data = file.read()
        if data.startswith(b"SQLite format 3\x00"):
            # A database that is damaged.
            return
        rows = _replay(data, path)
        new = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        try:
            os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(new, isolation_level=None)) as db:
                _create(db, rows)
            if sys.platform == "win32":  # It replaces no open file.
                file.close()
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def _replay(data: bytes, path: Path) -> list[Row]:
    """The rows that the lines come to. Odd lines are passed over, unless all of them are."""
    rows: dict[str, Row] = {}
    of_task: dict[str, str] = {}
    # The only line may be one that its process could not finish.
    known = data.startswith(b'{"submission": "') or not data.strip()
    for number, line in enumerate(data.split(b"\n")):
        entry = _parsed(line)
        # Without a key: a line of a file that was written anew.
        key = _text(entry, "submission") or f"line-{number:08}"
        task, token, tool = _text(entry, "task"), _text(entry, "token"), _text(entry, "tool")
        match entry.get("event"):
            case "submitting":
                inputs = entry.get("inputs")
                text = json.dumps(inputs if isinstance(inputs, dict) else {})
                at = as_float(entry.get("at")) or 0.0
                rows[key] = Row(key, tool, at, state="lost", inputs=text)
            case "accepted":
                row = rows.setdefault(key, Row(key, tool, 0.0))
                row.state, row.task_id, row.token = "accepted", task, token
                of_task[task or token] = key
            case "settled":
                rows.pop(key, None)
            case "ended":
                if "id" in entry:
                    rows[key] = Row(key, tool, 0.0, task_id=_text(entry, "id"), token=token)
                ended = rows.get(key if "id" in entry else of_task.get(task, ""))
                if ended is not None:
                    ended.state, ended.ended_at = "ended", float(number)
            case "taken":
                pass
            case _:
                continue
        known = True
    if not known:
        raise ConfigurationError(f"cannot open the journal {path}: it is not a journal")
    return list(rows.values())


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return storable(value) if isinstance(value, str) else ""
