"""Every benchmark, one after the other, each in a process of its own: ``make bench``.

Figures are ratios of things measured side by side in one run, because machines differ and are
shared. Arguments choose benchmarks by a part of their name; ``--large`` is passed on.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
HELPERS = {"run", "runtime_server"}


def main(arguments: list[str]) -> int:
    options = [each for each in arguments if each.startswith("-")]
    wanted = [each for each in arguments if not each.startswith("-")]
    failed: list[str] = []
    for script in sorted(HERE.glob("*.py")):
        if script.stem in HELPERS or (wanted and not any(each in script.stem for each in wanted)):
            continue
        command = [
            sys.executable,
            str(script),
            *(options if script.stem.startswith(("generator", "site")) else []),
        ]
        print(
            f"\n$ python {' '.join([script.relative_to(HERE.parents[1]).as_posix(), *command[2:]])}"
        )
        sys.stdout.flush()
        begun = time.monotonic()
        if subprocess.run(command, check=False).returncode:
            failed.append(script.stem)
        print(f"({time.monotonic() - begun:.0f} s)")
    if failed:
        print(f"\nover a limit, or failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
