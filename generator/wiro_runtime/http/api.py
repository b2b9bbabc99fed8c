"""One call to Wiro: sign, send, read the answer, and repeat what may be repeated."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimitError,
    InsufficientBalanceError,
    NotFoundError,
    RateLimitError,
    UnexpectedAnswer,
    WiroError,
)
from wiro_runtime.hooks import RequestInfo, ResponseInfo, RetryInfo, call
from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.multipart import Form
from wiro_runtime.http.port import Answer, Port, Request
from wiro_runtime.http.signing import auth_headers
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.tasks.detail import as_float, as_int, as_mappings, as_text

if TYPE_CHECKING:
    from wiro_runtime.settings import Settings

log = logging.getLogger("wiro_runtime")

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


class Api:
    """Wiro's endpoints, over a port."""

    def __init__(self, settings: Settings, port: Port) -> None:
        self.settings = settings
        self.port = port
        self.clock = settings.timing.clock

    async def attempt(
        self,
        path: str,
        body: bytes | Form,
        deadline: float | None,
        *,
        task_id: str | None = None,
        fresh: bool = False,
    ) -> dict[str, Any]:
        """One request, signed, and its answer read. ``deadline`` is in seconds of the clock
        (``None``: only that of a single request); see :meth:`Port.send` for ``fresh``."""
        settings = self.settings
        headers = auth_headers(settings.api_key, settings.api_secret)
        headers["accept"] = "application/json"
        limit = settings.timeouts.request
        if isinstance(body, bytes):
            headers["content-type"] = "application/json"
        else:
            headers["content-type"] = body.content_type
            headers["content-length"] = str(body.length)
            limit += settings.timeouts.transfer
        request = Request(f"{settings.base_url}{path}", headers, body)
        info = RequestInfo(path=path, task_id=task_id)
        call(settings.hooks.request, info)
        begin = self.clock()
        status: int | None = None
        failure: Exception | None = None
        try:
            within = limit if deadline is None else max(min(limit, deadline - begin), 0.001)
            answer = await self.port.send(request, within, fresh=fresh)
            status = answer.status
        except Exception as error:
            failure = error
            raise
        finally:
            seconds = self.clock() - begin
            log.debug("POST %s: %s in %.3f s", path, status or failure or "interrupted", seconds)
            call(
                settings.hooks.response,
                ResponseInfo(request=info, seconds=seconds, status=status, error=failure),
            )
        return self.read(answer)

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any] | Form,
        *,
        deadline: float | None = None,
        task_id: str | None = None,
    ) -> dict[str, Any]:
        """A call that costs nothing when it is made twice: repeated until it is answered.

        Signed anew every time. Errors carry ``task_id``.
        """
        retries, timeouts = self.settings.retries, self.settings.timeouts
        content = body if isinstance(body, Form) else json.dumps(body).encode()
        if deadline is None:
            limit = timeouts.request if isinstance(content, bytes) else timeouts.transfer
            deadline = self.clock() + limit * retries.attempts
        failures = 0
        while True:
            try:
                return await self.attempt(path, content, deadline, task_id=task_id)
            except WiroError as error:
                error.task_id = error.task_id or task_id
                failures += 1
                if not error.retryable:
                    raise
                await self.pause(path, error, failures, deadline)

    async def pause(self, path: str, error: WiroError, failures: int, deadline: float) -> None:
        """Sleep before ``path`` is called again, or raise ``error`` when it is time to give up."""
        retries, timing = self.settings.retries, self.settings.timing
        after = error.retry_after if isinstance(error, ApiError) else None
        delay = retries.delay(failures, after, timing.random)
        if failures >= retries.attempts or self.clock() + delay >= deadline:
            raise error
        log.info("POST %s failed (%s); again in %.1f s", path, error, delay)
        info = RetryInfo(
            path=path, task_id=error.task_id, error=error, failures=failures, delay=delay
        )
        call(self.settings.hooks.retry, info)
        await self.port.sleep(delay)

    def read(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of a successful answer; a typed error for every other one."""
        redact = self.settings.redact
        try:
            parsed = parse_json(answer.body)
        except ValueError:
            parsed = None
        body = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
        code, message = _complaint(body or {})
        after = retry_after(answer.headers)
        if answer.status >= 300:
            kind = _BY_STATUS.get(answer.status) or _BY_CODE.get(code or 0, ApiError)
            hint = _UNSIGNED if answer.status == 401 and not self.settings.api_secret else ""
            raise kind(
                redact(f"HTTP {answer.status}: {message or _gist(answer)}{hint}"),
                code=code,
                http_status=answer.status,
                retry_after=after,
                retryable=answer.status in (408, 425, 429) or answer.status >= 500,
            )
        if body is None:
            raise UnexpectedAnswer(
                redact(f"the answer is not a JSON object: {_gist(answer)}"),
                http_status=answer.status,
                retryable=True,
            )
        # Some older endpoints leave `result` out; then only a complaint means failure.
        failed = body.get("result") in (False, "false", 0, "0") if "result" in body else message
        if failed:
            kind = _BY_CODE.get(code or 0, ApiError)
            raise kind(
                redact(message or "refused without a reason"),
                code=code,
                http_status=answer.status,
                retry_after=after,
                retryable=code == 96,
            )
        return body


def _complaint(body: Mapping[str, Any]) -> tuple[int | None, str]:
    """Code and text of ``errors``, which holds objects, or plain strings, or is one string."""
    errors = body.get("errors")
    if isinstance(errors, str):
        return None, shorten(errors, 500)
    first = next(iter(as_mappings(errors)), None)
    if first is not None:
        return as_int(first.get("code")), shorten(as_text(first.get("message")), 500)
    texts = (
        [as_text(item) for item in cast("list[Any]", errors)] if isinstance(errors, list) else []
    )
    return None, shorten("; ".join(texts) or as_text(body.get("message")), 500)


def _gist(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "no content type")
    return f"{len(answer.body)} bytes of {shorten(kind, 60)}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, out of ``Retry-After-Ms`` or ``Retry-After`` in seconds or as a date."""
    millis = as_float(headers.get("retry-after-ms"))
    if millis is not None and millis >= 0:
        return millis / 1000
    text = headers.get("retry-after", "")
    seconds = as_float(text)
    if seconds is not None:
        return max(0.0, seconds)
    moment = _moment(text)
    if moment is None:
        return None
    # By the server's own clock, where it says what that shows.
    return max(0.0, moment - (_moment(headers.get("date", "")) or time.time()))


def _moment(text: str) -> float | None:
    """Unix seconds of an HTTP date; one without a zone is in UTC."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, rarely needed

    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
