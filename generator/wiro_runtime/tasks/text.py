"""The text of LLM tools, in each of the shapes that Wiro has for it.

Newer tools send ``segments``, the ordered timeline of thoughts, answers and calls; each message is
a snapshot of everything so far. Older ones send ``thinking`` and ``answer``, oldest only ``raw``,
which has both in one. A tool without any of these has its text in the task's ``debugoutput``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from wiro_runtime.http.json_values import as_int, as_mappings, as_text

_THOUGHTS: Final = re.compile(r"\s*<think>(.*?)(?:</think>\s*|\Z)", re.DOTALL)
_TAG_BEGUN: Final = re.compile(r"\s*(<t?h?i?n?k?)?")
_TAG_ENDING: Final = re.compile(r"</?t?h?i?n?k?\Z")
_CALLS: Final = ("function_call", "custom_tool_call")
_KEYS: Final = ("segments", "answer", "thinking", "raw")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A function that an LLM tool wants to be called.

    ``arguments`` is JSON as text for a function, any text for a custom tool. ``status`` is
    ``"in_progress"``, ``"completed"`` or ``"incomplete"``; ``raw`` is all that Wiro sent about it.
    """

    id: str
    call_id: str
    name: str
    arguments: str
    status: str
    raw: Mapping[str, Any] = field(repr=False)

    def output(self, text: str) -> dict[str, str]:
        """The element of ``tool_outputs=`` that gives ``text`` back as the call's output."""
        return {"call_id": self.call_id, "output": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One piece of the timeline: a thought, an answer or a call.

    ``type`` is Wiro's (``"thinking"``, ``"answer"``, ``"function_call"``, ``"custom_tool_call"``,
    or one that is not known yet), ``text`` is empty for calls, ``call`` is ``None`` for texts.
    """

    type: str
    text: str
    call: ToolCall | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that a language model read and wrote; ``None`` where Wiro said nothing. What is
    billed is ``Result.cost``."""

    input_tokens: int | None
    output_tokens: int | None
    total_tokens: int | None
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelText:
    """What a language model has said so far: ``text`` is the answer alone."""

    text: str = ""
    thinking: str = ""
    segments: tuple[Segment, ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None

    def stable(self) -> tuple[str, str]:
        """Answer and thoughts of a model that is still writing, without an end that the next
        snapshot may turn into something else: a part of a character, which a token or a cut may
        end in and Wiro shows as U+FFFD, or of a ``<think>`` tag."""
        text = "" if _TAG_BEGUN.fullmatch(self.text) else self.text.rstrip("\ufffd")
        thinking = self.thinking if text else _TAG_ENDING.sub("", self.thinking)
        return text, thinking.rstrip("\ufffd")

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that are to be carried out: completed ones, once the model waits for them."""
        if self.finish_reason != "tool_calls":
            return ()
        calls = [segment.call for segment in self.segments if segment.call is not None]
        return tuple(call for call in calls if call.status == "completed")


def parse_content(content: object) -> ModelText | None:
    """The text in an output's ``content`` or a frame's ``message``; ``None``: it has none."""
    if isinstance(content, str):
        return ModelText(text=content)
    if not isinstance(content, Mapping):
        return None
    body = cast("Mapping[str, Any]", content)
    if not any(key in body for key in _KEYS):
        return None
    usage = body.get("usage")
    segments = tuple(map(_segment, as_mappings(body.get("segments"))))
    if segments:
        text, thinking = (_joined(segments, kind) for kind in ("answer", "thinking"))
    elif body.get("answer") or body.get("thinking"):
        text, thinking = _texts(body.get("answer")), _texts(body.get("thinking"))
    else:
        text, thinking = split_thoughts(as_text(body.get("raw")))
    return ModelText(
        text=text,
        thinking=thinking,
        segments=segments,
        finish_reason=as_text(body.get("finishreason")) or None,
        usage=_usage(cast("Mapping[str, Any]", usage)) if isinstance(usage, Mapping) else None,
    )


def parse_outputs(raw: Mapping[str, Any]) -> ModelText | None:
    """The text of all outputs of a task, by its Task/Detail; ``None``: none of them has any."""
    found = [parse_content(output.get("content")) for output in as_mappings(raw.get("outputs"))]
    texts = [text for text in found if text is not None]
    if not texts:
        return None
    return ModelText(
        text="\n".join(text.text for text in texts),
        thinking="\n".join(text.thinking for text in texts if text.thinking),
        segments=tuple(segment for text in texts for segment in text.segments),
        finish_reason=next((t.finish_reason for t in reversed(texts) if t.finish_reason), None),
        usage=next((text.usage for text in reversed(texts) if text.usage), None),
    )


def parse_log(raw: Mapping[str, Any]) -> ModelText | None:
    """The text of a task without outputs, which is in its log; ``None``: it has outputs."""
    log = as_text(raw.get("debugoutput"))
    if raw.get("outputs") or not log.strip():
        return None
    text, thinking = split_thoughts(log)
    return ModelText(text=text, thinking=thinking)


def split_thoughts(merged: str) -> tuple[str, str]:
    """Answer and thoughts of a text in which ``<think>`` marks the thoughts before the answer."""
    thoughts = _THOUGHTS.match(merged)
    return (merged, "") if thoughts is None else (merged[thoughts.end() :], thoughts[1])


def _segment(raw: Mapping[str, Any]) -> Segment:
    kind = as_text(raw.get("type"))
    call = _call(raw, kind) if kind in _CALLS else None
    return Segment(type=kind, text=as_text(raw.get("text")), call=call, raw=raw)


def _call(raw: Mapping[str, Any], kind: str) -> ToolCall:
    return ToolCall(
        id=as_text(raw.get("id")),
        call_id=as_text(raw.get("call_id")),
        name=as_text(raw.get("name")),
        arguments=as_text(raw.get("arguments" if kind == "function_call" else "input")),
        status=as_text(raw.get("status")),
        raw=raw,
    )


def _usage(raw: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=as_int(raw.get("input_tokens")),
        output_tokens=as_int(raw.get("output_tokens")),
        total_tokens=as_int(raw.get("total_tokens")),
        raw=raw,
    )


def _joined(segments: tuple[Segment, ...], kind: str) -> str:
    return "".join(segment.text for segment in segments if segment.type == kind)


def _texts(value: object) -> str:
    """The texts of a list, joined; of one text, that one."""
    if isinstance(value, list):
        return "".join(map(as_text, cast("list[object]", value)))
    return as_text(value)
