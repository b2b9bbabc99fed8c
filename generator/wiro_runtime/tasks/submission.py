"""Runs are billed, so each is accepted once, or its caller is told that this is unknown.

A run is recorded in the journal, sent once, and recorded again with the task that it became. That
work is a task of asyncio of its own. When its caller is cancelled before the first byte has left,
it is cancelled too; after that the response is waited for and recorded first.
"""

from __future__ import annotations

import asyncio
import json
import re
from asyncio import _register_task as _show  # pyright: ignore[reportPrivateUsage] - documented
from asyncio import _unregister_task as _hide  # pyright: ignore[reportPrivateUsage] - documented
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlsplit

from wiro_runtime.errors import (
    ApiError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    InvalidInputs,
    NotFoundError,
    RateLimitError,
    SubmissionUncertain,
    WiroError,
)
from wiro_runtime.http.api import Api, may_have_arrived, read_body
from wiro_runtime.http.logs import log
from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.http.multipart import Form, describe, has_files
from wiro_runtime.inputs.messages import name_inputs, shown
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.inputs.wire import python_names
from wiro_runtime.price import unknown
from wiro_runtime.tasks.concurrency import ConcurrencyTracker
from wiro_runtime.tasks.detail import as_name
from wiro_runtime.tasks.recorder import complete
from wiro_runtime.tasks.records import new_key
from wiro_runtime.tasks.state import TaskState, add_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from concurrent.futures import Future

    from wiro_runtime.http.transport import Response
    from wiro_runtime.price import Price
    from wiro_runtime.settings import Settings
    from wiro_runtime.tasks.recorder import Recorder


_NOT_COMPUTED: Final = unknown("not computed")


class Submission:
    """One run on its way to Wiro.

    ``sent``: a request has left that Wiro may accept. ``state``: the task that it became.
    ``interrupted``: its caller has left, so it is not sent again. ``abandoned``: its caller was
    told that its response did not come in time. ``left``: its task was stopped, or left to go on,
    when its caller was interrupted. ``wanted_key`` is its key in the journal, if it is not to be a
    new one: with a key that is taken it raises :class:`KeyTaken` and is not sent. ``once``: it is
    not sent a second time by itself, also where the first certainly did nothing. ``key`` names
    what is reserved or recorded for it, ``entry`` is the same where there is a journal.
    """

    def __init__(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, Any],
        callback_url: str | None,
        settings: Settings,
    ) -> None:
        """Raise :class:`InvalidInputs` for whatever is wrong with a run on this side."""
        self.tool = tool
        self.path = run_path(tool)
        self.body = _body(inputs)
        self._checked_by = type(inputs) if isinstance(inputs, ToolInputs) else None
        if callback_url is not None:
            self.body["callbackUrl"] = _checked_callback(callback_url)
        if settings.project_id is not None:
            self.body["projectid"] = settings.project_id
        self.price = _NOT_COMPUTED
        self.priced: Callable[[], Price] | None = None
        self.content: bytes | Form = b""
        self.wanted_key = ""
        self.once = False
        self.key = ""
        self.entry: str | None = None
        self.sent = False
        self.interrupted = False
        self.abandoned = False
        self.left = False
        self.state: TaskState | None = None
        self.recording: Future[None] | None = None

    def mark_sent(self) -> None:
        self.sent = True

    @property
    def sent_whole(self) -> bool:
        """Whether all of a request has left, so that a response is worth waiting for. An upload
        that is under way, which may take an hour, is cancelled instead."""
        return self.sent and (not isinstance(self.content, Form) or self.content.read_whole)

    @contextmanager
    def named(self) -> Generator[None, None, None]:
        """Let whatever is raised in this block name the task, or say that there may be one."""
        try:
            yield
        except BaseException as error:
            if self._checked_by is not None:
                name_inputs(error, python_names(self._checked_by))
            if self.state is not None:
                add_task(error, self.state)
            elif isinstance(error, NotFoundError):
                reason = str(error).rstrip(".")
                text = f"Wiro has no tool {self.tool}, or not for this key ({reason})"
                error.args = (text,)
            elif self.sent and not isinstance(error, WiroError):
                error.add_note(f"the run of {self.tool} may have been accepted all the same")
            raise

    async def prepare(self) -> None:
        """Compute the price, which may raise :class:`PriceExceeded`, and encode the body. Files
        and price lists are read in a thread."""
        if self.priced is not None:
            self.price = await run_in_thread(self.priced)
            self.priced = None
        try:
            if has_files(self.body):
                await run_in_thread(self._open_files)
            else:
                self.content = json.dumps(self.body, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            if isinstance(error, InvalidInputs):
                raise
            raise InvalidInputs(f"inputs are not JSON: {error}") from None

    def _open_files(self) -> None:
        self.content = Form(self.body)
        if self.interrupted:
            self.close()

    def close(self) -> None:
        """Let go of what was sent; the task may be waited for long after."""
        if isinstance(self.content, Form):
            self.content.close()
        self.content, self.body = b"", {}


class Submitter:
    """Sends runs, records them, and waits while Wiro takes no more.

    ``refresh`` asks for the state of a task, to learn whether one of this client's has ended.
    """

    def __init__(
        self, api: Api, recorder: Recorder, refresh: Callable[[TaskState], Awaitable[object]]
    ) -> None:
        self.api = api
        self.recorder = recorder
        self.tracker = ConcurrencyTracker()
        self._refresh = refresh
        self._clock = api.clock
        self._lock = asyncio.Lock()
        self._full = False
        self._running: dict[asyncio.Task[BaseException | None], Submission] = {}
        self._closed = False

    async def submit(
        self, submission: Submission, patience: float, deadline: float | None
    ) -> TaskState:
        """Submit a run and return its task, recorded.

        At the concurrency limit ``patience`` seconds are waited. At the ``deadline``, in seconds of
        the clock, the call ends: :class:`SubmissionUncertain` when the request has left and its
        response is still to come, which is recorded should it come later.
        """
        if self._closed:
            raise ConfigurationError("the client is closed; make another one")
        work = asyncio.create_task(self._guarded(submission, patience, deadline))
        # asyncio.run() cancels all tasks that it finds when it ends. This one is waited for by
        # this coroutine, through every cancellation.
        _hide(work)
        self._running[work] = submission
        work.add_done_callback(self._running.pop)
        left = None if deadline is None else max(deadline - self._clock(), 0.0)
        interruption: asyncio.CancelledError | None = None
        until = None if left is None else asyncio.get_running_loop().time() + left
        while not work.done():
            seconds = None if until is None else until - asyncio.get_running_loop().time()
            if seconds is not None and seconds <= 0:
                submission.interrupted = True
                if submission.state is not None:
                    return submission.state
                if submission.sent_whole:
                    submission.abandoned = True
                    _show(work)
                    raise uncertain(submission, "no response in time")
                work.cancel()
                until = None
                continue
            try:
                await asyncio.wait([work], timeout=seconds)
            except asyncio.CancelledError as error:
                interruption = interruption or error
                submission.interrupted = True
                until = None
                if not submission.sent_whole:
                    work.cancel()
        if interruption is not None:
            raise interruption
        failure = None if work.cancelled() else work.result()
        if failure is not None:
            raise failure
        if submission.state is None and submission.sent:
            raise uncertain(submission, "not all of the request was sent in time")
        if submission.state is None:
            raise ConnectionFailed(
                f"the run of {submission.tool} was not sent in time", maybe_sent=False
            )
        return submission.state

    async def aclose(self) -> None:
        """Wait for the responses to runs that have left, a short time only where their callers
        have given up; cancel all others. No run is submitted from here on."""
        self._closed = True
        late: list[asyncio.Task[Any]] = []
        others: list[asyncio.Task[Any]] = []
        for work, submission in self._running.items():
            submission.interrupted = True
            if not submission.sent_whole:
                work.cancel()
            (late if submission.abandoned else others).append(work)
        await _finished(others)
        if late:
            await asyncio.wait(late, timeout=_FAREWELL)
            for work in late:
                work.cancel()
            await _finished(late)

    async def _guarded(
        self, submission: Submission, patience: float, deadline: float | None
    ) -> BaseException | None:
        """Do the work and return what went wrong: an exception such as :class:`KeyboardInterrupt`,
        raised by a hook, would end the event loop if it were raised in this task."""
        try:
            await self._submit(submission, patience, deadline)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - returned
            return error
        return None

    async def _submit(
        self, submission: Submission, patience: float, deadline: float | None
    ) -> None:
        try:
            await submission.prepare()
            inputs = {name: describe(value) for name, value in submission.body.items()}
            key = submission.wanted_key or new_key()
            begun = self.recorder.begin(key, submission.tool, inputs, submission.price)
            try:
                if begun is not None:
                    try:
                        await complete(begun)
                    finally:
                        # What could not begin is not this one's to settle.
                        submission.key = "" if begun.exception() else key
                        if self.recorder.keeps_journal:
                            submission.entry = submission.key or None
                await self._until_accepted(submission, patience, deadline)
            except BaseException as error:
                await self._record_failure(submission, error)
                raise
        finally:
            submission.close()

    async def _record_failure(self, submission: Submission, error: BaseException) -> None:
        """Record how a submission ended that did not end well."""
        if submission.recording is not None:
            write = submission.recording
        elif submission.sent:
            write = self.recorder.uncertain(submission.key, "its response was not received")
            if isinstance(error, SubmissionUncertain):
                error.submission = submission.entry
        else:
            reason = str(error) or type(error).__name__
            write = self.recorder.settled(submission.key, reason)
        if write is not None:
            # What the journal cannot write now it remembers.
            with suppress(Exception):
                await complete(write)

    async def _until_accepted(
        self, submission: Submission, patience: float, deadline: float | None
    ) -> None:
        """Send a run until it is accepted; one at a time while Wiro takes no more."""
        limit = ConcurrencyLimitError("the concurrency limit is reached", code=96, retryable=True)
        changes = self.tracker.changes
        until = self._clock() + patience
        if not self._full:
            try:
                await self._attempts(submission, deadline)
            except ConcurrencyLimitError as error:
                if self.tracker.none_since(changes) or patience <= 0:
                    raise
                limit = error
                self._full = True
            else:
                return
        waiting = asyncio.timeout(max(0.0, until - self._clock()))
        try:
            async with waiting:
                await self._lock.acquire()
        except TimeoutError:
            raise limit from None
        try:
            await self._when_free(submission, until, deadline)
        finally:
            self._full = False
            self._lock.release()

    async def _when_free(
        self, submission: Submission, until: float, deadline: float | None
    ) -> None:
        """Submit as soon as one of this client's own tasks has ended."""
        timing, poll = self.api.settings.timing, self.api.settings.poll
        begin = self._clock()
        while True:
            changes = self.tracker.changes
            try:
                await self._attempts(submission, deadline)
            except ConcurrencyLimitError:
                delay = poll.delay(self._clock() - begin, timing.random)
                if self.tracker.none_since(changes) or self._clock() + delay >= until:
                    raise
            else:
                return
            log.info("concurrency limit reached; %s waits for a task to end", submission.tool)
            oldest = self.tracker.oldest()
            await timing.pause(delay)
            if oldest is not None and oldest is self.tracker.oldest():
                # Its owner may not be waiting for it.
                with suppress(WiroError):
                    await self._refresh(oldest)

    async def _attempts(self, submission: Submission, deadline: float | None) -> None:
        """Send a run, again only when it was certainly not accepted."""

        async def attempt() -> None:
            if submission.interrupted:
                raise asyncio.CancelledError
            try:
                with self.tracker.sending():
                    await self._send_once(submission)
            except (ConnectionFailed, ApiError) as error:
                if may_have_arrived(error):
                    raise uncertain(submission, str(error)) from None
                submission.sent = False
                if submission.interrupted:
                    # Its caller was cancelled, so it is not sent again and no limit is waited for.
                    raise asyncio.CancelledError from None
                raise

        def may_repeat(error: WiroError) -> bool:
            known = isinstance(error, ConnectionFailed | RateLimitError) and error.retryable
            return known and not submission.once

        await self.api.retry(submission.path, attempt, deadline, may_repeat)

    async def _send_once(self, submission: Submission) -> None:
        """Send a run and record the task that it became."""

        def take(response: Response) -> None:
            self._accept(submission, find_task(read_body(response), response.body))

        try:
            response = await self.api.send_once(
                submission.path,
                submission.content,
                None,
                fresh=True,
                on_sent=submission.mark_sent,
                on_response=take,
            )
        except (InvalidInputs, ConfigurationError):
            # The client is closed, or a file became shorter: Wiro has not got a whole request.
            submission.sent = submission.state is not None
            if submission.state is None:
                raise
        except ConnectionFailed as error:
            self._accept(submission, find_task(None, error.partial))
            if submission.state is None:
                raise
        except WiroError:
            raise
        except Exception as error:
            if submission.state is None and submission.sent:
                raise uncertain(submission, f"{type(error).__name__}: {error}") from error
            raise
        else:
            if submission.state is None:
                self.api.parse(response)
                raise uncertain(submission, "the response names no task")
        if submission.recording is not None:
            await complete(submission.recording)

    def _accept(self, submission: Submission, found: tuple[str, str]) -> None:
        """Take note of the task that a response names. Nothing here waits, so that nothing can
        come between the response and its way into the journal."""
        task_id, token = found
        if not task_id and not token:
            return
        submission.state = TaskState(
            id=task_id, token=token, born=self._clock(), tool=submission.tool
        )
        submission.recording = self.recorder.accepted(submission.key, task_id, token)
        self.tracker.accepted(submission.state)
        log.info("task %s submitted to %s", task_id or "known by its token", submission.tool)


async def _finished(tasks: list[asyncio.Task[Any]]) -> None:
    """Wait for ``tasks``, through a cancellation, which is raised then."""
    interruption: asyncio.CancelledError | None = None
    while left := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(left)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption


_FAREWELL: Final = 5.0
"""Seconds that closing a client waits for a response that its caller has given up."""

_IDS: Final = frozenset({"taskid"})
_TOKENS: Final = frozenset({"socketaccesstoken", "tasktoken"})
_OTHERS: Final = frozenset({"errors", "error", "inputs", "parameters", "request"})
"""Fields that may repeat what was sent, such as the token of an earlier task."""

_CUT: Final = re.compile(
    rb'"(taskid|socketaccesstoken|tasktoken)"\s*:\s*(?:"([^"\\\s]+)"|(\d+)(?=\s*[,}]))'
)


def find_task(parsed: object, text: bytes) -> tuple[str, str]:
    """The id and the token of the task that a response to a run names, wherever it does; empty
    where there is none. ``text`` is searched when it is not JSON, such as one that was cut."""
    if parsed is None:
        named = {found[1].decode(): (found[2] or found[3]) for found in _CUT.finditer(text)}
        token = named.get("socketaccesstoken") or named.get("tasktoken") or b""
        return named.get("taskid", b"").decode(errors="replace"), token.decode(errors="replace")
    level: list[object] = [parsed]
    while level:
        for value in level:
            if isinstance(value, dict):
                fields = cast("dict[str, Any]", value)
                task_id, token = _named(fields, _IDS), _named(fields, _TOKENS)
                if task_id or token:
                    return task_id, token
        level = [inner for value in level for inner in _inside(value)]
    return "", ""


def _named(fields: Mapping[str, Any], names: frozenset[str]) -> str:
    found = (as_name(x) for name, x in fields.items() if name.lower().replace("_", "") in names)
    return next(filter(None, found), "")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return [inner for name, inner in fields.items() if name.lower() not in _OTHERS]
    return cast("list[object]", value) if isinstance(value, list) else []


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


def uncertain(submission: Submission, reason: str) -> SubmissionUncertain:
    """The error for a run whose response is lost."""
    return SubmissionUncertain(
        f"the run of {submission.tool} may have been accepted, and its response is lost "
        f"({reason}); it was not sent again, because every run is billed: check your tasks on "
        "Wiro first",
        tool=submission.tool,
        submission=submission.entry,
    )
