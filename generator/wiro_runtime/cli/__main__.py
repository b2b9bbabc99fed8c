"""The command ``wiro-tools``; what it needs beyond the base install is named when it is missing."""

from __future__ import annotations

import signal
import sys
from importlib.util import find_spec


def main() -> None:
    """Run ``wiro-tools`` with the arguments of the process and exit with its status."""
    if any(find_spec(module) is None for module in ("typer", "rich")):
        sys.stderr.write("wiro-tools: not installed; run: pip install 'wiro-tools[cli]'\n")
        sys.exit(2)
    try:
        from wiro_runtime.cli.app import run  # noqa: PLC0415 - it imports the extra checked above

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    # All is said; an interrupt while Python takes itself apart would only make noise.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


if __name__ == "__main__":
    main()
