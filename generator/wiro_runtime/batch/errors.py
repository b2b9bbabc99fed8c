"""What can end a batch before its rows have ended. All that was done is kept."""

from __future__ import annotations

from wiro_runtime.errors import WiroError


class BatchError(WiroError):
    """A batch cannot go on; it can be resumed once the reason is gone."""


class DatabaseGone(BatchError):  # noqa: N818 - says what happened
    """The database of a batch cannot be read or written."""
