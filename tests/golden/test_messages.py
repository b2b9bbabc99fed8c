"""Messages that users meet, in one table: collected from running what goes wrong, and read as a
whole. ``make golden`` accepts ``messages.txt``; what is in the code beside it has rules."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from generated import imported
from site_tools import AWKWARD, load_everything
from wiro_runtime import AsyncWiro, InvalidInputs, Wiro, WiroError
from wiro_runtime.cli.app import run as wiro_tools
from wiro_runtime.testing import Simulator, faults
from wirogen.cli.app import run as wirogen
from wirogen.diagnostics.model import RULES
from wirogen.specs import load_spec, spec_to_json

pytestmark = pytest.mark.slow

TABLE = Path(__file__).parent / "messages.txt"
SD = "wiro/text-to-image-sd-lora"
GIVEN: tuple[Any, ...] = (None, True, 5000, 2.5, "x", "", [], ["x", 5], {}, "\ud800", 10**400)


def inputs() -> Iterator[str]:
    """What a validator says of each kind of input, wrong in each way; alike ones once."""
    seen: set[str] = set()
    for spec in (load_everything(), AWKWARD["wiro/odd-values"], AWKWARD["wiro/labels"]):
        with imported(spec) as module:
            needed = {"prompt": "a", "input_image_url": "https://example.com/a.png"}
            fields = module.Inputs.model_fields
            known = {name: value for name, value in needed.items() if name in fields}
            for name in fields:
                for value in GIVEN:
                    try:
                        module.Inputs(**{**known, name: value})
                    except InvalidInputs as error:
                        # Each expectation once, and each way to show a value.
                        parts = set(str(error).partition(": ")[2].split(", got "))
                        if parts - seen:
                            yield str(error)
                        seen |= parts
            for odd in (
                {"sampels": 1},
                {"zzz": 1},
                {"negativePrompt": "a", "negative_prompt": "b"},
            ):
                with contextlib.suppress(InvalidInputs):
                    module.Inputs(**known, **odd)
                    continue
                with pytest.raises(InvalidInputs) as caught:
                    module.Inputs(**known, **odd)
                yield str(caught.value)
            with pytest.raises(InvalidInputs) as caught:
                module.Inputs()
            yield str(caught.value)
            loras: dict[str, Any] = dict(vars(getattr(module, "Lora", object)))
            for option in [each for each in loras.values() if getattr(each, "settings", ())][:1]:
                yield from scales(option)


def scales(option: Any) -> Iterator[str]:
    for how in (
        {"scale": 9}, {"scale": "x"}, {"scales": {"zzz": 1}}, {"words": ["zzz"]}, {"words": 5},
    ):  # fmt: skip
        with pytest.raises(InvalidInputs) as caught:
            option(**how)
        yield str(caught.value)


def clients(simulator: Simulator) -> Iterator[str]:
    """What errors say of the settings of a client, of Wiro's responses and of the network."""
    sound: dict[str, Any] = {"api_key": simulator.api_key, "api_secret": simulator.api_secret,
             "base_url": simulator.base_url, "socket_url": simulator.socket_url}  # fmt: skip
    settings: list[dict[str, Any]] = [
        {"api_key": ""}, {"api_key": "a b"}, {"api_key": 5}, {"api_secret": "x\n"},
        {"base_url": "wiro.ai"}, {"base_url": "http://example.com"}, {"socket_url": "https://x"},
        {"timeout": 0}, {"timeout": "1"}, {"max_retries": -1}, {"budget": "much"},
        {"max_concurrency": 0}, {"journal": 5}, {"on_interrupt": "x"}, {"default_headers": 5},
        {"default_headers": {"x": "\n"}}, {"default_headers": {"a b": "c"}},
        {"default_headers": {"host": "x"}}, {"http_client": 5}, {"hooks": 5},
        {"allow_hosts": "https://x"}, {"poll": 5},
    ]  # fmt: skip
    for each in settings:
        yield failing(lambda each=each: Wiro(**{**sound, **each}).close())
    client = Wiro(**sound, max_retries=0)
    given = {"prompt": "a"}
    calls: Sequence[Callable[[], object]] = [
        lambda: client.run("nothing", given),
        lambda: client.run("wiro/nothing", given, validate=False),
        lambda: client.run(SD, given, timeout=-1),
        lambda: client.run(SD, given, on_update="x"),  # pyright: ignore[reportArgumentType] - wrong on purpose
        lambda: client.run(SD, given, callback_url="me"),
        lambda: client.run(SD, given, max_cost="0.01"),
        lambda: client.run(SD, given, max_cost="x"),
        lambda: client.run(SD, "x"),  # pyright: ignore[reportArgumentType] - wrong on purpose
        lambda: client.run(SD, given, tool_outputs={"a": "b"}),
        lambda: client.run(SD, given, previous=5),  # pyright: ignore[reportArgumentType] - wrong on purpose
        lambda: client.task(""),
        lambda: client.task("12345").wait(),
        lambda: client.task("12345").cancel(),
        lambda: list(client.tasks(limit=-1)),
        lambda: client.upload("x"),
        lambda: client.upload(Path("no-such-file.png")),
        lambda: client.post("Task/Detail", {}),
        client.settle,
    ]  # fmt: skip
    for call in calls:
        yield failing(call)
    for path, fault in (
        ("Run/*", faults.status(401)),
        ("Run/*", faults.status(500, b"<html>oh</html>")),
        ("Run/*", faults.status(200, b"{")),
        ("Run/*", faults.status(200, b"[]")),
        ("Run/*", faults.status(200, b"{}")),
        ("Run/*", faults.status(429, headers={"Retry-After": "0"})),
        ("Run/*", faults.reset(acts=True)),
        *(("Run/*", faults.error(code)) for code in (0, 1, 96, 97, 98, 99)),
        ("Task/Detail", faults.status(404)),
        ("Task/Detail", faults.status(403, b"denied")),
    ):
        simulator.clear()
        simulator.faults.add(path, fault, times=None)
        yield failing(lambda: client.submit(SD, given, timeout=0).wait(timeout=1))
    simulator.clear()
    for path, fault in (
        ("cdn/*", faults.status(404)),
        ("cdn/*", faults.status(200, b"")),
    ):
        simulator.faults.add(path, fault, times=None)
        yield failing(lambda: client.run(SD, given).download("out"))
        simulator.clear()
    (Path.cwd() / "taken").write_text("x", "utf-8")
    result = client.run(SD, given)
    yield failing(lambda: result.download("taken"))
    yield failing(lambda: result.download(5))  # pyright: ignore[reportArgumentType] - wrong on purpose
    client.close()
    yield failing(lambda: client.run(SD, given))
    yield failing(lambda: asyncio.run(_closed(sound)))
    wrong: dict[str, Any] = {**sound, "api_secret": "wrong-secret"}
    with Wiro(**wrong, max_retries=0) as other:
        yield failing(lambda: other.run(SD, given))
    closed: dict[str, Any] = {**sound, "base_url": "http://127.0.0.1:9/v1"}
    with Wiro(**closed, max_retries=0) as nowhere:
        yield failing(lambda: nowhere.run(SD, given))


async def _closed(sound: dict[str, Any]) -> None:
    client = AsyncWiro(**sound)
    await client.aclose()
    await client.run(SD, {"prompt": "a"})


def failing(call: Callable[[], object]) -> str:
    """The class and the text of what ``call`` raises."""
    try:
        found = call()
    except (WiroError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return f"(no error: {type(found).__name__})"


SHELL = (
    "run", "run --json", f"run {SD}x", "run text-to-image-sd-lora", f"run {SD} --sampels 2",
    f"run {SD} --selectedModel 1", f"run {SD} --prompt", f"run {SD} --prompt a b",
    f"run {SD} --timeout soon", f"run {SD} --timeout -1", f"run {SD} --callback-url me",
    f"run {SD} --prompt @no.txt", f"run {SD} --input-json no.json",
    f"run {SD} --prompt a --samples x",
    f"run {SD} --prompt a --lora 62:high", f"run {SD} --prompt a --lora 9999:1",
    f"run {SD} --prompt a --lora slider", f"run {SD} --prompt a --scheduler euler",
    f"run {SD} --prompt a --selected-model Jugernaut", f"run {SD} --prompt a --selected-model 4711",
    f"run {SD} --prompt a --seed 1 --seed 2", f"run {SD} --prompt a --out taken/x",
    "run wiro/instant-id-lora --input-image-url no.png --prompt a",
    "run wiro/instant-id-lora --input-image-url @no.png --prompt a",
    f"run {SD} --prompt a --stream --no-wait",
    "frobnicate", "task frobnicate", "task show", "task show 12345", "task wait 12345",
    "task cancel 12345", "task kill 12345", "show", "show wiro/nothing", "search", "list --json x",
    "--package nothing_here list", "upload no.png", "upload", "price",
    f"price {SD} --samples x", "costs --since never", "batch run",
    "doctor x", "login --profile x/y",
)  # fmt: skip

BUILD = (
    "bulid", "build --chek", "build --root nowhere", "build --jobs 0", "build --templates no",
    "parse", "parse no.txt", "parse no.txt --out x", "generate --specs nowhere --out x",
    "generate --out x --tool no/tool", "generate --out x --only pyton",
    "generate --out x --package class", "generate --out x --package json", "lint nowhere",
    "lint x --root .", "lint --baseline specs", "diff no no",
    "add", "add nothing", "init taken",
    "templates copy no.jinja --to t", "docs serve --port 99999",
    "sync --tool x", "simulate --port 99999", "demo --limit 0",
)  # fmt: skip


def shell(run: Callable[[list[str]], int], line: str) -> str:
    """What a command says on stderr, and its exit status."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = run(line.split())
        except SystemExit as error:
            status = error.code
    return f"{said.getvalue().strip()}\n  exit {status}"


def plain(text: str) -> str:
    """``text`` without what differs from run to run and from place to place."""
    text = text.replace(str(Path.cwd()), "HERE")
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"/cdn/[^\s)]*", "/cdn/FILE", text)
    text = re.sub(r"\b\d{6,9}\b", "TASK", text)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@pytest.fixture
def table(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith(("WIRO", "XDG_"))]:
        monkeypatch.delenv(name)
    for name in ("WIRO_PROFILE", "WIRO_JOURNAL"):
        # Commands set them for good; that is undone.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "specs" / "tools" / "wiro").mkdir(parents=True)
    spec = f"specs/tools/{SD}.yaml"
    (tmp_path / spec).write_bytes((root / spec).read_bytes())

    def collect() -> str:
        path = root / "specs" / "tools" / f"{SD}.yaml"
        known = load_spec(path.read_text("utf-8"), path=str(path))
        with Simulator([spec_to_json(known)], speed="instant") as simulator:
            parts = {"Inputs": list(inputs()), "Clients": list(clients(simulator))}
            for name, value in simulator.env().items():
                monkeypatch.setenv(name, value)
            parts["wiro-tools"] = [f"$ wiro-tools {x}\n{shell(wiro_tools, x)}" for x in SHELL]
        parts["wirogen"] = [f"$ wirogen {x}\n{shell(wirogen, x)}" for x in BUILD]
        parts["Diagnostics"] = [
            f"{rule.code} {rule.severity}: {rule.summary} → {rule.fix}" for rule in RULES.values()
        ]
        return "\n".join(
            f"# {name}\n\n" + "".join(f"{plain(each)}\n" for each in said)
            for name, said in parts.items()
        )

    return collect


def test_messages_are_as_accepted(table: Callable[[], str], request: pytest.FixtureRequest) -> None:
    found = table()
    if request.config.getoption("--accept-golden"):
        TABLE.write_text(found, "utf-8")
    assert found == TABLE.read_text("utf-8")


BAD = re.compile(
    r"Input should|Value error|\bplease\b|\bsorry\b|\boops\b|\binvalid argument\b|unable to"
    r"|\banswer(ed|s)?\b|  |!\s*$|\.\s*$",
    re.IGNORECASE,
)
"""What no message of ours says: pydantic's words, chatter, a word that the project does not use, a
full stop at the end of a line that goes on in brackets or behind a path."""

RAISED = {
    "CommandError", "ConfigurationError", "ConnectionFailed", "DownloadError", "InvalidInputs",
    "Problem", "SubmissionUncertain", "TaskTimeout", "UnexpectedResponse",
}  # fmt: skip


def raised(folder: Path) -> Iterator[tuple[str, str]]:
    """The texts of errors in the code: where each is, and the text with ``{}`` for values."""
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            text = literal(node.args[0])
            if name in RAISED and text:
                yield f"{file.relative_to(folder)}:{node.lineno}", text


def literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return ""


@pytest.mark.parametrize("package", ["wiro_runtime", "wirogen"])
def test_every_message_in_the_code_keeps_the_voice(root: Path, package: str) -> None:
    found = list(raised(root / "generator" / package))
    assert len(found) > 40
    assert [each for each in found if BAD.search(each[1])] == []


def test_no_message_that_was_met_is_in_the_words_of_a_library() -> None:
    text = TABLE.read_text("utf-8").partition("# Diagnostics")[0]
    lines = [line for line in text.splitlines() if not line.startswith("$")]
    library = re.compile(r"(?i)\b(input|string|value) should|value error|traceback")
    found = [line for line in lines if library.search(line)]
    assert found == [], "inputs/problems.py has the words for what a validator refuses"
    assert "(no error: " not in text
