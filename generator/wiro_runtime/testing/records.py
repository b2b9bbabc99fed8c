"""What a simulator remembers of the requests that it received."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wiro_runtime.testing.tool_spec import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file in a multipart body. ``data`` is ``None`` when it is larger than 1 MiB."""

    filename: str
    content_type: str
    size: int
    sha256: str
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, recorded before it was judged.

    ``path`` is percent-decoded. ``headers`` have lower-case names. ``body`` is the parsed JSON,
    or for a multipart body a mapping of names to lists of texts and :class:`SentFile`, or
    ``None`` for anything else. ``at`` is the Unix time of arrival.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    content_type: str
    body: Any
    raw: bytes = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that the simulator accepted: the tool's id, the body as sent, the task's id."""

    tool: str
    body: Mapping[str, Any]
    taskid: str


class JsonError(ValueError):
    """A text is not JSON in the strict sense. The message says what is wrong."""


def strict_json(data: bytes) -> Json:
    """Parses JSON; refuses what Python's parser lets pass: NaN, Infinity and repeated keys.

    :raises JsonError: it is not JSON.
    """
    try:
        parsed: Json = json.loads(
            data.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except JsonError:
        raise
    except UnicodeDecodeError as error:
        raise JsonError("The body is not UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise JsonError("The body is not JSON.") from error
    if b"\\u" in data:
        # Escapes can spell half a character, which no response could repeat.
        try:
            json.dumps(parsed, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise JsonError("The body has half a surrogate pair.") from error
    return parsed


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError(f"{text[:20]} is out of range.")
    return number


def _refuse_constant(name: str) -> Json:
    raise JsonError(f"{name} is not JSON.")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise JsonError("The body has a key twice.")
    return made
