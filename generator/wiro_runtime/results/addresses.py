"""Which addresses of outputs, and redirects from there, are fetched.

An address in an output is text from a server. It must not make this computer send a request to
itself or into its own network, nor fetch a paid file without encryption. So a client that talks
to Wiro over https fetches over https alone, from hosts with a public name: over https a name that
an attacker points at a private number is of no use, because no certificate there fits it. Numbers
have no such protection and are refused in every spelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.inputs.messages import shown

_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_PRIVATE: Final = r"\d|(localhost|localdomain|local|internal)$"
_PUBLIC: Final = re.compile(rf"({_LABEL}\.)+(?!{_PRIVATE}){_LABEL}")
"""Two labels or more; a last one that begins with a digit makes it a number."""


def check_address(url: str, *, local: bool, allow_hosts: frozenset[str]) -> str:
    """Return ``url`` as it is to be requested. Raises :class:`ValueError` with the reason when it
    must not be.

    ``local``: the client talks to a simulator over http, where every host is fetched from.
    """
    import httpx2  # noqa: PLC0415 - a result can be used without a network

    try:
        # The parser of those who connect: two parsers can see two hosts in one text. A request is
        # made of it, because that reads more of the host.
        parsed = httpx2.Request("GET", url).url
    except (httpx2.InvalidURL, UnicodeError, TypeError):
        raise ValueError("not an address") from None
    host = _plain(parsed.raw_host.decode("ascii", "replace"))
    if parsed.scheme not in ("http", "https") or not _is_host(host):
        raise ValueError("not an http(s) address of a host")
    if parsed.userinfo or not 0 < (1 if parsed.port is None else parsed.port) < 2**16:
        raise ValueError("an address with a user name or an impossible port")
    if local or host in allow_hosts:
        return str(parsed)
    hint = f"allow_hosts=[{host!r}] permits it"
    if parsed.scheme != "https":
        raise ValueError(f"files are fetched over https only ({hint})")
    if not _PUBLIC.fullmatch(host):
        raise ValueError(f"{host} is not a public host name ({hint})")
    return str(parsed)


def host_set(hosts: Iterable[str]) -> frozenset[str]:
    """``allow_hosts`` as it is compared. Raises :class:`ConfigurationError`."""
    given: list[object] = [hosts]
    if isinstance(hosts, Iterable) and not isinstance(hosts, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        given = list(hosts)
    plain: set[str] = set()
    for host in given:
        if not isinstance(host, str) or not _is_host(_plain(host)):
            raise ConfigurationError(
                f"allow_hosts holds names or numbers of hosts, without scheme and port, not "
                f"{shown(host)}"
            )
        plain.add(_plain(host))
    return frozenset(plain)


def _plain(host: str) -> str:
    return host.lower().removeprefix("[").removesuffix("]").removesuffix(".")


def _is_host(host: str) -> bool:
    if _NAME.fullmatch(host):
        return len(host) < 254
    try:
        return bool(ip_address(host))
    except ValueError:
        return False
