"""The command ``wirogen``; what it needs beyond the base install is named when it is missing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from importlib.util import find_spec
from typing import Final, NoReturn

_NEEDS: Final = {
    "typer": "cli",
    "rich": "cli",
    "jinja2": "generator",
    "yaml": "generator",
    "black": "generator",
    "datamodel_code_generator": "generator",
}


def main() -> None:
    """Run ``wirogen`` with the arguments of the process and exit with its status."""
    try:
        status = _run()
    except KeyboardInterrupt:
        sys.stderr.write("wirogen: interrupted\n")
        status = 130
    # All is said; an interrupt while Python takes itself apart would only make noise.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _leave(status)


def _leave(status: int) -> NoReturn:
    """End the process, without freeing a build's hundred thousand objects one by one unless
    something still runs or cannot be printed, which is Python's to wait for and to say."""
    if threading.active_count() == 1:
        with suppress(OSError, ValueError, AttributeError):  # `>&-` leaves no stream at all
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    # Ctrl-C inside an `exec` of text, as when a dataclass is imported, makes Python end by that
    # signal and not with the status, until another `exec` has ended well.
    exec("")  # noqa: S102 - see above
    sys.exit(status)


def _run() -> int:
    missing = sorted({extra for module, extra in _NEEDS.items() if find_spec(module) is None})
    if missing:
        extras = ",".join(missing)
        sys.stderr.write(f"wirogen: not installed; run: pip install 'wiro-tools[{extras}]'\n")
        return 2
    from wirogen.cli.app import run  # noqa: PLC0415 - it imports the extras checked above

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
