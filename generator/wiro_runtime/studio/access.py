"""Who may reach the studio: the browser that opened the address with the token, from its own pages.

A page of another site cannot send the cookie (``SameSite=Strict``), is told apart by ``Origin``,
and reaches nothing under a name of its own that leads to this computer (DNS rebinding), because
``Host`` must be the address itself.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST: Final = "127.0.0.1"
TOKEN: Final = "token"  # noqa: S105 - the name of a parameter
_READS: Final = ("GET", "HEAD")
_OWN_SITE: Final = ("same-origin", "none")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
}
"""Sent with every response that does not say otherwise."""


class OwnerOnly:
    """An application that only serves the browser that has its token."""

    def __init__(self, app: ASGIApp, port: int, token: str) -> None:
        self._app = app
        self._authority = f"{HOST}:{port}"
        self._cookie = f"wiro-studio-{port}"
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """The response to a request that is not served; ``None`` for one that is."""
        headers = Headers(scope=scope)
        if headers.getlist("host") != [self._authority]:
            return _refused(f"The studio is at http://{self._authority}/ only.", 421)
        origins = headers.getlist("origin")
        expected = [f"http://{self._authority}"]
        if origins != expected and (origins or scope["method"] not in _READS):
            return _refused("Requests of other pages are not served.")
        if headers.get("sec-fetch-site", "none") not in _OWN_SITE:
            return _refused("Requests of other pages are not served.")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == TOKEN]
        if given and scope["method"] in _READS:
            if len(given) != 1 or not self._is_token(given[0]):
                return _refused("This token is not right; see what wiro-tools studio printed.")
            return self._entrance(scope["path"], [each for each in query if each[0] != TOKEN])
        if not self._has_cookie(headers):
            return _refused("Open the address that wiro-tools studio printed.")
        return None

    def _entrance(self, path: str, query: list[tuple[str, str]]) -> Response:
        """The way in: the token becomes a cookie and leaves the address."""
        # Two slashes at the beginning would name another host.
        target = quote("/" + path.lstrip("/\\")) + (f"?{urlencode(query)}" if query else "")
        response = RedirectResponse(target, 303)
        response.set_cookie(
            self._cookie, self._token.decode(), path="/", httponly=True, samesite="strict"
        )
        return response

    def _has_cookie(self, headers: Headers) -> bool:
        """Whether the cookie is there. Every other server of this computer may set cookies for its
        name: odd ones, and others with the name of this one."""
        pairs = (
            each.partition("=") for line in headers.getlist("cookie") for each in line.split(";")
        )
        found = [value.strip() for name, _, value in pairs if name.strip() == self._cookie]
        return any(self._is_token(each) for each in found)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)


def _refused(text: str, status: int = 403) -> Response:
    return PlainTextResponse(f"{text}\n", status)
