"""The command ``wiro-tools``; what it needs beyond the base install is named when it is missing."""

from __future__ import annotations

import signal
import sys
from importlib.util import find_spec


def main() -> None:
    """Run ``wiro-tools`` with the arguments of the process and exit with its status."""
    try:
        status = _run()
    except KeyboardInterrupt:
        status = 130
    # All is said; an interrupt while Python takes itself apart would only make noise.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One that came inside an `exec` of text, as when a dataclass is imported, makes Python end by
    # that signal and not with the status, until another `exec` has ended well.
    exec("")  # noqa: S102 - see above
    sys.exit(status)


def _run() -> int:
    if any(find_spec(module) is None for module in ("typer", "rich")):
        sys.stderr.write("wiro-tools: not installed; run: pip install 'wiro-tools[cli]'\n")
        return 2
    from wiro_runtime.cli.app import run  # noqa: PLC0415 - it imports the extra checked above

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
