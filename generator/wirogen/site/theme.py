"""What Zensical is told: the configuration, the shells of generated pages and the theme's seams."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

TITLE: Final = "WTSHELLTITLE"
DESCRIPTION: Final = "WTSHELLDESCRIPTION"
CONTENT_START: Final = "<!--wt-content-->"
CONTENT_END: Final = "<!--/wt-content-->"

LOOK: Final = Path(__file__).parent / "look"
FONTS: Final = "fonts"
RUNS: Final = "runs.md"
_PROJECT: Final = re.compile("# WTPROJECT.*")
_CONFIGURATION: Final = (LOOK / "zensical.toml").read_text(encoding="utf-8")

EXTENSIONS: Final[dict[str, dict[str, Any]]] = tomllib.loads(_CONFIGURATION)["project"][
    "markdown_extensions"
]
"""The extensions of Markdown and their options."""


def main_template(*, guides: bool, elsewhere: bool, studio: bool) -> str:
    """The theme's template with our header, footer and policy. ``elsewhere``: whether pictures
    may come from other servers; nothing else ever may. ``studio``: whether there are runs."""
    media = "'self' data: https:" if elsewhere else "'self' data:"
    policy = {
        "default-src": "'self'",
        # The theme has a few scripts and styles of its own in the page.
        "script-src": "'self' 'unsafe-inline'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": media,
        "media-src": media,
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    text = (LOOK / "main.html").read_text(encoding="utf-8")
    text = text.replace("WTPOLICY", "; ".join(f"{key} {value}" for key, value in policy.items()))
    text = text.replace("WTRUNS", _menu_link("runs.html", "runs", "Runs") if studio else "")
    of_guides = _menu_link("guides/index.html", "guides/", "Guides") if guides else ""
    return text.replace("WTGUIDES", of_guides)


def _menu_link(page: str, below: str, title: str) -> str:
    """A link in the header, marked on the pages whose path begins with ``below``."""
    mark = f'{{% if here is startingwith("{below}") %}} class="wt-here"{{% endif %}}'
    return f"<a href=\"{{{{ '{page}' | url }}}}\"{mark}>{title}</a>"


SHELL: Final = f"""---
title: {TITLE}
description: {DESCRIPTION}
hide: [navigation]
---

# {TITLE}

## {TITLE}
"""


def configuration(*, name: str, site_url: str | None, nav: Sequence[object]) -> str:
    """``zensical.toml`` of one site."""
    address = f"\nsite_url = {json.dumps(site_url)}" if site_url else ""
    of_site = f"site_name = {json.dumps(name)}{address}\nnav = {_toml(nav)}"
    return _PROJECT.sub(lambda _: of_site, _CONFIGURATION)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        pairs = ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in items)
        return f"{{ {pairs} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in cast('list[object]', value))}]"
    return json.dumps(value)
