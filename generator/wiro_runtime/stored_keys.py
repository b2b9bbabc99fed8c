"""Keys that ``wiro-tools login`` keeps: in the system's keyring, or in a file that only its owner
can read.

The file ``credentials.json`` says for each profile where its key is and for which server it is: a
key is sent to no other address than the one that it was checked with. It lies in
``WIRO_CONFIG_DIR``, by default ``~/.config/wiro-tools`` (``%APPDATA%\\wiro-tools`` on Windows).
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.http.signing import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT: Final = "default"

_FILE: Final = "credentials.json"
_SERVICE: Final = "wiro-tools"
_PROFILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST: Final = 1_000_000


def config_folder() -> Path:
    """The folder of the settings of this user."""
    if given := os.environ.get("WIRO_CONFIG_DIR", "").strip():
        return Path(given)
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "wiro-tools"
    configured = os.environ.get("XDG_CONFIG_HOME", "").strip()
    base = Path(configured) if os.path.isabs(configured) else Path.home() / ".config"  # noqa: PTH117 - ""
    return base / "wiro-tools"


def profile_name() -> str:
    """The profile that is in use: ``WIRO_PROFILE``, or the default one. Raises
    :class:`ConfigurationError`."""
    return check_profile(os.environ.get("WIRO_PROFILE", "").strip() or DEFAULT)


def check_profile(name: str) -> str:
    if not _PROFILE.fullmatch(name):
        raise ConfigurationError(
            f"a profile is called by letters, digits, dots and dashes, not {name[:80]!r}"
        )
    return name


def stored_credentials(base_url: str) -> Credentials | None:
    """The key of the profile in use, if there is one for this server. Raises
    :class:`ConfigurationError` for a store that cannot be used."""
    try:
        profiles = read_profiles()
    except RuntimeError:  # no home folder at all
        return None
    profile = profile_name()
    found = profiles.get(profile)
    if found is None:
        if profile != DEFAULT:
            raise ConfigurationError(
                f"there is no profile {profile!r}; run: wiro-tools login --profile {profile}"
            )
        return None
    return _credentials(profile, found) if found.get("base_url") == base_url else None


def read_profiles() -> Mapping[str, Mapping[str, Any]]:
    """What the file says of each profile. Raises :class:`ConfigurationError`."""
    file = config_folder() / _FILE
    try:
        with file.open("rb") as opened:
            if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
                raise ConfigurationError(f"others can read {file}; run: chmod 600 {file}")
            profiles = json.loads(opened.read(_LARGEST))["profiles"]
            return {
                name: cast("Mapping[str, Any]", each)
                for name, each in profiles.items()
                if isinstance(each, dict)
            }
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"{file} cannot be read: {reason}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not as the cause: its frames hold the text of the file.
        raise ConfigurationError(f"{file} is damaged; remove it, and log in again") from None


def place_of(profile: str) -> str:
    """Where the key of a profile is kept, for messages."""
    found = read_profiles().get(profile, {})
    return "the keyring" if found.get("keyring") else str(config_folder() / _FILE)


def _credentials(profile: str, found: Mapping[str, Any]) -> Credentials:
    if found.get("keyring"):
        text = _keyring_call("get_password", profile)
        try:
            found = json.loads(text or "")
        except ValueError:
            text = None
        if text is None:
            raise ConfigurationError(
                f"the keyring has no key for the profile {profile!r}; run: wiro-tools login"
            )
    key, secret = found.get("key"), found.get("secret")
    if not isinstance(key, str) or not isinstance(secret, str | None):
        raise ConfigurationError(f"the profile {profile!r} holds no key; run: wiro-tools login")
    return Credentials(key, secret)


def store(profile: str, credentials: Credentials, base_url: str) -> str:
    """Keep a key, and return where. Raises :class:`ConfigurationError`."""
    profiles = dict(read_profiles())
    if _keyring_works():
        _keyring_call("set_password", profile, json.dumps(credentials.reveal()))
        profiles[profile] = {"base_url": base_url, "keyring": True}
    else:
        profiles[profile] = {"base_url": base_url, **credentials.reveal()}
    _write(profiles)
    return place_of(profile)


def forget(profile: str) -> bool:
    """Remove the key of a profile. False: there was none."""
    profiles = dict(read_profiles())
    found = profiles.pop(profile, None)
    if found is None:
        return False
    if found.get("keyring"):
        with suppress(ConfigurationError):  # it may have been removed there
            _keyring_call("delete_password", profile)
    _write(profiles)
    return True


def _keyring_works() -> bool:
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to load
        from keyring.backends import fail, null  # noqa: PLC0415 - as above
    except ImportError:
        return False
    return not isinstance(keyring.get_keyring(), (fail.Keyring, null.Keyring))


def _keyring_call(method: str, profile: str, *arguments: str) -> str | None:
    try:
        import keyring  # noqa: PLC0415 - an extra, and slow to load
    except ImportError:
        text = "the key is in the keyring; run: pip install 'wiro-tools[keyring]'"
        raise ConfigurationError(text) from None
    problem = ""
    try:
        return cast("str | None", getattr(keyring, method)(_SERVICE, profile, *arguments))
    except Exception as error:  # noqa: BLE001 - backends raise what they like
        problem = f"{type(error).__name__}: {error}"
    del arguments
    raise ConfigurationError(f"the keyring cannot be used ({problem})")


def _write(profiles: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the file in one step; it never exists in a form that others can read."""
    import tempfile  # noqa: PLC0415 - not needed to read

    folder = config_folder()
    problem: OSError
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made with mode 600.
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=f".{_FILE}-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({"version": 1, "profiles": profiles}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(folder / _FILE)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        problem = error
    else:
        return
    del profiles
    reason = (problem.strerror or str(problem)).lower()
    raise ConfigurationError(f"{folder / _FILE} cannot be written: {reason}")
