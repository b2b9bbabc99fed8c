"""The commands as a user meets them: exit status, one clear line, nothing half-written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands.small import wirogen

pytestmark = pytest.mark.slow


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def document(root: Path) -> str:
    return (root / "specs/documents/wiro/text-to-image-sd-lora.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "D0"),
        (b"   \n\n", "D0"),
        (b"hello", "D0"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "D0"),
        ("## Basic tool info Tool name: wiro/x".encode("utf-16"), "D0"),
        (b"\xff\xfe\x00", "D0"),
        (b"## Basic tool info", "D0"),
    ],
)
def test_what_is_no_document_is_one_line_and_writes_nothing(
    tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "bad.txt"
    file.write_bytes(content)
    done = wirogen("parse", file, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("bad.txt:")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_parse_counts_what_every_document_has(tmp_path: Path, document: str) -> None:
    (tmp_path / "a.txt").write_text(document, "utf-8")
    done = wirogen("parse", "a.txt", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0
    assert not re.search(r" D30[127] ", done.stderr)
    assert re.search(r" warnings?, .*, \d+ as in every document\n", done.stdout)


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", "wiro/../x", "wiro/..", "wiro", "wiro/a/b", "wiro/a\\b"]
)
def test_a_hostile_tool_id_is_refused(tmp_path: Path, document: str, name: str) -> None:
    file = tmp_path / "bad.txt"
    file.write_text(document.replace("wiro/text-to-image-sd-lora", name), "utf-8")
    done = wirogen("parse", file, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("bad.txt:1:")
    assert len(done.stderr.splitlines()) == 1
    assert written(tmp_path) == ["bad.txt"]


@pytest.mark.parametrize("name", ["wiro/__init__", "wiro/con", "Wiro/3D Élan!", "wiro/import"])
def test_an_odd_tool_id_becomes_a_module_that_imports(
    tmp_path: Path, document: str, name: str
) -> None:
    file = tmp_path / "specs" / "documents" / "a.txt"
    file.parent.mkdir(parents=True)
    file.write_text(document.replace("wiro/text-to-image-sd-lora", name), "utf-8")
    done = wirogen("build", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "generated" / "MANIFEST.json").read_text("utf-8"))
    code = (
        f"import sys, importlib; sys.path.insert(0, {str(tmp_path / 'generated' / 'python')!r})\n"
        f"print(importlib.import_module({manifest['tools'][name]['module']!r}).TOOL)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == name, ran.stderr


def test_good_documents_are_built_and_bad_ones_reported(tmp_path: Path, document: str) -> None:
    folder = tmp_path / "specs" / "documents"
    folder.mkdir(parents=True)
    (folder / "good.txt").write_text(document, "utf-8")
    (folder / "bad.txt").write_text("nothing", "utf-8")
    done = wirogen("build", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("specs/documents/bad.txt:1:1: error: D0")
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "generated/python/wiro_tools/wiro/text_to_image_sd_lora.py").exists()


def test_two_documents_of_one_tool_are_an_error_that_names_both(
    tmp_path: Path, document: str
) -> None:
    folder = tmp_path / "specs" / "documents"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text(document, "utf-8")
    (folder / "b.txt").write_text(document, "utf-8")
    done = wirogen("build", cwd=tmp_path)
    assert done.returncode == 1
    assert "S002" in done.stderr
    assert "a.txt" in done.stderr
    assert "b.txt" in done.stderr


def test_verify_accounts_for_every_character(root: Path, tmp_path: Path) -> None:
    files = sorted((root / "specs" / "documents" / "wiro").glob("*.txt"))
    done = wirogen("parse", "--verify", *files, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for file in files:
        assert f"{len(file.read_text('utf-8'))} characters accounted for" in done.stdout


def test_generate_makes_a_tree_elsewhere(root: Path, tmp_path: Path) -> None:
    done = wirogen("generate", "--specs", root / "specs/tools", "--out", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "mine" / "python").rglob("*.py"):
        compile(path.read_text("utf-8"), str(path), "exec")
    assert (tmp_path / "mine" / "docs" / "index.md").exists()


def test_a_template_of_ones_own_replaces_one(root: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "python" / "wiro_tools" / "[owner]"
    own.mkdir(parents=True)
    original = root / "templates" / "python" / "wiro_tools" / "[owner]" / "_submit.jinja"
    changed = original.read_text("utf-8").replace("def submit(", "def start(")
    (own / "_submit.jinja").write_text(changed, "utf-8")
    done = wirogen(
        "generate",
        "--specs",
        root / "specs/tools",
        "--out",
        "mine",
        "--templates",
        "own",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    module = tmp_path / "mine/python/wiro_tools/wiro/instant_id_lora.py"
    assert "def start(" in module.read_text("utf-8")


def test_lint_finds_what_the_two_documents_get_wrong(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "specs", tmp_path / "specs")
    done = wirogen("lint", "--json", cwd=tmp_path)
    assert done.returncode == 1
    found = {(each["code"], each["subject"]) for each in json.loads(done.stdout)}
    assert {
        ("D201", "selectedModel"),
        ("D202", "scheduler.options"),
        ("D205", "ip_adapter_scale"),
        ("D301", "Cancel Task - Response"),
        ("D301", "Get Task Detail - Make HTTP Post Request"),
        ("D302", ""),
        ("D303", "selectedLoraModel"),
        ("D304", "selectedLoraModelPrivate"),
        ("D307", "Integration Header Prepare"),
    } <= found
    text = wirogen("lint", cwd=tmp_path)
    assert text.returncode == 1
    assert "specs/documents/wiro/text-to-image-sd-lora.txt:1:571: warning: D201" in text.stdout


def test_lint_takes_the_project_that_is_named(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "specs", tmp_path / "mine" / "specs")
    done = wirogen("lint", "--root", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert "mine/specs/documents/wiro/text-to-image-sd-lora.txt:1:571: warning" in done.stdout


def test_names_are_reported_where_the_spec_lies(root: Path, tmp_path: Path) -> None:
    text = (root / "specs/tools/wiro/instant-id-lora.yaml").read_text("utf-8")
    (tmp_path / "mine").mkdir()
    renamed = text.replace('name: "seed"', 'name: "class"')
    (tmp_path / "mine" / "a.yaml").write_text(renamed, "utf-8")
    made = wirogen("generate", "--specs", "mine", "--out", "out", "--verbose", cwd=tmp_path)
    assert made.returncode == 0
    line = text[: text.index('name: "seed"')].count("\n") + 1
    said = f"a.yaml:{line}:5: note: N101 [class]"
    assert said in made.stderr
    assert made.stdout.startswith("diagnostics     2 notes (all of them: --verbose)\n1 tool: ")
    assert said in wirogen("lint", "mine", cwd=tmp_path).stdout
    assert "specs/tools" not in made.stderr


@pytest.mark.parametrize("arguments", [[], ["docs"], ["templates"]], ids=str)
def test_a_command_without_its_command_shows_the_help(tmp_path: Path, arguments: list[str]) -> None:
    alone, helped = (wirogen(*arguments, *more, cwd=tmp_path) for more in ([], ["--help"]))
    assert (alone.returncode, alone.stdout) == (2, "")
    assert (helped.returncode, helped.stdout) == (0, alone.stderr)
    assert "Commands:" in alone.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bulid"], "nearest: 'build'"),
        (["build", "--chek"], "--chek"),
        (["build", "--root", "nowhere"], "there is no folder specs/"),
        (["build"], "neither here nor above is a folder specs/"),
        (["parse", "missing.txt", "--verify"], "no such file"),
        (["parse", "missing.txt"], "give --out DIR"),
        (["generate", "--specs", "nowhere", "--out", "x"], "nowhere: not a folder"),
        (["lint", "x", "--root", "."], "but not both"),
        (["lint", "--root", "nowhere"], "nowhere: there is no folder specs/"),
        (["lint", "nowhere"], "nowhere: no such file or folder"),
        (["lint", "--explain", "X999"], "there is no code 'X999'"),
    ],
    ids=str,
)
def test_bad_usage_is_one_line_and_exit_2(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = wirogen(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert written(tmp_path) == []


def test_an_ascii_terminal_is_no_reason_to_fail(root: Path, tmp_path: Path) -> None:
    env = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    shutil.copytree(root / "specs", tmp_path / "specs")

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    code = "import sys; from wirogen.cli.app import run; print([run([x]) for x in sys.argv[1:]])"
    done = python("-c", code, "--help", "build", "lint")
    assert done.stdout.endswith("[0, 0, 1]\n"), done.stderr
    listed = python("-m", "wirogen", "lint", "--json")
    assert listed.stderr == ""
    assert json.loads(listed.stdout) == json.loads(wirogen("lint", "--json", cwd=tmp_path).stdout)


def test_a_manifest_cannot_make_a_build_remove_what_lies_elsewhere(
    root: Path, tmp_path: Path
) -> None:
    shutil.copytree(root / "specs", tmp_path / "specs")
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    (tmp_path / "generated").mkdir()
    manifest = tmp_path / "generated" / "MANIFEST.json"
    manifest.write_text(json.dumps({"files": {"../victim.txt": "0" * 64}}))
    done = wirogen("build", cwd=tmp_path)
    assert done.returncode == 2
    assert "S003" in done.stderr
    assert victim.read_text() == "mine"


def test_demo_runs_every_tool_of_the_project_without_a_key(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "specs", tmp_path / "specs")
    done = wirogen("demo", "--speed", "50", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    images = sorted(
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("out/**/*.png")
    )
    batch = "out/batch/wiro/instant_id_lora"
    assert [re.sub(r"\d+-", "TASK-", image) for image in images] == [
        *(f"{batch}/files/0000{number}.png" for number in range(1, 5)),
        "out/wiro/instant_id_lora/TASK-0.png",
        *(f"out/wiro/text_to_image_sd_lora/TASK-{number}.png" for number in range(4)),
    ]
    assert "4 of 4 rows done" in done.stdout
    assert f"{batch}/results.csv" in done.stdout
    for image in images:
        assert image in done.stdout or image.startswith(batch)
        assert (tmp_path / image).read_bytes().startswith(b"\x89PNG")
    assert "generated/docs/tools/wiro/instant_id_lora.md" in done.stdout
