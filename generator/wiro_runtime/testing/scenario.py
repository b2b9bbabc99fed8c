"""What happens to a task from its submission to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from wiro_runtime.testing.tool_spec import Json

Kind: TypeAlias = Literal["image", "video", "audio", "3d", "text"]
TextShape: TypeAlias = Literal["segments", "fields", "log"]

QUEUE: Final = "task_queue"
CANCELLED: Final = "task_cancel"
FINISHED: Final = "task_postprocess_end"
TERMINAL: Final = frozenset({CANCELLED, FINISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``at`` seconds after its submission a task enters ``status``; ``message`` goes to sockets.

    ``stored`` is the status that Task/Detail has from then on, ``status`` itself unless given:
    lines on the standard error are frames of a type of their own and leave the status alone.
    """

    at: float
    status: str
    message: Json = None
    stored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The life of a task. All times are in seconds of a simulator of speed 1.

    ``queue``, ``prepare``, ``run`` and ``finish`` are how long the task waits, is prepared, runs
    and is finished; ``updates`` is how often ``task_output`` reports progress. ``pexit`` is
    ``"0"`` for success, another text for failure, ``None`` for the detail without it that the
    documents show. ``kind`` is what the outputs are, ``None`` for what the tool's words suggest;
    ``outputs`` is how many, ``None`` for as many as ``samples`` asks for; ``output_size`` makes
    each a filling of so many bytes instead of what the tool makes. ``log`` are lines on the
    standard error, which mean nothing. ``setback`` is a reason for which the task fails before it
    runs and is queued again. ``extra_status`` is an unknown status in the middle, ``realtime`` adds
    the states of realtime tools. ``stuck`` names a status that the task never leaves by itself.
    ``binary`` is sent to sockets as a binary frame. ``cost`` is what it costs in dollars; without
    it the price list of the tool counts and, where that does not say, ``cost_per_second``.
    ``bill_killed`` bills a killed task for the time that it ran.

    ``answer`` and ``thinking`` are what a ``"text"`` task says, ``tool_calls`` the functions that
    it calls, as pairs of name and arguments (JSON as text). ``finish_reason`` is ``"tool_calls"``
    or ``"stop"`` unless given. ``text_shape`` is how Wiro shows the text: as ``segments``, as the
    older ``fields`` (``raw``, ``thinking``, ``answer``), or only in the ``log`` of the task.
    """

    queue: float = 1.0
    prepare: float = 1.0
    run: float = 6.0
    finish: float = 1.0
    updates: int = 5
    pexit: str | None = "0"
    kind: Kind | None = None
    outputs: int | None = None
    output_size: int | None = None
    answer: str = "A lighthouse stands on the cliff and keeps its lamp lit."
    thinking: str = "The user asks for a short text. I write one."
    tool_calls: tuple[tuple[str, str], ...] = ()
    finish_reason: str | None = None
    text_shape: TextShape = "segments"
    log: tuple[str, ...] = ("warning: the simulator has no graphics card",)
    setback: str = ""
    extra_status: str | None = None
    realtime: bool = False
    stuck: str | None = None
    binary: bytes | None = None
    cost: str | None = None
    cost_per_second: str = "0.000585000000"
    bill_killed: bool = False

    def __post_init__(self) -> None:
        for name in ("queue", "prepare", "run", "finish", "updates"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name}: expected 0 or more, got {getattr(self, name)}")

    def steps(self, kind: Kind, prompt: str) -> tuple[Step, ...]:
        """The states in order, each with the second in which it begins."""
        prepared = self.queue + self.prepare
        ran = prepared + self.run
        slot = self.run / (self.updates + 1)
        steps = [Step(at=0.0, status=QUEUE)]
        if self.setback:
            steps += [
                Step(at=self.queue * 0.3, status="task_error", message=self.setback),
                Step(at=self.queue * 0.6, status=QUEUE),
            ]
        steps += [
            Step(at=self.queue, status="task_accept"),
            Step(at=self.queue + self.prepare * 0.2, status="task_preprocess_start"),
            Step(at=self.queue + self.prepare * 0.5, status="task_preprocess_end"),
            Step(at=self.queue + self.prepare * 0.7, status="task_assign"),
            Step(at=prepared, status="task_start"),
        ]
        if self.realtime:
            steps.append(Step(at=prepared + slot * 0.5, status="task_stream_ready"))
        steps += self._running(kind, prompt, prepared)
        full = self.merged_text if kind == "text" else "Done."
        errors: Json = {"raw": "\n".join(self.log)}
        stored = "task_output_full"
        steps += [
            Step(at=ran - slot * 0.5, status=stored, message={"raw": full}),
            Step(at=ran - slot * 0.25, status="task_error_full", message=errors, stored=stored),
        ]
        if self.realtime:
            steps.append(Step(at=ran - slot * 0.1, status="task_stream_end"))
            steps.append(Step(at=ran - slot * 0.05, status="task_cost"))
        steps += [
            Step(at=ran, status="task_end"),
            Step(at=ran + self.finish * 0.4, status="task_postprocess_start"),
            Step(at=ran + self.finish, status=FINISHED),
        ]
        if self.stuck is not None:
            end = next((i for i, step in enumerate(steps) if step.status == self.stuck), None)
            if end is None:
                raise ValueError(f"stuck: a task of this scenario is never in {self.stuck!r}")
            del steps[end + 1 :]
        return tuple(steps)

    @classmethod
    def failing(cls, message: str = "RuntimeError: out of memory", pexit: str = "1") -> Scenario:
        """A task that ends without outputs, with ``message`` on the standard error. Not billed."""
        return cls(pexit=pexit, log=(message,))

    @classmethod
    def lasting(cls, seconds: float) -> Scenario:
        """A task that takes ``seconds`` in all, at speed 1; use it with such a speed."""
        tenth = seconds / 10
        return cls(queue=tenth, prepare=tenth, run=tenth * 7, finish=tenth)

    @classmethod
    def talking(cls, answer: str, *, thinking: str = "") -> Scenario:
        """A task of an LLM that says ``answer``, whatever the tool is."""
        return cls(kind="text", answer=answer, thinking=thinking)

    @classmethod
    def calling(cls, *calls: tuple[str, str], answer: str = "") -> Scenario:
        """A task of an LLM that calls functions: pairs of name and arguments (JSON as text)."""
        return cls(kind="text", answer=answer, tool_calls=calls)

    @property
    def succeeds(self) -> bool:
        """Whether the task ends well."""
        return self.pexit in ("0", None)

    @property
    def merged_text(self) -> str:
        """Thoughts and answer of an LLM tool in one text, as ``debugoutput`` has them."""
        return f"<think>{self.thinking}</think>{self.answer}" if self.thinking else self.answer

    def text(self, prompt: str, share: float = 1.0) -> dict[str, Json]:
        """What an LLM tool has said after ``share`` of its run (0 to 1)."""
        answer = self.answer[: max(1, round(len(self.answer) * share))]
        if self.text_shape == "fields":
            thinking: list[Json] = [self.thinking] if self.thinking else []
            raw = f"<think>{self.thinking}</think>{answer}" if self.thinking else answer
            return {"prompt": prompt, "raw": raw, "thinking": thinking, "answer": [answer]}
        spoken = (("thinking", self.thinking), ("answer", answer))
        segments: list[dict[str, Json]] = []
        for kind, text in spoken:
            if text:
                segments.append({"type": kind, "text": text})
        reason = self.finish_reason or ("tool_calls" if self.tool_calls else "stop")
        status = "completed" if reason in ("tool_calls", "stop") else "incomplete"
        for number, (name, arguments) in enumerate(self.tool_calls, 1):
            ids: dict[str, Json] = {"id": f"fc_{number}", "call_id": f"call_{number}"}
            done = status if share >= 1 else "in_progress"
            call: dict[str, Json] = {"name": name, "arguments": arguments, "status": done}
            segments.append({"type": "function_call", **ids, **call})
        shown: list[Json] = [*segments]
        if share < 1:
            return {"segments": shown, "isThinking": False}
        sent, said = len(prompt.split()), len(self.merged_text.split())
        usage: Json = {"input_tokens": sent, "output_tokens": said, "total_tokens": sent + said}
        return {
            "segments": shown, "isThinking": False, "finishreason": reason, "usage": usage
        }  # fmt: skip

    def _running(self, kind: Kind, prompt: str, start: float) -> list[Step]:
        steps: list[Step] = []
        slot = self.run / (self.updates + 1)
        for number in range(1, self.updates + 1):
            at = start + slot * number
            progress = self._progress(number, at - start)
            message: Json = progress
            if kind == "text":
                said = self.text(prompt, number / self.updates)
                message = None if self.text_shape == "log" else {**progress, **said}
            elif number == 1:
                message = "Loading the model"
            steps.append(Step(at=at, status="task_output", message=message))
            if number == 1:
                steps += [
                    Step(
                        at=at + slot * 0.6 * (index + 1) / len(self.log),
                        status="task_error",
                        message=line,
                        stored="task_output",
                    )
                    for index, line in enumerate(self.log)
                ]
                if self.extra_status is not None:
                    steps.append(Step(at=at + slot * 0.8, status=self.extra_status))
        return steps

    def _progress(self, number: int, elapsed: float) -> dict[str, Json]:
        return {
            "type": "progressGenerate",
            "task": "Generate",
            "percentage": str(round(100 * number / self.updates)),
            "stepCurrent": str(number),
            "stepTotal": str(self.updates),
            "speed": f"{self.updates / self.run:.2f}" if self.run else "0",
            "speedType": "it/s",
            "elapsedTime": spoken(elapsed),
            "remainingTime": spoken(max(self.run - elapsed, 0)),
        }


def spoken(seconds: float) -> str:
    """A time as progress reports have it: ``"1m 5s"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    shown = [f"{count}{unit}" for count, unit in ((hours, "h"), (minutes, "m")) if count]
    return " ".join([*shown, f"{rest}s"])
