"""The life of a task: submitted, watched to its end, cancelled or killed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from wiro_runtime.calls import Api, log
from wiro_runtime.detail import CANCELLED, QUEUED, TaskDetail, as_mappings, as_text
from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConnectionFailed,
    InvalidInputs,
    NotFoundError,
    RateLimitError,
    SubmissionUncertain,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    UnexpectedAnswer,
    WiroError,
)
from wiro_runtime.events import Event, Reader
from wiro_runtime.inputs import ToolInputs
from wiro_runtime.results import Access, Result
from wiro_runtime.text import shorten

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from wiro_runtime.events import OnUpdate
    from wiro_runtime.port import Port
    from wiro_runtime.settings import Settings

RESUME: Final = "it goes on; resume with client.task({id!r}).wait()"


class TaskState:
    """What is known of a task; shared by all who look at it."""

    __slots__ = ("born", "detail", "id", "token", "tool")

    def __init__(self, *, id: str, token: str, born: float, tool: str | None = None) -> None:  # noqa: A002 - Wiro's word
        self.id = id
        self.token = token
        self.tool = tool
        self.born = born
        self.detail: TaskDetail | None = None

    @property
    def status(self) -> str:
        return self.detail.status if self.detail else QUEUED if self.tool else ""

    @property
    def key(self) -> dict[str, str]:
        """How Wiro is told which task is meant."""
        return {"taskid": self.id} if self.id else {"tasktoken": self.token}


class Runs:
    """Everything that can be done with tasks, once for both clients."""

    def __init__(self, settings: Settings, port: Port) -> None:
        self.settings = settings
        self.port = port
        self.api = Api(settings, port)
        self.access = Access(settings, port)
        self.clock = settings.timing.clock

    def state_of(self, task: str) -> TaskState:
        """The state of a task by its id (digits) or its token."""
        task = str(task).strip()
        if not task:
            raise InvalidInputs("a task id or token is needed", problems={"task": "required"})
        known = {"id": task, "token": ""} if task.isdigit() else {"id": "", "token": task}
        return TaskState(**known, born=self.clock())

    async def submit(
        self, tool: str, inputs: ToolInputs | Mapping[str, Any], callback_url: str | None
    ) -> TaskState:
        path = run_path(tool)
        body = dict(inputs.wire_values() if isinstance(inputs, ToolInputs) else inputs)
        if callback_url is not None:
            body["callbackUrl"] = callback_url
        if self.settings.project_id is not None:
            body["projectid"] = self.settings.project_id
        try:
            content = json.dumps(body, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidInputs(f"inputs are not JSON: {error}") from None
        deadline = self.clock() + self.settings.timeouts.wait
        answer = await self._send_run(tool, path, content.encode(), deadline)
        task_id = as_text(answer.get("taskid"))
        token = as_text(answer.get("socketaccesstoken") or answer.get("tasktoken"))
        if not task_id and not token:
            raise _uncertain(tool, "the answer names no task")
        log.info("task %s submitted to %s", task_id, tool)
        return TaskState(id=task_id, token=token, born=self.clock(), tool=tool)

    async def _send_run(
        self, tool: str, path: str, content: bytes, deadline: float
    ) -> dict[str, Any]:
        """Send a run, again only when it was certainly not accepted."""
        retries, failures = self.settings.retries, 0
        headers = {"content-type": "application/json"}
        while True:
            try:
                return await self.api.attempt(path, headers, content, deadline, fresh=True)
            except (ConnectionFailed, UnexpectedAnswer, ApiError) as error:
                if _may_be_accepted(error):
                    raise _uncertain(tool, str(error)) from error
                failures += 1
                again = isinstance(error, ConnectionFailed | RateLimitError)
                if not again or not error.retryable or failures >= retries.attempts:
                    raise
                after = error.retry_after if isinstance(error, ApiError) else None
                delay = retries.delay(failures, after, self.settings.timing.random)
                if self.clock() + delay >= deadline:
                    raise
                log.info("run of %s not accepted (%s); again in %.1f s", tool, error, delay)
            await self.port.sleep(delay)

    async def refresh(self, state: TaskState, deadline: float | None = None) -> TaskDetail:
        """Ask for the state of a task and remember it."""
        known = state.id or None
        body = await self.api.ask(
            "/Task/Detail", state.key, deadline=deadline, task_id=state.id or None
        )
        found = as_mappings(body.get("tasklist"))
        if not found:
            raise NotFoundError(
                f"Wiro knows no task {state.id or 'with this token'}", task_id=known
            )
        detail = TaskDetail.read(found[0])
        if not detail.status:
            raise UnexpectedAnswer("the task has no status", retryable=True, task_id=known)
        state.id, state.token = state.id or detail.id, detail.token or state.token
        if detail.status != state.status:
            log.info("task %s: %s", state.id, detail.status)
        state.detail = detail
        return detail

    async def run(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, Any],
        timeout: float | None,  # noqa: ASYNC109 - the deadline of a task, not of a coroutine
        on_update: OnUpdate | None,
        callback_url: str | None,
    ) -> Result:
        begin = self.clock()
        state = await self.submit(tool, inputs, callback_url)
        try:
            return await self.wait(state, timeout, on_update, begin)
        except WiroError as error:
            # The run is paid for by now: calling run() again would pay twice.
            error.retryable = False
            raise

    async def wait(
        self,
        state: TaskState,
        timeout: float | None = None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None = None,
        begin: float | None = None,
    ) -> Result:
        """Watch a task to its end. The time is up ``timeout`` seconds after ``begin``, whatever
        the server does."""
        limit = self.settings.timeouts.wait if timeout is None else timeout
        deadline = (self.clock() if begin is None else begin) + limit
        try:
            async with aclosing(self._watch(state, deadline)) as details:
                reader = None if on_update is None else Reader(self.access)
                async for detail in details:
                    for event in reader.detail(detail) if reader is not None else ():
                        await self.port.notify(cast("OnUpdate", on_update), event)
        except (ConnectionFailed, ApiError) as error:
            if self.clock() >= deadline:
                raise _timeout(state, limit) from error
            error.add_note(RESUME.format(id=state.id or state.token))
            raise
        if state.detail is None or not state.detail.terminal:
            raise _timeout(state, limit)
        return self.result(state, state.detail)

    async def events(self, state: TaskState) -> AsyncGenerator[Event, None]:
        """All that happens to a task, up to and including :class:`TaskEnded`."""
        limit = self.settings.timeouts.wait
        reader = Reader(self.access)
        async with aclosing(self._watch(state, self.clock() + limit)) as details:
            async for detail in details:
                for event in reader.detail(detail):
                    yield event
        if state.detail is None or not state.detail.terminal:
            raise _timeout(state, limit)

    async def _watch(self, state: TaskState, deadline: float) -> AsyncGenerator[TaskDetail, None]:
        """Look at a task by the schedule until it has ended or the time is up."""
        if state.detail is not None and state.detail.terminal:
            yield state.detail
            return
        # A task of this moment has nothing to tell yet; another's may have ended long ago.
        fresh = state.detail is None and state.tool is not None
        while True:
            if not fresh:
                detail = await self.refresh(state, deadline)
                yield detail
                if detail.terminal:
                    return
            fresh = False
            left = deadline - self.clock()
            if left <= 0:
                return
            age = self.clock() - state.born
            delay = self.settings.poll.delay(age, self.settings.timing.random)
            await self.port.sleep(min(delay, left))

    def result(self, state: TaskState, detail: TaskDetail) -> Result:
        """The result of an ended task; :class:`TaskFailed` or :class:`TaskCancelled` otherwise."""
        if detail.cancelled:
            raise TaskCancelled(f"task {state.id} was cancelled", detail=detail, task_id=state.id)
        if not detail.succeeded:
            reason = self.settings.redact(detail.reason)
            raise TaskFailed(f"task {state.id} failed: {reason}", detail=detail, task_id=state.id)
        return Result.read(detail, state.id, self.access)

    async def cancel(self, state: TaskState) -> bool:
        """Take a task out of the queue. False: it was past the queue, or ended."""
        return await self._end(state, "/Task/Cancel")

    async def kill(self, state: TaskState) -> bool:
        """End a running task. False: it was not running, or ended."""
        return await self._end(state, "/Task/Kill")

    async def stop(self, state: TaskState) -> bool:
        """Cancel or kill, whichever fits. False: the task had ended by itself.

        A task may leave the queue between the look at it and the order, hence the second round.
        """
        for _ in range(2):
            detail = await self.refresh(state)
            if detail.terminal:
                break
            first, second = (
                (self.cancel, self.kill) if detail.status == QUEUED else (self.kill, self.cancel)
            )
            if await first(state) or await second(state):
                return True
        return state.status == CANCELLED

    async def _end(self, state: TaskState, path: str) -> bool:
        if not state.id:
            await self.refresh(state)
        if state.detail is not None and state.detail.terminal:
            return False
        try:
            await self.api.ask(path, {"taskid": state.id}, task_id=state.id)
        except (AuthenticationError, RateLimitError):
            raise
        except ApiError as error:
            if error.retryable or error.http_status != 200:
                raise
            # Refused, unless an earlier attempt did it and only its answer was lost.
            return (await self.refresh(state)).cancelled
        return True


def run_path(tool: str) -> str:
    """``/Run/owner/project``, percent-encoded."""
    owner, _, project = tool.partition("/")
    if not owner or not project or "/" in project or {owner, project} & {".", ".."}:
        text = f"a tool is owner/project, not {shorten(repr(tool))}"
        raise InvalidInputs(text, problems={"tool": text})
    return f"/Run/{quote(owner, safe='')}/{quote(project, safe='')}"


def _may_be_accepted(error: WiroError) -> bool:
    """Whether a run that got ``error`` may have been accepted all the same."""
    if isinstance(error, ConnectionFailed):
        return error.maybe_sent
    if isinstance(error, UnexpectedAnswer):
        return True
    status = error.http_status if isinstance(error, ApiError) else None
    return status is not None and (status >= 500 or status in (408, 425) or 300 <= status < 400)


def _uncertain(tool: str, reason: str) -> SubmissionUncertain:
    return SubmissionUncertain(
        f"the run of {tool} may have been accepted, and its answer is lost ({reason}); it was not "
        "sent again, because every run is billed: look at your tasks on Wiro first",
        tool=tool,
    )


def _timeout(state: TaskState, limit: float) -> TaskTimeout:
    return TaskTimeout(
        f"task {state.id} has not ended within {limit:g} s (last seen: {state.status}); "
        + RESUME.format(id=state.id or state.token),
        detail=state.detail,
        task_id=state.id,
    )
