"""Every mistake is answered by a line or a few on stderr, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_tools.kit import Here, Shell
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow


def test_all_wrong_inputs_are_named_at_once(shell: Shell, simulator: Simulator) -> None:
    done = shell.run(
        *("wiro/painter", "--samples", "4x", "--scale", "nan", "--tiled", "maybe"),
        *("--scheduler", "Eulr", "--styles", "oil", "--styles", "inc", "--settings", "{"),
        *("--lora", "62:9", "--selected-model", "Modle 3", "--seed", "1", "--seed", "2"),
    )
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "wiro-tools: wiro/painter: 10 inputs are not right; nothing was sent",
        "  --prompt: required",
        "  --samples: expected a whole number, got '4x' (text)",
        "  --scale: expected a number, got 'nan' (text)",
        "  --seed: takes one value, got 2",
        "  --tiled: expected true or false, got 'maybe' (text)",
        "  --scheduler: 'Eulr' is not an option; nearest: 'Euler'",
        "  --selected-model: 'Modle 3' is neither an id nor a label; nearest: "
        "'Maker/Model 3' (id '903'), 'Maker/Model 39' (id '939'), 'Maker/Model 38' (id '938')",
        "  --selected-lora-model: Ostris/Happy Slider: expected a whole number from -5 to 5 in "
        "steps of 1, got 9",
        "  --styles[1]: 'inc' is not an option; nearest: 'ink'",
        "  --settings: is not JSON: '{'",
    ]
    assert simulator.requests == []


SD = "wiro/text-to-image-sd-lora"
FACE = "wiro/instant-id-lora"


def test_a_key_that_stands_twice_is_no_input(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "twice.json"
    for text in ('{"prompt": "a", "prompt": "b"}', '{"prompt": "a", "more": [{"x": 1, "x": 2}]}'):
        file.write_text(text)
        done = here("run", SD, "--input-json", str(file))
        assert (done.code, done.out) == (2, "")
        key = "prompt" if text.endswith('"b"}') else "x"
        assert f"twice.json is not JSON (the key '{key}' stands there twice)" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", f"{SD}s"], f"wiro_tools has no tool '{SD}s'; nearest: '{SD}'"),
        (["run", "instant-id-lora"], "no tool 'instant-id-lora'; nearest: 'wiro/instant-id-lora'"),
        (["show", "wiro/nothing"], "wiro_tools has no tool 'wiro/nothing'"),
        (["run"], "run: the tool comes first: wiro-tools run OWNER/PROJECT"),
        (["run", "--json", SD], "run: the tool comes first"),
        (["run", SD, "--sampels", "2"], "no such option: --sampels; nearest: '--samples'"),
        (["run", SD, "--selectedModel", "1"], "did you mean --selected-model?"),
        (["run", SD, "--clip_skip=1"], "did you mean --clip-skip?"),
        (["run", SD, "--prompt"], "--prompt needs a value"),
        (["run", SD, "--prompt", "--dry-run"], "--prompt needs a value; '--dry-run' itself is "),
        (["run", SD, "--prompt", "--help"], "is written --prompt=--help"),
        (["run", SD, "--prompt", "--steps", "5"], "is written --prompt=--steps"),
        (["run", SD, "--lora", "--max-cost=1"], "is written --lora=--max-cost=1"),
        (["price", SD, "--steps"], f"--steps needs a value (see wiro-tools price {SD} --help)"),
        (["price", SD, "--prompt", "--json"], "is written --prompt=--json"),
        (["run", SD, "--prompt", "a", "b"], "'b' belongs to no option"),
        (["run", SD, "--timeout", "soon"], "invalid value for '--timeout'"),
        (["run", SD, "--timeout", "inf"], "--timeout: expected seconds, more than 0, got inf"),
        (["run", SD, "--timeout", "1e400"], "--timeout: expected seconds, more than 0, got inf"),
        (["run", SD, "--timeout", "-1"], "--timeout: expected seconds, more than 0, got -1"),
        (["run", SD, "--callback-url", "me"], "--callback-url: no address: 'me'"),
        (["run", SD, "--prompt", "a", "--out", f"{__file__}/x"], "test_usage.py is not a folder"),
        (["run", SD, "--prompt", "@no.txt"], "--prompt: no.txt: no such file"),
        (["run", SD, "--prompt", "@"], "--prompt: names no file (a single @ is written @@)"),
        (["run", FACE, "--input-image-url", "@no.png"], "--input-image-url: no.png: no such file"),
        (["run", FACE, "--input-image-url", "no.png"], "expected @FILE or an address"),
        (["run", SD, "--input-json", "/dev/null"], "--input-json: /dev/null is not JSON (line 1"),
        (["run", SD, "--lora", "62:high"], "'high' is no scale; write 62:NUMBER"),
        (["run", SD, "--lora", "9999:1"], "'9999' is not a documented LoRA"),
        (["run", SD, "--lora", "62:5.5"], "expected a whole number from -5 to 5"),
        (["--package", "nothing_here", "list"], "'nothing_here' is no generated package"),
        (["list", "--input-kind", "mesh"], "'--input-kind': expected one of 'text', 'number', "),
        (["costs", "--by", "week"], "'--by': expected one of 'tool', 'day', got 'week' (see "),
        (["task", "frobnicate"], "no such command 'frobnicate'"),
        (["run", SD, "--prompt", "a"], "no API key: run wiro-tools login"),
    ],
)
def test_bad_usage_is_exit_2_and_one_clear_line(
    here: Here, arguments: list[str], message: str
) -> None:
    done = here(*arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.startswith("wiro-tools: ")


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (["--steps", "-5"], {"steps": -5}),
        (["--scale", "2"], {"scale": "2"}),
        (["--scale=.5"], {"scale": "0.5"}),
        (["--seed", "007"], {"seed": "007"}),
        (["--negative-prompt", ""], {"negativePrompt": ""}),
        (["--negative-prompt=--x"], {"negativePrompt": "--x"}),
        (["--scheduler", "ddimscheduler"], {"scheduler": "DDIMScheduler"}),
        (["--selected-model", "juggernaut"], {"selectedModel": "901"}),
        (["--selected-model", "KANDOOAI_JUGGERNAUT"], {"selectedModel": "901"}),
        (["--selected-model", "123456"], {"selectedModel": "123456"}),
        (["--lora", "68"], {"prompt": "<lora:Skin-Tone-Slider-v1.0:4>, a"}),
        (["--selected-lora-model", "[]"], {"selectedLoraModel": []}),
        (["--selected-lora-model-private", "7", "--lora=61:1"], {"selectedLoraModel": ["61"]}),
        (["--lora", "9999"], {"selectedLoraModel": ["9999"], "prompt": "a"}),
        (["--selected-lora-model-private", "77"], {"selectedLoraModelPrivate": ["77"]}),
    ],
)
def test_texts_become_values_and_the_request_can_be_seen_first(
    here: Here, arguments: list[str], sent: dict[str, object]
) -> None:
    done = here("run", SD, "--prompt", "a", "--dry-run", *arguments)
    assert done.code == 0, done.err
    assert done.json == {**done.json, **sent}


def test_a_missing_or_wrong_key_is_exit_2(shell: Shell, simulator: Simulator) -> None:
    done = shell.run("wiro/painter", "--prompt", "a", WIRO_API_KEY=None)
    assert done.code == 2
    assert "set WIRO_API_KEY" in done.err
    assert "api_key=" not in done.err
    done = shell.run("wiro/painter", "--prompt", "a", WIRO_API_SECRET="wrong-secret-1234")
    assert done.code == 2
    assert "wrong-secret-1234" not in done.err
    assert simulator.runs == []


def test_what_wiro_refuses_is_exit_1(shell: Shell, simulator: Simulator) -> None:
    simulator.out_of_balance()
    done = shell.run("wiro/painter", "--prompt", "a", "--json")
    assert done.code == 1
    assert done.json["error"]["type"] == "InsufficientBalanceError"
    done = shell("task", "show", "12345")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["show", "wiro/nothing"], "InvalidInputs"),
        (["--package", "nothing", "list"], "ConfigurationError"),
        (["whoami"], "ConfigurationError"),
        (["task", "show", "12345"], "ConfigurationError"),
        (["run", "wiro/painter", "--samples", "many"], "InvalidInputs"),
        (["price", "wiro/painter", "--samples", "many"], "InvalidInputs"),
    ],
)
def test_an_error_is_json_too_where_a_command_prints_json(
    shell: Shell, arguments: list[str], kind: str
) -> None:
    done = shell(*arguments, "--json", WIRO_API_KEY=None)
    assert done.json["error"]["type"] == kind
    assert done.json["error"]["message"].splitlines()[0] in done.err
    assert shell(*arguments, WIRO_API_KEY=None).out == ""


def test_the_verbose_log_has_requests_and_no_key(shell: Shell, simulator: Simulator) -> None:
    done = shell("-v", "run", "wiro/painter", "--prompt", "a", "--no-wait")
    assert "POST /Run/wiro/painter: 200" in done.err
    assert simulator.api_key not in done.err
    assert simulator.api_secret is not None
    assert simulator.api_secret not in done.err


@pytest.mark.parametrize("link", ["nowhere", "link"])
def test_a_link_that_leads_nowhere_is_no_folder_for_files(
    shell: Shell, simulator: Simulator, link: str
) -> None:
    (shell.folder / "link").symlink_to(link)
    done = shell.run("wiro/painter", "--prompt", "a", "--out", "link/x")
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("/link is not a folder\n")
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("list",), 0, ""),
        (("run", "wiro/nothing"), 2, "wiro_tools has no tool 'wiro/nothing'"),
        (("run", "wiro/painter", "--prompt", "a"), 2, "the current folder: no such file"),
    ],
)
def test_the_current_folder_may_be_gone(
    shell: Shell, simulator: Simulator, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = shell.script('mkdir gone && cd gone && rmdir ../gone && "$@"', *arguments)
    assert done.code == code
    assert message in done.err
    assert done.err.count("\n") == (message != "")
    assert simulator.requests == []
