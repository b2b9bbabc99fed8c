"""The committed reference is that of the code; ``make golden`` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from golden.reference import reference_pages


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="Pythons print signatures differently")
def test_the_reference_is_that_of_the_code(request: pytest.FixtureRequest, root: Path) -> None:
    for name, text in reference_pages().items():
        path = root / "templates" / "docs" / name
        if request.config.getoption("--accept-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert path.read_text("utf-8") == text, f"{name} is stale: run make golden, then make build"
