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


def _object(**properties: Json) -> dict[str, Json]:
    return {"type": "object", "properties": properties}


def _json(schema: Json) -> dict[str, Json]:
    return {"application/json": {"schema": schema}}


def _post(
    operation: str, tag: str, summary: str, body: Json, answer: str, *, media: Json = None
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
                    "description": "The answer, or errors.",
                    "content": _json({"$ref": f"#/components/schemas/{answer}"}),
                },
                "401": {"$ref": "#/components/responses/Refused"},
                "429": {"$ref": "#/components/responses/TooMany"},
            },
        }
    }


_TASK_ID: Final = _described("The task's id.")
_TOKEN: Final = _described("The socketaccesstoken that the run was answered with.")
_BY_TASK: Final[dict[str, Json]] = {
    **_object(taskid=_TASK_ID, tasktoken=_TOKEN),
    "anyOf": [{"required": ["taskid"]}, {"required": ["tasktoken"]}],
}
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
        {
            **_object(taskid=_TASK_ID, tasktoken=_TOKEN, socketaccesstoken=_TOKEN),
            "anyOf": [
                {"required": ["taskid"]},
                {"required": ["tasktoken"]},
                {"required": ["socketaccesstoken"]},
            ],
        },
        "Tasks",
    ),
    "/Task/InputOutputDelete": _post(
        "task_delete_files",
        "Tasks",
        "Delete the files of an ended task.",
        {**_object(tasktoken=_TOKEN), "required": ["tasktoken"]},
        "Answer",
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
            "content": _json({"$ref": "#/components/schemas/Answer"}),
        },
        "TooMany": {
            "description": "Too many requests; Retry-After says when to try again.",
            "headers": {"Retry-After": {"schema": _TEXT}},
        },
    },
    "schemas": {
        "Answer": _object(result=_RESULT, errors=_ERRORS),
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
                status=_described("task_postprocess_end and task_cancel are final."),
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
