"""``wirogen generate`` on a corpus of generated tools: cold against another generator, nothing
changed (at most 5 % of cold), one document changed (at most 10 %), and memory over all processes.

The other generator is openapi-python-client with ``literal_enums`` and its own hooks, given the
``openapi.json`` of the same tools, installed into a temporary environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from corpus import documents
from wirogen.document import parse_document
from wirogen.spec import ToolSpec, dump_spec

OTHER = "openapi-python-client==0.29.1"
UNCHANGED, ONE_CHANGED, MEMORY = 0.05, 0.10, 600 * 2**20


def main(arguments: list[str]) -> int:
    count = 5000 if "--large" in arguments else 1000
    with tempfile.TemporaryDirectory(prefix="wirogen-bench-") as name:
        return measure(Path(name), count, against="--alone" not in arguments)


def measure(folder: Path, count: int, *, against: bool) -> int:
    specs = folder / "specs"
    first = write_specs(specs, count)
    environment = {**os.environ, "WIROGEN_CACHE": str(folder / "cache")}
    out = folder / "out"
    command = [
        sys.executable,
        "-m",
        "wirogen",
        "generate",
        "--specs",
        str(specs),
        "--out",
        str(out),
    ]

    def generate() -> tuple[float, int]:
        return timed(command, environment)

    cold, memory = generate()
    unchanged = min(generate()[0] for _ in range(2))
    first.write_text(first.read_text("utf-8").replace('description: "', 'description: "Now: ', 1))
    changed = generate()[0]
    say(f"{count} tools, cold: {cold:.1f} s")
    good = limit("nothing changed / cold", unchanged / cold, UNCHANGED)
    good &= limit("one spec changed / cold", changed / cold, ONE_CHANGED)
    say(f"memory over all processes: {memory / 2**20:.0f} MiB")
    good &= memory <= MEMORY
    if against:
        other = another_generator(folder, out / "openapi.json")
        say(f"{OTHER}: {other:.1f} s")
        good &= limit("cold / the other generator, cold", cold / other, 1.0)
    return 0 if good else 1


def write_specs(folder: Path, count: int) -> Path:
    paths: list[Path] = []
    for number, (tool, text) in enumerate(documents(count)):
        spec: ToolSpec = parse_document(text, path=tool).spec
        path = folder / f"{number:05}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dump_spec(spec), "utf-8")
        paths.append(path)
    return paths[0]


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
