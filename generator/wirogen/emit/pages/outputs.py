"""What comes out of a tool: the kind of a sample, and the input that says how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from wirogen.plan.identifiers import words
from wirogen.plan.kinds import NUMBER_KINDS
from wirogen.plan.model import InputPlan

_COUNTS: Final = frozenset(
    {
        "samples", "num samples", "number of samples", "n", "num outputs", "number of outputs",
        "num images", "number of images", "image count", "max images", "num videos", "batch size",
        "sample count", "output count", "number results", "num results",
    }
)  # fmt: skip
_ENDINGS: Final = {
    "image": ("png", "jpg", "jpeg", "webp", "gif", "avif", "bmp", "svg"),
    "video": ("mp4", "webm", "mov", "mkv", "avi"),
    "audio": ("mp3", "wav", "flac", "ogg", "m4a", "aac", "opus"),
    "3d": ("glb", "gltf", "obj", "fbx", "ply", "stl", "usdz"),
    "text": ("txt", "json", "md", "srt", "vtt", "csv"),
}


def count_input(inputs: Iterable[InputPlan]) -> InputPlan | None:
    """The number that says how many outputs are made, by its name (``samples``, ``numImages``)."""
    for item in inputs:
        name = " ".join(words(item.spec.name, split_camel=True)).lower()
        if name in _COUNTS and item.kind in NUMBER_KINDS:
            return item
    return None


def media_kind(name: str) -> str | None:
    """What the file ``name`` holds by its ending: ``image video audio 3d text``."""
    ending = name.rpartition(".")[2].lower()
    return next((kind for kind, endings in _ENDINGS.items() if ending in endings), None)
