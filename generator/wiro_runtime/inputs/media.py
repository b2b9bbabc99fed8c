"""The length of an audio or video file that is to be sent.

WAV is read by the standard library, all else (MP3, M4A, MP4, MOV, Ogg, Opus, FLAC, AIFF, WMA) by
tinytag. Files are not trusted: one that is odd, cut or takes long to read has no length.
"""

from __future__ import annotations

import os
from decimal import Context, Decimal
from io import SEEK_SET, BytesIO
from typing import Any, BinaryIO, Final, cast

from wiro_runtime.inputs.files import lock_of

_PRECISE: Final = Context(prec=60)
_MILLIONTH: Final = Decimal("0.000001")
_SHORTEST: Final = 0.001
_LONGEST: Final = 36_000
"""Seconds from which on a length is taken for a mistake of the file."""
_LEAST: Final = 100
"""Bytes of a second, at least; the leanest speech has several hundred."""
_FRAME: Final = 2048
"""Bytes by which the size that a file tells of may be off, which counts whole frames."""
_MOST_READ: Final = 32 * 1024 * 1024
_MOST_CALLS: Final = 100_000


def media_seconds(file: object) -> tuple[Decimal, bool] | None:
    """Return the length of a local file in seconds, to the millionth as ffprobe prints it, and
    whether it is exact: that of what is compressed is measured otherwise by others. ``None`` for
    addresses, streams that cannot be read twice, and whatever has no length that can be trusted.

    An open file stays where it was.
    """
    source: Any = BytesIO(file) if isinstance(file, bytes) else file
    try:
        if isinstance(file, os.PathLike):
            path = os.fspath(cast("os.PathLike[str]", file))
            # Opening a pipe would wait for its other end.
            if not os.path.isfile(path):  # noqa: PTH113 - any path
                return None
            with open(path, "rb") as opened:  # noqa: PTH123 - any path
                return _length(opened)
        with lock_of(source):
            begin = source.tell()
            try:
                return _length(source)
            finally:
                source.seek(begin)
    except Exception:  # noqa: BLE001 - no such file, or one that cannot be read
        return None


def _length(source: Any) -> tuple[Decimal, bool] | None:
    import wave  # noqa: PLC0415 - few tools take audio

    source.seek(0)
    try:
        with wave.open(cast("Any", _Bounded(source)), "rb") as audio:
            frames, rate = audio.getnframes(), audio.getframerate()
            if frames:
                # A header that was written before the end was known promises more than there is.
                audio.setpos(frames - 1)
                if not audio.readframes(1):
                    return None
            exact = _PRECISE.divide(Decimal(frames), Decimal(rate)).quantize(_MILLIONTH)
            return (exact, True) if exact < _LONGEST else None
    except (EOFError, wave.Error):
        source.seek(0)
        return _compressed_length(source)


def _compressed_length(source: Any) -> tuple[Decimal, bool] | None:
    from tinytag import TinyTag  # noqa: PLC0415 - as above

    tag = TinyTag.get(file_obj=cast("Any", _Bounded(source)), tags=False)
    seconds, kind = tag.duration or 0.0, tag.mime_type or ""
    if not _SHORTEST < seconds < _LONGEST or tag.filesize < seconds * _LEAST:
        return None
    if kind.startswith("audio/mp4"):
        whole = _has_all_boxes(source, tag.filesize)
    else:
        # In other formats the bitrate is what the encoder was asked for.
        measured = kind.partition(";")[0] in ("audio/mpeg", "audio/wav", "audio/aiff")
        told = seconds * (tag.bitrate or 0.0) * 1000 / 8 if measured else 0.0
        whole = told <= tag.filesize + _FRAME
    length = _PRECISE.create_decimal_from_float(seconds).quantize(_MILLIONTH)
    return (length, False) if whole else None


def _has_all_boxes(source: Any, size: int) -> bool:
    """Whether the boxes of an MP4 file, which say how long they are, end where the file does. Its
    header tells of no fragments: a file that has some has no length."""
    place, file = 0, _Bounded(source)
    while place < size:
        file.seek(place)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:])
        if head[4:8] == b"moof":
            return False
        if length < 8:
            # 0: to the end of the file.
            return length == 0 and len(head) >= 8
        place += length
    return place == size


class _Bounded:
    """A file of which little is read at a time, and not without end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._read = self._calls = 0

    def read(self, size: int = -1) -> bytes:
        """Read, or raise :class:`ValueError`."""
        self._read += _MOST_READ + 1 if size < 0 else size
        self._count()
        return self._file.read(size)

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Seek, or raise :class:`ValueError`."""
        self._count()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def _count(self) -> None:
        self._calls += 1
        if self._calls > _MOST_CALLS or self._read > _MOST_READ:
            raise ValueError("the file takes too long to read")
