"""The cache: results by a hash of what they depend on, so that nothing is parsed or rendered twice.

Entries lie in the user's own cache folder (``WIROGEN_CACHE``, else ``XDG_CACHE_HOME/wirogen`` or
``~/.cache/wirogen``), never in a project, because they are pickles and only what this user wrote
may be loaded. A key holds everything that a result depends on, the generator itself included, so
an entry is right or it is not found. Without a folder to write to, everything is worked out anew.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import wirogen
from wirogen.common.files import read_whole, write_file

_SHAPING: Final = ("black", "datamodel-code-generator", "jinja2")
_KEPT_FOR: Final = 30 * 24 * 3600.0
_HASH: Final = hashlib.sha256().digest_size


class Cache:
    """Results by kind and key. Without a ``folder``, nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(self, kind: str, key: str) -> Any:
        """Return the result, or ``None`` where there is none or it is damaged."""
        path = self._path(kind, key)
        if path is None:
            return None
        try:
            data = read_whole(path)
            result = memoryview(data)[_HASH:]
            if hashlib.sha256(result).digest() != data[:_HASH]:
                return None
            return pickle.loads(result)  # noqa: S301 - the user's own cache folder
        except Exception:  # noqa: BLE001 - a damaged entry is made anew
            return None

    def put(self, kind: str, key: str, value: object) -> None:
        """Write a result. Where that fails, nothing more is kept."""
        path = self._path(kind, key)
        if path is None:
            return
        data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            write_file(path, hashlib.sha256(data).digest() + data)
        except OSError:
            self._folder = None

    def prune(self) -> None:
        """Remove entries that were not read for a month."""
        if self._folder is None or not self._folder.is_dir():
            return
        stamp = self._folder / "pruned"
        now = time.time()
        try:
            if stamp.exists() and now - stamp.stat().st_mtime < _KEPT_FOR / 30:
                return
            for path in self._folder.rglob("*"):
                if path.is_file() and now - max(path.stat()[7:9]) > _KEPT_FOR:
                    path.unlink(missing_ok=True)
            stamp.touch()
        except OSError:
            return

    def _path(self, kind: str, key: str) -> Path | None:
        return None if self._folder is None else self._folder / kind / key[:2] / key


def default_cache() -> Cache:
    """The user's own, unless ``WIROGEN_CACHE`` is set to nothing."""
    given = os.environ.get("WIROGEN_CACHE")
    if given is not None:
        return _cache_in(Path(given) if given else None)
    # The XDG specification has relative paths ignored.
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        home = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return _cache_in(None)
    return _cache_in(home / "wirogen")


_cache_in: Final = cache(Cache)
"""The one cache of this process in a folder: where writing has failed once, it fails for all."""


def key_of(*parts: str | bytes) -> str:
    """Return the key of a result that depends on ``parts`` and on the code of the generator."""
    digest = hashlib.sha256(generator_fingerprint().encode())
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@cache
def generator_fingerprint() -> str:
    """A hash of the generator's own code and data, of the libraries that shape its output and of
    Python."""
    digest = hashlib.sha256(repr((sys.version_info[:2], shaping_libraries())).encode())
    package = Path(wirogen.__file__).parent
    for path in sorted(
        [*package.rglob("*.py"), *package.rglob("*.yaml"), *package.rglob("*.toml")]
    ):
        digest.update(path.relative_to(package).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def shaping_libraries() -> dict[str, str]:
    """Return the versions of the libraries that shape generated text."""
    return {name: version(name) for name in _SHAPING}
