"""Runs are billed, so each is accepted once or its caller is told that nobody knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlsplit

from wiro_runtime.checks import shown
from wiro_runtime.errors import (
    ApiError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    InvalidInputs,
    RateLimitError,
    SubmissionUncertain,
    UnexpectedAnswer,
    WiroError,
)
from wiro_runtime.http.api import Api, log
from wiro_runtime.http.multipart import Form, describe, has_files
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.tasks.concurrency import InFlight
from wiro_runtime.tasks.detail import as_name
from wiro_runtime.tasks.state import Fate, TaskState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wiro_runtime.tasks.journal import Journal


class Submissions:
    """Sends runs. ``look`` refreshes a task, to learn whether one of one's own has ended."""

    def __init__(
        self, api: Api, journal: Journal | None, look: Callable[[TaskState], Awaitable[object]]
    ) -> None:
        self.api = api
        self.journal = journal
        self.look = look
        self.clock = api.clock
        self.own = InFlight()
        self._full = False

    async def submit(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, Any],
        callback_url: str | None,
        deadline: float,
        fate: Fate,
    ) -> TaskState:
        """Submit a run before ``deadline``. Whatever is wrong with it on this side is said before
        anything is sent or recorded."""
        path = run_path(tool)
        body = _body(inputs)
        if callback_url is not None:
            body["callbackUrl"] = _checked_callback(callback_url)
        if self.api.settings.project_id is not None:
            body["projectid"] = self.api.settings.project_id
        try:
            content: bytes | Form = (
                await self.api.port.offload(lambda: Form(body))
                if has_files(body)
                else json.dumps(body, allow_nan=False).encode()
            )
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidInputs):
                raise
            raise InvalidInputs(f"inputs are not JSON: {error}") from None
        try:
            return await self._submit(tool, path, body, content, deadline, fate)
        finally:
            if isinstance(content, Form):
                content.close()

    async def _submit(
        self,
        tool: str,
        path: str,
        body: dict[str, Any],
        content: bytes | Form,
        deadline: float,
        fate: Fate,
    ) -> TaskState:
        journal, offload = self.journal, self.api.port.offload
        key = ""
        if journal is not None:
            recorded = {name: describe(value) for name, value in body.items()}
            key = await offload(lambda: journal.begin(tool, recorded))
        try:
            state = await self._send(tool, path, content, deadline, fate)
            log.info("task %s submitted to %s", state.id, tool)
        except SubmissionUncertain as error:
            error.submission = key or None
            if journal is not None:
                journal.uncertain(key, "its response was not received")
            raise
        except BaseException as error:
            if journal is None:
                raise
            if fate.state is not None:
                # Interrupted with the answer in hand.
                known = fate.state
                await offload(lambda: journal.accepted(key, known.id, known.token))
            elif fate.flying:
                journal.uncertain(key, "its response was not received")
            else:
                reason = str(error) or type(error).__name__
                await offload(lambda: journal.settled(key, reason))
            raise
        if journal is not None:
            await offload(lambda: journal.accepted(key, state.id, state.token))
        return state

    async def _send(
        self, tool: str, path: str, content: bytes | Form, deadline: float, fate: Fate
    ) -> TaskState:
        """Send a run until it is accepted; one at a time while Wiro takes no more."""
        limit = ConcurrencyLimitError("the concurrency limit is reached", code=96, retryable=True)
        changes = self.own.changes
        if not self._full:
            try:
                return await self._attempts(tool, path, content, deadline, fate)
            except ConcurrencyLimitError as error:
                if self.own.none_since(changes):
                    raise
                limit = error
                self._full = True
        try:
            async with self.api.port.gate(deadline - self.clock()):
                try:
                    return await self._when_free(tool, path, content, deadline, fate)
                finally:
                    self._full = False
        except TimeoutError:
            raise limit from None

    async def _when_free(
        self, tool: str, path: str, content: bytes | Form, deadline: float, fate: Fate
    ) -> TaskState:
        """Submit as soon as one of this client's own tasks has ended."""
        timing, poll = self.api.settings.timing, self.api.settings.poll
        begin = self.clock()
        while True:
            changes = self.own.changes
            try:
                return await self._attempts(tool, path, content, deadline, fate)
            except ConcurrencyLimitError:
                delay = poll.delay(self.clock() - begin, timing.random)
                if self.own.none_since(changes) or self.clock() + delay >= deadline:
                    raise
            log.info("concurrency limit reached; %s waits for a task to end", tool)
            oldest = self.own.oldest()
            await self.api.port.sleep(delay)
            if oldest is not None and oldest is self.own.oldest():
                # Perhaps nobody else is watching it.
                with suppress(WiroError):
                    await self.look(oldest)

    async def _attempts(
        self, tool: str, path: str, content: bytes | Form, deadline: float, fate: Fate
    ) -> TaskState:
        """Send a run, again only when it was certainly not accepted."""
        failures = 0
        while True:
            try:
                with self.own.sending():
                    return await self._attempt(tool, path, content, fate)
            except (ConnectionFailed, ApiError) as error:
                if _may_be_accepted(error):
                    raise uncertain(tool, str(error)) from error
                fate.flying = False
                failures += 1
                if not (isinstance(error, ConnectionFailed | RateLimitError) and error.retryable):
                    raise
                await self.api.pause(path, error, failures, deadline)

    async def _attempt(self, tool: str, path: str, content: bytes | Form, fate: Fate) -> TaskState:
        try:
            fate.flying = True
            # A run that has left is always heard out: its answer is what names the task.
            answer = await self.api.attempt(path, content, None, fresh=True)
            state = fate.state = self._named(tool, answer)
        except self.api.port.interruptions as interruption:
            if fate.state is None:
                interruption.add_note(f"the run of {tool} may have been accepted all the same")
            raise
        except (InvalidInputs, ConfigurationError):
            # The client is closed, or a file became shorter: Wiro has not got a whole request.
            fate.flying = False
            raise
        except WiroError:
            raise
        except Exception as error:
            # Nobody foresaw this one, and a request was under way.
            raise uncertain(tool, f"{type(error).__name__}: {error}") from error
        self.own.accepted(state)
        return state

    def _named(self, tool: str, answer: Mapping[str, Any]) -> TaskState:
        """The task that a run became."""
        task_id = as_name(answer.get("taskid"))
        token = as_name(answer.get("socketaccesstoken") or answer.get("tasktoken"))
        if not task_id and not token:
            raise uncertain(tool, "the answer names no task")
        return TaskState(id=task_id, token=token, born=self.clock(), tool=tool)


def _body(inputs: ToolInputs | Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a run, as they are sent."""
    if isinstance(inputs, ToolInputs):
        return inputs.wire_values()
    given = cast("object", inputs)
    if not isinstance(given, Mapping):
        text = f"expected inputs of a tool, or a mapping, got {shown(given)}"
        raise InvalidInputs(f"inputs: {text}", problems={"inputs": text})
    body = cast("Mapping[object, Any]", given)
    for name in body:
        if not isinstance(name, str):
            text = f"the name of an input is text, not {shown(name)}"
            raise InvalidInputs(f"inputs: {text}", problems={"inputs": text})
    return dict(cast("Mapping[str, Any]", body))


def _checked_callback(url: object) -> str:
    """An address that Wiro could post to, as far as one can tell from here."""
    if isinstance(url, str) and url.isprintable() and " " not in url:
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname:
                return url
    text = f"expected an http(s) address, got {shown(url)}"
    raise InvalidInputs(f"callback_url: {text}", problems={"callback_url": text})


def run_path(tool: str) -> str:
    """``/Run/owner/project``, percent-encoded."""
    given = cast("object", tool)
    owner, _, project = given.partition("/") if isinstance(given, str) else ("", "", "")
    odd = not owner.isprintable() or not project.isprintable()
    if not owner or not project or "/" in project or odd or {owner, project} & {".", ".."}:
        text = f"a tool is owner/project, not {shown(given)}"
        raise InvalidInputs(text, problems={"tool": text})
    return f"/Run/{quote(owner, safe='')}/{quote(project, safe='')}"


def _may_be_accepted(error: ConnectionFailed | ApiError) -> bool:
    """Whether a run that got ``error`` may have been accepted all the same."""
    if isinstance(error, ConnectionFailed):
        return error.maybe_sent
    if isinstance(error, UnexpectedAnswer):
        return True
    status = error.http_status or 0
    return status >= 500 or status in (408, 425) or 300 <= status < 400


def uncertain(tool: str, reason: str) -> SubmissionUncertain:
    return SubmissionUncertain(
        f"the run of {tool} may have been accepted, and its answer is lost ({reason}); it was not "
        "sent again, because every run is billed: look at your tasks on Wiro first",
        tool=tool,
    )
