"""The APIs of OpenAI and Anthropic on loopback, with responses as they give them.

The first response calls the tool of the request with wrong arguments, the second with the smallest
right ones, the third is text. ``requests`` has what was sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


class Models(ThreadingHTTPServer):
    """Both APIs; ``env`` leads their SDKs here."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, Any]] = []

    @property
    def env(self) -> dict[str, str]:
        origin = f"http://127.0.0.1:{self.server_address[1]}"
        return {
            "OPENAI_API_KEY": "recorded",
            "OPENAI_BASE_URL": f"{origin}/v1",
            "ANTHROPIC_API_KEY": "recorded",
            "ANTHROPIC_BASE_URL": origin,
        }


@contextmanager
def recorded_models() -> Generator[Models]:
    server = Models()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        cast("Models", self.server).requests.append(body)
        respond = _openai if self.path.endswith("/chat/completions") else _anthropic
        data = json.dumps(respond(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing is logged."""


def _openai(body: dict[str, Any]) -> dict[str, Any]:
    turn = sum(message["role"] == "tool" for message in body["messages"])
    function = body["tools"][0]["function"]
    message: dict[str, Any] = {"role": "assistant", "content": "Here it is.", "refusal": None}
    if turn < 2:
        arguments = json.dumps(_arguments(function["parameters"], turn))
        called = {"name": function["name"], "arguments": arguments}
        message |= {
            "content": None,
            "tool_calls": [{"id": f"call_{turn}", "type": "function", "function": called}],
        }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1750000000,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "logprobs": None,
                "finish_reason": "tool_calls" if turn < 2 else "stop",
            }
        ],
        "usage": {"prompt_tokens": 82, "completion_tokens": 17, "total_tokens": 99},
    }


def _anthropic(body: dict[str, Any]) -> dict[str, Any]:
    turn = sum(message["role"] == "user" for message in body["messages"]) - 1
    tool = body["tools"][0]
    content: list[dict[str, Any]] = [{"type": "text", "text": "Here it is."}]
    if turn < 2:
        given = _arguments(tool["input_schema"], turn)
        content.append(
            {"type": "tool_use", "id": f"toolu_{turn}", "name": tool["name"], "input": given}
        )
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if turn < 2 else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 377, "output_tokens": 65},
    }


def _arguments(schema: dict[str, Any], turn: int) -> dict[str, Any]:
    right = dict.fromkeys(schema["required"], "a lighthouse at dusk")
    return right if turn else {**right, "samples": "many"}
