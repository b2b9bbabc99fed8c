"""``wirogen sync`` against a simulated Wiro: what is downloaded, kept, refused and gone on with."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import fork_server
from corpus import Page, later, pages
from generator.project import Project, detail
from wiro_runtime.http.signing import Credentials
from wiro_runtime.settings import Timing, load_settings
from wiro_runtime.testing import Simulator, faults
from wiro_runtime.testing.catalogue import slug as address
from wirogen.cli.app import run
from wirogen.diff import compare_tools
from wirogen.document import parse_document
from wirogen.pipeline.build import read_project
from wirogen.specs import TaskStat, ToolSpec, dump_spec, spec_to_json
from wirogen.specs.model import DETAIL_FIELDS
from wirogen.specs.names import slug
from wirogen.sync import Filters, Options, SyncReport, Verdict, sync
from wirogen.sync.listing import listed_as

pytestmark = pytest.mark.slow


@dataclass
class World:
    """A simulated Wiro with a catalogue, and a project that is to follow it."""

    simulator: Simulator
    project: Project

    def publish(self, page: Page, *, full: str | None = None, text: str | None = None) -> None:
        owner, project = page.tool.split("/")
        short = page.text() if text is None else text
        long = page.text(full=True) if full is None else full
        self.simulator.publish(f"{address(owner)}/{address(project)}", short, long)

    def sync(
        self, *, pause: float = 0.01, known: dict[str, ToolSpec] | None = None, **options: object
    ) -> SyncReport:
        settings = load_settings(
            credentials=Credentials(self.simulator.api_key, self.simulator.api_secret),
            base_url=self.simulator.base_url,
            timing=Timing(sleep=lambda _seconds: asyncio.sleep(0.01)),
        )
        if known is None:
            known = read_project(self.project.root).specs
        made = Options(pause=pause, **options)  # pyright: ignore[reportArgumentType]
        return asyncio.run(sync(self.project.root, known, settings, made))

    @property
    def documents(self) -> list[str]:
        folder = self.project.root / "specs" / "documents"
        return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.txt"))

    def document_of(self, page: Page) -> Path:
        owner, project = page.tool.split("/")
        folder = self.project.root / "specs" / "documents"
        return folder / slug(owner) / f"{slug(project)}.txt"

    def remember(self) -> None:
        """Make specs of the documents, as a build does."""
        for tool, spec in read_project(self.project.root).specs.items():
            owner, project = tool.split("/")
            self.project.write(f"tools/{slug(owner)}/{slug(project)}.yaml", dump_spec(spec))


def simulated(made: list[Page]) -> Simulator:
    tools = [spec_to_json(parse_document(page.text(), path="x").spec) for page in made]
    return Simulator(tools)


def bare(page: Page) -> dict[str, Any]:
    """As much of a spec as a catalogue needs to list the tool."""
    return {
        "spec": 1,
        "tool": page.tool,
        "name": page.name,
        "description": "",
        "cover": None,
        "categories": [],
        "inputs": [],
    }


MADE = list(pages(10))
PAGES = [MADE[number] for number in (0, 9, 3, 4, 6)]
"""Those that are read quickly."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with simulated(PAGES) as simulator:
        made = World(simulator, Project(tmp_path))
        for page in PAGES:
            made.publish(page)
        yield made


def test_every_document_comes_in_its_full_form_with_tool_detail(world: World) -> None:
    report = world.sync()
    assert set(report.verdicts.values()) == {Verdict.NEW}
    assert len(world.documents) == len(PAGES)
    for page in PAGES:
        file = world.document_of(page)
        assert file.read_text("utf-8") == page.text(full=True)
        assert json.loads(file.with_suffix(".json").read_text("utf-8"))["tool"]
    specs = read_project(world.project.root)
    assert not specs.errors
    assert set(specs.specs) == {page.tool for page in PAGES}


def test_what_has_not_changed_is_not_sent_again(world: World) -> None:
    world.sync()
    statuses: list[int] = []
    world.simulator.on_response(lambda _request, status: statuses.append(status))
    before = world.project.snapshot()
    report = world.sync()
    assert set(report.verdicts.values()) == {Verdict.UNCHANGED}
    assert statuses.count(304) == len(PAGES)
    after = world.project.snapshot()
    assert {path for path in after if after[path] != before.get(path)} <= {".wirogen/sync.json"}


def test_what_is_measured_of_runs_is_kept_and_is_no_change_by_itself(world: World) -> None:
    measured = {"computingtime": "7 s", "approximatelycost": "0.1", "taskstat": {"runcount": 5}}
    lasting = {"samples": ["https://x.example/a.png"], "readme": "<p>Boats", "cps": "0.1"}

    def give(**fields: Any) -> None:
        edit = faults.edit(lambda answer: answer["tool"][0].update(fields))
        world.simulator.faults.add("Tool/Detail", edit, times=len(PAGES))

    give(**measured, **lasting)
    world.sync()
    specs = read_project(world.project.root).specs
    for spec in specs.values():
        assert (spec.computingtime, spec.approximatelycost, spec.cps) == ("7 s", "0.1", "0.1")
        assert spec.taskstat == TaskStat(runcount=5)
        assert (spec.samples, spec.readme) == (("https://x.example/a.png",), "<p>Boats")
    before = world.project.snapshot()
    give(**lasting, computingtime="8 s", approximatelycost="0.2", taskstat={"runcount": 6})
    assert set(world.sync().verdicts.values()) == {Verdict.UNCHANGED}
    after = world.project.snapshot()
    assert {path for path in after if after[path] != before.get(path)} <= {".wirogen/sync.json"}
    give(**measured, **lasting | {"readme": "<p>Ships"})
    assert set(world.sync().verdicts.values()) == {Verdict.CHANGED}


def test_every_field_that_only_tool_detail_has_is_kept(world: World) -> None:
    given = dict.fromkeys(DETAIL_FIELDS, "x")
    edit = faults.edit(lambda answer: answer["tool"][0].update(given))
    world.simulator.faults.add("Tool/Detail", edit, times=len(PAGES))
    world.sync()
    detail = json.loads(world.document_of(PAGES[0]).with_suffix(".json").read_text("utf-8"))
    assert given.items() <= detail["tool"][0].items()


def test_another_order_of_keys_is_no_change_of_tool_detail(world: World) -> None:
    world.sync()
    file = world.document_of(PAGES[0]).with_suffix(".json")
    tool = json.loads(file.read_text("utf-8"))["tool"][0]
    other = json.dumps({"tool": [dict(reversed(tool.items()))], "result": True})
    file.write_text(other, "utf-8")
    assert set(world.sync().verdicts.values()) == {Verdict.UNCHANGED}
    assert file.read_text("utf-8") == other


@pytest.mark.parametrize(
    "damaged", [b"", b"{", b"[]", b"5", b"[" * 9000, b"\xff\xfe", b'{"tool":5}']
)
def test_a_damaged_file_of_tool_detail_is_written_anew(world: World, damaged: bytes) -> None:
    world.sync()
    file = world.document_of(PAGES[0]).with_suffix(".json")
    good = file.read_bytes()
    file.write_bytes(damaged)
    assert world.sync().verdicts[PAGES[0].tool] is Verdict.CHANGED
    assert file.read_bytes() == good


def test_a_document_that_was_removed_or_edited_comes_back(world: World) -> None:
    world.sync()
    removed, edited = world.document_of(PAGES[0]), world.document_of(PAGES[1])
    removed.unlink()
    edited.write_text("oops", "utf-8")
    world.sync()
    assert removed.read_text("utf-8") == PAGES[0].text(full=True)
    assert edited.read_text("utf-8") == PAGES[1].text(full=True)


def test_tools_whose_names_fold_to_one_keep_their_documents(tmp_path: Path) -> None:
    made = [
        replace(PAGES[number % len(PAGES)], tool=tool, path=tool)
        for number, tool in enumerate(["o/a b", "o/A-b", "o/a_b", "O/a-b", "o/ä b"])
    ]
    with simulated(made) as simulator:
        world = World(simulator, Project(tmp_path))

        def sync_all(order: list[Page]) -> None:
            # In turn, each for itself: which of them comes first differs from run to run.
            for page in order:
                world.publish(page)
                world.sync(tools=(listed_as(page.tool),), known={}, detail=False)

        sync_all(made)
        before = world.documents
        assert len(before) == len(made)
        sync_all(made[::-1])
        assert world.documents == before
        sources = read_project(tmp_path)
        assert not sources.errors
        assert set(sources.specs) == {page.tool for page in made}


def test_new_changed_and_gone_are_told_apart(world: World, tmp_path: Path) -> None:
    world.sync()
    world.remember()
    world.publish(later(PAGES[3]))
    fresh = [MADE[2], MADE[5]]
    with simulated([*PAGES[1:], *fresh]) as simulator:
        moved = World(simulator, world.project)
        for page in [*PAGES[1:3], later(PAGES[3]), *PAGES[4:], *fresh]:
            moved.publish(page)
        report = moved.sync(detail=False)
    verdicts = report.verdicts
    assert {tool for tool in verdicts if verdicts[tool] is Verdict.NEW} == {
        page.tool for page in fresh
    }
    assert {tool for tool in verdicts if verdicts[tool] is Verdict.CHANGED} == {PAGES[3].tool}
    assert report.gone == (PAGES[0].tool,)
    assert world.document_of(PAGES[0]).is_file()


def test_filters_narrow_what_is_asked_for_and_say_nothing_about_what_is_gone(
    world: World,
) -> None:
    world.sync()
    owner = PAGES[0].tool.split("/")[0]
    report = world.sync(filters=Filters(owner=owner))
    assert {tool.split("/")[0] for tool in report.verdicts} == {owner}
    assert report.gone == ()
    assert len(world.sync(filters=Filters(limit=2)).verdicts) == 2
    category = PAGES[0].categories[0]
    found = world.sync(filters=Filters(categories=(category,)))
    assert set(found.verdicts) == {page.tool for page in PAGES if category in page.categories}


def test_a_dry_run_writes_nothing(world: World) -> None:
    before = world.project.snapshot()
    report = world.sync(dry_run=True)
    assert set(report.verdicts.values()) == {Verdict.NEW}
    assert world.project.snapshot() == before


def test_the_short_form_is_taken_where_there_is_no_full_one(world: World) -> None:
    world.simulator.faults.add("models/*/llms-full.txt", faults.status(404), times=None)
    world.sync()
    assert world.document_of(PAGES[1]).read_text("utf-8") == PAGES[1].text()


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("<!doctype html><title>Sign in</title>", "Y001"),
        ("", "Y001"),
        (PAGES[1].text(full=True)[:3000], "Y001"),
        (PAGES[1].text(full=True)[:-400], "Y002"),
        (PAGES[2].text(full=True), "Y003"),
    ],
)
def test_a_page_that_is_none_is_quarantined(world: World, bad: str, code: str) -> None:
    world.sync()
    world.remember()
    good = world.document_of(PAGES[1]).read_bytes()
    world.publish(PAGES[1], full=bad, text=bad)
    report = world.sync()
    assert report.verdicts[PAGES[1].tool] is Verdict.QUARANTINED
    assert [each.code for each in report.diagnostics] == [code]
    assert world.document_of(PAGES[1]).read_bytes() == good
    kept = list((world.project.root / ".wirogen" / "quarantine").rglob("*.txt"))
    assert [file.read_text("utf-8") for file in kept] == [bad]
    world.publish(PAGES[1])
    assert world.sync(dry_run=True).verdicts[PAGES[1].tool] is Verdict.UNCHANGED
    assert kept[0].exists()
    assert world.sync().verdicts[PAGES[1].tool] is Verdict.UNCHANGED
    assert not kept[0].exists()


def test_a_document_that_would_shrink_a_spec_is_quarantined_until_it_is_accepted(
    world: World,
) -> None:
    world.sync()
    world.remember()
    page = PAGES[1]
    smaller = page.text(full=True).replace("- name: clipSkip", "- nothing", 1)
    smaller = smaller.replace('"clipSkip": 4,', "", 1)
    world.publish(page, full=smaller)
    report = world.sync()
    assert [each.code for each in report.diagnostics] == ["Y002"]
    assert report.diagnostics[0].message.endswith(" are known: no clipSkip")
    assert world.document_of(page).read_text("utf-8") == page.text(full=True)
    report = world.sync(accept=frozenset({page.tool}))
    assert report.verdicts[page.tool] is Verdict.CHANGED
    assert world.document_of(page).read_text("utf-8") == smaller
    assert not list((world.project.root / ".wirogen" / "quarantine").rglob("*.txt"))


def test_what_tool_detail_alone_knows_is_not_missed_in_a_newer_document(world: World) -> None:
    world.sync()
    page = PAGES[1]
    answer = world.document_of(page).with_suffix(".json")
    more = [
        {"id": "tiling", "type": "checkbox"},
        {"id": "scheduler", "options": [{"value": "Karras", "text": "Karras"}]},
    ]
    answer.write_text(json.dumps(detail(page.tool, *more)), "utf-8")
    world.remember()
    world.publish(later(page))
    report = world.sync(detail=False)
    assert report.verdicts[page.tool] is Verdict.CHANGED
    assert not report.diagnostics


def test_a_document_may_say_less_than_tool_detail_did_before_there_was_one(world: World) -> None:
    page = PAGES[1]
    many = [{"id": f"input{number}", "type": "text"} for number in range(40)]
    world.project.write("documents/x/y.json", detail(page.tool, *many))
    world.remember()
    assert world.sync(detail=False).verdicts[page.tool] is Verdict.CHANGED


def test_trouble_on_the_way_is_tried_again(world: World) -> None:
    world.simulator.faults.add("models/*", faults.status(503), times=4)
    world.simulator.faults.add("models/*", faults.reset(), times=4)
    world.simulator.faults.add("models/*", faults.rate_limited(seconds=0.1), times=4)
    world.simulator.faults.add("Tool/Detail", faults.status(500), times=3)
    report = world.sync()
    assert set(report.verdicts.values()) == {Verdict.NEW}


def test_a_page_that_never_comes_is_reported_and_the_others_are_not_held_up(world: World) -> None:
    owner, project = PAGES[4].tool.split("/")
    path = f"models/{address(owner)}/{address(project)}/*"
    world.simulator.faults.add(path, faults.status(500), times=None)
    report = world.sync()
    assert report.verdicts[PAGES[4].tool] is Verdict.FAILED
    assert [each.code for each in report.diagnostics] == ["Y004"]
    assert len(world.documents) == len(PAGES) - 1
    world.simulator.clear()
    assert world.sync().verdicts[PAGES[4].tool] is Verdict.NEW


def test_no_credential_goes_along_with_a_page(world: World) -> None:
    world.sync()
    downloads = world.simulator.downloads
    assert downloads
    for request in downloads:
        assert not [name for name in request.headers if name.lower().startswith("x-")]


def test_a_state_that_is_nonsense_costs_nothing_but_time(world: World) -> None:
    world.sync()
    for text in ("{", "[]", '{"version": 1, "tools": {"a/b": {"sha256": 1}}}', "\x00"):
        (world.project.root / ".wirogen" / "sync.json").write_text(text, "utf-8")
        (world.project.root / ".wirogen" / "sync.journal").write_text(text, "utf-8")
        assert set(world.sync().verdicts.values()) == {Verdict.UNCHANGED}


def test_what_a_killed_run_left_half_written_is_swept_away(world: World) -> None:
    left = world.project.write("documents/wiro/.wirogen-abc", "half")
    world.sync(dry_run=True)
    assert left.exists()
    world.sync()
    assert not left.exists()


def test_the_command_says_what_is_new_and_what_to_do_next(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in world.simulator.env().items():
        monkeypatch.setenv(name, value)
    root = str(world.project.root)
    assert run(["sync", "--root", root]) == 0
    shown = capsys.readouterr()
    assert f"{len(PAGES)} tools: {len(PAGES)} new" in shown.out
    assert "now: wirogen build" in shown.out
    world.remember()
    world.publish(later(PAGES[3]))
    assert run(["sync", "--root", root, "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert f"{PAGES[3].tool}: added1: new optional input" in shown.out
    assert run(["sync", "--root", root, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tools"][PAGES[3].tool] == "changed"
    assert run(["sync", "--root", root, "--accept", f"{PAGES[3].tool}x"]) == 2
    assert f"no such tool; did you mean {PAGES[3].tool!r}?" in capsys.readouterr().err
    assert "input-added" in [change["kind"] for change in report["changes"]]


@pytest.mark.parametrize("page", [PAGES[3], later(PAGES[3])], ids=["same", "later"])
@pytest.mark.parametrize("arguments", [[], ["--dry-run"], ["--no-detail"]])
def test_the_changes_are_those_that_a_build_makes_with_tool_detail(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    page: Page,
) -> None:
    spec: dict[str, Any] = spec_to_json(parse_document(PAGES[3].text(), path="x").spec)
    unseen = {"label": "", "help": "", "default": None, "required": False, "example": None}
    spec["dynamicprice"] = [{"inputs": {}, "price": 0.05, "priceMethod": "cpr"}]
    spec["inputs"].append({**unseen, "name": "unseen", "type": "text", "wire": {"type": "string"}})
    with Simulator([spec]) as simulator:
        world = World(simulator, Project(tmp_path))
        for name, value in simulator.env().items():
            monkeypatch.setenv(name, value)
        world.publish(PAGES[3])
        world.sync()
        file = world.document_of(PAGES[3]).with_suffix(".json")
        if "--no-detail" not in arguments:
            file.write_text(file.read_text("utf-8").replace("0.05", "0.5"), "utf-8")
        world.remember()
        before = read_project(tmp_path).specs
        assert "unseen" in [item.name for item in before[PAGES[3].tool].inputs]
        world.publish(page)
        assert run(["sync", "--root", str(tmp_path), "--json", *arguments]) == 0
        found = json.loads(capsys.readouterr().out)["changes"]
        world.sync()
        after = read_project(tmp_path).specs
    assert found == [change.as_json() for change in compare_tools(before, after)]
    kinds = [each["kind"] for each in found]
    assert "input-removed" not in kinds
    assert ("tool-price" in kinds) is ("--no-detail" not in arguments)


def test_without_a_key_the_command_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WIRO_API_KEY", "WIRO_API_SECRET", "WIRO_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    Project(tmp_path)
    assert run(["sync", "--root", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def settled_downloads(simulator: Simulator) -> int:
    """How many there have been, those included that a killed client has left in the sockets."""
    count = -1
    while count != (now := len(simulator.downloads)):
        count = now
        time.sleep(0.5)
    return count


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        (signal.SIGKILL, -signal.SIGKILL, ""),
        (signal.SIGINT, 130, "wirogen: interrupted\n"),
    ],
    ids=["killed", "interrupted"],
)
def test_a_long_run_that_ends_early_goes_on_where_it_stopped(
    tmp_path: Path, end: signal.Signals, status: int, said: str
) -> None:
    count = 120
    made = list(pages(count))
    texts = {page.tool: page.text() for page in made}
    with Simulator([bare(page) for page in made]) as simulator:
        world = World(simulator, Project(tmp_path))
        for page in made:
            world.publish(page, full=texts[page.tool], text=texts[page.tool])
        command = ("sync", "--root", tmp_path, "--no-detail")
        env = {**os.environ, **simulator.env()}
        process = fork_server.start("wirogen", *command, cwd=tmp_path, env=env)
        journal = tmp_path / ".wirogen" / "sync.journal"
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and len(world.documents) < count // 4:
            time.sleep(0.02)
        process.send_signal(end)
        _, errors = process.communicate()
        assert (process.returncode, errors.lstrip("\n")) == (status, said)
        done = journal.read_text("utf-8").count('"tool"')
        assert count // 4 - 4 <= done < count
        asked = settled_downloads(simulator)
        report = world.sync(detail=False)
        again = len(simulator.downloads) - asked
    assert report.resumed >= done - 1
    assert again == count - report.resumed
    assert len(world.documents) == count
    assert set(report.verdicts.values()) <= {Verdict.NEW, Verdict.UNCHANGED}
    assert len(report.verdicts) == count
    assert not journal.exists()
    assert not list(tmp_path.rglob(".wirogen-*"))
    for page in made[::50]:
        assert world.document_of(page).read_text("utf-8") == texts[page.tool]


def test_the_simulator_of_the_command_line_has_the_documents_as_well(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = subprocess.Popen(
        [sys.executable, "-m", "wirogen", "simulate", "--root", str(root), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert simulator.stdout
        for line in iter(simulator.stdout.readline, ""):
            if line.startswith("export "):
                name, _, value = line.removeprefix("export ").strip().partition("=")
                monkeypatch.setenv(name, value)
            if " tools: " in line:
                break
        Project(tmp_path)
        assert run(["sync", "--root", str(tmp_path)]) == 0
    finally:
        simulator.kill()
        simulator.communicate()
    for file in sorted((root / "specs" / "documents").rglob("*.txt")):
        copy = tmp_path / file.relative_to(root)
        assert copy.read_bytes() == file.read_bytes()
