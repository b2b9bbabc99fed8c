"""``wirogen generate`` and ``wirogen build`` on a corpus of made-up tools: cold against another
generator (at most 1.0), nothing changed (at most 6 % of cold), one document changed (at most 15 %),
memory over all processes (at most 600 MiB for 5,000 tools), and importing one tool of many against
importing one of two (at most 1.1).

The limits are what users notice, and no lower: an optimisation that no limit needs is not kept, and
one that a limit needs says so where it stands.

The other generator is openapi-python-client with ``literal_enums`` and its own hooks, given the
``openapi.json`` of the same tools, installed into a temporary environment.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from corpus import Page, documents, later, pages
from wirogen.document import parse_document
from wirogen.plan import plan_modules
from wirogen.specs import dump_spec

OTHER = "openapi-python-client==0.29.1"
UNCHANGED, ONE_CHANGED, MEMORY, ONE_OF_MANY = 0.06, 0.15, 600 * 2**20, 1.1
IMPORTS = 15
CHANGES = 3


def main(arguments: list[str]) -> int:
    count = 5000 if "--large" in arguments else 1000
    with tempfile.TemporaryDirectory(prefix="wirogen-bench-") as name:
        folder = Path(name)
        good = generates(folder / "generate", count)
        good &= imports(folder / "generate", count)
        if "--alone" not in arguments:
            good &= against(folder / "generate")
        shutil.rmtree(folder / "generate")
        good &= builds(folder / "build", count)
    return 0 if good else 1


def generates(folder: Path, count: int) -> bool:
    specs = folder / "specs"
    for number, (tool, text) in enumerate(documents(count)):
        write(specs / f"{number:05}.yaml", dump_spec(parse_document(text, path=tool).spec))

    def changed(page: Page) -> None:
        spec = parse_document(page.text(full=True), path="x").spec
        write(specs / "00000.yaml", dump_spec(spec))

    command = ["generate", "--specs", str(specs), "--out", str(folder / "out")]
    return measure(f"generate, {count} tools", command, folder, changed)


def builds(folder: Path, count: int) -> bool:
    place = folder / "specs" / "documents"
    for number, (_, text) in enumerate(documents(count)):
        write(place / f"{number:05}.txt", text)

    def changed(page: Page) -> None:
        write(place / "00000.txt", page.text(full=True))

    return measure(f"build, {count} documents", ["build", "--root", str(folder)], folder, changed)


def measure(name: str, arguments: list[str], folder: Path, changed: Callable[[Page], None]) -> bool:
    """``changed`` gives the first tool another document."""
    command = [sys.executable, "-m", "wirogen", *arguments]
    environment = {**os.environ, "WIROGEN_CACHE": str(folder / "cache")}
    # As for everybody who has run a program twice.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run([*command[:3], "--help"], env=environment, check=True, capture_output=True)
    cold, memory = timed(command, environment)
    (folder / "cold").write_text(str(cold))
    unchanged = statistics.median(timed(command, environment)[0] for _ in range(3))
    first = next(pages(1))

    def after(page: Page) -> float:
        changed(page)
        return timed(command, environment)[0]

    times = range(1, CHANGES + 1)
    words = statistics.median(
        after(replace(first, description=f"In other words ({time}).")) for time in times
    )
    more = statistics.median(after(later(first, seed)) for seed in times)
    say(f"{name}: cold {cold:.1f} s, unchanged {unchanged:.2f} s")
    say(f"one changed: {words:.2f} s in its words, {more:.2f} s by an input more")
    good = limit("nothing changed / cold", unchanged / cold, UNCHANGED)
    good &= limit("one changed in its words / cold", words / cold, ONE_CHANGED)
    good &= limit("one changed by an input more / cold", more / cold, ONE_CHANGED)
    say(f"memory over all processes: {memory / 2**20:.0f} MiB (at most {MEMORY / 2**20:.0f})")
    return good and memory <= MEMORY


def imports(folder: Path, count: int) -> bool:
    """One tool of all against the same one of two, each in a process of its own."""
    two = folder / "two"
    for name in ("00001.yaml", "00002.yaml"):
        write(two / name, (folder / "specs" / name).read_text("utf-8"))
    subprocess.run(
        [sys.executable, "-m", "wirogen", "generate", "--specs", two, "--out", folder / "few"],
        check=True,
        capture_output=True,
    )
    tools = [tool for tool, _ in documents(3)]
    module = plan_modules(tools[1:])[0][tools[1]]
    code = (
        f"import time; t = time.process_time()\n"
        f"from wiro_tools.{module.owner} import {module.project} as tool; tool.run\n"
        f"print(time.process_time() - t)"
    )

    def seconds(tree: str) -> float:
        places = [str(folder / tree / "python"), str(ROOT / "generator")]
        command = [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {places}\n{code}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return float(done.stdout)

    for tree in ("out", "few"):
        seconds(tree)  # fills the caches of the interpreter and of the disk
    pairs = [(seconds("out"), seconds("few")) for _ in range(IMPORTS)]
    ratio = statistics.median(many / few for many, few in pairs)
    return limit(f"importing one tool of {count} / one of 2", ratio, ONE_OF_MANY)


def against(folder: Path) -> bool:
    other = another_generator(folder, folder / "out" / "openapi.json")
    say(f"{OTHER}: {other:.1f} s")
    cold = float((folder / "cold").read_text())
    return limit("cold / the other generator, cold", cold / other, 1.0)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Seconds, and the most memory (without what forks share) at any time."""
    begun = time.monotonic()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = [0]
    watcher = threading.Thread(target=watch, args=(process.pid, peak))
    watcher.start()
    status = process.wait()
    seconds = time.monotonic() - begun
    watcher.join()
    if status not in (0, 1):
        raise SystemExit(f"exit {status}: {' '.join(command)}")
    return seconds, peak[0]


def watch(pid: int, peak: list[int]) -> None:
    while Path(f"/proc/{pid}").exists():
        used = 0
        for each in (pid, *children(pid)):
            try:
                lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            used += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
        if not used:
            return
        peak[0] = max(peak[0], used)
        time.sleep(0.2)


def children(pid: int) -> list[int]:
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(each) for each in found]


def another_generator(folder: Path, openapi: Path) -> float:
    home = folder / "other"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", OTHER, "ruff"], check=True)
    config = folder / "other.json"
    config.write_text(json.dumps({"literal_enums": True}))
    target = folder / "other-out"
    command = [str(home / "bin" / "openapi-python-client"), "generate", "--meta", "none"]
    command += ["--path", str(openapi), "--config", str(config), "--output-path", str(target)]
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    seconds = timed(command, {**os.environ, "PATH": path})[0]
    made = len(list(target.rglob("*.py")))
    say(f"the other generator made {made} modules")
    shutil.rmtree(target, ignore_errors=True)
    return seconds


def limit(what: str, ratio: float, most: float) -> bool:
    say(f"{what}: {ratio:.3f} (at most {most})")
    return ratio <= most


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
