"""Words for the statuses of Wiro's tasks."""

from __future__ import annotations

from typing import Final

from wiro_runtime.inputs.messages import shorten

_WORDS: Final = {
    "": "submitted",
    "task_queue": "queued",
    "task_accept": "accepted",
    "task_preprocess_start": "preparing",
    "task_preprocess_end": "preparing",
    "task_assign": "starting",
    "task_start": "running",
    "task_output": "running",
    "task_output_full": "running",
    "task_error": "waiting",
    "task_error_full": "running",
    "task_end": "finishing",
    "task_postprocess_start": "finishing",
    "task_postprocess_end": "ended",
    "task_cancel": "cancelled",
}


def state_word(status: str) -> str:
    """Return a word for a status; an unknown status is returned as it is, on one line."""
    return _WORDS.get(status) or shorten(status, 40)
