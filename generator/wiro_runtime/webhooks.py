"""Receives the posts that Wiro makes to a ``callback_url``.

Wiro signs nothing, so a post proves nothing: all that is taken from it is which task it is about,
and that task is asked for with Task/Detail before anything is handed on. As an ASGI application::

    async def handle(task: AsyncTask) -> None:
        result = await task.wait()          # no request: the task has ended
        await result.download("out/")

    app = CallbackReceiver(AsyncWiro(), handle)

With another framework, give the body of the post to :meth:`CallbackReceiver.areceive`, or to
:meth:`CallbackReceiver.receive` with a :class:`Wiro`, and use the task that comes back.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.client import AsyncWiro, Wiro
from wiro_runtime.errors import ConfigurationError, NotFoundError, WiroError
from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import as_mappings, as_name
from wiro_runtime.http.logs import log
from wiro_runtime.inputs.arguments import check_duration, check_function, check_whole
from wiro_runtime.inputs.messages import shown
from wiro_runtime.tasks.task import AsyncTask, Task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_POST: Final = 4 * 2**20
"""Bytes of a post beyond which it is refused. The longest hold the text of an LLM."""

_MAX_VALUES: Final = 100_000
"""Values in a post beyond which it is refused: anyone may post, and each value takes memory."""

MAX_POSTS: Final = 100
"""Posts that are read and confirmed at a time; others are answered 503. Each takes memory."""

_LONGEST_ID: Final = 200

_REASONS: Final = {
    400: "not a task of Wiro's",
    403: "no such task",
    408: "too slow",
    409: "the task has not ended, or was handed on before",
    413: "too large",
    503: "try again later",
}


class CallbackRefused(WiroError):  # noqa: N818 - says what happened
    """A post that is not handed on. ``status`` is the HTTP status that it deserves: 400 malformed,
    403 no such task, 408 too slow, 409 not ended or handed on before, 413 too large, 503 Wiro
    could not be asked, or too many posts at a time."""

    def __init__(self, message: str = "", *, status: int = 400, task_id: str | None = None) -> None:
        super().__init__(message, retryable=status == 503, task_id=task_id)
        self.status = status


class CallbackReceiver:
    """Confirms posts and hands each ended task on once.

    ``handler`` is called with the task (a coroutine function for :class:`AsyncWiro`); when it
    raises, Wiro is told so with 500, and the task may be posted again. ``remember`` is how many
    tasks that were handed on are known again; ``max_bytes`` is the largest post, ``patience`` how
    many seconds it may take to come in.
    """

    def __init__(
        self,
        client: Wiro | AsyncWiro,
        handler: Callable[[Any], object] | None = None,
        *,
        max_bytes: int = MAX_POST,
        remember: int = 100_000,
        patience: float = 30.0,
    ) -> None:
        if not isinstance(client, (Wiro, AsyncWiro)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
            raise ConfigurationError(f"client must be a Wiro or an AsyncWiro, not {shown(client)}")
        check_function("handler", handler)
        check_whole("max_bytes", max_bytes, 1)
        check_whole("remember", remember, 1)
        check_duration("patience", patience)
        self._client = client
        self._handler = handler
        self._max_bytes = max_bytes
        self._remember = remember
        self._patience = patience
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._posts = 0

    def receive(self, body: bytes) -> Task:
        """The ended task that a post is about, for a receiver with a :class:`Wiro`.

        Raises :class:`CallbackRefused`. Gives each task once; :meth:`again` takes that back.
        """
        if not isinstance(self._client, Wiro):
            raise TypeError("receive() needs a Wiro; with an AsyncWiro, await areceive()")
        task = self._client.task(self._name(body))
        try:
            task.refresh()
        except WiroError as error:
            raise _refusal(error) from error
        self._admit(task)
        return task

    async def areceive(self, body: bytes) -> AsyncTask:
        """:meth:`receive` for a receiver with an :class:`AsyncWiro`."""
        if not isinstance(self._client, AsyncWiro):
            raise TypeError("areceive() needs an AsyncWiro; with a Wiro, use receive()")
        task = self._client.task(self._name(body))
        try:
            await task.refresh()
        except WiroError as error:
            raise _refusal(error) from error
        self._admit(task)
        return task

    def again(self, task: Task | AsyncTask) -> None:
        """Let ``task`` be given once more: what was to be done with it was not done."""
        with self._lock:
            self._seen.pop(task.id, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application. As a server's only one it closes its client when that ends."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"callbacks come over HTTP, not {scope['type']}")
        if scope["method"] != "POST":
            await _answer(send, 405, "only POST")
            return
        try:
            task = await self._confirmed(receive)
        except CallbackRefused as error:
            log.warning("callback refused: %s", error)
            # Whoever posts learns nothing about this side.
            await _answer(send, error.status, _REASONS[error.status])
            return
        try:
            outcome = self._handler(task) if self._handler is not None else None
            if inspect.isawaitable(outcome):
                await outcome
        except BaseException:
            self.again(task)
            log.exception("the handler of callbacks failed on task %s", task.id)
            await _answer(send, 500, "the handler failed")
            raise
        await _answer(send, 200, "ok")

    async def _confirmed(self, receive: Receive) -> AsyncTask:
        if self._posts >= MAX_POSTS:
            raise CallbackRefused(f"{MAX_POSTS} posts are being read already", status=503)
        self._posts += 1
        try:
            return await self.areceive(await self._body(receive))
        finally:
            self._posts -= 1

    def _name(self, body: bytes) -> str:
        """The id, or else the token, of the task that a post claims to be about."""
        given = cast("object", body)
        if not isinstance(given, (bytes, bytearray, str)):
            raise CallbackRefused(f"a post is bytes, not {shown(given)}")
        if len(body) > self._max_bytes:
            raise CallbackRefused(f"larger than {self._max_bytes} bytes", status=413)
        try:
            parsed = parse_json(
                bytes(body) if isinstance(body, bytearray) else body, max_values=_MAX_VALUES
            )
        except ValueError:
            raise CallbackRefused("not JSON") from None
        if not isinstance(parsed, dict):
            raise CallbackRefused("not a JSON object")
        raw = cast("dict[str, Any]", parsed)
        task: Mapping[str, Any] = next(iter(as_mappings(raw.get("tasklist"))), raw)
        task_id = as_name(task.get("id") or task.get("taskid"))
        token = as_name(task.get("socketaccesstoken") or task.get("tasktoken"))
        name = task_id if task_id.isascii() and task_id.isdigit() else token
        if not name or len(name) > _LONGEST_ID:
            raise CallbackRefused("it names no task")
        with self._lock:
            known = name in self._seen
        if known:
            # Wiro is not asked again: a sender that repeats a post would have us ask without end.
            raise CallbackRefused("handed on before", status=409, task_id=name)
        return name

    def _admit(self, task: Task | AsyncTask) -> None:
        if task.detail is None or not task.detail.terminal:
            raise CallbackRefused("the task has not ended", status=409, task_id=task.id)
        with self._lock:
            if task.id in self._seen:
                raise CallbackRefused("handed on before", status=409, task_id=task.id)
            self._seen[task.id] = None
            if len(self._seen) > self._remember:
                self._seen.popitem(last=False)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            ends = message["type"] == "lifespan.shutdown"
            if ends and isinstance(self._client, AsyncWiro):
                await self._client.aclose()
            await send({"type": f"{message['type']}.complete"})
            if ends:
                return

    async def _body(self, receive: Receive) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise CallbackRefused("the connection ended early")
                    body += message.get("body", b"")
                    if len(body) > self._max_bytes:
                        raise CallbackRefused(f"larger than {self._max_bytes} bytes", status=413)
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise CallbackRefused(f"not whole after {self._patience:g} s", status=408) from None


def _refusal(error: WiroError) -> CallbackRefused:
    """What is wrong on our side, such as a key that Wiro refuses, is no fault of the post: it may
    come again."""
    if isinstance(error, NotFoundError):
        return CallbackRefused(f"Wiro does not confirm it: {error}", status=403)
    return CallbackRefused(f"Wiro could not be asked: {error}", status=503)


async def _answer(send: Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
