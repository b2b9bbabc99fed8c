"""How Wiro says no: HTTP 200 with ``result: false`` and errors, or HTTP 401 for credentials.

Codes and wordings are those of Wiro's error reference.
"""

from __future__ import annotations

from typing import Final

GENERAL: Final = 0
NOT_FOUND: Final = 1
CONCURRENCY_LIMIT: Final = 96
INSUFFICIENT_BALANCE: Final = 97


class ResponseError(Exception):
    """A request that is answered with ``errors: [{code, message}]``."""

    def __init__(self, message: str, *, code: int = GENERAL, status: int = 200) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status

    def body(self) -> dict[str, object]:
        return {"result": False, "errors": [{"code": self.code, "message": self.message}]}


def required(name: str, what: str = "parameter") -> ResponseError:
    return ResponseError(f"Request {what} [{name}] required")


def must(name: str, what: str) -> ResponseError:
    return ResponseError(f"Request parameter [{name}] must {what}")


def unknown_parameter(name: str) -> ResponseError:
    return ResponseError(f"Request parameter [{name}] is unknown")


def unreadable(why: str) -> ResponseError:
    return ResponseError(f"Request parameters are invalid. {why}")
