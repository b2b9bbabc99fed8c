"""The life of a task: submitted, watched to its end, cancelled or killed."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    NotFoundError,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    UnexpectedResponse,
    WiroError,
)
from wiro_runtime.hooks import TaskInfo, call_hook
from wiro_runtime.http.api import Api, may_have_arrived
from wiro_runtime.http.json_values import as_mappings, as_text
from wiro_runtime.http.logs import log
from wiro_runtime.http.loop import call_back, finish, run_in_thread
from wiro_runtime.http.multipart import Form
from wiro_runtime.http.transport import Transport
from wiro_runtime.inputs.arguments import check_duration, check_function, check_number
from wiro_runtime.inputs.files import is_local_file
from wiro_runtime.inputs.messages import invalid, shorten, shown
from wiro_runtime.results.files import Files
from wiro_runtime.tasks.detail import CANCELLED, QUEUED, TaskDetail
from wiro_runtime.tasks.event_reader import TaskWatcher
from wiro_runtime.tasks.events import TextDelta
from wiro_runtime.tasks.notebook import notebook_bar
from wiro_runtime.tasks.recorder import Recorder, complete
from wiro_runtime.tasks.resume import Resumption
from wiro_runtime.tasks.state import TaskState, add_task
from wiro_runtime.tasks.submission import Submission
from wiro_runtime.tasks.submitter import Submitter

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from decimal import Decimal

    import httpx2

    from wiro_runtime.inputs.files import FileLike
    from wiro_runtime.settings import Settings
    from wiro_runtime.tasks.events import Event, OnUpdate
    from wiro_runtime.tasks.journal import Journal

_STOPPING: Final = 10.0
"""Seconds that stopping a task may take when its caller is leaving."""

_BETWEEN_ORDERS: Final = 0.5
"""Seconds until a task that could be neither cancelled nor killed is told once more."""


class TaskService:
    """Everything that can be done with tasks, once for both clients, on one event loop."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal | None = None,
        http_client: httpx2.AsyncClient | httpx2.Client | None = None,
        *,
        budget: Decimal | None = None,
        asynchronous: bool = False,
    ) -> None:
        self.settings = settings
        self.transport = Transport(settings, http_client)
        self.api = Api(settings, self.transport)
        self.files = Files(settings, self.transport, asynchronous=asynchronous)
        self.recorder = Recorder(journal, budget)
        self.submitter = Submitter(self.api, self.recorder, self.refresh)
        self.resumption = Resumption(self.api, journal)
        self.watcher = TaskWatcher(settings, self.transport, self.refresh, self.files)
        self.clock = settings.timing.clock

    async def aclose(self) -> None:
        """Close the connections and the journal."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            # An AsyncWiro on another library's event loop, which has refused to do anything.
            return
        try:
            await self.submitter.aclose()
        finally:
            # Also when this is cancelled: an open journal is one whose client seems to live.
            await self.files.aclose()
            await self.transport.aclose()
            await run_in_thread(self.recorder.close)

    def abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connections of a client that was never closed."""
        if not self.transport.closed:
            asyncio.run_coroutine_threadsafe(self.transport.aclose(), loop)

    def state_of(self, task: str) -> TaskState:
        """The state of a task by its id (digits) or its token."""
        given = cast("object", task)
        if type(given) is int and 0 < given < 10**20:
            given = str(given)
        if not isinstance(given, str) or not given.strip():
            raise invalid("task", f"expected the id or the token of a task, got {shown(given)}")
        task = given.strip()
        is_id = task.isascii() and task.isdigit()
        known = {"id": task, "token": ""} if is_id else {"id": "", "token": task}
        return TaskState(**known, born=self.clock())

    async def submit(
        self, submission: Submission, patience: float, deadline: float | None = None
    ) -> TaskState:
        """Send a run and return its task; ``patience`` seconds at the concurrency limit."""
        check_number("timeout", patience)
        try:
            state = await self.submitter.submit(submission, patience, deadline)
            await self._tell(state)
        except BaseException as error:
            if not isinstance(error, Exception):
                await self.interrupted(submission, error)
            raise
        return state

    async def interrupted(self, submission: Submission, interruption: BaseException) -> None:
        """Do with the task of an interrupted submission as the client was told, once."""
        if submission.state is not None and not submission.left:
            submission.left = True
            await self._interrupted(submission.state, interruption)

    async def run(
        self,
        submission: Submission,
        timeout: float | None,  # noqa: ASYNC109 - the deadline of a task, not of a coroutine
        on_update: OnUpdate | None,
    ) -> Any:
        """Send a run and wait for its end, ``timeout`` seconds in all."""
        check_wait(timeout, on_update)
        if timeout == 0:
            raise ConfigurationError("timeout: no run ends in 0 s; submit() does not wait for it")
        begin = self.clock()
        limit = self.settings.timeouts.wait if timeout is None else timeout
        state = await self.submit(submission, limit, begin + limit)
        try:
            return await self.wait(state, limit, on_update, begin)
        except WiroError as error:
            # The run is paid for by now: calling run() again would pay twice.
            error.retryable = False
            raise

    async def refresh(self, state: TaskState, deadline: float | None = None) -> TaskDetail:
        """Ask for the state of a task and remember it."""
        known = state.id or None
        what = state.id or "with this token"
        try:
            body = await self.api.call_idempotent(
                "/Task/Detail", state.key, deadline=deadline, task_id=known
            )
        except NotFoundError as error:
            reason = str(error).rstrip(".")
            error.args = (f"Wiro knows no task {what}, or not for this key ({reason})",)
            raise
        found = as_mappings(body.get("tasklist"))
        if not found:
            raise NotFoundError(f"Wiro knows no task {what}", task_id=known)
        detail = TaskDetail.read(found[0])
        if (state.id and detail.id not in ("", state.id)) or (
            not state.id and detail.token not in ("", state.token)
        ):
            raise UnexpectedResponse("Wiro tells of another task than was asked for", task_id=known)
        before = state.status
        if state.detail is not None and state.detail.terminal and not detail.terminal:
            # An earlier request whose response was overtaken.
            return state.detail
        state.id, state.token = state.id or detail.id, detail.token or state.token
        state.detail = detail
        if detail.terminal:
            self.submitter.tracker.ended(state)
            await self._record_end(state, detail)
        if detail.status != before:
            await self._tell(state)
        return detail

    async def _record_end(self, state: TaskState, detail: TaskDetail) -> None:
        ended = (detail.status, state.id, state.token, detail.billed_cost)
        write = self.recorder.write(lambda ledger: ledger.ended(*ended))
        if write is not None:
            await complete(write)

    async def _tell(self, state: TaskState) -> None:
        log.info("task %s: %s", state.id, state.status)
        info = TaskInfo(task_id=state.id, tool=state.tool, status=state.status)
        await call_hook(self.settings.hooks.task, info)

    async def wait(
        self,
        state: TaskState,
        timeout: float | None = None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None = None,
        begin: float | None = None,
    ) -> Any:
        """Watch a task to its end. The time is up ``timeout`` seconds after ``begin``, whatever
        the server does."""
        check_wait(timeout, on_update)
        if on_update is None:
            on_update = notebook_bar(state.tool)
        limit = self.settings.timeouts.wait if timeout is None else timeout
        deadline = (self.clock() if begin is None else begin) + limit
        limiting = asyncio.timeout(max(0.0, deadline - self.clock()))
        try:
            async with limiting, aclosing(self._events(state, limit, deadline)) as events:
                async for event in events:
                    if on_update is not None:
                        await call_back(on_update, event)
        except NotFoundError:
            raise
        except Exception as error:
            if isinstance(error, TimeoutError) and limiting.expired():
                raise self._late(state, limit) from None
            # The caller's own, out of on_update, among others.
            add_task(error, state)
            raise
        except BaseException as interruption:
            await self._interrupted(state, interruption)
            raise
        return self.result(state, cast("TaskDetail", state.detail))

    async def _interrupted(self, state: TaskState, interruption: BaseException) -> None:
        """Leave the task running and say so, or stop it, as the client was told."""
        if self.settings.on_interrupt == "stop":
            stopping = asyncio.create_task(self.stop(state, self.clock() + _STOPPING))
            # Cancelled once more, as by a timeout around a group of tasks, it goes on.
            with suppress(asyncio.CancelledError):
                await finish(stopping)
            try:
                stopped = stopping.result()
            except (WiroError, asyncio.CancelledError) as error:
                log.warning("task %s could not be stopped: %s", state.id, error)
            else:
                what = "was stopped" if stopped else "had ended"
                log.warning("task %s %s", state.id, what)
                interruption.add_note(f"task {state.id} {what}")
                return
        add_task(interruption, state)
        log.warning("task %s: %s", state.id, state.resume)

    def events(self, state: TaskState) -> AsyncGenerator[Event, None]:
        """All that happens to a task, up to and including :class:`TaskEnded`. Raises
        :class:`TaskTimeout` after the client's ``timeouts.wait``."""
        limit = self.settings.timeouts.wait
        return self._events(state, limit, self.clock() + limit)

    async def _events(
        self, state: TaskState, limit: float, deadline: float
    ) -> AsyncGenerator[Event, None]:
        try:
            async with aclosing(self.watcher.events(state, deadline)) as events:
                async for event in events:
                    yield event
        except NotFoundError:
            raise
        except (ConnectionFailed, ApiError) as error:
            if self.clock() >= deadline:
                raise self._late(state, limit) from error
            # The message ends with how to get back to the task.
            error.args = (f"{str(error).rstrip('.')}; task {state.id}: {state.resume}",)
            raise
        if state.detail is None or not state.detail.terminal:
            raise self._late(state, limit)

    async def stream(self, state: TaskState) -> AsyncGenerator[str, None]:
        """The answer of a language model, piece by piece. Raises as :meth:`wait` does when the task
        ends without success."""
        async with aclosing(self.events(state)) as events:
            async for event in events:
                if isinstance(event, TextDelta) and event.text:
                    yield event.text
        if state.detail is not None:
            self.result(state, state.detail)

    def result(self, state: TaskState, detail: TaskDetail) -> Any:
        """The result of an ended task; :class:`TaskFailed` or :class:`TaskCancelled` otherwise."""
        if detail.cancelled:
            text = f"task {state.id} was cancelled{detail.billed}"
            raise TaskCancelled(text, detail=detail, task_id=state.id)
        if not detail.succeeded:
            reason = detail.reason + detail.billed
            raise TaskFailed(f"task {state.id} failed: {reason}", detail=detail, task_id=state.id)
        return self.files.result(detail, state.id)

    async def cancel(self, state: TaskState, deadline: float | None = None) -> bool:
        """Take a task out of the queue. False: it was past the queue, or ended."""
        return await self._end(state, "/Task/Cancel", deadline)

    async def kill(self, state: TaskState, deadline: float | None = None) -> bool:
        """End a running task. False: it was not running, or ended."""
        return await self._end(state, "/Task/Kill", deadline)

    async def stop(self, state: TaskState, deadline: float | None = None) -> bool:
        """Cancel or kill, whichever fits. False: the task had ended by itself.

        Wiro does neither to a task that it prepares, and one may leave the queue between two
        requests, so both are tried until the ``deadline``. Raises :class:`TaskTimeout` then.
        """
        until = self.api.last_attempt() if deadline is None else deadline
        while not (detail := await self.refresh(state, deadline)).terminal:
            orders = [self.cancel, self.kill]
            for order in orders if detail.status == QUEUED else reversed(orders):
                if await order(state, deadline):
                    return True
            if self.clock() + _BETWEEN_ORDERS >= until:
                raise TaskTimeout(
                    f"task {state.id} goes on: Wiro stops none that it prepares "
                    f"({shorten(state.status)}); stop it again in some seconds",
                    detail=state.detail,
                    task_id=state.id or None,
                )
            await self.settings.timing.sleep(_BETWEEN_ORDERS)
        return state.status == CANCELLED

    async def delete_files(self, state: TaskState) -> None:
        """Delete the files of an ended task, in and out."""
        if not state.token:
            await self.refresh(state)
        await self.api.call_idempotent(
            "/Task/InputOutputDelete", {"tasktoken": state.token}, task_id=state.id or None
        )

    async def upload(self, file: FileLike, name: str | None) -> str:
        """Upload a file once, to be used as an input many times; gives its address."""
        if not is_local_file(file):
            text = (
                "text is an address; pass a pathlib.Path to upload a file"
                if isinstance(file, str)
                else f"expected a pathlib.Path, bytes or a binary file, got {shown(file)}"
            )
            raise invalid("file", text)
        if name is not None and (not isinstance(name, str) or not name.strip()):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
            raise invalid("name", f"expected the name of a file, got {shown(name)}")
        form = await run_in_thread(lambda: Form({"file": file}, names={"file": name}))
        try:
            response = await self.api.call_idempotent("/File/Upload", form)
        finally:
            form.close()
        first = next(iter(as_mappings(response.get("list"))), response)
        url = as_text(first.get("url"))
        if not url:
            raise UnexpectedResponse("the response to the upload has no address")
        return url

    async def _end(self, state: TaskState, path: str, deadline: float | None) -> bool:
        if not state.id:
            await self.refresh(state, deadline)
        if state.detail is not None and state.detail.terminal:
            return False
        until = self.api.last_attempt() if deadline is None else deadline
        order = json.dumps({"taskid": state.id}).encode()
        lost = False

        async def attempt() -> bool:
            nonlocal lost
            try:
                self.api.parse(await self.api.send_once(path, order, deadline, task_id=state.id))
            except WiroError as error:
                refused = isinstance(error, ApiError) and error.http_status == 200
                if not refused or error.retryable or isinstance(error, AuthenticationError):
                    lost = True
                    raise
                # Refused, unless an earlier attempt did it and only its response was lost.
                detail = await self.refresh(state, deadline)
                return lost and detail.cancelled
            return True

        return await self.api.retry(
            path, attempt, until, lambda error: error.retryable, task_id=state.id
        )

    async def post(self, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        """Call an endpoint; repeated only when the request certainly did not arrive."""
        given = cast("object", path)
        text = given if isinstance(given, str) and given.isprintable() else ""
        segments = unquote(text).lower().split("/")
        # With dots the address would be another one than the path says.
        if not text.startswith("/") or {".", ".."} & {*segments}:
            raise ConfigurationError(
                f"a path begins with / and has no . or .. between slashes, such as /Tool/Explore, "
                f"not {shown(given)}"
            )
        if next(filter(None, segments), "") == "run":
            raise ConfigurationError("post() starts no runs, which are billed; use submit()")
        try:
            content = json.dumps(dict(body or {}), allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ConfigurationError(f"the body is not JSON: {error}") from None

        async def attempt() -> dict[str, Any]:
            return self.api.parse(await self.api.send_once(path, content, None))

        def may_repeat(error: WiroError) -> bool:
            return error.retryable and not may_have_arrived(error)

        return await self.api.retry(path, attempt, None, may_repeat)

    def _late(self, state: TaskState, limit: float) -> TaskTimeout:
        seen = shorten(state.status) or "not seen at all"
        if state.detail is not None and state.detail.setback:
            seen = f"{seen}: {state.detail.setback}"
        return TaskTimeout(
            f"task {state.id} has not ended within {limit:g} s (last: {seen}); " + state.resume,
            detail=state.detail,
            task_id=state.id or None,
        )


def check_wait(timeout: object, on_update: object) -> None:
    """Say before anything is sent, and billed, what would fail after it."""
    if timeout is not None and timeout != 0:
        check_duration("timeout", timeout)
    check_function("on_update", on_update)
