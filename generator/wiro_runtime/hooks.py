"""What can be observed from outside: requests, responses, retries, and the life of tasks.

Enough to make spans of them::

    spans = {}

    def begin(request):
        spans[request] = tracer.start_span(request.path, attributes={"task": request.task_id or ""})

    def end(response):
        span = spans.pop(response.request)
        span.set_attribute("http.response.status_code", response.status or 0)
        span.end()

    client = Wiro(hooks=Hooks(request=begin, response=end))
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from wiro_runtime.inputs.arguments import check_function

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("wiro_runtime")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RequestInfo:
    """A request to Wiro that is about to leave; the same object comes with its response. ``path``
    is that of the endpoint, ``task_id`` is ``None`` where it is about no known task."""

    path: str
    task_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseInfo:
    """The end of ``request`` after ``seconds``: an HTTP status, or the error that prevented one."""

    request: RequestInfo
    seconds: float
    status: int | None
    error: Exception | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RetryInfo:
    """A request that failed with ``error`` for the ``failures``-th time in a row, and is made
    again in ``delay`` seconds."""

    path: str
    task_id: str | None
    error: Exception
    failures: int
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskInfo:
    """A task that was submitted, or seen in another state than before. ``tool`` is ``None`` for a
    task that another process submitted."""

    task_id: str
    tool: str | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Functions that are called as things happen: for ``Wiro`` in the thread that waits for the
    call, for ``AsyncWiro`` in its event loop.

    ``request`` is called before a request leaves, ``response`` when it has ended, ``retry`` before
    the delay of a repetition, ``task`` when a task is submitted or has another state.

    They must be quick. What they raise is logged and goes no further: watching a run must not
    break it.
    """

    request: Callable[[RequestInfo], object] | None = None
    response: Callable[[ResponseInfo], object] | None = None
    retry: Callable[[RetryInfo], object] | None = None
    task: Callable[[TaskInfo], object] | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            check_function(f"hooks.{name}", getattr(self, name))


async def call_hook(hook: Callable[[T], object] | None, info: T) -> None:
    """Call ``hook``, if there is one, where its user waits. What it raises is logged."""
    if hook is not None:
        from wiro_runtime.http.loop import call_back  # noqa: PLC0415 - imports asyncio

        try:
            await call_back(hook, info)
        except Exception:
            log.exception("a hook failed")
