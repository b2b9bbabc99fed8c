"""The generated clients against the local Wiro: what a caller writes, and what goes out."""

from __future__ import annotations

import asyncio
import doctest
import inspect
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from wiro_runtime import AsyncWiro, ConcurrencyLimitError, Wiro
from wiro_runtime.testing import Simulator
from wiro_tools.wiro import instant_id_lora
from wiro_tools.wiro import text_to_image_sd_lora as sd

pytestmark = pytest.mark.slow


def run_command(root: Path, name: str) -> dict[str, Any]:
    """The JSON of the document's own Run Command, cut out by hand, without the placeholder."""
    text = (root / "specs" / "documents" / "wiro" / f"{name}.txt").read_text("utf-8")
    start = text.index("-d '{", text.index("## Run Command")) + len("-d '")
    body = json.JSONDecoder().raw_decode(text, start)[0]
    del body["callbackUrl"]
    return body


def test_a_run_sends_the_documents_own_request(simulator: Simulator, root: Path) -> None:
    expected = run_command(root, "text-to-image-sd-lora")
    with Wiro() as client:
        sd.run(client, prompt=expected["prompt"])
    assert json.dumps(simulator.runs[0].body) == json.dumps(expected)


def test_a_run_with_a_sample_input_sends_the_documents_own_request(
    simulator: Simulator, root: Path
) -> None:
    # The document shows the bare name of a file that only Wiro's own form can send.
    expected = run_command(root, "instant-id-lora")
    address = expected["inputImageUrl"] = f"https://cdn.wiro.ai/{expected['inputImageUrl']}"
    with Wiro() as client:
        instant_id_lora.run(client, prompt=expected["prompt"], input_image_url=address)
    assert json.dumps(simulator.runs[0].body) == json.dumps(expected)


@pytest.mark.parametrize("timeout", [0, 0.5])
def test_submit_of_a_module_waits_as_long_as_it_is_told(
    simulator: Simulator, timeout: float
) -> None:
    simulator.at_concurrency_limit()
    begin = time.monotonic()

    async def submit() -> None:
        async with AsyncWiro() as client:
            await sd.submit(client, prompt="a lighthouse", timeout=timeout)

    with pytest.raises(ConcurrencyLimitError):
        asyncio.run(submit())
    with Wiro() as client, pytest.raises(ConcurrencyLimitError):
        sd.submit(client, prompt="a lighthouse", timeout=timeout)
    assert time.monotonic() - begin < 10
    assert inspect.signature(sd.submit).parameters["timeout"].default == 60


def test_both_clients_send_the_same(simulator: Simulator) -> None:
    async def run() -> None:
        async with AsyncWiro() as client:
            await sd.run(client, prompt="a lighthouse", scale=7, seed=5)

    asyncio.run(run())
    with Wiro() as client:
        sd.run(client, prompt="a lighthouse", scale=7, seed=5)
    first, second = (json.dumps(run.body) for run in simulator.runs)
    assert first == second
    assert '"scale": "7"' in first
    assert '"seed": "5"' in first


def test_loras_go_into_the_list_and_the_prompt(simulator: Simulator) -> None:
    with Wiro() as client:
        sd.run(
            client,
            prompt="a lighthouse",
            selected_model=sd.SelectedModel.KANDOOAI_JUGGERNAUT,
            selected_lora_model=[
                sd.Lora.OSTRIS_EMOTION_HAPPY_SLIDER_V1_0(scale=3),
                "68",
                sd.Lora.KAIREN92_FISH_OUT_OF_WATER_V1_0(scale=1, tag=False),
            ],
        )
    body = simulator.runs[0].body
    assert sd.SelectedModel.KANDOOAI_JUGGERNAUT == "901"
    assert body["selectedModel"] == "901"
    assert body["selectedLoraModel"] == ["62", "68", "61"]
    assert body["prompt"] == "<lora:Emotion-Happy-Slider-v1.0:3>, a lighthouse"


@pytest.mark.parametrize("module", [sd, instant_id_lora], ids=lambda module: module.TOOL)
def test_the_example_in_the_docstring_runs(
    simulator: Simulator, module: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(module.run, "run", module=module)
    assert len(example.examples) == 3
    example.examples[2].options.clear()  # which skips it, since a run is billed
    assert doctest.DocTestRunner().run(example).failed == 0
    assert list((tmp_path / "out").glob("*.png"))
    assert len(simulator.runs) == 1


def test_importing_a_client_loads_no_generator_and_no_command_line() -> None:
    heavy = ["jinja2", "yaml", "black", "datamodel_code_generator", "typer", "rich", "websockets"]
    code = (
        "import sys; from wiro_runtime import Wiro; from wiro_tools.wiro import instant_id_lora; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_packages_complete_and_load_lazily() -> None:
    code = (
        "import sys, wiro_tools; assert 'wiro' in dir(wiro_tools)\n"
        "assert 'wiro_tools.wiro' not in sys.modules\n"
        "assert 'instant_id_lora' in dir(wiro_tools.wiro)\n"
        "assert 'wiro_tools.wiro.instant_id_lora' not in sys.modules\n"
        "assert wiro_tools.wiro.instant_id_lora.TOOL == 'wiro/instant-id-lora'\n"
        "try:\n    wiro_tools.wiro.no_such_tool\n"
        "except AttributeError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "module 'wiro_tools.wiro' has no attribute 'no_such_tool'"


def test_import_all_gives_what_the_stub_names() -> None:
    code = (
        "from wiro_tools import *\n"
        "import sys; assert 'wiro_tools.wiro.instant_id_lora' not in sys.modules\n"
        "from wiro_tools.wiro import *\n"
        "assert instant_id_lora.TOOL == 'wiro/instant-id-lora'\n"
        "print(sorted(name for name in dir() if not name.startswith('__') and name != 'sys'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = ["catalogue", "instant_id_lora", "text_to_image_sd_lora", "wiro"]
    assert done.stdout.strip() == str(names)
