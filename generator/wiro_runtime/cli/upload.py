"""``wiro-tools upload``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime import Wiro
from wiro_runtime.cli.console import CommandError, print_result, read_stdin
from wiro_runtime.cli.options import AsJson

HELP: Final = """\
Upload a file (100 MB at most) and print its address, which any input takes, any number of times.

Exit 1: Wiro refused it. 2: the file cannot be read.
"""


def command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file; - is the standard input.")],
    name: Annotated[str | None, typer.Option(help="Its name on Wiro, instead of its own.")] = None,
    as_json: AsJson = False,
) -> int:
    if file == "-" and not name:
        raise CommandError("upload: the standard input has no name; give --name")
    if file != "-" and not Path(file).is_file():
        raise CommandError(
            f"upload: {file}: {'not a file' if Path(file).exists() else 'no such file'}"
        )
    with Wiro() as client:
        url = client.upload(read_stdin() if file == "-" else Path(file), name=name)
    print_result(as_json, {"url": url}, url)
    return 0
