"""Frames and details of one task become events, none twice, whatever they hold."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wiro_runtime import (
    BinaryFrame,
    Event,
    LogLine,
    OutputsReady,
    Progress,
    StatusChanged,
    TaskEnded,
    TextDelta,
    ThinkingDelta,
)
from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import as_seconds
from wiro_runtime.http.signing import Credentials
from wiro_runtime.results.files import Files
from wiro_runtime.results.output import Output
from wiro_runtime.settings import load_settings
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.tasks.event_parser import _REMEMBERED, EventParser
from wiro_runtime.tasks.state import TaskState

FILES = Files(load_settings(credentials=Credentials("k" * 10, None)))
OLD = {"id": "7", "tasktoken": "tok", "result": True}
NEW = {"id": "7", "result": True, "success": True, "terminal": False, "exitCode": None}


class Parser:
    def __init__(self, *, shape: dict[str, Any] = NEW) -> None:
        self.parser = EventParser(FILES)
        self.parser.connected()
        self.state = TaskState(id="7", token="tok", born=0.0)
        self.shape = shape

    def frame(self, type_: str, message: object = None, **more: Any) -> list[Event]:
        body = {**self.shape, "type": type_, "message": message, **more}
        return self.parser.frame(json.dumps(body), self.state)

    def detail(self, status: str = "task_start", **more: Any) -> list[Event]:
        raw = {"id": "7", "status": status, **more}
        return self.parser.detail(TaskDetail.read(raw))


def said(events: list[Event]) -> tuple[str, str]:
    """Answer and thoughts as a reader that puts each delta at its place has them."""
    texts = {TextDelta: "", ThinkingDelta: ""}
    for event in events:
        if isinstance(event, TextDelta | ThinkingDelta):
            before = texts[type(event)]
            assert event.start <= len(before)
            texts[type(event)] = before[: event.start] + event.text
    return texts[TextDelta], texts[ThinkingDelta]


def lines(events: list[Event], *, error: bool | None = None) -> list[str]:
    found = [event for event in events if isinstance(event, LogLine)]
    return [event.text for event in found if error in (None, event.error)]


@pytest.mark.parametrize("shape", [OLD, NEW], ids=["old", "new"])
def test_frames_of_both_shapes_are_about_their_task(shape: dict[str, Any]) -> None:
    assert Parser(shape=shape).frame("task_start")
    assert not Parser(shape=shape).frame("task_start", id="8", tasktoken="another")
    assert not Parser(shape=shape).frame("")
    assert not Parser(shape=shape).frame("task_start", tasktoken=["tok"])


@pytest.mark.parametrize("token", [None, ""])
def test_a_frame_with_a_blank_token_is_matched_by_its_id(token: str | None) -> None:
    assert Parser().frame("task_start", tasktoken=token)
    assert not Parser().frame("task_start", tasktoken=token, id="8")


@pytest.mark.parametrize("id_", ["8", "", None, [], {"a": 1}, "7 8", 70])
def test_a_frame_without_a_token_is_matched_by_its_id(id_: object) -> None:
    assert not Parser().frame("task_start", id=id_)
    assert Parser().frame("task_start", id=7)


def test_a_token_is_matched_even_where_the_id_is_not_known() -> None:
    parser = Parser(shape={"tasktoken": "tok"})
    parser.state.id = ""
    assert parser.frame("task_start", id="7")
    assert not Parser(shape={}).frame("task_start")


@pytest.mark.parametrize(
    ("last", "told", "code"),
    [
        ({"type_": "task_postprocess_end", "exitCode": 0, "terminal": True}, True, "0"),
        ({"type_": "task_postprocess_end", "exitCode": 137}, True, "137"),
        ({"type_": "task_postprocess_end"}, True, "0"),
        ({"type_": "task_postprocess_end", "success": False}, True, "1"),
        ({"type_": "task_postprocess_end", "success": False, "exitCode": 0}, True, "0"),
        ({"type_": "task_postprocess_end", "success": "false"}, True, None),
        ({"type_": "task_postprocess_end", "success": None}, True, None),
        ({"type_": "task_cancel", "result": False, "terminal": True}, True, None),
        ({"type_": "task_evicted", "terminal": True, "exitCode": "2"}, True, "2"),
        ({"type_": "task_evicted", "terminal": "yes"}, False, None),
        ({"type_": "task_stream_end"}, False, None),
    ],
)
def test_the_last_frame_is_known(last: dict[str, Any], told: bool, code: str | None) -> None:
    parser = Parser()
    parser.frame(**last)
    assert (parser.parser.told_end, parser.parser._exit_code) == (told, code)


@pytest.mark.parametrize(
    "status", ["task_stream_ready", "task_stream_end", "task_cost", "task_dreaming"]
)
def test_states_of_realtime_tools_and_unknown_ones_are_told_once(status: str) -> None:
    parser = Parser()
    (event,) = parser.frame(status, "0.01")
    assert isinstance(event, StatusChanged)
    assert event.raw["message"] == "0.01"
    assert parser.frame(status, "0.02") == parser.detail(status) == []


@pytest.mark.parametrize("shape", [OLD, NEW], ids=["old", "new"])
def test_logs_are_never_text(shape: dict[str, Any]) -> None:
    parser = Parser(shape=shape)
    events = [
        *parser.frame("task_output", "Processing"),
        *parser.frame("task_output_full", {"raw": "Processing\n100%|##| 10/10\nDone."}),
        *parser.frame("task_error", "UserWarning: x"),
        *parser.frame("task_error_full", {"raw": "UserWarning: x\nUserWarning: y"}),
        *parser.frame("task_error", {"raw": "odd", "answer": ["odd"], "segments": []}),
    ]
    assert said(events) == ("", "")
    assert lines(events, error=False) == ["Processing", "100%|##| 10/10", "Done."]
    assert lines(events, error=True) == ["UserWarning: x", "UserWarning: y", "odd"]
    assert Parser().frame("task_output_full")[0].status == "task_output_full"


def test_segments_are_snapshots() -> None:
    parser = Parser()
    thought, answer = {"type": "thinking", "text": "Let"}, {"type": "answer", "text": "Quan"}
    snapshots = [
        [thought],
        [{**thought, "text": "Let me"}],
        [{**thought, "text": "Let me"}, answer],
        [{**thought, "text": "Let me"}, {**answer, "text": "Quantum"}],
        [{**thought, "text": "Let me"}, {**answer, "text": "Quantum"}],
    ]
    events = [
        event
        for number, segments in enumerate(snapshots)
        for event in parser.frame("task_output", {"segments": segments, "speed": number})
    ]
    assert said(events) == ("Quantum", "Let me")
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Quan", "tum"]
    assert [event.text for event in events if isinstance(event, ThinkingDelta)] == ["Let", " me"]


def test_older_fields_and_their_full_frames() -> None:
    parser = Parser(shape=OLD)
    events = [
        *parser.frame("task_output", {"thinking": ["Let me"], "answer": [], "raw": "Let me"}),
        *parser.frame(
            "task_output", {"thinking": ["Let me"], "answer": ["Quantum"], "raw": "Let meQuantum"}
        ),
        *parser.frame("task_output_full", {"raw": "Let meQuantum"}),
        *parser.frame("task_error_full", {"raw": "CUDA warning"}),
        *parser.detail("task_output_full", debugoutput="Let meQuantum\n"),
    ]
    assert said(events) == ("Quantum", "Let me")
    assert lines(events) == ["CUDA warning"]


def test_text_that_is_replaced_says_where() -> None:
    parser = Parser()
    events: list[Event] = []
    for text in ["The lamp", "The light", "The li", "The lighthouse", ""]:
        segments = [{"type": "answer", "text": text}]
        events += parser.frame("task_output", {"segments": segments})
    assert said(events)[0] == "The lighthouse"
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["The lamp", "ight", "house"]


@given(st.lists(st.text("ab", max_size=6), max_size=8))
def test_deltas_make_up_every_growing_answer(pieces: list[str]) -> None:
    parser = Parser()
    events: list[Event] = []
    answer = ""
    for number, piece in enumerate(pieces):
        answer += piece
        segments = [{"type": "answer", "text": answer}]
        events += parser.frame("task_output", {"segments": segments, "number": number})
    assert "".join(str(event) for event in events if isinstance(event, TextDelta)) == answer


@pytest.mark.parametrize(
    ("snapshots", "answer", "thinking"),
    [
        # A token of a model, or a piece of text cut by JavaScript, may end within a character.
        (["Hi \ufffd", "Hi \ufffd\ufffd", "Hi 😀", "Hi 😀 there"], "Hi 😀 there", ""),
        (["Hi \ud83d", "Hi 😀", "Hi 😀 there"], "Hi 😀 there", ""),
        (["\ufffd", "é"], "é", ""),
        (["lost: \ufffd"], "lost: \ufffd", ""),
        (["<", "<thi", "<think>", "<think>Hm", "<think>Hm</th", "<think>Hm</think>\n",
          "<think>Hm</think>\n\nYes"], "Yes", "Hm"),
        (["\n", "\n<think>\ufffd", "\n<think>é <", "\n<think>é < 1</think>Yes"], "Yes", "é < 1"),
        (["<", "<t", "<table", "<table>"], "<table>", ""),
        (["<t"], "<t", ""), ([" "], " ", ""), (["a", "a <", "a <think"], "a <think", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("polled", [False, True])
def test_half_a_character_or_a_tag_at_the_end_of_a_snapshot_is_waited_for(
    snapshots: list[str], answer: str, thinking: str, polled: bool
) -> None:
    parser = Parser()
    events: list[Event] = []
    for raw in snapshots:
        if polled:
            outputs = parse_json(json.dumps([{"content": {"raw": raw}}]))
            events += parser.detail("task_output", outputs=outputs)
        else:
            events += parser.frame("task_output", {"raw": raw})
    content = {"raw": snapshots[-1]}
    events += parser.detail("task_postprocess_end", pexit="0", outputs=[{"content": content}])
    assert said(events) == (answer, thinking)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == answer


@pytest.mark.parametrize("last", ["Hello", "", "Help"])
def test_the_end_takes_back_what_is_no_part_of_the_answer(last: str) -> None:
    parser = Parser()
    segments = [{"type": "thinking", "text": "Hello!"}, {"type": "answer", "text": "Hello!"}]
    events = parser.frame("task_output", {"segments": segments})
    segments = [{"type": "thinking", "text": last}, {"type": "answer", "text": last}]
    outputs = [{"content": {"segments": segments}}]
    events += parser.detail("task_postprocess_end", pexit="0", outputs=outputs)
    assert said(events) == (last, last)


def test_what_the_frames_did_not_tell_comes_with_the_end() -> None:
    parser = Parser()
    events = parser.frame("task_output", {"segments": [{"type": "answer", "text": "Par"}]})
    content = {"segments": [{"type": "answer", "text": "Paris."}]}
    events += parser.detail(
        "task_postprocess_end", pexit="0", outputs=[{"content": content}], debugoutput="Paris."
    )
    assert [str(event) for event in events if isinstance(event, TextDelta)] == ["Par", "is."]
    assert lines(events) == []
    assert isinstance(events[-1], TaskEnded)


def test_the_log_of_a_failed_task_is_no_text() -> None:
    events = Parser().detail("task_postprocess_end", pexit="1", debugoutput="Traceback\nboom")
    assert said(events) == ("", "")
    assert lines(events) == ["Traceback", "boom"]


def test_a_setback_tells_its_reason_and_states_come_again() -> None:
    parser = Parser()
    events = [
        *parser.detail("task_queue"),
        *parser.detail("task_error", debugerror="no worker\nhas the model"),
        *parser.detail("task_error", debugerror="no worker\nhas the model"),
        *parser.detail("task_queue", debugerror="no worker\nhas the model"),
        *parser.detail("task_error", debugerror="out of disk"),
        *parser.detail("task_queue"),
        *parser.detail("task_error"),
        *parser.detail("task_start"),
    ]
    changes = [(e.status, e.reason) for e in events if isinstance(e, StatusChanged)]
    assert changes == [
        ("task_queue", ""), ("task_error", "has the model"), ("task_queue", ""),
        ("task_error", "out of disk"), ("task_queue", ""), ("task_error", "no reason given"),
        ("task_start", ""),
    ]  # fmt: skip
    shown = [str(event) for event in events if isinstance(event, StatusChanged)]
    assert shown[1] == "task 7: task_error, waits to be queued again: has the model"


def test_whole_logs_that_grow_give_each_line_once() -> None:
    parser = Parser()
    text = ""
    events: list[Event] = []
    for number in range(5000):
        text += f"step {number % 3000}\n"
        if number % 100 == 0:
            events += parser.detail(debugoutput=text + "unfinis")
    events += parser.detail("task_postprocess_end", pexit="1", debugoutput=text + "unfinished")
    assert lines(events) == [*(f"step {number % 3000}" for number in range(5000)), "unfinished"]


def test_a_line_in_a_frame_and_in_the_whole_log_is_given_once() -> None:
    parser = Parser()
    events = [
        *parser.frame("task_output", "one"),
        *parser.detail(debugoutput="one\ntwo\n"),
        *parser.frame("task_output", "two"),
        *parser.frame("task_output", "two", number=2),
        *parser.detail("task_postprocess_end", pexit="1", debugoutput="one\ntwo\ntwo\nthree"),
        *parser.frame("task_output_full", {"raw": "one\ntwo\ntwo\nthree"}),
    ]
    assert lines(events) == ["one", "two", "two", "three"]


def test_what_is_remembered_is_bounded() -> None:
    parser = Parser()
    for number in range(2 * _REMEMBERED):
        parser.frame(f"task_{number}", f"{number}")
        parser.frame("task_output", f"line {number}")
    inner: Any = parser.parser
    remembered = len(inner._frames) + len(inner._statuses) + len(inner._logs[False]._seen)
    assert remembered <= 3 * _REMEMBERED < 5000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("1m 5s", 65), ("1m5s", 65), ("65s", 65), ("65", 65), (65, 65), (6.5, 6.5), ("6.5", 6.5),
        ("01:05", 65), ("1:02:03", 3723), ("1h 2m 3s", 3723), ("1h", 3600), ("2h 1s", 7201),
        ("1d 1h", 90_000), ("500ms", 0.5), ("5 min 2 sec", 302), ("1 hour, 5 minutes", 3900),
        ("0s", 0), ("0", 0), ("12.5s", 12.5), (" 1M 5S ", 65), ("00:00", 0), ("1:05.5", 65.5),
        ("", None), ("soon", None), ("-5", None), ("-5s", None), (None, None), ([], None),
        ({}, None), (True, None), ("1e400", None), ("nan", None), ("1m 5", None), ("5 s s", None),
        ("s", None), ("m 5s", None), ("1m 5s!", None), ("9" * 400, None), ("½m", None),
    ],
)  # fmt: skip
def test_times_are_read_in_every_spelling(value: object, seconds: float | None) -> None:
    assert as_seconds(value) == (None if seconds is None else pytest.approx(seconds))
    body = {"percentage": "60", "elapsedTime": value, "remainingTime": value}
    events = Parser().frame("task_output", body)
    (progress,) = [event for event in events if isinstance(event, Progress)]
    assert progress.elapsed == progress.remaining == as_seconds(value)


@pytest.mark.parametrize(
    ("given_", "percentage"),
    [("60", 60), (60.5, 60.5), ("-3", 0), ("250", 100), ("1e400", None), ("x", None), (None, None)],
)
def test_a_percentage_is_one(given_: object, percentage: float | None) -> None:
    (progress,) = [
        event
        for event in Parser().frame("task_output", {"percentage": given_})
        if isinstance(event, Progress)
    ]
    assert progress.percentage == percentage
    assert str(progress)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from([
    "type", "id", "tasktoken", "message", "result", "success", "terminal", "exitCode", "status",
    "segments", "answer", "thinking", "raw", "text", "call_id", "finishreason", "usage", "outputs",
    "content", "url", "name", "size", "percentage", "stepCurrent", "elapsedTime", "debugoutput",
    "debugerror", "pexit", "totalcost", "elapsedseconds", "createtime", "socketaccesstoken",
])  # fmt: skip
STATUS = st.sampled_from([
    "task_output", "task_error", "task_output_full", "task_error_full", "task_postprocess_end",
    "task_cancel", "task_start", "\ud83d", "a\nb",
])  # fmt: skip
MESSY = st.recursive(
    JSON | STATUS,
    lambda inner: st.dictionaries(FIELDS, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=20,
)
FUZZ = settings(max_examples=40)


@pytest.mark.slow
@FUZZ
@given(STATUS, st.dictionaries(FIELDS, MESSY, max_size=8) | MESSY)
def test_no_frame_makes_anything_but_events(status: str, message: Any) -> None:
    parser = Parser()
    for event in parser.frame(status, message):
        str(event).encode()
    more = cast("dict[str, Any]", message) if isinstance(message, dict) else {}
    body: dict[str, Any] = {**NEW, **more, "id": "7"}
    for event in parser.parser.frame(json.dumps(body), parser.state):
        str(event).encode()


@given(st.text(st.characters(exclude_categories=())) | st.binary())
def test_no_text_and_no_bytes_do(frame: str | bytes) -> None:
    parser = Parser()
    for event in parser.parser.frame(frame, parser.state):
        str(event).encode()


@pytest.mark.slow
@FUZZ
@given(STATUS, st.dictionaries(FIELDS, MESSY, max_size=10))
def test_no_detail_does(status: str, fields: dict[str, Any]) -> None:
    # What the JSON reader lets through: no half characters.
    raw = json.loads(json.dumps({**fields, "status": status}).encode("utf-8", "replace"))
    parser = EventParser(FILES)
    for event in parser.detail(TaskDetail.read({**raw, "id": "7"})):
        assert isinstance(str(event), str)


def test_states_do_not_go_back_to_what_a_poll_has_overtaken() -> None:
    reader = Parser()
    told = [*reader.frame("task_accept"), *reader.detail("task_output_full")]
    for status in ("task_preprocess_start", "task_assign", "task_output", "task_output_full"):
        told += reader.frame(status)
    told += [*reader.frame("task_stream_ready"), *reader.frame("task_end")]
    states = [each.status for each in told if isinstance(each, StatusChanged)]
    assert states == ["task_accept", "task_output_full", "task_stream_ready", "task_end"]
    # One that failed before it ran goes through all of them anew.
    again = [*reader.detail("task_error", debugerror="no GPU"), *reader.frame("task_accept", 2)]
    assert [each.status for each in again] == ["task_error", "task_accept"]


EVIL = "\x1b]0;owned\x07 \x1b[2J \x9b31m \r \x00 \x7f"


def event_of(kind: type[Event], **more: Any) -> Event:
    fields: dict[str, Any] = {"task_id": EVIL, "status": EVIL, "raw": {}, **more}
    return kind(**fields)


@pytest.mark.parametrize(
    "event",
    [
        event_of(Event),
        event_of(StatusChanged, reason=EVIL),
        event_of(TextDelta, text=EVIL, start=0, answer=EVIL),
        event_of(ThinkingDelta, text=EVIL, start=0, thinking=EVIL),
        event_of(LogLine, text=EVIL, error=True),
        event_of(BinaryFrame, data=b"\x1b"),
        event_of(OutputsReady, outputs=(Output.from_raw({"name": EVIL}, 0, "7", FILES),)),
        event_of(TaskEnded, detail=TaskDetail.read({"id": EVIL, "status": EVIL})),
        event_of(
            Progress, percentage=None, step=None, steps=None, elapsed=None, remaining=None
        ),
    ],
    ids=lambda event: type(event).__name__,
)  # fmt: skip
def test_printing_an_event_runs_no_escape_sequence(event: Event) -> None:
    assert str(event).isprintable()
    assert EVIL in (event.status, getattr(event, "text", ""))


def test_a_line_break_in_an_event_makes_no_line_of_its_own() -> None:
    break_ = "a.png\ntask 7: ended"
    named = Output.from_raw({"name": break_}, 0, "7", FILES)
    for event in (
        OutputsReady(task_id="7", status="task_end", raw={}, outputs=(named,)),
        StatusChanged(task_id=break_, status="task_end", raw={}),
    ):
        assert str(event).isprintable()


def test_an_event_as_text_keeps_its_lines_and_all_letters() -> None:
    text = "\tné 👩\u200d💻\n次\r\n"
    event = event_of(TextDelta, text=text, start=0, answer=text)
    assert str(event) == "\tné 👩\u200d💻\n次\n"


@pytest.mark.parametrize("type_", ["task_output", "task_error", "task_output_full"])
def test_of_millions_of_lines_in_a_frame_the_last_are_given(type_: str) -> None:
    events = Parser().frame(type_, "a\n" * 3_000_000 + "the last")
    lines = [event.text for event in events if isinstance(event, LogLine)]
    assert lines[-1] == "the last"
    assert len(lines) == 10_000
