"""One call to Wiro: send it, read the response, and repeat what may be repeated."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimitError,
    ConnectionFailed,
    InsufficientBalanceError,
    NotFoundError,
    RateLimitError,
    UnexpectedResponse,
    WiroError,
)
from wiro_runtime.hooks import RequestInfo, ResponseInfo, RetryInfo, call_hook
from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import as_int, as_mappings, as_text
from wiro_runtime.http.logs import log
from wiro_runtime.http.multipart import Form
from wiro_runtime.http.retry_after import is_transient, read_date, retry_after
from wiro_runtime.http.transport import Request, Response, Transport
from wiro_runtime.inputs.messages import shorten

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wiro_runtime.settings import Settings

T = TypeVar("T")

_BY_CODE: Final[dict[int, type[ApiError]]] = {
    1: NotFoundError,
    96: ConcurrencyLimitError,
    97: InsufficientBalanceError,
    98: AuthenticationError,
    99: AuthenticationError,
}
_BY_STATUS: Final[dict[int, type[ApiError]]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    429: RateLimitError,
}

_UNSIGNED: Final = (
    " (requests are not signed, as the client was given a key without a secret; a project that has "
    "a secret needs both)"
)

_CHECK_KEY: Final = "; check key and secret: wiro-tools whoami"
AWAIT_TASK: Final = (
    "; nothing was billed: try again when one of your tasks has ended (wiro-tools task list), or "
    "add money to the Wiro account: about $10 of balance allow one task more at a time"
)
"""What to do at the concurrency limit."""

_ADVICE: Final[dict[type[ApiError], str]] = {
    AuthenticationError: _CHECK_KEY,
    ConcurrencyLimitError: AWAIT_TASK,
    InsufficientBalanceError: "; nothing was billed: add money to the Wiro account",
}


class Api:
    """Wiro's endpoints over a transport. ``skew`` is by how many seconds the clock of this computer
    was ahead of Wiro's at the last response that told the time, ``None`` before the first."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self.settings = settings
        self.transport = transport
        self.clock = settings.timing.clock
        self.skew: float | None = None

    async def send_once(
        self,
        path: str,
        body: bytes | Form,
        deadline: float | None,
        *,
        task_id: str | None = None,
        fresh: bool = False,
        on_sent: Callable[[], object] | None = None,
        on_body: Callable[[bytes], object] | None = None,
    ) -> Response:
        """Make one request and return its response, whatever its status.

        ``deadline`` is in seconds of the clock and covers the wait for a place too; without it only
        the time of a single request is limited. See :meth:`Transport.send` for ``fresh``,
        ``on_sent`` and ``on_body``, which is called before any hook.
        """
        settings = self.settings
        headers = {"accept": "application/json", **settings.default_headers}
        limit = settings.timeouts.request
        if isinstance(body, bytes):
            headers["content-type"] = "application/json"
        else:
            headers["content-type"] = body.content_type
            headers["content-length"] = str(body.length)
            limit += settings.timeouts.transfer
        request = Request(f"{settings.base_url}{path}", headers, body)
        info = RequestInfo(path=path, task_id=task_id)
        await call_hook(settings.hooks.request, info)
        begin = self.clock()
        left = None if deadline is None else max(deadline - begin, 0.001)
        status: int | None = None
        failure: Exception | None = None
        try:
            response = await self.transport.send(
                request, limit, within=left, fresh=fresh, on_sent=on_sent, on_body=on_body
            )
            status = response.status
            self._compare_clocks(response)
        except Exception as error:
            failure = error
            raise
        finally:
            seconds = self.clock() - begin
            log.debug("POST %s: %s in %.3f s", path, status or failure or "interrupted", seconds)
            await call_hook(
                settings.hooks.response,
                ResponseInfo(request=info, seconds=seconds, status=status, error=failure),
            )
        return response

    def _compare_clocks(self, response: Response) -> None:
        told = read_date(response.headers.get("date", ""))
        if told is not None:
            self.skew = time.time() - told

    async def call_idempotent(
        self,
        path: str,
        body: Mapping[str, Any] | Form,
        *,
        deadline: float | None = None,
        task_id: str | None = None,
    ) -> dict[str, Any]:
        """Make a call that costs nothing when it is made twice: repeat it until it succeeds.

        It is signed anew every time.
        """
        content = body if isinstance(body, Form) else json.dumps(body).encode()
        until = self.last_attempt(content) if deadline is None else deadline

        async def attempt() -> dict[str, Any]:
            return self.parse(await self.send_once(path, content, deadline, task_id=task_id))

        return await self.retry(
            path, attempt, until, lambda error: error.retryable, task_id=task_id
        )

    def last_attempt(self, content: bytes | Form = b"") -> float:
        """The time from which a call without a deadline is not repeated. A single request may take
        longer: it may wait for its place among others."""
        timeouts = self.settings.timeouts
        limit = timeouts.request if isinstance(content, bytes) else timeouts.transfer
        return self.clock() + limit * self.settings.retries.attempts

    async def retry(
        self,
        path: str,
        attempt: Callable[[], Awaitable[T]],
        deadline: float | None,
        may_repeat: Callable[[WiroError], bool],
        *,
        task_id: str | None = None,
    ) -> T:
        """Make ``attempt`` until it succeeds, its error may not be repeated, or time is up. Errors
        carry ``task_id``."""
        retries, timing = self.settings.retries, self.settings.timing
        failures = 0
        while True:
            try:
                return await attempt()
            except WiroError as error:
                error.task_id = error.task_id or task_id
                failures += 1
                after = error.retry_after if isinstance(error, ApiError) else None
                delay = retries.delay(failures, after, timing.random)
                late = deadline is not None and self.clock() + delay >= deadline
                if not may_repeat(error) or failures >= retries.attempts or late:
                    raise
                log.info("POST %s failed (%s); again in %.1f s", path, error, delay)
                info = RetryInfo(
                    path=path, task_id=error.task_id, error=error, failures=failures, delay=delay
                )
                await call_hook(self.settings.hooks.retry, info)
                await timing.sleep(delay)

    def parse(self, response: Response) -> dict[str, Any]:
        """Return the JSON object of a successful response; raise a typed error for any other."""
        parsed: object = None
        with suppress(ValueError):
            parsed = parse_json(response.body)
        body = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
        code, message = _complaint(body or {})
        status = response.status
        kind = _BY_CODE.get(code or 0, ApiError)
        if status >= 300:
            kind = _BY_STATUS.get(status, kind)
            credentials = self.settings.credentials
            unsigned = status == 401 and credentials is not None and not credentials.signs
            advice = _UNSIGNED if unsigned else "" if status == 403 else _advice(kind, response)
            what = message or _gist(response)
            text = f"HTTP {status}: {what.rstrip('.') if advice else what}{advice}"
            retryable = is_transient(status)
        elif body is None:
            kind, retryable = UnexpectedResponse, True
            text = f"the response is not a JSON object: {_gist(response)}"
        elif _is_refusal(body, code, message):
            said = "" if code is None else f" (code {code})"
            text = message or f"refused without a reason{said}"
            if advice := _advice(kind, response):
                text = f"{text.rstrip('.')}{advice}"
            retryable = code == 96
        else:
            return body
        raise kind(
            text,
            code=code,
            http_status=status,
            retry_after=retry_after(response.headers),
            retryable=retryable,
            body=response.body[:_SHOWN].decode(errors="replace"),
        )


def _is_refusal(body: Mapping[str, Any], code: int | None, message: str) -> bool:
    """Whether a response of status 200 says that a call failed."""
    result = body.get("result")
    if result is None:
        # Some older endpoints leave it out; then only a complaint means failure.
        return bool(message) or code is not None
    return str(result).lower() in ("false", "0")


def _advice(kind: type[ApiError], response: Response) -> str:
    """The end of a message: what to do about an error of this kind."""
    if kind is not RateLimitError:
        return _ADVICE.get(kind, "")
    seconds = retry_after(response.headers)
    when = f"in {seconds:g} s" if seconds else "in some seconds"
    return f"; try again {when}, with fewer requests at a time"


def may_have_arrived(error: Exception) -> bool:
    """Whether a request that ended in ``error`` may have been carried out all the same."""
    if isinstance(error, ConnectionFailed):
        return error.maybe_sent
    if isinstance(error, UnexpectedResponse) or not isinstance(error, ApiError):
        return True
    status = error.http_status or 0
    return status >= 500 or status in (408, 425) or 300 <= status < 400


_SHOWN: Final = 64 * 1024
"""Bytes of a response that an error carries."""


def _complaint(body: Mapping[str, Any]) -> tuple[int | None, str]:
    """Code and text of ``errors``, which holds objects, or plain strings, or is one string."""
    errors = body.get("errors")
    if isinstance(errors, str):
        return None, shorten(errors, 500)
    first = next(iter(as_mappings(errors)), None)
    if first is not None:
        return as_int(first.get("code")), shorten(as_text(first.get("message")), 500)
    items = cast("list[object]", errors) if isinstance(errors, list) else []
    texts = [as_text(item) for item in items]
    return None, shorten("; ".join(texts) or as_text(body.get("message")), 500)


def _gist(response: Response) -> str:
    if not response.body:
        return "an empty response"
    size = f"{len(response.body)} {'byte' if len(response.body) == 1 else 'bytes'}"
    kind = response.headers.get("content-type")
    return f"{size} of {shorten(kind, 60)}" if kind else f"{size} without a content type"
