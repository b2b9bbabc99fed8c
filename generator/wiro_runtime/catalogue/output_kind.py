"""What a tool makes, by what is said about it: for catalogues, pages and the simulator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

MEDIA: Final = ("image", "video", "audio")
_ALSO: Final = {
    "music": "audio",
    "speech": "audio",
    "voice": "audio",
    "song": "audio",
    "sound": "audio",
    "sfx": "audio",
    "tts": "audio",
}
_TEXT_MAKERS: Final = frozenset({"llm", "chat", "ocr", "text", "transcription", "caption"})
_TO: Final = re.compile(r"\bto[- ]([a-z0-9]+)\b")
_FROM: Final = re.compile(r"\b[a-z0-9]+[- ]to\b")
_ENDINGS: Final = {
    "image": ("png", "jpg", "jpeg", "webp", "gif", "avif", "bmp", "svg"),
    "video": ("mp4", "webm", "mov", "mkv", "avi"),
    "audio": ("mp3", "wav", "flac", "ogg", "m4a", "aac", "opus"),
    "3d": ("glb", "gltf", "obj", "fbx", "ply", "stl", "usdz"),
    "text": ("txt", "json", "md", "srt", "vtt", "csv"),
}


def output_kind(
    categories: Iterable[str], project: str, tags: Iterable[str], samples: Iterable[str] = ()
) -> str:
    """What a tool makes: ``image video audio text 3d``, or ``other`` where its words do not say.

    The first category that reads "… to X" decides, then the name, then single words, then the
    addresses of sample outputs.
    """
    texts = [text.lower() for text in (*categories, project, *tags)]
    found: list[str] = [word for text in texts for word in _TO.findall(text.replace("_", "-"))]
    # What stands before "to" is what a tool takes.
    rest = (_FROM.sub(" ", text.replace("_", "-")) for text in texts)
    found += [word for text in rest for word in re.split(r"[^a-z0-9]+", text)]
    for word in (_ALSO.get(each, each) for each in found):
        if word in MEDIA:
            return word
        if word in {"3d", "mesh"}:
            return "3d"
        if word in _TEXT_MAKERS:
            return "text"
    # Where words do not say it, sample outputs may.
    kinds = (media_kind(urlsplit(sample).path) for sample in samples)
    return next((kind for kind in kinds if kind), "other")


def media_kind(name: str) -> str | None:
    """What the file ``name`` holds by its ending: ``image video audio 3d text``."""
    ending = name.rpartition(".")[2].lower()
    return next((kind for kind, endings in _ENDINGS.items() if ending in endings), None)
