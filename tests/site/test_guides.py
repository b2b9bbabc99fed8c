"""Every snippet of the guides runs, and every command in them exists."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from fork_server import executable
from site_browser import PICTURE, visit
from site_snippets import RUNNER, run_python
from wiro_runtime.cli.app import app as tools_app
from wiro_runtime.testing import Simulator, faults
from wirogen.cli.app import application
from wirogen.specs import ToolSpec, dump_spec
from wirogen.specs.names import tool_paths

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

FENCE = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")
PACKAGES = {"wirogen": application(), "wiro-tools": tools_app}


def fences(generated: Path, language: str) -> dict[str, list[str]]:
    """The fenced texts of each guide in one language."""
    found: dict[str, list[str]] = {}
    for path in sorted((generated / "docs" / "guides").glob("*.md")):
        texts = FENCE.findall(path.read_text("utf-8"))
        found[path.name] = [text for name, text in texts if name == language]
    return found


def test_code_of_the_guides_is_not_escaped_as_markdown(root: Path) -> None:
    """Names in it are words of its language: a tool may be called "owner/A tool & more"."""
    for path in (root / "templates" / "docs" / "guides").glob("*.jinja"):
        for _, text in FENCE.findall(path.read_text("utf-8")):
            assert "| md" not in text, f"{path.name}: {text}"


def test_what_only_posix_shells_know_has_its_twin(root: Path) -> None:
    """The same step for PowerShell stands right behind it, as in the README."""
    posix = re.compile(r"(?m)^(export|source|eval|make|mkdir -p)\b|\w=\w+ \w|\\$|\$\(|&& |<<")
    for path in (root / "generated" / "docs" / "guides").glob("*.md"):
        text = path.read_text("utf-8")
        for found in re.finditer(r"(?ms)^```(?:bash|sh)\n(.*?)^```\n", text):
            if posix.search(found[1]):
                assert text[found.end() :].startswith("\n```powershell\n"), (path.name, found[1])


def test_python_of_the_guides_runs(
    generated: Path,
    site_specs: dict[str, ToolSpec],
    site_tools: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    (tmp_path / "photo.jpg").write_bytes(PICTURE)
    for tool, path in tool_paths(site_specs).items():
        file = tmp_path / "specs" / "tools" / f"{path}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_spec(site_specs[tool]), "utf-8")
    # tests/agents runs those of two guides, beside the servers that they talk to.
    elsewhere = {"agents.md", "tool-calling.md"}
    guides = fences(generated, "python").items()
    texts = [text for name, each in guides if name not in elsewhere for text in each]
    assert len(texts) > 10
    with Simulator(site_tools) as simulator:
        run_python(RUNNER, texts, generated, cwd=tmp_path, env=simulator.env())
        assert len(simulator.runs) > 5


def test_the_ten_lines_for_pytest_run(generated: Path, tmp_path: Path) -> None:
    conftest, test = fences(generated, "python")["testing.md"][:2]
    assert len([line for line in conftest.splitlines() if line.strip()]) <= 10
    (tmp_path / "conftest.py").write_text(conftest, "utf-8")
    (tmp_path / "test_poster.py").write_text(test, "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--durations=0",
        "-vv",
    ]
    # What else is installed here is no matter of the guide, and takes long to load.
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment = {**os.environ, **alone, "PYTHONPATH": str(generated / "python")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    (tmp_path / "conftest.py").write_text(conftest.partition("@pytest.fixture")[0], "utf-8")
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "this simulator has no tools: give it the modules or specs of some" in done.stdout


def test_every_fault_has_an_example_that_works(generated: Path) -> None:
    text = (generated / "docs" / "guides" / "testing.md").read_text("utf-8")
    examples = re.findall(r"`(simulator\.faults\.add\(.*?\))`", text)
    with Simulator() as simulator:
        for example in examples:
            exec(example, {"simulator": simulator, "faults": faults})  # noqa: S102 - our own
    made = {
        name
        for name, each in vars(faults).items()
        if inspect.isfunction(each) and each.__module__ == faults.__name__
    }
    shown = set(re.findall(r"faults\.(\w+)\(", " ".join(examples))) - {"add"}
    assert shown == {name for name in made if not name.startswith("_")}


def test_a_webhook_of_the_guide_takes_what_wiro_posts(
    generated: Path, site_tools: list[dict[str, Any]], tmp_path: Path
) -> None:
    application, submit, _ = fences(generated, "python")["webhooks.md"]
    (tmp_path / "receiver.py").write_text(application, "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    submit = submit.replace("https://example.org/wiro", f"http://127.0.0.1:{port}/")
    with Simulator(site_tools) as simulator:
        environment = {**os.environ, **simulator.env(), "PYTHONPATH": str(generated / "python")}
        server = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "receiver:app", "--port", str(port)],
            cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert server.stderr is not None
            while "Uvicorn running" not in server.stderr.readline():
                assert server.poll() is None
            run_python(submit, None, generated, cwd=tmp_path, env=simulator.env())
            deadline = time.monotonic() + 60
            while not list((tmp_path / "out").glob("*.png")):
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            server.terminate()
            server.communicate()


@pytest.mark.parametrize(
    "name", ["first-run", "own-project", "tables", "studio", "regenerate", "publish", "templates"]
)
def test_commands_of_the_guides_exist(generated: Path, name: str) -> None:
    for text in fences(generated, "bash")[f"{name}.md"]:
        for line in text.splitlines():
            program, *arguments = shlex.split(line)
            if program in PACKAGES:
                _check(typer.main.get_command(PACKAGES[program]), arguments, line)
            else:
                assert program in {"pip", "export", "git"} or shutil.which(program), line


def test_commands_of_the_guides_do_what_they_say(
    generated: Path, project_specs: dict[str, ToolSpec], root: Path, tmp_path: Path
) -> None:
    """In a project whose tools have no covers, so that no server is asked."""
    for tool, path in tool_paths(project_specs).items():
        file = tmp_path / "specs" / "tools" / f"{path}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_spec(replace(project_specs[tool], cover=None, source=None)), "utf-8")
    (overlay,) = fences(generated, "yaml")["overlays.md"]
    target = tmp_path / "specs" / "overlays" / "wiro" / "text-to-image-sd-lora.yaml"
    target.parent.mkdir(parents=True)
    target.write_text(overlay.replace("OWNER/PROJECT", "wiro/text-to-image-sd-lora"), "utf-8")
    own = tmp_path / "my-templates" / "docs" / "guides" / "index.md.jinja"
    own.parent.mkdir(parents=True)
    own.write_text((root / "templates" / "docs" / "guides" / "index.md.jinja").read_text("utf-8"))
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for more in (["init", "-q"], ["add", "."], ["commit", "-qm", "start"]):
        subprocess.run([*git, *more], cwd=tmp_path, check=True)

    ran: list[str] = []
    for guide in ("regenerate", "templates", "publish"):
        for text in fences(generated, "bash")[f"{guide}.md"]:
            for line in text.splitlines():
                if line.startswith(("pip ", "wirogen docs serve")):
                    continue
                path = f"{executable('wirogen').parent}:{os.environ['PATH']}"
                environment = {**os.environ, "PATH": path, "GIT_PAGER": "cat"}
                done = subprocess.run(
                    ["sh", "-c", line],
                    cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
                )  # fmt: skip
                assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
                ran.append(line)
    assert ran[:2] == ["wirogen build", "git diff"]
    client = tmp_path / "generated" / "python" / "acme_tools" / "wiro" / "text_to_image_sd_lora.py"
    assert "skip: int" in client.read_text("utf-8")
    assert (tmp_path / "site" / "index.html").is_file()


def test_commands_of_the_guide_about_prices_run(
    generated: Path, site_tools: list[dict[str, Any]], tmp_path: Path
) -> None:
    with Simulator(site_tools) as simulator:
        environment = {
            **os.environ,
            **simulator.env(),
            "PATH": f"{executable('wiro-tools').parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(generated / "python"),
        }
        (text,) = fences(generated, "bash")["prices.md"]
        done = subprocess.run(
            ["sh", "-ec", text],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(simulator.runs) == 1
    assert re.search(r"\t1\t\$0\.\d+\t", done.stdout)


def _check(command: Any, arguments: list[str], line: str) -> None:
    while arguments and arguments[0] in getattr(command, "commands", {}):
        command = command.commands[arguments.pop(0)]
    assert not getattr(command, "commands", None), line
    known = {name for option in command.params for name in option.opts}
    assert {each for each in arguments if each.startswith("-")} <= known, line


def test_a_step_is_shown_for_the_shell_that_is_chosen(page: Page, address: str) -> None:
    visit(page, f"{address}guides/first-run.html")
    posix = page.locator(".language-bash.highlight", has_text="export WIRO_API_KEY")
    other = page.locator(".language-powershell.highlight", has_text="$env:WIRO_API_KEY")
    page.get_by_role("button", name="PowerShell").click()
    assert (posix.is_visible(), other.is_visible()) == (False, True)
    page.reload()
    page.get_by_role("button", name="PowerShell", pressed=True).wait_for()
    assert (posix.is_visible(), other.is_visible()) == (False, True)
    page.get_by_role("button", name="sh", exact=True).click()
    assert (posix.is_visible(), other.is_visible()) == (True, False)
    assert page.locator(".language-bash.highlight", has_text="wiro-tools login").is_visible()
