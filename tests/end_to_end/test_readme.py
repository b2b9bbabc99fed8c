"""Every snippet of the README, executed."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from fork_server import executable
from wiro_runtime import Wiro
from wiro_runtime.testing import Simulator
from wiro_tools.wiro import text_to_image_sd_lora

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def in_event_loop(source: str) -> str:
    """The asynchronous end of a snippet, moved into a coroutine that is run."""
    head, mark, tail = source.partition("async with AsyncWiro()")
    if not mark:
        return source
    body = "".join(f"    {line}\n" for line in f"{mark}{tail}".splitlines())
    return f"{head}\nasync def main():\n{body}\nimport asyncio\nasyncio.run(main())\n"


def test_the_python_snippets_run_as_they_stand(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    snippets = blocks("python")
    assert len(snippets) == 2
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for snippet in snippets:
            exec(compile(in_event_loop(snippet), "README.md", "exec"), {})  # noqa: S102
    said = printed.getvalue()
    assert "task_postprocess_end" in said
    assert "samples: expected a whole number, got '4' (text)" in said
    assert "nearest: 'EulerDiscreteScheduler'" in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png"]
    assert len(simulator.runs) == 4


def commands(name: str) -> list[str]:
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith(f"{name} ")]


@pytest.mark.parametrize("command", commands("wirogen"))
def test_the_generators_shell_snippets_run(
    command: str, root: Path, tmp_path: Path, simulator: Simulator
) -> None:
    if command != "wirogen demo":
        for folder in ("specs", "templates", "generated"):
            shutil.copytree(root / folder, tmp_path / folder)
    if command == "wirogen diff":
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
            git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
            subprocess.run(git, cwd=tmp_path, check=True)
    document = root / "specs" / "documents" / "wiro" / "instant-id-lora.txt"
    simulator.publish("wiro/instant-id-lora", document.read_text("utf-8"))
    argv = [executable("wirogen"), *shlex.split(command)[1:]]
    if command == "wirogen simulate":
        argv += ["--port", "0"]
        with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("A local Wiro listens on http://127.0.0.1:")
            process.terminate()
            process.stdout.read()
            assert process.wait(30) == 0
        return
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    # Lint finds something in the two documents, and says so.
    assert done.returncode == (1 if command == "wirogen lint" else 0), done.stderr


@pytest.mark.parametrize("command", commands("wiro-tools"))
def test_the_shell_snippets_run(command: str, simulator: Simulator, tmp_path: Path) -> None:
    argv = [executable("wiro-tools"), *shlex.split(command)[1:]]
    env = {**os.environ, "WIRO_CONFIG_DIR": str(tmp_path)}
    pair = f"{simulator.api_key}\n{simulator.api_secret}\n"
    if command == "wiro-tools task list":
        text_to_image_sd_lora.submit(Wiro(), prompt="a")
    (tmp_path / "rows.csv").write_text("prompt\na lighthouse\n", "utf-8")
    done = subprocess.run(
        argv, cwd=tmp_path, env=env, input=pair, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert bool(list(tmp_path.rglob("*.png"))) == (" run " in command)
    if "search" in command or "list" in command:
        assert "wiro/text-to-image-sd-lora" in done.stdout


def test_every_make_target_it_names_exists(root: Path) -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (root / "Makefile").read_text()))
    assert set(re.findall(r"\bmake ([a-z-]+)", README)) <= targets


def test_every_link_leads_to_a_file(root: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert "://" in target or (root / target).exists(), target


def test_what_only_posix_shells_know_has_its_twin() -> None:
    """The same step for PowerShell stands right behind it."""
    twins = re.findall(r"(?ms)^```sh\n(?P<sh>[^`]*)```\n\n```powershell\n", README)
    for text in blocks("sh"):
        if re.search(r"(?m)^(export|source|make|mkdir -p)\b|\w=\w+ \w|\\\\$", text):
            assert text in twins, text
