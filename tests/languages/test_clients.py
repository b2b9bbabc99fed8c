"""Clients that other projects make of ``openapi.json`` run a tool against the simulator.

``.ci/clients`` installs those projects; without them, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = ROOT / ".venv-clients"
OPENAPI: Final = ROOT / "generated" / "openapi.json"

PYTHON: Final = """
import hashlib, hmac, os, time
from made import Client
from made.api.tasks import task_detail
from made.api.wiro import run_wiro_text_to_image_sd_lora as run
from made.models import RunWiroTextToImageSdLoraBody as Body, TaskById

key, secret = os.environ["WIRO_API_KEY"], os.environ["WIRO_API_SECRET"]

def client():
    nonce = str(time.time_ns())
    signature = hmac.new(key.encode(), (secret + nonce).encode(), hashlib.sha256).hexdigest()
    headers = {"x-api-key": key, "x-nonce": nonce, "x-signature": signature}
    return Client(base_url=os.environ["WIRO_BASE_URL"], headers=headers)

started = run.sync(client=client(), body=Body(prompt="a lighthouse", samples=2))
while True:
    detail = task_detail.sync(client=client(), body=TaskById(taskid=started.taskid))
    task = detail.tasklist[0]
    if task.status in ("task_postprocess_end", "task_cancel"):
        break
    time.sleep(0.01)
print(task.status, len(task.outputs))
"""


@pytest.fixture
def instant(
    project_tools: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    with Simulator(project_tools, speed="instant") as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running


def run(*command: str | Path, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(cwd), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(
    not (TOOLS / "bin" / "openapi-python-client").exists(),
    reason="openapi-python-client is not installed; run .ci/clients",
)
def test_a_client_of_openapi_python_client_runs_a_tool(instant: Simulator, tmp_path: Path) -> None:
    generator = TOOLS / "bin" / "openapi-python-client"
    said = run(
        generator, "generate", "--path", OPENAPI, "--output-path", tmp_path / "made",
        "--meta", "none", cwd=tmp_path,
    )  # fmt: skip
    assert "Unable to" not in said
    assert "unsupported" not in said.lower()
    assert run(TOOLS / "bin" / "python", "-c", PYTHON, cwd=tmp_path) == "task_postprocess_end 2\n"
    assert [each.tool for each in instant.runs] == ["wiro/text-to-image-sd-lora"]


@pytest.mark.skipif(
    not (TOOLS / "node_modules" / "openapi-typescript").exists() or shutil.which("node") is None,
    reason="openapi-typescript is not installed; run .ci/clients",
)
def test_the_typescript_of_the_guide_compiles_and_runs(instant: Simulator, tmp_path: Path) -> None:
    guide = (ROOT / "generated" / "docs" / "guides" / "languages.md").read_text("utf-8")
    (program,) = re.findall(r"(?ms)^```typescript\n(.*?)^```$", guide)
    (tmp_path / "node_modules").symlink_to(TOOLS / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "run.ts").write_text(program.replace("pause = 2000", "pause = 10"))
    wrong = program.replace('"samples": 4', '"samples": "4"')
    assert wrong != program
    (tmp_path / "wrong.ts").write_text(wrong)
    tools = TOOLS / "node_modules" / ".bin"
    run(tools / "openapi-typescript", OPENAPI, "--output", "wiro.ts", cwd=tmp_path)
    options = {
        "strict": True, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
        "skipLibCheck": True, "types": ["node"],
    }  # fmt: skip
    for name in ("run", "wrong"):
        config = {"compilerOptions": options, "files": [f"{name}.ts"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(config))
    run(tools / "tsc", "-p", "run.json", cwd=tmp_path)
    refused = subprocess.run(
        [tools / "tsc", "-p", "wrong.json", "--noEmit"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Type 'string' is not assignable to type 'number'" in refused.stdout
    printed = run("node", "run.js", cwd=tmp_path).splitlines()
    assert printed[0].startswith("task_postprocess_end")
    assert len(printed) == 1 + 4
    assert [each.tool for each in instant.runs] == ["wiro/text-to-image-sd-lora"]
