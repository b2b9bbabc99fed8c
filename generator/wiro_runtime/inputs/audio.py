"""The length of an audio file that is to be sent."""

from __future__ import annotations

import os
from contextlib import suppress
from decimal import Context, Decimal
from io import BytesIO
from typing import Any, Final, cast

_PRECISE: Final = Context(prec=60)
_MILLIONTH: Final = Decimal("0.000001")


def wav_seconds(file: object) -> Decimal | None:
    """Return the length of a WAV file, to the millionth as ffprobe prints it; ``None`` for other
    files and for addresses. An open file stays where it was."""
    source: Any = file
    if isinstance(file, str):
        return None
    if isinstance(file, bytes):
        source = BytesIO(file)
    elif isinstance(file, os.PathLike):
        source = os.fspath(cast("os.PathLike[str]", file))
        # Opening a pipe would wait for its other end.
        if not os.path.isfile(source):  # noqa: PTH113 - any path
            return None
    try:
        begin = source.tell() if hasattr(source, "tell") else None
        try:
            return _length(source)
        finally:
            if begin is not None:
                with suppress(Exception):
                    source.seek(begin)
    except Exception:  # noqa: BLE001 - no WAV, or a file that cannot be read
        return None


def _length(source: Any) -> Decimal | None:
    import wave  # noqa: PLC0415 - few tools take audio

    with wave.open(source, "rb") as audio:
        frames, rate = audio.getnframes(), audio.getframerate()
        if frames:
            # A header that was written before the end was known promises more than there is.
            audio.setpos(frames - 1)
            if not audio.readframes(1):
                return None
    return _PRECISE.divide(Decimal(frames), Decimal(rate)).quantize(_MILLIONTH)
