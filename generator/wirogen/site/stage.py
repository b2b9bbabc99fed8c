"""The part of the site that Zensical builds: the home page, the guides, the reference, and two
shells for the pages of tools and categories."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Final

from wirogen.common.cache import key_of
from wirogen.common.files import names_below, read_whole
from wirogen.diagnostics.model import input_error
from wirogen.site.assemble import with_alternate
from wirogen.site.markup import page_text, site_links, split_front_matter
from wirogen.site.theme import FONTS, LOOK, RUNS, SHELL, configuration, main_template

REFERENCE: Final = ("reference/python.md", "reference/commands.md")
"""The pages of the runtime and of the commands below ``docs/``, in the order of the menu."""
TOOL_SHELL: Final = "tools/shell/shell"
CATEGORY_SHELL: Final = "categories/shell"
_GUIDE: Final = re.compile(r"(?m)^- \[[^\]\n]*\]\(([\w-]+)\.md\)")


def is_many(path: str) -> bool:
    """Whether a page is about a tool or a category, and is set into a shell."""
    parts = path.split("/")
    in_tools = len(parts) == 3 and parts[0] == "tools"
    in_categories = len(parts) == 2 and parts[0] == "categories" and parts[1] != "index.md"
    return path.endswith(".md") and (in_tools or in_categories)


def stage_files(
    docs: Path, *, name: str, site_url: str | None, elsewhere: bool, studio: bool
) -> dict[str, bytes]:
    """Return every file that Zensical reads, by path below the stage. ``studio`` adds the page of
    all runs, which a studio fills."""
    files = {
        f"docs/{path}": _read(docs / path)
        for path in names_below(docs)
        if not path.startswith("tools/") and not is_many(path)
    }
    files["docs/tools/index.md"] = _read(docs / "tools" / "index.md")
    files |= {f"docs/{shell}.md": SHELL.encode() for shell in (TOOL_SHELL, CATEGORY_SHELL)}
    nav: list[object] = [
        {"Home": "index.md"},
        {"Tools": [{"All tools": "tools/index.md"}, {"Categories": "categories/index.md"}]},
    ]
    index = files.get("docs/guides/index.md")
    if index is not None:
        # The index lists the guides in the order of reading.
        names = _GUIDE.findall(index.decode())
        guides: list[object] = [
            {_title(path, files[f"docs/{path}"]): path}
            for path in (f"guides/{name}.md" for name in names)
            if f"docs/{path}" in files
        ]
        nav.append({"Guides": guides})
    if studio:
        files[f"docs/{RUNS}"] = (LOOK / RUNS).read_bytes()
        nav.append({"Runs": RUNS})
    more: list[object] = [
        {_title(path, files[f"docs/{path}"]): path} for path in REFERENCE if f"docs/{path}" in files
    ]
    if "docs/diagnostics.md" in files:
        more.append({"Diagnostics": "diagnostics.md"})
    nav.append({"Reference": more})
    files["zensical.toml"] = configuration(name=name, site_url=site_url, nav=nav).encode()
    template = main_template(guides=index is not None, elsewhere=elsewhere, studio=studio)
    files["theme/main.html"] = template.encode()
    files |= {
        f"docs/assets/{FONTS}/{path.name}": path.read_bytes() for path in (LOOK / FONTS).iterdir()
    }
    return files


def _read(path: Path) -> bytes:
    return page_text(path).encode() if path.suffix == ".md" else read_whole(path)


def _title(path: str, page: bytes) -> str:
    """The title of a page, or else the name of its file."""
    title = split_front_matter(page.decode())[0].get("title")
    return title or Path(path).stem


def digest_of(files: Mapping[str, bytes]) -> str:
    """A hash of the files and of the generator."""
    return key_of(*chain.from_iterable(sorted(files.items())))


def write_stage(stage: Path, files: Mapping[str, bytes]) -> None:
    if stage.is_symlink():
        stage.unlink()
    shutil.rmtree(stage, ignore_errors=True)
    for path, data in files.items():
        (stage / path).parent.mkdir(parents=True, exist_ok=True)
        (stage / path).write_bytes(data)


def run_zensical(stage: Path) -> None:
    config = stage / "zensical.toml"
    done = subprocess.run(  # noqa: S603 - our own interpreter, no shell
        # -P: a `click.py` of the folder that it is started in is none of its modules.
        [sys.executable, "-P", "-m", "zensical", "build", "--clean", "-f", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not (stage / "site" / "index.html").is_file():
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        message = f"Zensical failed: {lines[-1] if lines else 'it said nothing'}"
        raise input_error("S004", message, stage)
    for path in (stage / "site").rglob("*.html"):
        text = site_links(path.read_text(encoding="utf-8"))
        twin = path.with_suffix(".md").name
        if path.name not in {"404.html", "shell.html"}:
            text = with_alternate(text, twin)
        path.write_text(text, encoding="utf-8")
