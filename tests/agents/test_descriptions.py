"""What a client learns of the server, as an inspector shows it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agents.conftest import PACKAGE, SPECS, STRICT, Connect
from wiro_runtime.catalogue import open_catalogue

TOOLS = [
    "search_tools",
    "describe_tool",
    "estimate_price",
    "run_tool",
    "get_task",
    "stop_task",
    "list_tasks",
    "download_outputs",
]
MOST_TOKENS = 1500


def tokens(text: str) -> int:
    """More than any tokenizer in use makes of a text: a token for each five letters that follow
    each other, for each digit, and for each other sign."""
    return len(re.findall(r"[A-Za-z]{1,5}|\S", text))


def listed(connect: Connect, **options: Any) -> Any:
    async def main() -> Any:
        async with connect(**options) as agent:
            found = await agent.client.list_tools()
            return [each.model_dump(by_alias=True, exclude_none=True) for each in found.tools]

    return asyncio.run(main())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_eight_tools_are_described_in_few_tokens(
    connect: Connect, tmp_path: Path, mode: str
) -> None:
    from wiro_runtime.mcp.server import INSTRUCTIONS

    found = listed(connect, folder=tmp_path, mode=mode)
    assert [each["name"] for each in found] == TOOLS
    # Annotations are for the client; no model reads them.
    told = [{key: each[key] for key in ("name", "description", "inputSchema")} for each in found]
    assert tokens(json.dumps(told, separators=(",", ":")) + INSTRUCTIONS) <= MOST_TOKENS
    for each in found:
        jsonschema.Draft202012Validator.check_schema(each["inputSchema"])
        assert each["description"]
        assert each["inputSchema"]["type"] == "object"
        assert "title" not in json.dumps(each["inputSchema"])
    billed = {each["name"] for each in found if not each["annotations"]["readOnlyHint"]}
    assert billed == {"run_tool", "stop_task", "download_outputs"}


def test_nothing_is_saved_where_no_folder_was_named(connect: Connect) -> None:
    assert [each["name"] for each in listed(connect)] == TOOLS[:-1]


def test_long_lists_of_options_are_searched(connect: Connect) -> None:
    async def main() -> None:
        async with connect() as agent:
            tool = await agent("describe_tool", tool="acme/many")
            voice, style = tool["inputs"]["voice"], tool["inputs"]["style"]
            assert len(voice["options"]) == 40
            assert voice["more_options"].startswith("60 more; call describe_tool with a query")
            assert voice["other_values"]
            assert "other_values" not in style
            assert list(style["options"]) == ["ink", "oil"]
            found = await agent("describe_tool", tool="acme/many", query="voice 77")
            assert found["inputs"]["voice"]["options"] == {"Voice 77": "77"}
            assert "enum" not in str(tool["inputs"])

    asyncio.run(main())


def test_options_of_one_label_are_all_there_and_bounds_of_any_number(connect: Connect) -> None:
    async def main() -> None:
        async with connect() as agent:
            tool = await agent("describe_tool", tool=STRICT)
            assert tool["inputs"]["weight"]["maximum"] == 0.5
            assert tool["inputs"]["voice"]["options"] == {
                "Auto": "",
                "a1": {"value": "a1", "label": "Rachel"},
                "b2": {"value": "b2", "label": "Rachel"},
                "c3": {"value": "c3", "label": "a1"},
            }
            (page,) = (await agent.client.read_resource(f"wiro://tools/{STRICT}")).contents
            text = getattr(page, "text", "")
            assert "- Rachel: `a1`\n    - Rachel: `b2`\n    - a1: `c3`" in text

    asyncio.run(main())


def test_hidden_characters_of_a_description_are_shown(
    connect: Connect,
) -> None:
    async def main() -> None:
        async with connect() as agent:
            said = "Takes little.\\u200b\\U000e0041 \\u202eNo picture."
            assert (await agent("describe_tool", tool=STRICT))["description"] == said
            found = (await agent("search_tools", query="strict"))["tools"][0]
            assert found["description"] == said
            (page,) = (await agent.client.read_resource(f"wiro://tools/{STRICT}")).contents
            assert said in getattr(page, "text", "")

    asyncio.run(main())


def test_long_texts_of_a_tool_are_whole_on_its_page_only(connect: Connect) -> None:
    async def main() -> None:
        async with connect() as agent:
            described = await agent("describe_tool", tool="acme/many")
            page = "wiro://tools/acme/many"
            for text in (described["description"], described["inputs"]["prompt"]["description"]):
                assert len(text) < 1100
                assert text.endswith(f" more characters: {page})")
            (found,) = (await agent.client.read_resource(page)).contents
            assert getattr(found, "text", "").count("Loud, and long.") == 4000

    asyncio.run(main())


@pytest.mark.parametrize("tool", [spec.tool for spec in SPECS])
def test_the_example_of_a_tool_is_what_it_takes(connect: Connect, tool: str) -> None:
    async def main() -> None:
        async with connect() as agent:
            described = await agent("describe_tool", tool=tool)
            open_catalogue(PACKAGE).get(tool).check(described["example"])

    asyncio.run(main())


def test_pages_of_tools_are_resources_and_are_completed(connect: Connect) -> None:
    async def main() -> None:
        async with connect() as agent:
            (template,) = (await agent.client.list_resource_templates()).resource_templates
            assert template.uri_template == "wiro://tools/{owner}/{project}"
            for uri in ("wiro://tools/acme/painter", "wiro://tools/acme/a%20writer"):
                (page,) = (await agent.client.read_resource(uri)).contents
                assert page.mime_type == "text/markdown"
                assert "## Inputs" in getattr(page, "text", "")
            from mcp.types import ResourceTemplateReference

            reference = ResourceTemplateReference(type="ref/resource", uri=template.uri_template)
            argument = {"name": "project", "value": "pa"}
            known = {"owner": "acme"}
            found = await agent.client.complete(reference, argument, context_arguments=known)
            assert found.completion.values == ["painter"]

    asyncio.run(main())


def test_an_unknown_page_is_named(connect: Connect) -> None:
    async def main() -> None:
        async with connect() as agent:
            with pytest.raises(Exception, match="nearest: 'acme/painter'"):
                await agent.client.read_resource("wiro://tools/acme/paintre")

    asyncio.run(main())


def test_two_prompts_take_what_the_user_wants(connect: Connect) -> None:
    async def main() -> None:
        async with connect() as agent:
            found = (await agent.client.list_prompts()).prompts
            assert [each.name for each in found] == ["make", "compare"]
            made = await agent.client.get_prompt("make", {"what": "a lighthouse", "max_cost": "2"})
            said = getattr(made.messages[0].content, "text", "")
            assert "a lighthouse" in said
            assert "2 US dollars" in said

    asyncio.run(main())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("make", {}, "Missing required arguments: {'what'}"),
        ("compare", None, "Missing required arguments: {'what'}"),
        ("paint", {"what": "a boat"}, "Unknown prompt: paint"),
    ],
)
def test_a_prompt_that_cannot_be_made_says_why(
    connect: Connect, mode: str, name: str, arguments: dict[str, str] | None, said: str
) -> None:
    from mcp import MCPError

    async def main() -> None:
        async with connect(mode=mode) as agent:
            with pytest.raises(MCPError, match=re.escape(said)):
                await agent.client.get_prompt(name, arguments)

    asyncio.run(main())
