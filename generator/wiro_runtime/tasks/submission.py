"""One run on its way to Wiro."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlsplit

from wiro_runtime.errors import (
    ConnectionFailed,
    InvalidInputs,
    NotFoundError,
    SubmissionUncertain,
    WiroError,
)
from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.http.multipart import Form, has_files
from wiro_runtime.inputs.arguments import read_inputs
from wiro_runtime.inputs.conversation import go_on
from wiro_runtime.inputs.messages import invalid, name_inputs, shown
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.inputs.wire import python_names
from wiro_runtime.price import unknown
from wiro_runtime.price.estimate import price_run
from wiro_runtime.tasks.budget import NO_CEILING, Ceiling
from wiro_runtime.tasks.state import TaskState, add_task

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from concurrent.futures import Future
    from decimal import Decimal

    from wiro_runtime.catalogue import Catalogue
    from wiro_runtime.inputs.conversation import Earlier, ToolOutputs
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
    not sent a second time by itself, also where the first certainly did nothing. ``may_send`` is
    asked when the first byte is about to leave; none does where it says no. ``key`` names what is
    reserved or recorded for it, once ``begun``; ``entry`` is the same where there is a journal.
    """

    def __init__(
        self,
        tool: str,
        inputs: ToolInputs | Mapping[str, Any],
        settings: Settings,
        *,
        callback_url: str | None = None,
        previous: Earlier | None = None,
        tool_outputs: ToolOutputs | None = None,
        ceiling: Ceiling = NO_CEILING,
        price: Price | None = None,
        package: str | Catalogue | None = None,
    ) -> None:
        """Raise :class:`InvalidInputs` for whatever is wrong with a run on this side. ``price`` is
        computed unless it is given, with the tool of ``package`` where no validator has checked the
        inputs."""
        self.tool = tool
        self.path = run_path(tool)
        self._inputs = inputs
        self.body = inputs.wire_values() if isinstance(inputs, ToolInputs) else read_inputs(inputs)
        if callback_url is not None:
            self.body["callbackUrl"] = _checked_callback(callback_url)
        if settings.project_id is not None:
            self.body["projectid"] = settings.project_id
        go_on(self.body, previous, tool_outputs)
        self.price = price or _NOT_COMPUTED
        self._ceiling = ceiling
        self._package = package
        self.content: bytes | Form = b""
        self.wanted_key = ""
        self.once = False
        self.may_send: Callable[[], bool] | None = None
        self.key = ""
        self.begun = False
        self.entry: str | None = None
        self.sent = False
        self.interrupted = False
        self.abandoned = False
        self.left = False
        self.state: TaskState | None = None
        self.recording: Future[None] | None = None

    def mark_sent(self) -> None:
        if self.may_send is not None and not self.may_send():
            raise ConnectionFailed(f"{self.tool}: it took too long to connect", maybe_sent=False)
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
            self.name(error)
            raise

    def name(self, error: BaseException) -> None:
        """Let ``error`` name the task, or say that there may be one."""
        if isinstance(self._inputs, ToolInputs):
            name_inputs(error, python_names(type(self._inputs)))
        if self.state is not None:
            add_task(error, self.state)
        elif isinstance(error, NotFoundError):
            reason = str(error).rstrip(".")
            text = f"Wiro has no tool {self.tool}, or not for this key ({reason})"
            error.args = (text,)
        elif self.sent and not isinstance(error, WiroError):
            error.add_note(f"the run of {self.tool} may have been accepted all the same")

    def uncertain(self, reason: str) -> SubmissionUncertain:
        """The error for this run when its response is lost."""
        return SubmissionUncertain(
            f"the run of {self.tool} may have been accepted, and its response is lost ({reason}); "
            "it was not sent again, because every run is billed: check your tasks on Wiro first",
            tool=self.tool,
            submission=self.entry,
        )

    async def prepare(self, recorder: Recorder) -> None:
        """Compute the price where it matters, which may raise :class:`PriceExceeded`, and encode
        the body. Files and price lists are read in a thread."""
        if self._ceiling.max_cost is not None or recorder.ledger is not None:
            await run_in_thread(lambda: self._compute_price(recorder.budget))
        try:
            if has_files(self.body):
                await run_in_thread(self._open_files)
            else:
                self.content = json.dumps(self.body, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            if isinstance(error, InvalidInputs):
                raise
            raise InvalidInputs(f"inputs are not JSON: {error}") from None

    def _compute_price(self, budget: Decimal | None) -> None:
        if self.price is _NOT_COMPUTED:
            self.price = price_run(self.tool, self._inputs, self.body, self._package)
        self._ceiling.check(self.tool, self.price, budget)

    def _open_files(self) -> None:
        self.content = Form(self.body)
        if self.interrupted:
            self.close()

    def close(self) -> None:
        """Let go of what was sent; the task may be waited for long after."""
        if isinstance(self.content, Form):
            self.content.close()
        self.content, self.body = b"", {}


def _checked_callback(url: object) -> str:
    """An address that Wiro could post to, as far as one can tell from here."""
    if isinstance(url, str) and url.isprintable() and " " not in url:
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in ("http", "https") and parts.hostname:
                return url
    raise invalid("callback_url", f"expected an http(s) address, got {shown(url)}")


def run_path(tool: str) -> str:
    """``/Run/owner/project``, percent-encoded."""
    given = cast("object", tool)
    owner, _, project = given.partition("/") if isinstance(given, str) else ("", "", "")
    odd = not owner.isprintable() or not project.isprintable()
    if not owner or not project or "/" in project or odd or {owner, project} & {".", ".."}:
        text = f"a tool is owner/project, not {shown(given)}"
        raise InvalidInputs(text, problems={"tool": text})
    return f"/Run/{quote(owner, safe='')}/{quote(project, safe='')}"
