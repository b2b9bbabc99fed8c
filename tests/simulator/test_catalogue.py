"""The list of tools, one tool, and the pages of their documents."""

from __future__ import annotations

import json
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from simulator import specs
from simulator.wire import credentials, get, post, send
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

TEXT = "## Basic tool info Tool name: wiro/painter"


@pytest.fixture
def many() -> Iterator[Simulator]:
    tools = [specs.tool(f"wiro/tool {number:02}", specs.PROMPT) for number in range(45)]
    with Simulator(tools) as simulator:
        yield simulator


def listed(sim: Simulator, **filters: Any) -> list[str]:
    body = post(sim, "Tool/List", filters).json
    assert body["result"] is True
    return [f"{tool['slugowner']}/{tool['slugproject']}" for tool in body["tool"]]


def test_the_list_comes_in_pages_newest_first(many: Simulator) -> None:
    first = post(many, "Tool/List", {}).json
    assert first["total"] == 45
    assert len(first["tool"]) == 20
    assert first["tool"][0]["slugproject"] == "tool 44"
    assert first["tool"][0]["cleanslugproject"] == "tool-44"
    pages = [listed(many, start=str(start), limit="20") for start in (0, 20, 40, 60)]
    assert [len(page) for page in pages] == [20, 20, 5, 0]
    assert len({name for page in pages for name in page}) == 45
    assert listed(many, order="ASC", limit="1") == ["wiro/tool 00"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"search": "PAINT"}, ["wiro/painter"]),
        ({"search": "told"}, ["wiro/painter"]),
        ({"slugowner": "openai"}, ["openai/writer"]),
        ({"categories": ["text-to-image", "lora-sd"]}, ["wiro/painter"]),
        ({"categories": ["text-to-image", "llm"]}, []),
        ({"tags": ["text"]}, ["openai/writer"]),
        ({"search": "icon", "hideworkflows": True}, []),
        ({"search": "icon", "hideworkflows": False}, ["civitai/2D Game Icon Mix v1.0"]),
    ],
)
def test_filters(sim: Simulator, filters: dict[str, Any], names: list[str]) -> None:
    assert listed(sim, **filters) == names


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"start": 0}, "Request parameter [start] must be a string"),
        ({"start": "-1"}, "Request parameter [start] must be integer or float"),
        ({"limit": "0"}, "Request parameter [limit] must be between 1 and 1000"),
        ({"categories": "llm"}, "Request parameter [categories] must be an array of strings"),
        ({"categories": [1]}, "Request parameter [categories] must be an array of strings"),
        ({"summary": "true"}, "Request parameter [summary] must be true or false"),
        ({"order": "down"}, "Request parameter [order] must be ASC or DESC"),
        ({"sort": "size"}, "Request parameter [sort] must be id or relevance"),
        ({"page": "1"}, "Request parameter [page] is unknown"),
    ],
)
def test_a_wrong_filter_is_named(sim: Simulator, body: dict[str, Any], message: str) -> None:
    assert post(sim, "Tool/List", body).error == (0, message)


def test_a_tool_is_found_by_either_spelling(sim: Simulator) -> None:
    for project in ("2D Game Icon Mix v1.0", "2d-game-icon-mix-v1-0"):
        body = {"slugowner": "civitai", "slugproject": project}
        (tool,) = post(sim, "Tool/Detail", body).json["tool"]
        assert tool["cleanslugproject"] == "2d-game-icon-mix-v1-0"
    body = {"slugowner": "wiro", "slugproject": "painter"}
    (tool,) = post(sim, "Tool/Detail", body).json["tool"]
    (group,) = tool["parameters"]
    items = {item["id"]: item for item in group["items"]}
    assert list(items) == [entry["name"] for entry in specs.PAINTER["inputs"]]
    assert items["prompt"]["required"] is True
    assert items["prompt"]["options"] is None
    assert items["scheduler"]["options"][1] == {"value": "DDIM", "text": "DDIM"}
    assert (items["strength"]["min"], items["strength"]["max"]) == ("0", "1")
    assert json.loads(tool["dynamicprice"])[0]["priceMethod"] == "cpr"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"slugowner": "wiro"}, (0, "Request parameter [slugproject] required")),
        (
            {"slugowner": "wiro", "slugproject": "none"},
            (1, "slug-owner-project-not-exist"),
        ),
    ],
)
def test_a_tool_that_is_not_there(sim: Simulator, body: Any, error: tuple[int, str]) -> None:
    assert post(sim, "Tool/Detail", body).error == error


def test_a_document_is_served_and_not_served_again(sim: Simulator) -> None:
    url = sim.publish("wiro/painter", TEXT, TEXT + " full", modified=1_700_000_000)
    page = get(sim, url)
    assert page.data.decode() == TEXT
    assert page.headers["content-type"] == "text/plain; charset=utf-8"
    assert page.headers["last-modified"] == formatdate(1_700_000_000, usegmt=True)
    assert get(sim, url.replace("llms.txt", "llms-full.txt")).data.decode() == TEXT + " full"
    assert get(sim, url.replace("/models/", "/tools/")).data == page.data
    tag = page.headers["etag"]
    for headers in (
        {"if-none-match": tag},
        {"if-none-match": f'"x", W/{tag}'},
        {"if-modified-since": formatdate(1_700_000_000, usegmt=True)},
    ):
        again = get(sim, url, headers)
        assert (again.status, again.data) == (304, b"")
    for headers in (
        {"if-none-match": '"other"', "if-modified-since": formatdate(1_800_000_000, usegmt=True)},
        {"if-modified-since": formatdate(1_600_000_000, usegmt=True)},
        {"if-modified-since": "yesterday"},
    ):
        assert get(sim, url, headers).status == 200


def test_a_document_may_change(sim: Simulator) -> None:
    url = sim.publish("wiro/painter", TEXT)
    tag = get(sim, url).headers["etag"]
    assert sim.publish("wiro/painter", TEXT + "!") == url
    changed = get(sim, url, {"if-none-match": tag})
    assert (changed.status, changed.data.decode()) == (200, TEXT + "!")
    sim.clear()
    assert get(sim, url).status == 200


def test_a_document_takes_no_credentials(sim: Simulator) -> None:
    url = sim.publish("civitai/2D Game Icon Mix v1.0", TEXT)
    assert "%20" in url
    assert get(sim, url).status == 200
    clean = f"{sim.origin}/models/civitai/2d-game-icon-mix-v1-0/llms.txt"
    assert get(sim, clean).data == get(sim, url).data
    assert send(sim, "GET", url.removeprefix(sim.origin), credentials(sim)).status == 400
    assert send(sim, "POST", url.removeprefix(sim.origin)).status == 405
    assert get(sim, f"{sim.origin}/models/wiro/painter/llms.txt").status == 404


def test_the_catalogue_may_change(sim: Simulator) -> None:
    sim.add_tool(specs.tool("new/tool", specs.PROMPT))
    assert listed(sim, limit="1") == ["new/tool"]
    assert post(sim, "Run/new/tool", {"prompt": "a"}).json["result"] is True
    sim.remove_tool("new/tool")
    assert post(sim, "Run/new/tool", {"prompt": "a"}).error[0] == 1
    with pytest.raises(KeyError):
        sim.remove_tool("new/tool")


def test_shelves_show_tools_by_category(sim: Simulator) -> None:
    body = post(sim, "Tool/Explore", {}).json
    assert {*body["explore"][0]} == {"id", "title", "tools", "total", "url"}
    found = {
        shelf["id"]: [tool["cleanslugproject"] for tool in shelf["tools"]]
        for shelf in body["explore"]
    }
    assert found["text-to-image"] == ["painter"]
    assert "unknown" in post(sim, "Tool/Explore", {"x": 1}).error[1]
