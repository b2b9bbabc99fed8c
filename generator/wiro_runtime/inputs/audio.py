"""The length of an audio file that is to be sent."""

from __future__ import annotations

import os
from decimal import Context, Decimal
from io import BytesIO
from typing import Any, Final, cast

from wiro_runtime.inputs.files import is_local_file, lock_of

_PRECISE: Final = Context(prec=60)
_MILLIONTH: Final = Decimal("0.000001")


def wav_seconds(file: object) -> Decimal | None:
    """Return the length of a WAV file, to the millionth as ffprobe prints it; ``None`` for other
    files, addresses, and streams that cannot be read twice. An open file stays where it was."""
    source: Any = BytesIO(file) if isinstance(file, bytes) else file
    try:
        if isinstance(file, os.PathLike):
            path = os.fspath(cast("os.PathLike[str]", file))
            # Opening a pipe would wait for its other end.
            return _length(path) if os.path.isfile(path) else None  # noqa: PTH113 - any path
        if not is_local_file(source) or not source.seekable():
            return None
        with lock_of(source):
            begin = source.tell()
            source.seek(0)
            try:
                return _length(source)
            finally:
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
