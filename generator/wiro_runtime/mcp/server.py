"""The server: eight tools for any number of tools, their pages as resources, two prompts."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, cast
from urllib.parse import quote, unquote

from mcp import MCPError
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import (
    ResourceNotFoundError,
    ToolError,
    UnexpectedToolError,
)
from mcp.server.mcpserver.tools import Tool
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    Completion,
    TextContent,
    ToolAnnotations,
)
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from wiro_runtime.errors import InvalidInputs, WiroError
from wiro_runtime.inputs.messages import nearest, shorten
from wiro_runtime.inputs.problems import problem_of_argument
from wiro_runtime.mcp import tasks
from wiro_runtime.mcp.advice import explain
from wiro_runtime.mcp.approval import Approval, can_ask, question, read_ceiling, refusal
from wiro_runtime.mcp.describe import page_markdown, summary_json, tool_json
from wiro_runtime.mcp.downloads import download
from wiro_runtime.mcp.files import with_files
from wiro_runtime.mcp.runs import run_key
from wiro_runtime.mcp.workspace import Workspace
from wiro_runtime.tasks.budget import Ceiling
from wiro_runtime.version import __version__

if TYPE_CHECKING:
    from mcp.types import (
        CompletionArgument,
        CompletionContext,
        GetPromptResult,
        InputRequiredResult,
        PromptReference,
        ResourceTemplateReference,
    )

    from wiro_runtime.inputs.model import ToolInputs as Checked

INSTRUCTIONS: Final = (
    "Runs AI tools hosted on Wiro: images, video, audio, text, 3D. search_tools, then "
    "describe_tool, estimate_price, run_tool, download_outputs. Every run is billed to the user."
)

Space: TypeAlias = Context[Workspace, Any]
ToolId: TypeAlias = Annotated[str, Field(description="owner/project")]
ToolInputs: TypeAlias = Annotated[dict[str, Any], Field(description="As describe_tool lists them")]
TaskId: TypeAlias = Annotated[str, Field(description="Of run_tool or list_tasks")]
Wait: TypeAlias = Annotated[float, Field(description="Seconds to wait for its end")]


def _no_boolean(value: object) -> object:
    """Refuse true, which would be read as one dollar."""
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "Not a number")
    return value


class WiroServer(MCPServer[Workspace]):
    """An MCP server whose errors say what to do, and which refuses arguments that it does not
    know: a ceiling under another name would be none."""

    def __init__(self, *arguments: Any, tools: list[Tool], **options: Any) -> None:
        super().__init__(*arguments, tools=tools, **options)
        self._known = {tool.name: list(tool.parameters["properties"]) for tool in tools}

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Workspace, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        known = self._known.get(name)
        if known is not None and (unknown := [each for each in arguments if each not in known]):
            lines = [
                f"{shorten(each, 80)}: unknown argument{nearest(each, known)}" for each in unknown
            ]
            raise ToolError(_refused(name, lines))
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError as error:
            if isinstance(error.__cause__, WiroError):
                raise ToolError(explain(error.__cause__)) from error.__cause__
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_in_lines(name, error.__cause__)) from error.__cause__
            raise

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[Workspace, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            # The SDK calls it an internal error, and logs a traceback.
            raise MCPError(INVALID_PARAMS, str(error)) from error


def make_server(space: Workspace) -> WiroServer:
    """A server for this client, catalogue and folder."""

    @asynccontextmanager
    async def lifespan(_: MCPServer[Workspace]) -> AsyncGenerator[Workspace]:
        yield space

    server = WiroServer(
        "wiro-tools",
        title="Wiro",
        instructions=INSTRUCTIONS,
        version=__version__,
        tools=_tools(space),
        lifespan=lifespan,
        log_level="WARNING",
        subscriptions=False,
    )
    server.resource(
        "wiro://tools/{owner}/{project}",
        name="tool",
        title="A tool of Wiro",
        description="The inputs, options, price and an example of a tool.",
        mime_type="text/markdown",
    )(tool_page)
    server.prompt(title="Make something with Wiro")(make)
    server.prompt(title="Compare tools of Wiro")(compare)
    cast("Any", server).completion()(_completer(space))
    return server


def _tools(space: Workspace) -> list[Tool]:
    found: list[Any] = [search_tools, describe_tool, estimate_price]
    found += [run_tool, get_task, stop_task, list_tasks]
    if space.folder is not None:
        found.append(download_outputs)
    return [_tool(each) for each in found]


def _tool(function: Any) -> Tool:
    annotations = ToolAnnotations(
        read_only_hint=function not in (run_tool, stop_task, download_outputs),
        destructive_hint=function is stop_task,
        idempotent_hint=True,
    )
    tool = Tool.from_function(function, annotations=annotations, structured_output=False)
    tool.description = " ".join(tool.description.split())
    # Titles repeat the names, and every word of a description is paid for in each conversation.
    tool.parameters = _untitled(tool.parameters)
    return tool


async def search_tools(
    query: Annotated[str, Field(description="What is to be made, in words")],
    context: Space,
    limit: Annotated[int, Field(ge=1, le=50)] = 10,
) -> CallToolResult:
    """Find tools of Wiro."""
    space = _space(context)
    found = space.index.search(query, limit)
    response: dict[str, Any] = {"tools": [summary_json(each) for each in found]}
    if not found:
        response["categories"] = space.index.categories
        response["next"] = "Nothing matches. Search for one of these categories, or in other words."
    return _response(response)


async def describe_tool(
    tool: ToolId,
    context: Space,
    query: Annotated[str, Field(description="Words that shown options of long lists have")] = "",
) -> CallToolResult:
    """Show the inputs of a tool, with options by label, its price and an example."""
    space = _space(context)
    page = f"wiro://tools/{quote(tool)}"
    return _response(tool_json(space.catalogue.get(tool), query, files=space.folder, page=page))


async def estimate_price(tool: ToolId, inputs: ToolInputs, context: Space) -> CallToolResult:
    """Tell what a run costs in US dollars. Nothing is sent."""
    space = _space(context)
    given = with_files(space.catalogue.get(tool), inputs, space.folder)
    return _response(space.client.price(tool, given, package=space.catalogue).to_dict())


async def _approval(
    tool: str, inputs: dict[str, Any], max_cost: float | None, request_id: str, context: Space
) -> Approval | Elicit[Approval]:
    space = _space(context)
    checked = _checked(space, tool, inputs)
    if await space.runs.is_known(await run_key(tool, checked, request_id)):
        return Approval()
    price = space.client.price(tool, checked, package=space.catalogue)
    asked = question(space, tool, price, max_cost)
    if asked is None:
        return Approval()
    if not can_ask(context):
        raise refusal(tool, price)
    return Elicit(asked, Approval)


async def run_tool(
    tool: ToolId,
    inputs: ToolInputs,
    approval: Annotated[ElicitationResult[Approval], Resolve(_approval)],
    context: Space,
    max_cost: Annotated[
        float | None,
        BeforeValidator(_no_boolean),
        Field(description="US dollars; the run is refused if it may cost more"),
    ] = None,
    request_id: Annotated[
        str, Field(description="Any text. Give another one to run the same inputs again")
    ] = "",
    wait: Wait = 50,
) -> CallToolResult:
    """Run a tool; it is billed. The same call again, after an error too, is the same run and is
    billed once. A run that has not ended in time goes on: call get_task."""
    space = _space(context)
    checked = _checked(space, tool, inputs)
    price = space.client.price(tool, checked, package=space.catalogue)
    key = await run_key(tool, checked, request_id)
    allowed = read_ceiling(max_cost)
    if question(space, tool, price, max_cost) is not None:
        if approval.action == "accept" and approval.data.run:
            allowed = allowed if price.high is None else price.high
        elif not await space.runs.is_known(key):
            raise ToolError("The user did not allow this run. Nothing was sent or billed.")
    task, repeated = await space.runs.submit(
        tool,
        checked,
        key,
        Ceiling(allowed, allow_unknown=not price.known),
    )
    state = await tasks.wait_for(task, wait, context.report_progress)
    response = {"tool": tool, **state}
    if repeated:
        response["repeated"] = "An earlier call started this run. Another request_id runs it anew."
    return _response(response, failed=state.get("succeeded") is False)


async def get_task(task_id: TaskId, context: Space, wait: Wait = 0) -> CallToolResult:
    """Show a task: state, cost, outputs, text."""
    task = _space(context).client.task(task_id)
    return _response(await tasks.wait_for(task, wait, context.report_progress))


async def stop_task(task_id: TaskId, context: Space) -> CallToolResult:
    """Stop a task. One that already ran may be billed."""
    task = _space(context).client.task(task_id)
    stopped = await task.stop()
    return _response({"stopped": stopped, **await tasks.current_state(task)})


async def list_tasks(
    context: Space, limit: Annotated[int, Field(ge=1, le=100)] = 10
) -> CallToolResult:
    """List the newest tasks of the account."""
    found = [each.detail async for each in _space(context).client.tasks(limit=limit)]
    return _response({"tasks": [tasks.listed_json(each) for each in found if each is not None]})


async def download_outputs(task_id: TaskId, context: Space) -> CallToolResult:
    """Save the outputs of an ended task into the user's folder."""
    space = _space(context)
    if space.folder is None:
        raise ToolError("This server was started without --out DIR, so it saves no files.")
    result = space.results.get(task_id)
    if result is None:
        task = space.client.task(task_id)
        if not (await task.refresh()).terminal:
            raise ToolError(f"Task {task.id} has not ended. Call get_task with a wait first.")
        result = space.remember(await task.wait())
    return await download(result, space.folder)


async def tool_page(owner: str, project: str, context: Space) -> str:
    """The page of a tool."""
    tool = f"{unquote(owner)}/{unquote(project)}"
    try:
        return page_markdown(_space(context).catalogue.get(tool))
    except InvalidInputs as error:
        raise ResourceNotFoundError(str(error)) from None


def make(what: str, max_cost: str = "1.00") -> str:
    """Find a tool, price it, run it and save what it makes."""
    return (
        f"Make this with a tool of Wiro: {what}\n\n"
        "1. search_tools, then describe_tool for the best two or three.\n"
        "2. estimate_price with the inputs that you would send. Prefer the cheapest tool that "
        "does it well.\n"
        f"3. run_tool with max_cost. All runs together may cost {max_cost} US dollars; ask me "
        "before you spend more.\n"
        "4. When it has ended, download_outputs if there is such a tool, or show me the addresses, "
        "with what it cost."
    )


def compare(what: str) -> str:
    """Compare tools and their prices, without running one."""
    return (
        f"Which tool of Wiro is best for this: {what}\n\n"
        "Use search_tools, describe_tool and estimate_price; run nothing. Show me a table of up to "
        "five tools: what each does, what it needs from me, and what one run costs. Recommend one."
    )


def _completer(space: Workspace) -> Any:
    async def complete(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        if getattr(ref, "type", "") != "ref/resource":
            return None
        owner = ((context.arguments if context else None) or {}).get("owner")
        pairs = [tool.split("/", 1) for tool in space.catalogue.ids]
        if argument.name == "owner":
            values = {found for found, _ in pairs}
        else:
            values = {project for found, project in pairs if owner in (None, found)}
        fitting = sorted(value for value in values if value.startswith(argument.value))
        return Completion(values=fitting[:100], total=len(fitting), has_more=len(fitting) > 100)

    return complete


def _space(context: Space) -> Workspace:
    return context.request_context.lifespan_context


def _checked(space: Workspace, tool: str, inputs: dict[str, Any]) -> Checked:
    entry = space.catalogue.get(tool)
    return entry.check(with_files(entry, inputs, space.folder))


def _response(found: dict[str, Any], *, failed: bool = False) -> CallToolResult:
    text = json.dumps(found, ensure_ascii=False, default=str)
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=json.loads(text),
        is_error=failed,
    )


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, dict[str, Any]] = schema["properties"]
    untitled = {
        name: {key: value for key, value in each.items() if key != "title"}
        for name, each in properties.items()
    }
    kept = {key: schema[key] for key in schema if key != "title"}
    return {**kept, "properties": untitled, "additionalProperties": False}


def _in_lines(name: str, error: ValidationError) -> str:
    """Wrong arguments, one a line."""
    return _refused(
        name,
        [
            f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {problem_of_argument(each)}"
            for each in error.errors(include_url=False)
        ],
    )


def _refused(name: str, lines: list[str]) -> str:
    return "\n".join([f"{name} does not take these arguments:", *lines])
