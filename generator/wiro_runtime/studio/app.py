"""The web application: the site, and below ``/studio/`` what its Run button calls."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import re
import tempfile
import zipfile
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from wiro_runtime.errors import ConfigurationError, InvalidInputs, PriceExceeded, WiroError
from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.inputs.arguments import read_dollars
from wiro_runtime.price import dollars
from wiro_runtime.studio.access import OwnerOnly
from wiro_runtime.studio.runs import ID, NoRun, Runs
from wiro_runtime.studio.site import SitePages
from wiro_runtime.studio.uploads import LIMIT, TooLarge, Uploads
from wiro_runtime.tasks.budget import Ceiling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from wiro_runtime.catalogue import Catalogue, Entry
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.studio.records import Run

_LARGEST_FORM: Final = 4 * 1024 * 1024
_LISTED: Final = 200
_PAGE: Final = 60
_SHORT: Final = 100_000
_EXCERPT: Final = 400
_CHUNK: Final = 64 * 1024
_KEEP_ALIVE: Final = 15.0
_PACE: Final = 0.05
"""Seconds in which changes of a run are sent together."""
_SHOWN: Final = ("image/", "audio/", "video/")
_NUMBER: Final = re.compile("[0-9]{1,9}")
_PLAIN: Final = {"text/plain", "application/json", "text/csv"}


@dataclass(kw_only=True)
class Studio:
    """What a studio is made of: the built site in ``site``, the tools, the folder of its runs, and
    ``client``, which is called once on the event loop that serves. ``before`` is called with each
    tool before it runs. ``closing`` ends what pages watch."""

    site: Path
    catalogue: Catalogue
    folder: Path
    client: Callable[[], AsyncWiro]
    simulated: bool = False
    before: Callable[[Entry], object] | None = None
    largest_file: int = LIMIT
    closing: asyncio.Event = field(default_factory=asyncio.Event)


class _Asked(BaseModel):
    """A run, as the page asks for it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Annotated[str, Field(pattern=f"^{ID.pattern}$")]
    tool: str
    values: dict[str, Any]
    form: dict[str, str]
    max_cost: object = None
    allow_unknown: bool = False


def application(studio: Studio, port: int, token: str) -> ASGIApp:
    """The studio at ``http://127.0.0.1:PORT/``, for the browser that has the token."""
    uploads = Uploads(studio.folder.absolute() / "uploads", studio.largest_file)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with studio.client() as client:
            runs = Runs(client, studio.catalogue, studio.folder / "runs", uploads, studio.before)
            await runs.open()
            app.state.runs = runs
            yield
            await runs.close()

    app = Starlette(
        lifespan=lifespan,
        exception_handlers={WiroError: _failed},
        routes=[
            Route("/studio/runs", _list, methods=["GET"]),
            Route("/studio/runs", _start, methods=["POST"]),
            Route("/studio/runs/{run}", _get, methods=["GET"]),
            Route("/studio/runs/{run}", _delete, methods=["DELETE"]),
            Route("/studio/runs/{run}/events", _events, methods=["GET"]),
            Route("/studio/runs/{run}/stop", _stop, methods=["POST"]),
            Route("/studio/runs/{run}/outputs/{number}", _output, methods=["GET"]),
            Route("/studio/runs/{run}/outputs.zip", _zip, methods=["GET"]),
            Route("/studio/files", _upload, methods=["POST"]),
            Route("/studio/files/{upload}/{name}", _uploaded, methods=["GET"]),
            Mount("/studio", _nothing),
            Mount("/", SitePages(studio.site, simulated=studio.simulated)),
        ],
    )
    app.state.uploads = uploads
    app.state.closing = studio.closing
    return OwnerOnly(app, port, token)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await _problem("there is nothing here", 404)(scope, receive, send)


def _problem(text: str, status: int, problems: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": text, "problems": problems or {}}, status)


async def _failed(_request: Request, error: Exception) -> Response:
    return _problem(str(error), 404 if isinstance(error, NoRun) else 502)


def _runs(request: Request) -> Runs:
    return cast("Runs", request.app.state.runs)


def _run(request: Request) -> Run:
    return _runs(request).get(request.path_params["run"])


async def _list(request: Request) -> Response:
    """The runs of a tool with all that its page shows, or an excerpt of those of all tools."""
    tool = request.query_params.get("tool")
    if tool is not None:
        return JSONResponse(
            {"runs": [_brief(run) for run in _runs(request).of_tool(tool)[:_LISTED]]}
        )
    every = _runs(request).of_tool()
    wanted, states = request.query_params.get("of"), request.query_params.getlist("state")
    found = [
        run
        for run in every
        if (not wanted or run.tool == wanted) and (not states or run.state in states)
    ]
    try:
        start = max(0, int(request.query_params.get("start", "0")))
    except ValueError:
        start = 0
    return JSONResponse(
        {
            "runs": [_excerpt(run) for run in found[start : start + _PAGE]],
            "total": len(found),
            "tools": Counter(run.tool for run in every),
        }
    )


def _brief(run: Run) -> dict[str, Any]:
    shown = run.to_page()
    for key in ("text", "thinking"):
        shown[key] = shown[key][:_SHORT]
    del shown["log"]
    for output in shown["outputs"]:
        said: str | None = output["text"]
        output["text"] = said and said[:_SHORT]
    return shown


def _excerpt(run: Run) -> dict[str, Any]:
    """What a card among many shows of a run."""
    shown = run.to_page()
    for key in ("form", "log", "thinking"):
        del shown[key]
    shown["text"] = shown["text"][:_EXCERPT]
    shown["body"] = {name: _shortened(value) for name, value in shown["body"].items()}
    for output in shown["outputs"]:
        del output["text"]
    return shown


def _shortened(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


async def _get(request: Request) -> Response:
    return JSONResponse(_run(request).to_page())


async def _start(request: Request) -> Response:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return _problem("the form holds more than 4 MB; drop large texts as files", 413)
    try:
        asked = _Asked.model_validate(json.loads(body))
        # Half a character, which no record of a run could hold.
        json.dumps([asked.tool, asked.form], ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return _problem("this is no request of the studio's page", 400)
    given = asked.max_cost
    try:
        limit = None if given in (None, "") else read_dollars("max_cost", given)
    except ConfigurationError:
        text = "an amount of dollars, such as 0.10, or nothing"
        return _problem(text, 422, {"max_cost": text})
    try:
        ceiling = Ceiling(limit, asked.allow_unknown)
        run = await _runs(request).start(asked.id, asked.tool, asked.values, asked.form, ceiling)
    except InvalidInputs as error:
        return _problem(str(error), 422, error.problems)
    except PriceExceeded as error:
        text = _above(error)
        return _problem(text, 422, {"max_cost": text})
    return JSONResponse(run.to_page(), 201)


def _above(error: PriceExceeded) -> str:
    ceiling = "" if error.ceiling is None else f" of {dollars(error.ceiling)}"
    price, limit = error.price, error.ceiling
    least = None if price is None else price.low
    if price is None or (price.high is None and not (least and limit and least > limit)):
        known = "not known" if least is None else f"{dollars(least)} or more"
        return (
            f"the price is {known}, so it cannot be kept below the ceiling{ceiling}; nothing was "
            "sent. Allow unknown prices to run it all the same"
        )
    return f"the price is {price}, above the ceiling{ceiling}; nothing was sent"


async def _events(request: Request) -> Response:
    changes = _changes(_run(request), request.app.state.closing)
    return StreamingResponse(changes, media_type="text/event-stream")


async def _changes(run: Run, closing: asyncio.Event) -> AsyncIterator[str]:
    """What the page does not know yet. Every stream begins with the whole run, so that it does not
    matter which one was read before."""
    known: dict[str, Any] = {}
    while True:
        changed, now = run.changed, run.to_page()
        news = {key: value for key, value in now.items() if key not in known or known[key] != value}
        if news:
            data = json.dumps(news, ensure_ascii=False)
            yield f"id: {run.revision}\nevent: change\ndata: {data}\n\n"
            known = now
        if not run.is_active:
            yield f"id: {run.revision}\nevent: end\ndata: {{}}\n\n"
            return
        waits = [asyncio.create_task(each.wait()) for each in (changed, closing)]
        try:
            done, _ = await asyncio.wait(waits, timeout=_KEEP_ALIVE, return_when="FIRST_COMPLETED")
        finally:
            for each in waits:
                each.cancel()
        if closing.is_set():
            return
        if not done:
            yield ": still there\n\n"
        await asyncio.sleep(_PACE)


async def _stop(request: Request) -> Response:
    return JSONResponse({"stopped": await _runs(request).stop(_run(request))})


async def _delete(request: Request) -> Response:
    run = _run(request)
    if run.is_active:
        return _problem("the run has not ended; stop it first", 409)
    await _runs(request).delete(run)
    return Response(status_code=204)


async def _output(request: Request) -> Response:
    run = _run(request)
    given = request.path_params["number"]
    number = int(given) if _NUMBER.fullmatch(given) else -1
    path = _runs(request).output(run, number)
    if path is None:
        return _problem("there is no such output", 404)
    download = "download" in request.query_params
    return _file(path, str(run.outputs[number]["type"]), download=download)


async def _zip(request: Request) -> Response:
    """All outputs of a run in one file."""
    run = _run(request)
    runs = _runs(request)
    found = [runs.output(run, at) for at in range(len(run.outputs))]
    paths = [path for path in found if path is not None]
    if not paths:
        return _problem("there are no such outputs", 404)
    try:
        file = await run_in_thread(partial(_zipped, paths))
    except OSError as error:
        return _problem(f"the outputs cannot be packed: {error.strerror or error}", 507)
    headers = {"Content-Disposition": f'attachment; filename="run-{run.id[:8]}.zip"'}
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=headers)


def _zipped(paths: list[Path]) -> IO[bytes]:
    """These files in a zip file that is gone once it is closed."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - what sends it closes it
    try:
        # What tools make is compressed already, so it is stored as it is.
        with zipfile.ZipFile(file, "w", strict_timestamps=False) as archive:
            for path in paths:
                archive.write(path, path.name)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


async def _upload(request: Request) -> Response:
    uploads = cast("Uploads", request.app.state.uploads)
    try:
        path = await uploads.save(request.query_params.get("name", ""), request.stream())
    except TooLarge:
        return _problem("the file is larger than what Wiro takes (100 MB)", 413)
    except OSError as error:
        return _problem(f"the file cannot be kept: {(error.strerror or str(error)).lower()}", 507)
    return JSONResponse({"path": str(path)}, 201)


async def _uploaded(request: Request) -> Response:
    uploads = cast("Uploads", request.app.state.uploads)
    path = uploads.get(request.path_params["upload"], request.path_params["name"])
    return _problem("there is no such file", 404) if path is None else _file(path, "")


def _file(path: Path, claimed: str, *, download: bool = False) -> Response:
    """A file of a stranger: a picture, a sound, a film or plain text, and a download else. Nothing
    of it runs, even where it is opened by itself."""
    kind = claimed.partition(";")[0].strip().lower() or mimetypes.guess_type(path.name)[0] or ""
    inline = kind.startswith(_SHOWN) or kind in _PLAIN
    if kind.startswith("text/") and not inline:
        kind, inline = "text/plain", True
    if not inline or not kind.isascii() or not kind.isprintable():
        kind = "application/octet-stream"
    return FileResponse(
        path,
        media_type="text/plain" if kind in _PLAIN else kind,
        filename=path.name,
        content_disposition_type="inline" if inline and not download else "attachment",
    )
