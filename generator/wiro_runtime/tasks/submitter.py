"""Runs are billed, so each is accepted once, or its caller is told that this is unknown.

A run is recorded in the journal, sent once, and recorded again with the task that it became. That
work is a task of asyncio of its own. When its caller is cancelled before the first byte has left,
it is cancelled too; after that the response is waited for and recorded first.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import _register_task as _show  # pyright: ignore[reportPrivateUsage] - documented
from asyncio import _unregister_task as _hide  # pyright: ignore[reportPrivateUsage] - documented
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import (
    ApiError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    RateLimitError,
    UnexpectedResponse,
    WiroError,
)
from wiro_runtime.http.api import AWAIT_TASK, Api, may_have_arrived
from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import as_name
from wiro_runtime.http.logs import log
from wiro_runtime.http.loop import finish
from wiro_runtime.http.multipart import Form, describe
from wiro_runtime.tasks.concurrency import ConcurrencyTracker
from wiro_runtime.tasks.recorder import complete
from wiro_runtime.tasks.records import Origin, new_key
from wiro_runtime.tasks.state import TaskState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from wiro_runtime.tasks.recorder import Recorder
    from wiro_runtime.tasks.submission import Submission


class Submitter:
    """Sends runs, records them, and waits while Wiro takes no more.

    ``refresh`` asks for the state of a task until a moment of the clock, to learn whether one of
    this client's has ended.
    """

    def __init__(
        self, api: Api, recorder: Recorder, refresh: Callable[[TaskState, float], Awaitable[object]]
    ) -> None:
        self.api = api
        self.recorder = recorder
        self.tracker = ConcurrencyTracker()
        self._refresh = refresh
        self._clock = api.clock
        self._lock = asyncio.Lock()
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
        work.add_done_callback(lambda _: self._running.pop(work, None))
        left = None if deadline is None else max(deadline - self._clock(), 0.0)
        try:
            async with asyncio.timeout(left):
                await asyncio.wait([work])
        except TimeoutError:
            submission.interrupted = True
            if submission.state is not None:
                return submission.state
            if submission.sent_whole and not work.done():
                submission.abandoned = True
                _show(work)
                raise submission.uncertain("no response in time") from None
            await self._end(work, submission)
        except asyncio.CancelledError:
            submission.interrupted = True
            await self._end(work, submission)
            raise
        failure = work.result() if work.done() and not work.cancelled() else None
        if failure is not None:
            raise failure
        if submission.state is None and submission.sent:
            raise submission.uncertain("not all of the request was sent in time")
        if submission.state is None:
            raise ConnectionFailed(
                f"the run of {submission.tool} was not sent in time", maybe_sent=False
            )
        return submission.state

    async def _end(self, work: asyncio.Task[Any], submission: Submission) -> None:
        """Wait for the response to a run that has left; cancel one that has not.

        A signal handler that raises in the frames of asyncio may leave a task that it never goes
        on with. Nothing is sent by such a task any more, and nothing waits for it.
        """
        timeouts = self.api.settings.timeouts
        limit = _FAREWELL
        if not submission.sent_whole:
            work.cancel()
        else:
            limit += timeouts.request
            limit += timeouts.transfer if isinstance(submission.content, Form) else 0
        try:
            await finish(work, limit=limit)
        finally:
            if not work.done():
                submission.may_send = lambda: False
                self._running.pop(work, None)
                await self._record_failure(submission, asyncio.CancelledError())

    async def aclose(self) -> None:
        """Wait for the responses to runs that have left, a short time only where their callers
        have given up; cancel all others. No run is submitted from here on."""
        self._closed = True
        late: list[asyncio.Task[Any]] = []
        others: list[asyncio.Task[Any]] = []
        for work, submission in self._running.items():
            submission.interrupted = True
            if submission.abandoned:
                late.append(work)
            else:
                others.append(asyncio.create_task(self._end(work, submission)))
        await finish(*others)
        if late:
            await asyncio.wait(late, timeout=_FAREWELL)
            for work in late:
                work.cancel()
            await finish(*late, limit=_FAREWELL)

    async def _guarded(
        self, submission: Submission, patience: float, deadline: float | None
    ) -> BaseException | None:
        """Do the work and return what went wrong: an exception such as :class:`KeyboardInterrupt`,
        raised by a hook, would end the event loop if it were raised in this task."""
        try:
            await submission.prepare(self.recorder)
            await self._begin(submission)
            await self._until_accepted(submission, patience, deadline)
        except GeneratorExit:
            # What asyncio never went on with is deleted; nothing can be awaited there.
            raise
        except BaseException as error:
            await self._record_failure(submission, error)
            if isinstance(error, asyncio.CancelledError):
                raise
            return error
        finally:
            submission.close()
        return None

    async def _begin(self, submission: Submission) -> None:
        """Record that a run is about to be sent, and reserve its price."""
        inputs = {name: describe(value) for name, value in submission.body.items()}
        key = submission.wanted_key or new_key()
        origin = Origin(self.api.settings.account, self.api.skew)
        # A signal handler may raise before it is known how that ended. A key that the caller has
        # chosen may be that of another run.
        submission.key = "" if submission.wanted_key else key
        arguments = (submission.tool, inputs, key, submission.price, self.recorder.budget, origin)
        begun = self.recorder.write(lambda ledger: ledger.begin(*arguments), begins=True)
        if begun is None:
            return
        try:
            await complete(begun)
        finally:
            # What could not begin is not this one's to settle.
            submission.key = "" if begun.exception() else key
            submission.begun = True
            if self.recorder.keeps_journal:
                submission.entry = submission.key or None

    async def _record_failure(self, submission: Submission, error: BaseException) -> None:
        """Record how a submission ended that did not end well."""
        key, write = submission.key, submission.recording
        if not key:
            return
        if write is None and submission.state is not None:
            # A signal handler that raises interrupts whatever the event loop is doing.
            write = self._record_task(key, submission.state)
        elif write is None and submission.sent:
            reason = "its response was not received"
            write = self.recorder.write(lambda ledger: ledger.uncertain(key, reason))
        elif write is None:
            reason = str(error) or type(error).__name__
            write = self.recorder.write(
                # Behind the record that it begins, which may not be written yet.
                lambda ledger: ledger.settled(key, reason),
                begins=not submission.begun,
            )
        if write is not None:
            # What the journal cannot write now it remembers.
            with suppress(Exception):
                await complete(write)

    async def _until_accepted(
        self, submission: Submission, patience: float, deadline: float | None
    ) -> None:
        """Send a run until it is accepted; while Wiro takes no more, one run at a time is sent
        again, when a task of this client ends and at the steps of the poll schedule."""
        timing, poll = self.api.settings.timing, self.api.settings.poll
        begin = self._clock()
        until = begin + patience
        text = f"the concurrency limit is reached{AWAIT_TASK}"
        limit = ConcurrencyLimitError(text, code=96, retryable=True)
        has_turn = False
        try:
            while True:
                if self._lock.locked() and not has_turn:
                    has_turn = await self._queue(until, limit)
                changes, ends = self.tracker.changes, self.tracker.ends
                try:
                    await self._send(submission, deadline)
                except ConcurrencyLimitError as error:
                    now = self._clock()
                    delay, left = poll.delay(now - begin, timing.random), until - now
                    # What is to end by the deadline is of no use when it begins at that moment.
                    late = left <= 0 or (deadline is not None and delay >= left)
                    if late or self.tracker.none_since(changes):
                        raise
                    limit, delay = error, min(delay, left)
                else:
                    return
                log.info("concurrency limit reached; %s waits for a task to end", submission.tool)
                if has_turn:
                    await self._pause(delay, ends, until)
                else:
                    has_turn = await self._queue(until, limit)
        finally:
            if has_turn:
                self._lock.release()

    async def _queue(self, until: float, limit: ConcurrencyLimitError) -> bool:
        """Wait for the turn of a run among those that wait for a place; raise ``limit`` when that
        does not come in time."""
        try:
            async with asyncio.timeout(max(0.0, until - self._clock())):
                return await self._lock.acquire()
        except TimeoutError:
            raise limit from None

    async def _pause(self, delay: float, ends: int, until: float) -> None:
        """Wait ``delay`` seconds, or until more than ``ends`` tasks have ended; then see whether
        the oldest task has ended, which its owner may not wait for. Without tasks of its own in
        flight, a client gives up at once."""
        oldest = self.tracker.oldest()
        waits = [self.api.settings.timing.sleep(delay), self.tracker.next_end(ends)]
        tasks = [asyncio.ensure_future(each) for each in waits]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        for task in done:
            task.result()
        if oldest is not None and self.tracker.ends == ends and self._clock() < until:
            with suppress(WiroError):
                await self._refresh(oldest, until)

    async def _send(self, submission: Submission, deadline: float | None) -> None:
        """Send a run, again only when it was certainly not accepted."""

        def may_repeat(error: WiroError) -> bool:
            known = isinstance(error, ConnectionFailed | RateLimitError) and error.retryable
            return known and not submission.once

        await self.api.retry(
            submission.path, lambda: self._send_once(submission), deadline, may_repeat
        )

    async def _send_once(self, submission: Submission) -> None:
        """Send a run and record the task that it became. What is raised without a task is
        :class:`SubmissionUncertain`, or the run was certainly not accepted."""
        try:
            await self._request(submission)
        except Exception as error:  # noqa: BLE001 - with a task, nothing takes the run back
            if submission.state is None:
                cause = None if isinstance(error, WiroError) else error
                raise self._failure(submission, error) from cause
            log.debug("task %s is accepted in spite of: %s", submission.state.id, error)
        if submission.recording is not None:
            await complete(submission.recording)

    async def _request(self, submission: Submission) -> None:
        with self.tracker.sending():
            response = await self.api.send_once(
                submission.path,
                submission.content,
                None,
                fresh=True,
                on_sent=submission.mark_sent,
                on_body=lambda body: self._accept(submission, body),
            )
        if submission.state is None:
            self.api.parse(response)
            raise UnexpectedResponse("the response names no task")

    def _failure(self, submission: Submission, error: Exception) -> BaseException:
        """The exception for a request that became no task, as far as is known."""
        if submission.sent and may_have_arrived(error):
            kind = "" if isinstance(error, WiroError) else f"{type(error).__name__}: "
            return submission.uncertain(f"{kind}{error}")
        submission.sent = False
        # When its caller has left it is not sent again, and no limit is waited for.
        repeatable = isinstance(error, ConnectionFailed | ApiError)
        return asyncio.CancelledError() if submission.interrupted and repeatable else error

    def _accept(self, submission: Submission, body: bytes) -> None:
        """Take note of the task that a response names, whole or cut. Nothing here waits, so that
        nothing can come between the response and its way into the journal."""
        task_id, token = find_task(body)
        if submission.state is not None or (not task_id and not token):
            return
        state = TaskState(id=task_id, token=token, born=self._clock(), tool=submission.tool)
        submission.state = state
        submission.recording = self._record_task(submission.key, state)
        self.tracker.accepted(state)
        log.info("task %s submitted to %s", task_id or "known by its token", submission.tool)

    def _record_task(self, key: str, state: TaskState) -> Future[None] | None:
        task_id, token = state.id, state.token
        return self.recorder.write(lambda ledger: ledger.accepted(key, task_id, token))


_FAREWELL: Final = 5.0
"""Seconds that closing a client waits for a response that its caller has given up."""

_IDS: Final = frozenset({"taskid"})
_TOKENS: Final = frozenset({"socketaccesstoken", "tasktoken"})
_OTHERS: Final = frozenset({"errors", "error", "inputs", "parameters", "request"})
"""Fields that may repeat what was sent, such as the token of an earlier task."""

_CUT: Final = re.compile(
    rb'"(task_?id|socket_?access_?token|task_?token)"\s*:\s*(?:"([^"\\\s]+)"|(\d+)(?=\s*[,}]))',
    re.IGNORECASE,
)


def find_task(body: bytes) -> tuple[str, str]:
    """The id and the token of the task that a response to a run names, wherever it does; empty
    where there is none. A body that is not JSON, such as one that was cut, is searched as text."""
    try:
        level: list[object] = [parse_json(body)]
    except ValueError:
        named = {
            found[1].decode(): (found[2] or found[3]).decode(errors="replace")
            for found in _CUT.finditer(body)
        }
        return _named(named, _IDS), _named(named, _TOKENS)
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
    # A refusal may have 0 where a task would be.
    return next((name for name in found if name.strip("0")), "")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return [inner for name, inner in fields.items() if name.lower() not in _OTHERS]
    return cast("list[object]", value) if isinstance(value, list) else []
