"""How a request proves who sends it: ``x-api-key``, ``x-nonce`` and ``x-signature``."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from functools import cache
from typing import TYPE_CHECKING, AnyStr, Final, TypedDict
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Never

_SHORTEST: Final = 6
"""Characters of the shortest credential that is searched in texts; "k" is in every second word."""

_ESCAPED: Final = re.compile(rb"\\(?:/|\\|u00[2-7][0-9a-fA-F])")
"""Characters that a credential may have, as JSON can spell them."""

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

    __slots__ = ("__weakref__", "_key", "_secret")

    def __init__(self, key: str, secret: str | None) -> None:
        self._key = key
        self._secret = secret
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
        them: many servers write ``\\/`` for ``/``."""
        if isinstance(text, bytes):
            text = self._redact_json(text)
        for secret in self._searched():
            if isinstance(text, bytes):
                text = text.replace(secret.encode(), b"***")
            else:
                text = text.replace(secret, "***")
        return text

    def _searched(self) -> Iterator[str]:
        for secret in (self._key, self._secret):
            if secret and len(secret) >= _SHORTEST:
                yield secret

    def _may_be_in(self, data: bytes) -> bool:
        """Whether a credential may be in JSON. To spell each escape of a body of 24 MB would hold
        up the event loop for half a minute."""
        # A backslash that stands for itself begins no escape; JSON holds no NUL.
        data = data.replace(rb"\\", b"\0")
        searched = [secret.replace("\\", "\0") for secret in self._searched()]
        if rb"\u00" in data:
            for char in set("".join(searched)):
                code = ord("\\" if char == "\0" else char)
                for spelt in {f"{code:04x}", f"{code:04X}"}:
                    data = data.replace(f"\\u{spelt}".encode(), char.encode())
        data = data.replace(rb"\/", b"/").replace(rb"\"", b'"')
        return any(secret.encode() in data for secret in searched)

    def _redact_json(self, data: bytes) -> bytes:
        if not self._may_be_in(data):
            return data
        spelt = _ESCAPED.sub(lambda escaped: _spell(escaped[0]), data)
        redacted = spelt
        for secret in self._searched():
            redacted = redacted.replace(json.dumps(secret)[1:-1].encode(), b"***")
        return data if redacted == spelt else redacted


@cache  # A body may be millions of escapes, of which there are some hundred.
def _spell(escaped: bytes) -> bytes:
    """An escape as Python's JSON spells it, which for most characters is none."""
    return json.dumps(json.loads(b'"%s"' % escaped))[1:-1].encode()


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
