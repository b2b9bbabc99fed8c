"""``wiro-tools doctor``: why it does not work here, and what to do."""

from __future__ import annotations

import os
import platform
import ssl
import sys
import textwrap
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rich.text import Text

from wiro_runtime import Wiro, WiroError, __version__
from wiro_runtime.cli.account import describe_key, refusal
from wiro_runtime.cli.console import PROGRAM, out, print_json, printable
from wiro_runtime.cli.options import AsJson
from wiro_runtime.cli.results import message_of
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.http.proxies import Proxies
from wiro_runtime.http.retry_after import read_date
from wiro_runtime.http.signing import Credentials
from wiro_runtime.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wiro_runtime.settings import Settings

HELP: Final = """\
Check Python, certificates, proxy, network, clock and key, and say what to do.

Exit 0: all is well. 1: something is not.
"""

_SKEW: Final = 120.0
"""Seconds that a clock may be wrong; nonces are made of the time."""
_SECONDS: Final = 10.0
_EXTRAS: Final = {
    "typer": "cli",
    "jinja2": "generator",
    "starlette": "simulator",
    "zensical": "docs",
    "keyring": "keyring",
    "mcp": "mcp",
    "dbos": "batch",
    "pyarrow": "parquet",
}
"""A module that only this extra brings; ``studio`` is made of others."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``ok`` is ``None`` where it does not matter; ``advice`` is
    empty when all is well."""

    name: str
    ok: bool | None
    found: str
    advice: str = ""


def command(as_json: AsJson = False) -> int:
    checks: list[Check] = []
    for check in _checks():
        checks.append(check)
        if not as_json:
            _show(check)
    bad = [check for check in checks if check.ok is False]
    if as_json:
        rows = [{**asdict(each), "advice": each.advice or None} for each in checks]
        print_json({"ok": not bad, "checks": rows})
    else:
        count = "1 thing is" if len(bad) == 1 else f"{len(bad)} things are"
        out().print(f"\n{count} not right" if bad else "\nall is well")
    return 1 if bad else 0


def _show(check: Check) -> None:
    mark, style = {True: ("ok", "green"), False: ("no", "bold red"), None: ("–", "dim")}[check.ok]
    first, *rest = _wrapped(check.found) or [""]
    line = Text.assemble((f"{mark:<4}", style), (f"{check.name:<14}", "bold"))
    line.append(first)
    out().print(line)
    for each in rest:
        out().print(Text(f"{'':18}{each}"))
    for number, each in enumerate(_wrapped(check.advice)):
        out().print(Text(f"{'':18}{'  ' if number else '→ '}{each}", "yellow"))


def _wrapped(text: str) -> list[str]:
    width = max(40, min(out().width, 100) - 20)
    return textwrap.wrap(printable(text), width, break_on_hyphens=False)


def _checks() -> Iterator[Check]:
    system = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    # An older Python than 3.11 does not get as far as this.
    yield Check("Python", True, f"{system}, {sys.executable}")
    extras = sorted(extra for module, extra in _EXTRAS.items() if find_spec(module) is not None)
    yield Check(PROGRAM, True, f"{__version__}, extras: {', '.join(extras)}")
    try:
        # The network is looked at without a key, too.
        settings = load_settings(credentials=Credentials("none", None))
    except ConfigurationError as error:
        yield Check("address", False, str(error), "correct WIRO_BASE_URL")
        return
    yield Check("address", True, settings.base_url)
    yield _certificates()
    try:
        proxy = Proxies(used=not settings.local).for_url(settings.base_url)
    except ConfigurationError as error:
        yield Check("proxy", False, str(error), "correct or unset it")
        return
    yield Check("proxy", None, _without_password(proxy) if proxy else "none")
    yield from _network(settings, proxy)
    yield _key()


def _certificates() -> Check:
    named = {name: os.environ.get(name, "") for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    for name, path in named.items():
        if path and not os.path.exists(path):  # noqa: PTH110 - text
            advice = f"correct or unset {name}"
            return Check("certificates", False, f"{name}: no {path}", advice)
    said = [f"{name}={path}" for name, path in named.items() if path]
    system = f"those of the system ({ssl.OPENSSL_VERSION})"
    return Check("certificates", True, ", ".join(said) or system)


def _network(settings: Settings, proxy: str | None) -> Iterator[Check]:
    """One request without a key: does the server answer, and which time is it there?"""
    import httpx2  # noqa: PLC0415 - slow to load

    host = urlsplit(settings.base_url).hostname or ""
    begun = time.monotonic()
    try:
        with httpx2.Client(proxy=proxy, trust_env=False, timeout=_SECONDS) as client:
            body = {"start": "0", "limit": "1"}
            response = client.post(f"{settings.base_url}/Tool/List", json=body)
    except (httpx2.HTTPError, OSError, ValueError) as error:
        text = str(error) or type(error).__name__
        yield Check("network", False, f"{host}: {text}", _advice(text, proxy))
        return
    seconds = time.monotonic() - begun
    yield Check("network", True, f"{host} answers in {seconds:.2f} s")
    yield _clock(response.headers.get("date", ""))


def _advice(text: str, proxy: str | None) -> str:
    if "CERTIFICATE" in text.upper():
        return (
            "a proxy of your company may sign with its own certificate: put that into a file and "
            "set SSL_CERT_FILE to it; on macOS run Install Certificates.command of Python"
        )
    if "name" in text.lower() or "getaddrinfo" in text.lower():
        return "the name is not found: check the connection and DNS, or set https_proxy"
    if proxy:
        return f"it goes through the proxy {_without_password(proxy)}: check it, or set no_proxy"
    return "check the connection, a firewall, or whether you need a proxy (https_proxy)"


def _clock(date: str) -> Check:
    told = read_date(date)
    if told is None:
        return Check("clock", None, "the server does not say the time")
    skew = time.time() - told
    if abs(skew) <= _SKEW:
        return Check("clock", True, "right")
    found = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
    return Check(
        "clock", False, found, "set the time of this computer; requests are signed with it"
    )


def _key() -> Check:
    try:
        found = describe_key()
    except ConfigurationError as error:
        advice = f"run {PROGRAM} login, or set WIRO_API_KEY and WIRO_API_SECRET"
        return Check("key", False, message_of(error).partition(": run")[0], advice=advice)
    signed = "signed" if found["signed"] else "not signed"
    shown = f"{found['key']} ({signed}), from {found['from']}"
    try:
        with Wiro(max_retries=0, timeout=_SECONDS) as client:
            next(client.tasks(limit=1), None)
    except WiroError as error:
        advice = "compare key and secret with those of your project on https://wiro.ai"
        said = refusal(error).removesuffix("; wiro-tools doctor finds the cause")
        return Check("key", False, f"{shown}: {said}", advice)
    return Check("key", True, f"{shown}, works")


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}"
