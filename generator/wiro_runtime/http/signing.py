"""How a request proves who sends it: ``x-api-key``, ``x-nonce`` and ``x-signature``."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, AnyStr, Final, TypedDict
from weakref import ref

from wiro_runtime.http.json_text import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Never

_SHORTEST: Final = 6
"""Characters of the shortest credential that is searched in texts; "k" is in every second word."""

_RANDOM: Final = 10**15
_LONG_KEY: Final = 16

_living: Final[dict[int, ref[Credentials]]] = {}
"""The credentials of all clients, by the id of the object, for as long as they live."""


class Revealed(TypedDict):
    """A key and its secret in the open."""

    key: str
    secret: str | None


class Credentials:
    """The key and the secret of one client. Nothing that shows or copies objects shows them.

    A project without a secret signs nothing: ``secret`` is ``None``.
    """

    __slots__ = ("__weakref__", "_key", "_secret", "_spellings")

    def __init__(self, key: str, secret: str | None) -> None:
        self._key = key
        self._secret = secret
        self._spellings = _spellings((key, secret))
        number = id(self)
        _living[number] = ref(self, lambda _gone: _living.pop(number, None))

    def __repr__(self) -> str:
        return "<credentials>"

    def __reduce__(self) -> Never:
        raise TypeError("credentials are not pickled; make a client in each process")

    @property
    def signs(self) -> bool:
        """Whether there is a secret to sign with."""
        return self._secret is not None

    @property
    def masked(self) -> str:
        """As much of the key as tells it from others."""
        key = self._key
        return f"{key[:4]}…{key[-4:]}" if len(key) >= _LONG_KEY else f"{key[:2]}…"

    def fingerprint(self, server: str) -> str:
        """What tells the key from others at ``server``, for records; a key has far too many digits
        for anyone to find it by this."""
        return hashlib.sha256(f"wiro-tools\0{server}\0{self._key}".encode()).hexdigest()[:16]

    def reveal(self) -> Revealed:
        """The key and the secret, for the store of ``wiro-tools login`` alone."""
        return {"key": self._key, "secret": self._secret}

    def headers(self) -> dict[str, str]:
        """The headers of one request, signed anew."""
        return auth_headers(self._key, self._secret)

    def redact(self, text: AnyStr) -> AnyStr:
        """``text`` with the key and the secret replaced by ``***``, in bytes also as JSON spells
        them."""
        for spelt in self._spellings:
            if isinstance(text, bytes):
                text = text.replace(spelt.encode(), b"***")
            else:
                text = text.replace(spelt, "***")
        if isinstance(text, bytes) and rb"\u00" in text:
            with suppress(ValueError):
                # Letters may be written by their numbers.
                plain = json.dumps(parse_json(text), ensure_ascii=False)
                redacted = self.redact(plain)
                text = text if redacted == plain else redacted.encode()
        return text


def _spellings(secrets: Iterable[str | None]) -> tuple[str, ...]:
    """Credentials as they stand in texts: many servers write ``\\/`` for ``/`` in JSON."""
    plain = [secret for secret in secrets if secret and len(secret) >= _SHORTEST]
    in_json = [json.dumps(secret)[1:-1] for secret in plain]
    found = {*plain, *in_json, *(each.replace("/", "\\/") for each in in_json)}
    # A longer one may hold a shorter one.
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str) -> str:
    """``text`` without the credentials of any client that lives."""
    for each in list(_living.values()):
        credentials = each()
        if credentials is not None:
            text = credentials.redact(text)
    return text


def signature(api_key: str, api_secret: str, nonce: str) -> str:
    """HMAC-SHA256 with the key over secret + nonce, in lower-case hex."""
    return hmac.digest(api_key.encode(), f"{api_secret}{nonce}".encode(), "sha256").hex()


def new_nonce() -> str:
    """An integer that no other request has: the Unix time and fifteen random digits."""
    return f"{int(time.time())}{secrets.randbelow(_RANDOM):015d}"


def auth_headers(api_key: str, api_secret: str | None) -> dict[str, str]:
    """The headers of one request; a project without a secret sends its key alone."""
    if api_secret is None:
        return {"x-api-key": api_key}
    nonce = new_nonce()
    return {
        "x-api-key": api_key,
        "x-nonce": nonce,
        "x-signature": signature(api_key, api_secret, nonce),
    }
