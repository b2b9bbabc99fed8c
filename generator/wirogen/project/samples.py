"""The two documents that come with wirogen, so that it can be tried anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import wirogen

TOOLS: Final = ("wiro/instant-id-lora", "wiro/text-to-image-sd-lora")


def sample_documents() -> dict[str, bytes]:
    """The documents by their paths below ``specs/documents/``."""
    package = Path(wirogen.__file__).parent
    folders = (package / "documents", package.parents[1] / "specs" / "documents")
    folder = next(each for each in folders if each.is_dir())
    return {f"{tool}.txt": (folder / f"{tool}.txt").read_bytes() for tool in TOOLS}
