"""The parts of ``openapi.json`` that are the same for all tools: tasks, files and the catalogue."""

from __future__ import annotations

from typing import Final

from wirogen.specs import Json

SECURITY: Final[list[Json]] = [{"key": [], "nonce": [], "signature": []}, {"key": []}]
"""A project with a secret signs; one without sends its key alone."""

_TEXT: Final[dict[str, Json]] = {"type": "string"}
_TEXTS: Final[dict[str, Json]] = {"type": "array", "items": _TEXT}


def _header(name: str, description: str) -> dict[str, Json]:
    return {"type": "apiKey", "in": "header", "name": name, "description": description}


def _described(description: str, **more: Json) -> dict[str, Json]:
    return {"type": "string", "description": description, **more}


def _described_any(description: str) -> dict[str, Json]:
    return {"description": description}


def _object(**properties: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties}


def _json(schema: Json) -> dict[str, Json]:
    return {"application/json": {"schema": schema}}


def _post(
    operation: str, tag: str, summary: str, body: Json, response: str, *, media: Json = None
) -> dict[str, Json]:
    content = media if isinstance(media, dict) else _json(body)
    return {
        "post": {
            "operationId": operation,
            "summary": summary,
            "tags": [tag],
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": {
                    "description": "The response, or errors.",
                    "content": _json({"$ref": f"#/components/schemas/{response}"}),
                },
                "401": {"$ref": "#/components/responses/Refused"},
                "429": {"$ref": "#/components/responses/TooMany"},
            },
        }
    }


_TASK_ID: Final = _described("The task's id.")
_TOKEN: Final = _described("The socketaccesstoken in the response to the run.")
_BY: Final[dict[str, str]] = {
    "TaskById": "taskid",
    "TaskByToken": "tasktoken",
    "TaskBySocketToken": "socketaccesstoken",
}
"""Schemas of their own: generators of clients make a class of each, and nothing of an ``anyOf`` of
lists of required names."""


def _by(*names: str) -> dict[str, Json]:
    return {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in names]}


def _selector(name: str) -> dict[str, Json]:
    return {**_object(**{name: _TASK_ID if name == "taskid" else _TOKEN}), "required": [name]}


_BY_TASK: Final = _by("TaskById", "TaskByToken")
_UPLOAD: Final[dict[str, Json]] = {
    "multipart/form-data": {
        "schema": {
            **_object(file={"type": "string", "contentMediaType": "application/octet-stream"}),
            "required": ["file"],
        }
    }
}

PATHS: Final[dict[str, Json]] = {
    "/Task/Detail": _post("task_detail", "Tasks", "How a task is doing.", _BY_TASK, "Tasks"),
    "/Task/Cancel": _post(
        "task_cancel", "Tasks", "Cancel a task that is still queued.", _BY_TASK, "Tasks"
    ),
    "/Task/Kill": _post(
        "task_kill",
        "Tasks",
        "End a task that is running.",
        _by(*_BY),
        "Tasks",
    ),
    "/Task/InputOutputDelete": _post(
        "task_delete_files",
        "Tasks",
        "Delete the files of an ended task.",
        {**_object(tasktoken=_TOKEN), "required": ["tasktoken"]},
        "ApiResponse",
    ),
    "/File/Upload": _post(
        "file_upload",
        "Tasks",
        "Upload a file, 100 MB at most, to use its address as an input.",
        None,
        "Uploaded",
        media=_UPLOAD,
    ),
    "/Tool/List": _post(
        "tool_list",
        "Catalogue",
        "The tools on Wiro, page by page.",
        _object(
            start=_described("How many tools to pass over."),
            limit=_described("How many tools to give."),
            search=_TEXT,
            categories=_TEXTS,
            tags=_TEXTS,
            slugowner=_TEXT,
            sort=_TEXT,
            order={"type": "string", "enum": ["ASC", "DESC"]},
            hideworkflows={"type": "boolean"},
            summary={"type": "boolean"},
        ),
        "Tools",
    ),
    "/Tool/Detail": _post(
        "tool_detail",
        "Catalogue",
        "One tool with its parameters.",
        {
            **_object(slugowner=_TEXT, slugproject=_TEXT, summary={"type": "boolean"}),
            "required": ["slugowner", "slugproject"],
        },
        "Tools",
    ),
}

TASK_LIFE: Final = """\
The response to a run has `taskid` and `socketaccesstoken`. Its task goes through `task_queue`,
`task_accept`, `task_preprocess_start`, `task_preprocess_end`, `task_assign`, `task_start`,
`task_output` (repeated), `task_output_full`, `task_end`, `task_postprocess_start` and ends with
`task_postprocess_end`, or with `task_cancel`. No other status is final: go on asking Task/Detail
when you see one that is not listed here, after two or three seconds first and then less often.

`task_postprocess_end` is success when `pexit` is "0", or when there is no `pexit` and there are
`outputs`; otherwise the task has failed, and is not billed. `task_error` means that it failed
before it ran and waits to be queued again; `debugerror` says why. `totalcost` is what was billed,
in US dollars.

Never send a run again because its response was lost: it may have been accepted and is billed.
Search for its task first.

The same is told as it happens over the WebSocket (see `x-websocket`), and once, when the task has
ended, to `callbackUrl` (see `webhooks`)."""

WEBSOCKET: Final[dict[str, Json]] = {
    "url": "wss://socket.wiro.ai/v1",
    "description": (
        "Send the first message after connecting. Each frame is about one task; match it by `id`, "
        "because newer frames have no `tasktoken`. `task_output` carries progress or text in "
        "`message`; `task_postprocess_end` is the last frame and carries the outputs. Binary "
        "frames can occur. The connection can end at any time: ask Task/Detail then."
    ),
    "send": {"$ref": "#/components/schemas/SocketRequest"},
    "receive": {"$ref": "#/components/schemas/SocketFrame"},
}

WEBHOOKS: Final[dict[str, Json]] = {
    "taskEnded": {
        "post": {
            "operationId": "task_ended",
            "summary": "What Wiro posts to callbackUrl when a task has ended.",
            "description": "It is not signed: ask Task/Detail before you trust it.",
            "tags": ["Tasks"],
            "requestBody": {
                "required": True,
                "content": _json({"$ref": "#/components/schemas/Task"}),
            },
            "responses": {"200": {"description": "Taken."}},
        }
    }
}

_ERRORS: Final[dict[str, Json]] = {
    "type": "array",
    "items": {
        "anyOf": [
            _TEXT,
            _object(code={"type": ["integer", "string"]}, message=_TEXT),
        ]
    },
}
_RESULT: Final[dict[str, Json]] = {"type": "boolean"}
_NUMBER_TEXT: Final = _described("A number in text.")

COMPONENTS: Final[dict[str, Json]] = {
    "securitySchemes": {
        "key": _header("x-api-key", "The project's API key."),
        "nonce": _header("x-nonce", "A number that is never used twice."),
        "signature": _header(
            "x-signature", "HMAC-SHA256 with the API key over secret + nonce, in lower-case hex."
        ),
    },
    "responses": {
        "Refused": {
            "description": "Key or signature are not accepted.",
            "content": _json({"$ref": "#/components/schemas/ApiResponse"}),
        },
        "TooMany": {
            "description": "Too many requests; Retry-After says when to try again.",
            "headers": {"Retry-After": {"schema": _TEXT}},
        },
    },
    "schemas": {
        **{name: _selector(field) for name, field in _BY.items()},
        # Not Response: openapi-python-client has a class of that name.
        "ApiResponse": _object(result=_RESULT, errors=_ERRORS),
        "Started": _object(
            result=_RESULT, errors=_ERRORS, taskid=_TASK_ID, socketaccesstoken=_TOKEN
        ),
        "Tasks": _object(
            result=_RESULT,
            errors=_ERRORS,
            total=_NUMBER_TEXT,
            tasklist={"type": "array", "items": {"$ref": "#/components/schemas/Task"}},
        ),
        "Task": {
            **_object(
                id=_TEXT,
                socketaccesstoken=_TEXT,
                status=_described(
                    "task_postprocess_end and task_cancel are final.",
                    examples=["task_queue", "task_start", "task_postprocess_end"],
                ),
                pexit=_described('"0" is success.'),
                totalcost=_NUMBER_TEXT,
                elapsedseconds=_NUMBER_TEXT,
                debugoutput=_TEXT,
                debugerror=_TEXT,
                outputs={"type": "array", "items": {"$ref": "#/components/schemas/Output"}},
            ),
            "additionalProperties": True,
        },
        "Output": {
            **_object(
                id=_TEXT,
                name=_TEXT,
                contenttype=_TEXT,
                size=_NUMBER_TEXT,
                url=_TEXT,
                content={},
            ),
            "additionalProperties": True,
        },
        "SocketRequest": {
            **_object(
                type={"type": "string", "const": "task_info"},
                tasktoken=_TOKEN,
            ),
            "required": ["type", "tasktoken"],
        },
        "SocketFrame": {
            **_object(
                type=_described("A status of the task, such as task_output."),
                id=_TASK_ID,
                tasktoken=_described("Only in older frames."),
                message=_described_any("Progress, text, outputs or nothing, as the type has it."),
                result=_RESULT,
                success=_RESULT,
                terminal=_RESULT,
                exitCode={"type": ["integer", "null"]},
            ),
            "additionalProperties": True,
        },
        "Progress": _object(
            type={"type": "string", "const": "progressGenerate"},
            task=_TEXT,
            percentage=_NUMBER_TEXT,
            stepCurrent=_NUMBER_TEXT,
            stepTotal=_NUMBER_TEXT,
            speed=_TEXT,
            speedType=_TEXT,
            elapsedTime=_described("Such as 1m 5s."),
            remainingTime=_TEXT,
        ),
        "Uploaded": {
            **_object(result=_RESULT, errors=_ERRORS),
            "additionalProperties": True,
        },
        "Tools": _object(
            result=_RESULT,
            errors=_ERRORS,
            total={"type": ["integer", "string"]},
            tool={"type": "array", "items": {"type": "object"}},
        ),
    },
}
