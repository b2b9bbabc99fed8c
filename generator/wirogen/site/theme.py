"""What Zensical is told: the configuration, the shells of generated pages and the theme's seams."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, cast

TITLE: Final = "WTSHELLTITLE"
DESCRIPTION: Final = "WTSHELLDESCRIPTION"
CONTENT_START: Final = "<!--wt-content-->"
CONTENT_END: Final = "<!--/wt-content-->"

# Only what the pages use. In particular nothing that gives a text from a document a meaning:
# no attribute lists, emoji, abbreviations, smart symbols or links made of bare addresses.
EXTENSIONS: Final[Mapping[str, Mapping[str, object]]] = {
    "tables": {},
    "sane_lists": {},
    "md_in_html": {},
    "toc": {"permalink": True, "permalink_title": "Link to this section"},
    "pymdownx.highlight": {"pygments_lang_class": True, "auto_title": False},
    "pymdownx.superfences": {},
}

LOOK: Final = Path(__file__).parent / "look"
FONTS: Final = "fonts"
RUNS: Final = "runs.md"
_STYLES: Final = ("site", "builder", "gallery", "search")


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
    """``zensical.toml`` for a folder with ``docs/`` and ``theme/`` in it."""
    lines = [
        "[project]",
        f"site_name = {json.dumps(name)}",
        *([f"site_url = {json.dumps(site_url)}"] if site_url else []),
        "use_directory_urls = false",
        f"extra_css = {json.dumps([f'assets/{each}.css' for each in _STYLES])}",
        f"nav = {_toml(nav)}",
        'extra_javascript = [{ path = "assets/main.js", type = "module" }]',
        "[project.validation]",
        "invalid_links = false",
        "invalid_link_anchors = false",
        "[project.extra]",
        "generator = false",
        "[project.theme]",
        "font = false",
        'custom_dir = "theme"',
        'features = ["navigation.tabs", "navigation.indexes", "navigation.footer", "toc.follow"]',
        'icon.logo = "lucide/sparkles"',
        *_palette("(prefers-color-scheme)", None, "lucide/sun-moon", "Use the light scheme"),
        *_palette("(prefers-color-scheme: light)", "default", "lucide/sun", "Use the dark scheme"),
        *_palette("(prefers-color-scheme: dark)", "slate", "lucide/moon", "Use the system scheme"),
    ]
    for extension, options in EXTENSIONS.items():
        lines.append(f"[project.markdown_extensions.{extension}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    return "\n".join(lines) + "\n"


def _palette(media: str, scheme: str | None, icon: str, label: str) -> list[str]:
    return [
        "[[project.theme.palette]]",
        f"media = {json.dumps(media)}",
        *([f"scheme = {json.dumps(scheme)}"] if scheme else []),
        f"toggle.icon = {json.dumps(icon)}",
        f"toggle.name = {json.dumps(label)}",
    ]


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        pairs = ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in items)
        return f"{{ {pairs} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml(item) for item in cast('list[object]', value))}]"
    return json.dumps(value)
