"""The fixture for users' tests, and what is said when the extra is missing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

WITHOUT = """
import sys
sys.modules["starlette"] = sys.modules["uvicorn"] = None
try:
    import wiro_runtime.testing
except ImportError as error:
    print(error)
"""

APPLICATION = """
import http.client, json, os
import pytest

from wiro_tools.wiro import text_to_image_sd_lora as sd
from wiro_runtime import TaskFailed, Wiro

@pytest.fixture
def wiro_simulator_tools():
    return [{"tool": "wiro/x", "inputs": []}, sd]

def test_the_environment_leads_to_the_simulator(wiro_simulator):
    assert os.environ["WIRO_BASE_URL"] == wiro_simulator.base_url
    assert os.environ["WIRO_API_SECRET"] == wiro_simulator.api_secret
    connection = http.client.HTTPConnection(wiro_simulator.origin.removeprefix("http://"))
    connection.request("POST", "/v1/Run/wiro/x", b"{}", {"x-api-key": "wrong"})
    assert connection.getresponse().status == 401
    connection.close()
    assert len(wiro_simulator.requests) == 1

def application():
    with Wiro() as client:
        return sd.run(client, prompt="a lighthouse")

def test_an_application_runs_without_wiro(wiro_simulator):
    assert len(application().outputs) == 4
    assert wiro_simulator.runs[0].body["prompt"] == "a lighthouse"

def test_an_application_sees_a_failure(wiro_simulator):
    wiro_simulator.failing()
    with pytest.raises(TaskFailed):
        application()

def test_each_test_has_its_own(wiro_simulator):
    assert wiro_simulator.requests == []
"""


def test_the_missing_extra_is_named_in_one_line() -> None:
    made = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    expected = "wiro_runtime.testing needs starlette, uvicorn: pip install 'wiro-tools[simulator]'"
    assert made.stdout == expected + "\n"


def test_the_runtime_does_not_load_the_simulator() -> None:
    code = "import sys, wiro_runtime; print('wiro_runtime.testing' in sys.modules)"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout == "False\n"


def test_the_fixture_works_in_a_users_project(tmp_path: Path) -> None:
    (tmp_path / "test_application.py").write_text(APPLICATION)
    made = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "wiro_runtime.testing.pytest_plugin",
            "-p", "no:cacheprovider", "-W", "error", str(tmp_path),
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "4 passed" in made.stdout, made.stdout
