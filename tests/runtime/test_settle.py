"""Lost submissions are found again among one's own tasks, and only where that is certain."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from wiro_runtime import InvalidInputs, LostSubmission, TaskDetail
from wiro_runtime.tasks.listing import check_listing, list_tasks
from wiro_runtime.tasks.records import Origin
from wiro_runtime.tasks.settle import Settlement, compare, convert, match, since

AT = 1_750_000_000.0


def lost(
    key: str = "k", tool: str = "a/b", at: float = AT, skew: float | None = 0.0, **inputs: Any
) -> LostSubmission:
    origin = Origin(skew=skew)
    return LostSubmission(key=key, tool=tool, inputs=inputs, at=at, until=at + 30, origin=origin)


def task(
    id_: str = "1", tool: str = "a/b", created: object = AT, parameters: object = None, **more: Any
) -> TaskDetail:
    owner, _, project = tool.partition("/")
    raw: dict[str, Any] = {"id": id_, "modelslugowner": owner, "modelslugproject": project}
    raw |= {"createtime": str(created), "status": "task_queue"}
    if parameters is not None:
        raw["parameters"] = parameters
    return TaskDetail.read({**raw, **more})


def outcome(settlement: Settlement[TaskDetail]) -> object:
    if settlement.outcome == "found":
        assert settlement.task is not None
        return settlement.task.id
    return {each.id for each in settlement.candidates} or settlement.outcome


SHOWN_ALIKE: list[tuple[Any, Any]] = [
    ("a lighthouse", "a lighthouse"), (" a\r\nlighthouse ", "a\nlighthouse"), (4, "4"), ("4", 4),
    (7.5, "7.50"), (True, "true"),
    (True, "1"), (False, 0), (False, False), (["68", "2"], ["68", "2"]),
    (["68", 2], '["68", "2"]'), (["68"], "68"), ([], ""), ("", None), ("", []), (None, ""),
    ({"a": 1}, '{"a": 1}'), ("<file photo.jpg>", "https://cdn.example/x"), (0, "0"),
    (["<file a.png>", "x"], ["https://cdn.example/a", "x"]), ("\ud800", "\ud800"),
]  # fmt: skip

SHOWN_OTHERWISE: list[tuple[Any, Any]] = [
    ("a lighthouse", "a windmill"), (4, "5"), (True, "false"),
    (True, "0"), (["68"], ["69"]), (["68"], []),
    ([], ["68"]), ("", "x"), ("x", ""), (["a", "b"], ["b", "a"]), ({"a": 1}, {"a": 2}), (0, ""),
    ("4", "four"), (["68"], {"a": "68"}), ({"a": 1}, "[" * 99999),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "told"), SHOWN_ALIKE)
def test_inputs_are_compared_by_what_they_mean(sent: Any, told: Any) -> None:
    (found,) = match([lost(x=sent)], [task(parameters={"x": told})])
    assert outcome(found) == "1"


@pytest.mark.parametrize(("sent", "told"), SHOWN_OTHERWISE)
def test_other_inputs_are_another_task(sent: Any, told: Any) -> None:
    (found,) = match([lost(x=sent)], [task(parameters={"x": told})])
    assert found.outcome == "absent"


@pytest.mark.parametrize(
    "detail",
    [
        task(),
        task(tool=""),
        task(created=0),
        task(created="soon"),
        task(parameters={}),
        task(parameters='{"prompt": "x"}'),
        task(parameters="not JSON"),
        task(parameters=[]),
        task(parameters={"callbackUrl": "https://else.example", "another": "y"}),
        task(created=AT - 200),
        task(created=AT + 200),
    ],
    ids=str,
)
def test_what_wiro_does_not_show_is_not_compared(detail: TaskDetail) -> None:
    (found,) = match([lost(prompt="x", callbackUrl="https://one.example")], [detail])
    assert outcome(found) == "1"


@pytest.mark.parametrize(
    "detail",
    [task(tool="a/c"), task(created=AT - 400), task(created=AT + 400)],
    ids=["tool", "before", "after"],
)
def test_another_tool_or_time_is_another_task(detail: TaskDetail) -> None:
    (found,) = match([lost(prompt="x")], [detail])
    assert found.outcome == "absent"


@pytest.mark.parametrize("wrong", [-7200.0, 7200.0])
@pytest.mark.parametrize("at_settling", [None, -7200.0, 0.0, 7200.0])
def test_a_clock_that_was_wrong_when_a_run_was_sent(wrong: float, at_settling: float) -> None:
    sent = lost(at=AT + wrong, skew=wrong, prompt="x")
    (found,) = match([sent], [task()], skew=at_settling)
    assert outcome(found) == "1"
    assert since([sent], at_settling) < AT
    # Before the first response of its process nothing was known of its clock.
    sent = lost(at=AT + wrong, skew=None, prompt="x")
    (found,) = match([sent], [task()], skew=0.0)
    assert outcome(found) == {"1"}
    assert since([sent]) < AT
    (found,) = match([sent], [task(created=AT - 100_000)], skew=0.0)
    assert found.outcome == "absent"


def test_a_clock_that_the_list_itself_shows_to_be_wrong() -> None:
    """The clock was set wrong after the last response before the run."""
    sent = lost(at=AT + 7200, prompt="x")

    async def call(*_arguments: object) -> Mapping[str, Any]:
        api.skew = 7200.0
        return {"tasklist": [task().raw, task("2", created=AT - 90_000).raw]}

    async def known() -> tuple[set[str], list[LostSubmission]]:
        return set(), []

    api: Any = SimpleNamespace(skew=None, call_idempotent=call)
    (found,) = asyncio.run(compare(api, [sent], known))
    assert outcome(found) == "1"


def test_each_is_told_apart_by_its_inputs() -> None:
    tasks = [task("2", parameters={"prompt": "two"}), task("1", parameters={"prompt": "one"})]
    given = [lost("k1", prompt="one"), lost("k2", prompt="two"), lost("k3", prompt="three")]
    assert [outcome(each) for each in match(given, tasks)] == ["1", "2", "absent"]


def test_one_submission_and_two_tasks_that_it_may_be_are_ambiguous() -> None:
    tasks = [task("2", parameters={"prompt": "x"}), task("1", parameters={"prompt": "x"})]
    (found,) = match([lost(prompt="x")], tasks)
    assert outcome(found) == {"1", "2"}


def test_two_equal_submissions_and_one_task_are_ambiguous() -> None:
    found = match([lost("k1", prompt="x"), lost("k2", prompt="x")], [task("1")])
    assert [outcome(each) for each in found] == [{"1"}, {"1"}]


def test_as_many_tasks_as_equal_submissions_are_theirs_in_the_order_of_time() -> None:
    tasks = [task("2", created=AT + 20), task("1", created=AT + 10)]
    given = [lost("k2", at=AT + 19, prompt="x"), lost("k1", at=AT + 9, prompt="x")]
    assert [outcome(each) for each in match(given, tasks)] == ["2", "1"]


def test_different_submissions_that_either_task_may_be_are_ambiguous() -> None:
    tasks = [task("2"), task("1")]
    found = match([lost("k1", prompt="x"), lost("k2", prompt="y")], tasks)
    assert [outcome(each) for each in found] == [{"1", "2"}, {"1", "2"}]


def test_as_many_tasks_as_submissions_of_which_one_is_under_way_are_given_to_none() -> None:
    (found,) = match([lost()], [task("1"), task("2", created=AT + 2)], [lost("k2", at=AT + 2)])
    assert outcome(found) == {"1", "2"}


def test_as_many_tasks_as_submissions_that_may_be_others_are_ambiguous() -> None:
    """The first submission may be the second task, and the second one the third."""
    tasks = [task("1", created=AT - 200), task("2", created=AT + 200), task("3", created=AT + 600)]
    found = match([lost("k1"), lost("k2", at=AT + 400)], tasks)
    assert [outcome(each) for each in found] == [{"1", "2"}, {"2", "3"}]


def test_lists_of_another_length_are_another_task() -> None:
    (found,) = match([lost(x=["a"])], [task(parameters={"x": ["a", "b"]})])
    assert found.outcome == "absent"


def test_a_task_that_may_be_that_of_a_submission_under_way_is_given_to_none() -> None:
    (found,) = match([lost("k1", prompt="x")], [task("1")], [lost("k2", prompt="x")])
    assert outcome(found) == {"1"}
    (found,) = match([lost("k1", prompt="x")], [task("1")], [lost("k2", "a/c")])
    assert outcome(found) == "1"


def seconds_to_match(count: int, *, shown: bool) -> float:
    """Seconds of the processor for ``count`` submissions and four times as many tasks."""
    given = [lost(f"k{n}", at=AT + 60 * n, prompt=f"p{n}", scale=1) for n in range(count)]
    tasks = [
        task(str(n), created=AT + 60 * n, parameters={"prompt": f"p{n}"} if shown else None)
        for n in range(4 * count)
    ]
    begin = time.process_time()
    found = match(given, tasks)
    assert {each.outcome for each in found} == {"found" if shown else "ambiguous"}
    return time.process_time() - begin


@pytest.mark.parametrize("shown", [True, False])
def test_the_time_to_match_grows_with_the_number_of_submissions(shown: bool) -> None:
    """Each submission compared with each task took 100 times as long for ten times as many."""
    once, ten_times = (
        min(seconds_to_match(count, shown=shown) for _ in range(3)) for count in (100, 1000)
    )
    assert ten_times < 40 * once


def test_submissions_that_may_be_the_same_tasks_share_them() -> None:
    """Each of thousands with thousands of tasks of its own would fill the memory."""
    tasks = [task(str(n)) for n in range(3)]
    settlements = match([lost("k1", prompt="x"), lost("k2", prompt="y")], tasks)
    made = convert(settlements, lambda _: object())
    assert made[0].candidates == made[1].candidates
    assert len({id(one) for each in made for one in each.candidates}) == 3


class Pages:
    """A list of tasks, and what was asked for."""

    def __init__(self, ids: list[str], *, total: bool = True, longest: int = 100) -> None:
        self.ids, self.total, self.longest = ids, total, longest
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        assert path == "/Task/List"
        assert len(self.asked) < 50
        self.asked.append((body["start"], body["limit"]))
        start, limit = int(body["start"]), min(int(body["limit"]), self.longest)
        page = self.ids[start : start + limit]
        answer: dict[str, Any] = {"tasklist": [{"id": each} for each in page]}
        return {**answer, **({"total": str(len(self.ids))} if self.total else {})}

    def all(self, **options: Any) -> list[str]:
        async def flow() -> list[str]:
            return [each.id async for each in list_tasks(self, **options)]

        return asyncio.run(flow())


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_all_pages_are_read(count: int, total: bool) -> None:
    ids = [str(n) for n in range(count, 0, -1)]
    pages = Pages(ids, total=total)
    assert pages.all() == ids
    assert {limit for _, limit in pages.asked} == {"100"}
    assert len(pages.asked) <= count // 100 + 1


@pytest.mark.parametrize(
    ("limit", "asked"), [(0, []), (1, ["1"]), (100, ["100"]), (130, ["100", "30"])]
)
def test_no_more_is_asked_for_than_is_wanted(limit: int, asked: list[str]) -> None:
    pages = Pages([str(n) for n in range(250)])
    assert pages.all(limit=limit) == pages.ids[:limit]
    assert [limit for _, limit in pages.asked] == asked


def test_pages_may_be_shorter_than_asked_for() -> None:
    pages = Pages([str(n) for n in range(25)], longest=10)
    assert pages.all() == pages.ids


def test_a_task_that_moves_on_while_pages_are_read_is_given_once() -> None:
    pages = Pages([str(n) for n in range(150)])

    async def flow() -> list[str]:
        found: list[str] = []
        async for each in list_tasks(pages):
            found.append(each.id)
            if len(found) == 50:
                pages.ids.insert(0, "new")
        return found

    assert asyncio.run(flow()) == [str(n) for n in range(150)]


def test_a_server_that_gives_the_same_page_for_ever_is_left() -> None:
    async def call(_path: str, _body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"tasklist": [{"id": str(n)} for n in range(100)], "total": "1e9"}

    async def flow() -> int:
        return len([each async for each in list_tasks(call)])

    assert asyncio.run(flow()) == 100


@pytest.mark.parametrize("response", [{}, {"tasklist": None}, {"tasklist": "x"}, {"tasklist": [5]}])
def test_a_response_without_tasks_is_the_end(response: dict[str, Any]) -> None:
    async def call(_path: str, _body: Mapping[str, Any]) -> Mapping[str, Any]:
        return response

    async def flow() -> list[TaskDetail]:
        return [each async for each in list_tasks(call)]

    assert asyncio.run(flow()) == []


@pytest.mark.parametrize(
    ("tool", "limit"), [("a", None), (5, None), ("", None), (None, -1), (None, 1.5), (None, True)]
)
def test_a_list_says_what_it_does_not_take(tool: Any, limit: Any) -> None:
    with pytest.raises(InvalidInputs):
        check_listing(tool, limit)
