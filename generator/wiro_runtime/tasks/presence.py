"""Who is alive: each client that submits holds a lock for as long as its process lives.

The lock is on a file of its own beside the journal, ``.NAME.CLIENT.alive``. The system lets go of
it when the process ends, however it ends. Without such locks (Windows) nobody else counts as
alive.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from glob import escape
from typing import TYPE_CHECKING

from wiro_runtime.forks import renew_in_child

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None

if TYPE_CHECKING:
    from pathlib import Path


class Presence:
    """That of one client. Every method is to be called with the journal locked."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._name = ""
        self._file = -1
        renew_in_child(self)

    def renew(self) -> None:
        """A forked child is somebody else."""
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
        self._file, self._name = -1, ""

    @property
    def name(self) -> str:
        """This client's name; it is alive from here on."""
        if not self._name:
            name = secrets.token_hex(6)
            if fcntl is not None:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
                # Without a place for it, tasks count as abandoned a little early: no harm done.
                with suppress(OSError):
                    self._file = os.open(self._path(name), flags, 0o600)
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._name = name
        return self._name

    def is_me(self, name: str) -> bool:
        return bool(name) and name == self._name

    def is_alive(self, name: str) -> bool:
        """Whether the client called ``name`` is; what the dead left behind is removed."""
        if self.is_me(name):
            return True
        return bool(name) and name.isalnum() and self._is_held(self._path(name))

    def sweep(self) -> None:
        """Remove what the dead left behind."""
        with suppress(OSError):
            for path in self._journal.parent.glob(escape(f".{self._journal.name}.") + "*.alive"):
                self._is_held(path)

    def leave(self) -> None:
        if self._file >= 0:
            with suppress(OSError):
                self._path(self._name).unlink()
            os.close(self._file)
        self._file, self._name = -1, ""

    def _is_held(self, path: Path) -> bool:
        if fcntl is None:  # pragma: no cover - see above
            return False
        try:
            file = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            with suppress(OSError):
                path.unlink()
            return False
        finally:
            os.close(file)

    def _path(self, name: str) -> Path:
        return self._journal.with_name(f".{self._journal.name}.{name}.alive")
