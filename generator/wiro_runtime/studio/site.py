"""The pages of the built site, told that a studio serves them."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

if TYPE_CHECKING:
    import os

    from starlette.types import Scope

MARK: Final = "wt-studio"
"""The name of the element that wakes the builder's Run button; published pages have none."""
_SCRIPT: Final = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_HEAD: Final = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_POLICY: Final = {
    "default-src": "'none'",
    # The theme sets styles on elements; a style runs nothing.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


class SitePages(StaticFiles):
    """The site in ``folder``. ``simulated``: its runs are those of a simulator."""

    def __init__(self, folder: Path, *, simulated: bool) -> None:
        super().__init__(directory=folder, html=True)
        self._mark = f'<meta name="{MARK}" content="{"simulated" if simulated else "live"}">'

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        path = Path(full_path)
        if path.suffix != ".html":
            response = super().file_response(full_path, stat_result, scope, status_code)
            # Chromium fetches a font that is preloaded twice, if it has to ask for changes.
            fonts = path.suffix == ".woff2"
            response.headers["Cache-Control"] = "max-age=3600" if fonts else "no-cache"
            return response
        return _page(path.read_text(encoding="utf-8"), self._mark, status_code)


def _page(text: str, mark: str, status: int) -> Response:
    """A page with the mark in its head. Of the scripts in it, only those run that the site was
    built with: each is named by its hash."""
    headers: dict[str, Any] = {"Cache-Control": "no-cache"}
    hashes = sorted({_hash(body) for _, body in _SCRIPT.findall(text) if body.strip()})
    policy = {**_POLICY, "script-src": " ".join(["'self'", *hashes])}
    headers["Content-Security-Policy"] = "; ".join(
        f"{key} {value}" for key, value in policy.items()
    )
    marked = _HEAD.sub(lambda head: head[0] + mark, text, count=1)
    return HTMLResponse(marked, status, headers=headers)


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
