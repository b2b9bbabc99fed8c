"""What the tools of a server work with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from wiro_runtime.mcp.search import SearchIndex

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from wiro_runtime.catalogue import Catalogue
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.mcp.runs import Runs
    from wiro_runtime.results.result import AsyncResult

_RESULTS_KEPT: Final = 100


@dataclass(kw_only=True)
class Workspace:
    """The client that runs tools, the catalogue that has them, and what the user allowed.

    ``folder`` is where outputs are saved (``None``: nowhere), ``budget`` what all runs of the
    client may cost together in dollars. ``allow_unknown``: tools whose price is not known run
    without a question.
    """

    client: AsyncWiro
    catalogue: Catalogue
    runs: Runs
    folder: Path | None = None
    budget: Decimal | None = None
    allow_unknown: bool = False
    results: dict[str, AsyncResult] = field(default_factory=dict[str, "AsyncResult"])
    """The last results that were saved, by task: what one has saved is not fetched again."""

    @cached_property
    def index(self) -> SearchIndex:
        """The search over the catalogue."""
        return SearchIndex(self.catalogue)

    def remember(self, result: AsyncResult) -> AsyncResult:
        """Keep a result for the next download of the same task."""
        self.results[result.task_id] = result
        while len(self.results) > _RESULTS_KEPT:
            del self.results[next(iter(self.results))]
        return result
