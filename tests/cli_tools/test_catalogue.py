"""The catalogue in Python and on the command line."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time

import pytest

from cli_tools.kit import Shell
from wiro_runtime import AsyncWiro, ConfigurationError, InvalidInputs, Wiro
from wiro_runtime.catalogue import Catalogue, open_catalogue
from wiro_runtime.testing import Simulator
from wiro_tools import catalogue

pytestmark = pytest.mark.slow

TOOL = "wiro/text-to-image-sd-lora"


def test_the_installed_catalogue_is_searched_without_importing_tools() -> None:
    code = """
import sys
from wiro_tools import catalogue
import wiro_tools.catalogue as same
assert same is catalogue and len(catalogue) == len(list(catalogue)) > 0
assert [tool.tool for tool in catalogue.search("stable diffusion", category="lora-sd")]
print(*sorted(name for name in sys.modules if name.startswith("wiro_tools")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["wiro_tools", "wiro_tools.catalogue"]


def test_an_entry_says_what_the_tool_takes_and_imports_it() -> None:
    tool = catalogue.get(TOOL)
    assert tool in catalogue
    assert TOOL in catalogue
    assert tool.owner == "wiro"
    kinds = {each.name: (each.wire_name, each.kind, each.required) for each in tool.inputs}
    assert kinds["prompt"] == ("prompt", "text", True)
    assert kinds["selected_lora_model"] == ("selectedLoraModel", "lora", False)
    assert kinds["scheduler"][1] == "choice"
    assert kinds["samples"][1] == "number"
    assert tool.module().TOOL == TOOL
    assert tool.check({"prompt": "a"}).wire()["prompt"] == "a"


def test_search_is_by_everything_at_once_and_in_a_stable_order() -> None:
    found = _made_up(30)
    by_name = [tool.tool for tool in found.search("PORTRAIT")]
    assert by_name == ["owner-1/portrait-1", "owner-3/portrait-3", "owner-0/tool-0"]
    assert [tool.tool for tool in found.search(owner="OWNER-2", tag="even")] == [
        f"owner-2/tool-{n}" for n in (12, 2, 22)
    ]
    assert [tool.tool for tool in found.search("tool", input_kind="image", category="c1")] == [
        "owner-1/tool-11",
        "owner-1/tool-21",
    ]
    assert found.search("qqqqqqq zzzzzzz") == []


@pytest.mark.parametrize("query", ["portrait zebra", "pörtrait", "PORTRIAT", "zebras portrat"])
def test_a_search_forgives(query: str) -> None:
    found = [tool.tool for tool in _made_up(30).search(query)]
    assert found == ["owner-1/portrait-1", "owner-3/portrait-3", "owner-0/tool-0"]


def test_unknown_tools_and_packages_are_named_with_their_nearest() -> None:
    with pytest.raises(InvalidInputs, match="nearest: 'wiro/text-to-image-sd-lora'"):
        catalogue.get("wiro/text-to-image-sd-lor")
    with pytest.raises(InvalidInputs, match=r"no tool 'instant-id-lora'; nearest: 'wiro/instant"):
        catalogue.get("instant-id-lora")
    for name in ("no_such_package", "json", ""):
        with pytest.raises(ConfigurationError, match="no generated package"):
            open_catalogue(name)
    for data in (b"{", b"{}", b'{"tools": [1]}', b'{"tools": [{"name": "x"}]}', b""):
        with pytest.raises(ConfigurationError, match="generate it again"):
            list(Catalogue("mine", lambda data=data: data))
    gone = Catalogue("wiro_tools", lambda: b'{"tools": [{"tool": "a/b", "module": "a.b"}]}')
    with pytest.raises(ConfigurationError, match=r"there is no wiro_tools\.a\.b; generate"):
        gone.get("a/b").module()


def test_five_thousand_tools_are_read_and_searched_at_once() -> None:
    found = _made_up(5000)
    begin = time.process_time()
    assert len(found.search("portrait")) == len(found.search("a protrait")) == 3
    assert len(found.search(input_kind="image")) == 2500
    assert time.process_time() - begin < 2.0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_runs_a_tool_by_its_id(
    kind: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in simulator.env().items():
        monkeypatch.setenv(name, value)

    async def run_async() -> str:
        async with AsyncWiro() as client:
            task = await client.submit_tool(TOOL, {"prompt": "a", "samples": 1})
            return task.id

    def run_sync() -> str:
        with Wiro() as client:
            with pytest.raises(InvalidInputs, match="samples: expected a whole number"):
                client.run_tool(TOOL, {"prompt": "a", "samples": "1"})
            with pytest.raises(InvalidInputs, match="has no tool"):
                client.run_tool("wiro/other", {"prompt": "a"})
            return client.run_tool(TOOL, {"prompt": "a", "samples": 1}).task_id

    task = run_sync() if kind == "sync" else asyncio.run(run_async())
    assert [run.taskid for run in simulator.runs] == [task]
    assert simulator.runs[0].body["scale"] == "7.5"


def test_the_commands_list_and_search(shell: Shell) -> None:
    done = shell("list")
    assert done.out.splitlines() == [
        "openai/A Writer\tWrites.\ttext → text\t",
        "wiro/editor\tChanges a portrait.\ttext, image → image\tfrom $0.05",
        "wiro/painter\tPaints pictures.\ttext, lora → image\t",
    ]
    assert [each["tool"] for each in shell("search", "portrait", "--json").json] == ["wiro/editor"]
    listed = shell("list", "--input-kind", "lora", "--owner", "wiro", "--tag", "art", "--json").json
    assert [each["tool"] for each in listed] == ["wiro/painter"]
    nothing = shell("search", "qqqqqqq")
    assert (nothing.code, nothing.out) == (1, "")
    assert nothing.err == "no tool matches (wiro-tools list shows all)\n"


def _made_up(count: int) -> Catalogue:
    def tool(number: int) -> dict[str, object]:
        owner = number % 10
        name = f"portrait-{number}" if number in (1, 3) else f"tool-{number}"
        return {
            "tool": f"owner-{owner}/{name}",
            "name": name,
            "module": f"owner_{owner}.tool_{number}",
            "description": "A portrait of all." if number == 0 else "Makes something else.",
            "cover": None,
            "categories": [f"c{owner}"],
            "tags": ["even" if number % 2 == 0 else "odd"],
            "inputs": [["picture", "picture", "image" if number % 2 else "text", True]]
            + [[f"input_{n}", f"input{n}", "number", False] for n in range(12)],
        }

    tools = sorted((tool(number) for number in range(count)), key=lambda each: str(each["tool"]))
    data = json.dumps({"tools": tools}).encode()
    return Catalogue("made_up", lambda: data)


@pytest.mark.parametrize(("columns", "described"), [(50, False), (80, True), (120, True)])
def test_a_terminal_shows_what_tools_take_make_and_cost(
    shell: Shell, columns: int, described: bool
) -> None:
    with shell.terminal("list", columns=columns) as screen:
        assert screen.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.text).splitlines()
    row = next(line for line in lines if line.startswith("wiro/editor"))
    assert re.fullmatch(
        r"wiro/editor +text, image → image +from \$0\.05( +Changes a portrait\.)? *", row
    )
    assert ("Changes" in row) is described
    assert all(len(line) <= columns for line in lines)
