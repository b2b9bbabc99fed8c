"""The request builder and the Python code agree: bodies, messages, and what snippets do."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from conftest import MakeOnce
from fork_server import executable
from price.test_price import CASES as PRICE_CASES
from price.test_price import price_of
from site_browser import PICTURE, visit, watched
from site_snippets import RUNNER, run_python
from wiro_runtime.testing import SentFile, Simulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

FOLLOW = """(hash) => new Promise((done) => {
  addEventListener("hashchange", () => setTimeout(done), { once: true });
  location.hash = hash;
})"""
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))
# A page that is open need not be loaded again for the next case.
CASES.sort(key=lambda case: case["tool"])

AS_JSON = "<<'JSON'\n{json}\nJSON\n"

# Says what Python makes of each case: the body, or the lines of the error.
JUDGE = """
import importlib, json, sys, warnings
from pathlib import Path
from wiro_runtime import InvalidInputs
from wiro_tools import catalogue

def value(module, given):
    if isinstance(given, list):
        return [value(module, each) for each in given]
    if isinstance(given, dict) and "$lora" in given:
        more = {key: each for key, each in given.items() if key != "$lora"}
        option = getattr(module.Lora, given["$lora"])
        return option(**more) if more else option
    if isinstance(given, dict) and "$path" in given:
        return Path(given["$path"])
    return given

answers = []
for case in json.load(sys.stdin):
    module = catalogue.get(case["tool"]).module()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            inputs = module.Inputs(**{k: value(module, v) for k, v in case["given"].items()})
        body = json.dumps(inputs.wire(), ensure_ascii=False, indent=2)
        hints = [str(each.message) for each in caught]
        answers.append({"body": body, "problems": [], "hints": hints})
    except InvalidInputs as error:
        answers.append({"body": None, "problems": str(error).split("\\n"), "hints": []})
print(json.dumps(answers))
"""


def listed(site: Path) -> list[dict[str, Any]]:
    """The tools of the site."""
    return json.loads((site / "tools.json").read_text("utf-8"))["tools"]


def open_form(page: Page, address: str, tool: str, form: dict[str, str], site: Path) -> None:
    """A tool's page with its form filled in by the address, as when somebody shared it."""
    path = next(each["page"] for each in listed(site) if each["tool"] == tool)
    state = base64.urlsafe_b64encode(json.dumps(form).encode()).decode().rstrip("=")
    if page.url.startswith(address + path):
        page.evaluate(FOLLOW, f"run={state}")
    else:
        visit(page, f"{address}{path}#run={state}")


def request(page: Page) -> dict[str, Any]:
    return page.evaluate("document.querySelector('.wt-builder').request()")


@pytest.fixture
def asked(browser: Browser, address: str, site: Path, make_once: MakeOnce) -> dict[str, Any]:
    """What the page of each tool makes of the empty form and of each case: asked once."""

    def ask(file: Path) -> None:
        with watched(browser, address) as page:
            begun: dict[str, Any] = {}
            cases: list[dict[str, Any]] = []
            for tool in sorted(listed(site), key=lambda each: each["tool"]):
                visit(page, address + tool["page"])
                begun[tool["tool"]] = request(page)
                for case in CASES:
                    if case["tool"] == tool["tool"]:
                        open_form(page, address, case["tool"], case["form"], site)
                        cases.append(request(page))
        file.write_text(json.dumps({"begun": begun, "cases": cases}), "utf-8")

    return json.loads(make_once("requests", ask).read_text("utf-8"))


@pytest.fixture
def requests(asked: dict[str, Any]) -> list[Any]:
    assert len(asked["cases"]) == len(CASES)
    return asked["cases"]


@pytest.fixture(scope="module")
def judged(generated: Path, make_once: MakeOnce) -> list[dict[str, Any]]:
    def judge(file: Path) -> None:
        file.write_text(run_python(JUDGE, CASES, generated), "utf-8")

    return json.loads(make_once("judged", judge).read_text("utf-8"))


# Prices each case as the page of a tool does.
PRICES = r"""async (cases) => {
  const at = document.querySelector('script[src*="assets/"]').src.replace(/assets\/.*/, "assets/");
  const { priceOf } = await import(`${at}price.js`);
  const { LocalFile, parseJson } = await import(`${at}values.js`);
  const local = (value) =>
    Array.isArray(value) ? value.map(local) : value?.$path ? new LocalFile(value.$path) : value;
  return cases.map(([tariff, body]) => {
    const pairs = Object.entries(parseJson(body)).map(([key, value]) => [key, local(value)]);
    return JSON.stringify(priceOf(tariff, new Map(pairs)));
  });
}"""


def test_page_and_python_give_the_same_prices(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/text_to_image_sd_lora.html")
    given = [[case["tariff"], json.dumps(case["body"])] for case in PRICE_CASES]
    found: list[str] = page.evaluate(PRICES, given)
    for case, text in zip(PRICE_CASES, found, strict=True):
        assert json.loads(text) == price_of(case).to_dict(), case["name"]


def test_the_page_shows_the_price_of_the_form(page: Page, address: str, site: Path) -> None:
    for samples, says in (("1", "$0.003 $0.003 a run (samples 1)"), ("2", "$0.0125 $0.0125 a run")):
        open_form(page, address, "Acme/Everything v1.0", {"samples": samples}, site)
        assert page.locator(".wt-price").inner_text() == says
    open_form(page, address, "wiro/text-to-image-sd-lora", {"prompt": "a"}, site)
    assert page.locator(".wt-price").is_hidden()


def test_page_and_python_agree(requests: list[Any], judged: list[dict[str, Any]]) -> None:
    for case, found, expected in zip(CASES, requests, judged, strict=True):
        assert found["problems"] == expected["problems"], case["name"]
        assert found["hints"] == expected["hints"], case["name"]
        if not expected["problems"]:
            assert found["snippets"]["json"] == expected["body"], case["name"]


def test_snippets_send_what_the_form_shows(
    requests: list[Any],
    generated: Path,
    judged: list[dict[str, Any]],
    site_tools: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    (tmp_path / "photo one.png").write_bytes(PICTURE)
    answered = list(zip(CASES, requests, judged, strict=True))
    good = [case for case, _, expected in answered if not expected["problems"]]
    shown = [found["snippets"] for _, found, expected in answered if not expected["problems"]]
    for languages in (("python", "async"), ("shell", "curl")):
        # Arguments are written alike in Python with and without await. So only the first runs all
        # of them, the others a few that differ most, and curl those that are not the JSON of the
        # form between two lines.
        chosen = [
            (language, place)
            for language in languages
            for place, case in enumerate(good)
            if language == "python"
            or case.get("shell")
            or (language == "curl" and AS_JSON.format(**shown[place]) not in shown[place]["curl"])
        ]
        with Simulator(site_tools) as simulator:
            texts = [shown[place][language] for language, place in chosen]
            if "python" in languages:
                run_python(RUNNER, texts, generated, cwd=tmp_path, env=simulator.env())
            else:
                run_shell(texts, generated, tmp_path, simulator)
            sent = sorted(comparable(run.tool, run.body) for run in simulator.runs)
        wanted = [
            comparable(good[place]["tool"], json.loads(shown[place]["json"])) for _, place in chosen
        ]
        assert sent == sorted(wanted), languages


def printed(page: str) -> dict[str, str]:
    """The snippets that a page shows to those without scripts, by language."""
    section = page.partition("\n## Run it\n")[2].partition("\n## ")[0]
    found = re.findall(r"(?ms)^### (\w+).*?^(`{3,})\w+\n(.*?)^\2$", section)
    return {title.lower(): text.removesuffix("\n") for title, _, text in found}


def test_a_page_without_scripts_shows_the_same_snippets_and_they_run(
    asked: dict[str, Any],
    site: Path,
    generated: Path,
    site_tools: list[dict[str, Any]],
    tmp_path: Path,
) -> None:
    texts: dict[str, dict[str, str]] = {}
    for tool in listed(site):
        texts[tool["tool"]] = printed((site / tool["markdown"]).read_text("utf-8"))
        begun = asked["begun"][tool["tool"]]
        shown = {name: text.rstrip("\n") for name, text in begun["snippets"].items()}
        given = {name: text.rstrip("\n") for name, text in texts[tool["tool"]].items()}
        assert set(given) >= {"python", "async", "shell"}
        assert given == {name: shown[name] for name in given}, tool["tool"]
    # The client of the huge one is not among the generated ones here.
    del texts["wiro/huge"]
    with Simulator(site_tools) as simulator:
        programs = [
            each[language]
            for language in ("python", "async", "stream")
            for each in texts.values()
            if language in each
        ]
        run_python(RUNNER, programs, generated, cwd=tmp_path, env=simulator.env())
        streams = sum("stream" in each for each in texts.values())
        assert streams
        real = [texts[tool] for tool in ("wiro/text-to-image-sd-lora", "wiro/editor")]
        run_shell([each["shell"] for each in real], generated, tmp_path, simulator)
        for answer in run_shell([each["curl"] for each in real], generated, tmp_path, simulator):
            (task,) = json.loads(answer)["tasklist"]
            assert task["status"] == "task_postprocess_end"
            assert task["outputs"][0]["url"]
        assert len(simulator.runs) == 2 * len(texts) + streams + 2 * len(real)


def comparable(tool: str, body: Mapping[str, Any]) -> str:
    """A body as text. One with files is a form, where everything is a list of texts."""
    if "<file " not in json.dumps(body, default=repr) and "SentFile(" not in repr(body):
        return json.dumps([tool, body], ensure_ascii=False)
    form: dict[str, list[str]] = {}
    for name, value in body.items():
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        form[name] = [_part(item) for item in items or [""]]
    return json.dumps([tool, form], ensure_ascii=False, sort_keys=True)


def _part(item: Any) -> str:
    if isinstance(item, SentFile):
        return f"<file {item.filename}>"
    return item if isinstance(item, str) else json.dumps(item)


def run_shell(texts: list[str], generated: Path, folder: Path, simulator: Simulator) -> list[str]:
    """What each program printed."""
    env = {
        **os.environ,
        **simulator.env(),
        "PYTHONPATH": str(generated / "python"),
    }
    # A task of the simulator has ended when it is asked for; nothing is to wait for.
    pause = folder / "bin" / "sleep"
    pause.parent.mkdir(exist_ok=True)
    pause.write_text("#!/bin/sh\n")
    pause.chmod(0o755)
    env["PATH"] = f"{pause.parent}:{executable('wiro-tools').parent}:{os.environ['PATH']}"

    def run(text: str) -> str:
        done = subprocess.run(
            ["sh", "-c", text], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(run, texts))
