"""What can go wrong, as one tree.

    WiroError
      ConfigurationError        the client cannot be built or used as asked
      InvalidInputs             an input of a tool is wrong; nothing was sent (also a ValueError)
      PriceExceeded             a run may cost more than its ceiling; nothing was sent
      ApiError                  Wiro responded, and the response is not success
        AuthenticationError       key, signature or sign-in refused
        NotFoundError             no such tool or task, or not yours
        InsufficientBalanceError  the balance does not cover the run
        ConcurrencyLimitError     too many tasks at once (code 96)
        RateLimitError            too many requests (HTTP 429)
        UnexpectedResponse        not a response of Wiro's: HTML, cut JSON, missing fields
      ConnectionFailed          no response
      SubmissionUncertain       a run may have been accepted, and its response is lost
      TaskFailed                the task ended, without success
      TaskCancelled             the task was cancelled
      TaskTimeout               the task had not ended when the time was up (also a TimeoutError)
      DownloadError             an output could not be fetched whole

``retryable`` means: the same call may be made again and nothing can be paid for twice. Every error
after a submission carries ``task_id``.

One warning is a class of its own: ``UndocumentedOption``, for an id that a tool's document does not
list and that is sent as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from wiro_runtime.price import Price
    from wiro_runtime.tasks.detail import TaskDetail


class WiroError(Exception):
    """Base of every error that this package raises.

    ``retryable``: the same call may help when it is made again, and pays for nothing twice.
    ``task_id`` is the id of the task that it is about, ``None`` where there is none.

    Keyword arguments are attributes too. All have defaults, so that errors survive pickling.
    """

    def __init__(
        self, message: str = "", *, retryable: bool = False, task_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.task_id = task_id


class ConfigurationError(WiroError):
    """The client cannot be built or used like this: a key, an address or an extra is missing."""


class InvalidInputs(WiroError, ValueError):  # noqa: N818 - says what happened
    """Inputs that the tool does not take. Nothing was sent.

    ``problems`` maps each field, by its Python name, to what is wrong with it; the message has one
    line for each.
    """

    def __init__(self, message: str = "", *, problems: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.problems: dict[str, str] = dict(problems or {})


class UndocumentedOption(UserWarning):
    """An id that the tool's document does not list was given where others are taken too.

    ``input`` is the input's Python name, ``value`` the id. With
    ``warnings.simplefilter("error", UndocumentedOption)`` it is refused instead.
    """

    def __init__(self, message: str = "", *, input: str = "", value: str = "") -> None:  # noqa: A002 - what it is
        super().__init__(message)
        self.input = input
        self.value = value


class PriceExceeded(WiroError):  # noqa: N818 - says what happened
    """A run may cost more than its ceiling, or than is left of the budget, or its price is not
    known. Nothing was sent.

    ``price`` is the estimate, ``ceiling`` the dollars that it may cost at most.
    """

    def __init__(
        self,
        message: str = "",
        *,
        price: Price | None = None,
        ceiling: Decimal | None = None,
    ) -> None:
        super().__init__(message)
        self.price = price
        self.ceiling = ceiling


class ApiError(WiroError):
    """Wiro's response says that a call failed.

    ``code`` is Wiro's (see its error table; ``None`` where the response has none), ``status_code``
    that of HTTP, ``retry_after`` the seconds that the server asked to wait, ``body`` the text of
    the response, up to 64 kB of it.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: int | None = None,
        http_status: int | None = None,
        retry_after: float | None = None,
        retryable: bool = False,
        task_id: str | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message, retryable=retryable, task_id=task_id)
        self.message = message
        self.code = code
        self.http_status = http_status
        self.retry_after = retry_after
        self.body = body

    @property
    def status_code(self) -> int | None:
        """The status of HTTP; ``http_status`` is its older name."""
        return self.http_status


class AuthenticationError(ApiError):
    """The key, the signature or the sign-in was refused (HTTP 401 and 403, codes 98 and 99)."""


class NotFoundError(ApiError):
    """No such tool or task, or it is not accessible with this key (HTTP 404, code 1)."""


class InsufficientBalanceError(ApiError):
    """The balance is too low for this run (code 97). The run was not accepted."""


class ConcurrencyLimitError(ApiError):
    """As many tasks as the balance allows are in flight (code 96). The run was not accepted."""


class RateLimitError(ApiError):
    """Too many requests (HTTP 429). The request was not accepted."""


class UnexpectedResponse(ApiError):  # noqa: N818 - says what happened
    """A response that is not one of Wiro's: HTML, cut or invalid JSON, fields missing."""


UnexpectedAnswer = UnexpectedResponse
"""The older name of :class:`UnexpectedResponse`."""


class ConnectionFailed(WiroError):  # noqa: N818 - says what happened
    """No whole response arrived. ``maybe_sent`` is false when the first byte of the request
    certainly never left; ``partial`` is what arrived of the body."""

    def __init__(
        self,
        message: str = "",
        *,
        maybe_sent: bool = True,
        retryable: bool = True,
        task_id: str | None = None,
        partial: bytes = b"",
    ) -> None:
        super().__init__(message, retryable=retryable, task_id=task_id)
        self.maybe_sent = maybe_sent
        self.partial = partial


class SubmissionUncertain(WiroError):  # noqa: N818 - says what happened
    """A run was sent and its response is lost: a task may exist and may be billed.

    It is never sent again by itself. ``tool`` says which one it was, ``submission`` is the key of
    the journal entry when the client keeps a journal.
    """

    def __init__(
        self, message: str = "", *, tool: str | None = None, submission: str | None = None
    ) -> None:
        super().__init__(message)
        self.tool = tool
        self.submission = submission


class _TaskEnded(WiroError):  # noqa: N818 - says what happened
    def __init__(
        self,
        message: str = "",
        *,
        detail: TaskDetail | None = None,
        task_id: str | None = None,
    ) -> None:
        super().__init__(message, task_id=task_id)
        self.detail = detail


class TaskFailed(_TaskEnded):
    """The task ended without success. ``detail`` is its last state; ``detail.cost`` tells what was
    billed, in dollars."""


class TaskCancelled(_TaskEnded):
    """The task was cancelled or killed, by its user or by Wiro. ``detail`` is its last state.

    One cancelled in the queue is not billed. One killed while it ran may be: ``detail.cost`` tells.
    """


class TaskTimeout(_TaskEnded, TimeoutError):  # noqa: N818 - says what happened
    """The task had not ended in time. It goes on, and may be billed; wait again by its id.

    ``detail`` is the last state that was seen, ``None`` when there was none.
    """


class DownloadError(WiroError):
    """An output could not be fetched whole, or not be written. Nothing incomplete is left under
    its final name.

    ``url`` is the address of the output. An error of ``Result.download`` says in ``saved`` which
    files are there, and has one error in ``failed`` for each that is not.
    """

    def __init__(
        self,
        message: str = "",
        *,
        url: str | None = None,
        retryable: bool = False,
        task_id: str | None = None,
        saved: Sequence[Path] = (),
        failed: Sequence[DownloadError] = (),
    ) -> None:
        super().__init__(message, retryable=retryable, task_id=task_id)
        self.url = url
        self.saved: list[Path] = list(saved)
        self.failed: list[DownloadError] = list(failed)
