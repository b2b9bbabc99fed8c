"""Errors as a model can act on them: what is wrong, and what to do."""

from __future__ import annotations

from typing import Final

from wiro_runtime.cli.results import message_of
from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    InsufficientBalanceError,
    InvalidInputs,
    NotFoundError,
    PriceExceeded,
    RateLimitError,
    SubmissionUncertain,
    TaskCancelled,
    TaskFailed,
    WiroError,
)

_ADVICE: Final[tuple[tuple[type[WiroError], str], ...]] = (
    (
        InvalidInputs,
        "Nothing was sent or billed. describe_tool lists inputs and options; correct them and "
        "call again.",
    ),
    (
        PriceExceeded,
        "Nothing was sent or billed. Ask the user before you call again with a higher max_cost, "
        "or choose cheaper inputs with estimate_price. A larger --budget and --allow-unknown are "
        "the user's to give, where this server is started.",
    ),
    (InsufficientBalanceError, "Only the user can do this; then call again."),
    (AuthenticationError, "The user must check the key with which this server was started."),
    (ConcurrencyLimitError, "Call again once a task of list_tasks has ended."),
    (RateLimitError, "Nothing was billed. Call again then."),
    (NotFoundError, "list_tasks has the ids of tasks, search_tools those of tools."),
    (
        SubmissionUncertain,
        "It may be billed. The same call with the same request_id looks for its task and never "
        "runs it twice; another request_id runs it anew.",
    ),
    (
        TaskFailed,
        "The same inputs would give this result again; another request_id runs them anew.",
    ),
    (TaskCancelled, "Another request_id runs the same inputs anew."),
    (DownloadError, "What was saved stays. The same call again saves the rest."),
    (ConnectionFailed, "The same call is safe to repeat: it is never billed twice."),
    (ApiError, "A run that Wiro refuses is not billed. Correct what it names, and call again."),
    (ConfigurationError, "The user must correct how this server was started."),
)


def explain(error: WiroError) -> str:
    """The message of an error with what to do about it."""
    # What Python programs do about an unknown price is not for a model.
    message = message_of(error).replace("; allow_unknown=True runs it all the same", "")
    if isinstance(error, InvalidInputs) and "tool" in error.problems:
        return f"{message}\nsearch_tools finds tools."
    if isinstance(error, InvalidInputs) and "task" in error.problems:
        return f"{message}\nlist_tasks has the ids of tasks."
    advice = next((text for kind, text in _ADVICE if isinstance(error, kind)), "")
    task = error.task_id
    named = f"Task {task}: " if task and task not in message else ""
    return f"{named}{message}\n{advice}".rstrip()
