"""The check of ``x-api-key``, ``x-nonce`` and ``x-signature``.

Stricter than Wiro in three points where only a client with a bug would notice: a nonce is
accepted once, every header is accepted once, and a project without a secret takes no signature.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from wiro_runtime.testing.errors import ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterable

_NONCE: Final = re.compile(rb"[0-9]{1,40}")


class SignatureCheck:
    """Checks the credentials of one project; remembers every nonce that it has seen."""

    def __init__(self, api_key: str, api_secret: str | None) -> None:
        self._key = api_key.encode()
        self._secret = None if api_secret is None else api_secret.encode()
        self._seen: set[bytes] = set()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no address may hold."""
        return tuple(secret.decode() for secret in (self._key, self._secret) if secret)

    def check(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Raises :class:`ResponseError` (HTTP 401) unless the request may pass."""
        sent: dict[bytes, list[bytes]] = {b"x-api-key": [], b"x-nonce": [], b"x-signature": []}
        for name, value in headers:
            if name in sent:
                sent[name].append(value)
        if any(len(values) > 1 for values in sent.values()):
            raise _refuse("Project authorization is not valid. A header was sent twice.")
        keys, nonces, signatures = sent.values()
        if not keys or keys[0] != self._key:
            raise _refuse("Project authorization is not founded.")
        if self._secret is None:
            if nonces or signatures:
                raise _refuse(
                    "Project authorization is not valid. The project has no secret: "
                    "x-nonce and x-signature must not be sent."
                )
            return
        if not nonces or not signatures:
            raise _refuse(
                "Project requires signature authentication. "
                "x-signature and x-nonce headers are required."
            )
        nonce = nonces[0]
        if not _NONCE.fullmatch(nonce):
            raise _refuse("Project authorization is not valid. The nonce is not an integer.")
        expected = hmac.new(self._key, self._secret + nonce, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(expected, signatures[0]):
            raise _refuse("Project authorization is not valid.")
        if nonce in self._seen:
            raise _refuse("Project authorization is not valid. The nonce was used before.")
        self._seen.add(nonce)


def _refuse(message: str) -> ResponseError:
    return ResponseError(message, status=401)
