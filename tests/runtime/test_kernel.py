"""Cells of a real notebook: a bar while a run waits, results that stay, errors that say why."""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from wiro_runtime.testing import Scenario, Simulator

pytestmark = pytest.mark.slow

notebooks: Any = nbformat.v4

SETUP = """
from wiro_runtime import Wiro, AsyncWiro
from wiro_tools.wiro import text_to_image_sd_lora as sd
client = Wiro()
"""


class Notebook:
    """A kernel that runs one cell after the other."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, source: str) -> list[Any]:
        """The outputs of a cell."""
        cell = notebooks.new_code_cell(source)
        self._client.nb.cells.append(cell)
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return list(cell.outputs)

    def last_line(self, source: str) -> str:
        """The last line of the error that a cell ends with."""
        (error,) = [each for each in self.run(source) if each.output_type == "error"]
        text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
        return text.rstrip().splitlines()[-1]


@contextmanager
def kernel(folder: Path) -> Generator[Notebook]:
    client: Any = NotebookClient(
        notebooks.new_notebook(),
        kernel_name="python3",
        allow_errors=True,
        timeout=120,
        resources={"metadata": {"path": str(folder)}},
    )
    with client.setup_kernel():
        notebook = Notebook(client)
        assert notebook.run(SETUP) == []
        yield notebook


@pytest.fixture(scope="module")
def one_simulator(project_tools: list[dict[str, Any]]) -> Generator[Simulator]:
    with (
        Simulator(project_tools, speed="instant") as running,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in running.env().items():
            patch.setenv(name, value)
        yield running


@pytest.fixture
def simulator(one_simulator: Simulator) -> Simulator:
    one_simulator.clear()
    return one_simulator


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def notebook(one_simulator: Simulator, folder: Path) -> Generator[Notebook]:
    """One for all tests: a kernel takes seconds to start."""
    assert one_simulator.tools
    with kernel(folder) as made:
        yield made


def html_of(output: Any) -> str:
    return str(output.data.get("text/html", ""))


def test_a_notebook_shows_bars_and_keeps_what_was_saved(
    notebook: Notebook, simulator: Simulator, folder: Path
) -> None:
    # The bar becomes the line of the end; what it was before, nbclient has overwritten.
    (shown,) = notebook.run("result = sd.run(client, prompt='a', samples=1)")
    task = simulator.runs[-1].taskid
    assert shown.output_type == "display_data"
    assert f"task {task}: succeeded, cost $0.00351" in html_of(shown)
    (shown,) = notebook.run(
        "async with AsyncWiro() as c:\n    other = await sd.run(c, prompt='a', samples=1)"
    )
    assert ": succeeded" in html_of(shown)
    assert notebook.run("quiet = sd.run(client, prompt='a', on_update=lambda event: None)") == []
    (before,) = notebook.run("result")
    assert 'src="http' in html_of(before)
    notebook.run("paths = result.download('out')")
    (after,) = notebook.run("result")
    (data,) = re.findall(r'<img src="data:image/png;base64,([^"]+)"', html_of(after))
    assert base64.b64decode(data) == (folder / "out" / "0.png").read_bytes()
    assert "out/0.png" in html_of(after)
    # Neither a changed file nor one that is gone is shown as what Wiro made.
    (folder / "out" / "0.png").write_bytes(b"other")
    (changed,) = notebook.run("result")
    assert "base64" not in html_of(changed)


def test_bars_say_how_far_a_task_is(notebook: Notebook, simulator: Simulator) -> None:
    simulator.plan(Scenario(stuck="task_output"))
    seen = notebook.run(
        "from wiro_runtime import TaskTimeout\n"
        "try:\n    sd.run(client, prompt='a', timeout=2)\n"
        "except TaskTimeout as error:\n    print('late')"
    )
    html = "".join(map(html_of, (each for each in seen if each.output_type == "display_data")))
    assert '<progress max="100"' in html
    assert "wiro/text-to-image-sd-lora: running" in html


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("sd.run(client, prompt='a', samples='4')", "samples: expected a whole number"),
        ("sd.run(client)", "prompt"),
        ("sd.run(client, prompt='a')", "out of memory"),
        ("Wiro(base_url='ftp://x')", "base_url must begin with https://"),
        ("client.task('12345').wait()", "12345"),
        (
            "Wiro(base_url='http://127.0.0.1:9', max_retries=0).post('/Tool/Explore')",
            "cannot connect to 127",
        ),
    ],
)
def test_the_last_line_of_an_error_is_its_reason(
    notebook: Notebook, simulator: Simulator, source: str, says: str
) -> None:
    simulator.failing()
    assert says in notebook.last_line(source)
