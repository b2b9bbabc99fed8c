"""Which proxy a request takes: one reading of the environment for HTTP and WebSockets."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from importlib.util import find_spec
from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from wiro_runtime.errors import ConfigurationError

_SCHEMES: Final = {"ws": "http", "wss": "https"}
_PORTS: Final = {"http": 80, "https": 443}


class Proxies:
    """The proxies of the environment at the moment of construction: ``http_proxy``,
    ``https_proxy``, ``all_proxy`` and ``no_proxy``, in capitals too, and those of the system.

    ``no_proxy`` lists hosts (``wiro.ai`` with everything below it, ``.wiro.ai`` and ``*.wiro.ai``),
    with a port or a scheme, and networks (``10.0.0.0/8``). ``used``: false for a server on this
    computer.
    """

    def __init__(self, *, used: bool = True) -> None:
        self._addresses: dict[str, str] = {}
        found = getproxies() if used else {}
        self._direct = [entry.strip() for entry in found.get("no", "").split(",") if entry.strip()]
        for scheme in ("http", "https", "all"):
            if address := found.get(scheme):
                self._addresses[scheme] = address

    def for_url(self, url: str) -> str | None:
        """The address of the proxy for ``url``, ``None`` where it is reached directly. Raises
        :class:`ConfigurationError` for a proxy that cannot be used."""
        parts = urlsplit(url)
        scheme = _SCHEMES.get(parts.scheme, parts.scheme)
        address = self._addresses.get(scheme) or self._addresses.get("all")
        if address is None or not parts.hostname:
            return None
        port = parts.port or _PORTS.get(scheme, 0)
        if any(_matches(entry, scheme, parts.hostname, port) for entry in self._direct):
            return None
        if proxy_bypass(f"{parts.hostname}:{port}"):
            return None
        usable, reason = _checked(address)
        if usable is None:
            del address  # Its password belongs into no traceback.
            raise ConfigurationError(
                f"the proxy of the environment cannot be used: {reason} (see http_proxy, "
                "https_proxy, all_proxy, no_proxy)"
            )
        return usable


def _checked(address: str) -> tuple[str | None, str]:
    """A proxy's address as the libraries below take it, or why they do not."""
    full = address if "://" in address else f"http://{address}"
    with suppress(ValueError):
        parts = urlsplit(full)
        _ = parts.port
        if parts.scheme in ("socks5", "socks5h") and find_spec("socksio") is None:
            return None, "one for SOCKS needs the package socksio"
        if parts.hostname and parts.scheme in ("http", "https", "socks5", "socks5h"):
            # They compare schemes as they are written.
            return parts._replace(scheme=parts.scheme).geturl(), ""
    return None, "it is no http(s) or socks5 address"


def _matches(entry: str, scheme: str, host: str, port: int) -> bool:
    """Whether an entry of ``no_proxy`` covers a host."""
    if entry == "*":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    with suppress(ValueError):
        parts: SplitResult = urlsplit(entry if "://" in entry else f"//{entry}")
        wanted, its_port = (parts.hostname or "").removeprefix("*"), parts.port
        if parts.scheme not in ("", scheme) or its_port not in (None, port):
            return False
        name = wanted.removeprefix(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
    return False
