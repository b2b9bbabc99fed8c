"""A project of one's own: begun in an empty folder, and one more tool in it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import fork_server
from commands.small import documents, page, tree, wirogen
from generator.project import detail
from wiro_runtime.testing import Simulator
from wirogen.cli.console import import_lines
from wirogen.document import parse_document
from wirogen.specs import spec_to_json

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOOL = "acme/tool-0"
NO_KEY = {"WIRO_API_KEY": "", "WIRO_API_SECRET": ""}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    specs = [spec_to_json(parse_document(page(n).text(), path="x").spec) for n in range(3)]
    with Simulator(specs) as simulator:
        yield simulator


@pytest.fixture
def simulator(server: Simulator) -> Simulator:
    server.clear()
    for number in range(3):
        server.publish(f"acme/tool-{number}", page(number).text(), page(number).text(full=True))
    return server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    assert wirogen("init", cwd=tmp_path).returncode == 0
    return tmp_path


def imported(folder: Path, lines: str) -> str:
    """What Python prints when it has read the lines that a command printed for it."""
    source = "".join(line.strip() + "\n" for line in lines.splitlines() if " import " in line)
    names = [line.split()[-1] for line in source.splitlines()]
    code = f"{source}print({', '.join(f'{name}.TOOL' for name in names)})"
    env = {**os.environ, "PYTHONPATH": str(folder / "generated" / "python")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_init_makes_a_project_and_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    done = wirogen("init", "my shop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(tree(tmp_path / "my shop")) == [".gitignore", "README.md"]
    assert (tmp_path / "my shop" / "specs" / "documents").is_dir()
    readme = (tmp_path / "my shop" / "README.md").read_text("utf-8")
    assert [line.split()[1] for line in readme.splitlines() if line.startswith("wirogen ")] == [
        "add",
        "build",
        "diff",
    ]
    assert "make" not in readme.lower().split()
    assert 'cd "my shop"' in done.stdout or "cd 'my shop'" in done.stdout
    here = wirogen("init", cwd=tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert "there already   README.md" in here.stdout
    assert not (tmp_path / ".github").exists()
    again = wirogen("init", ".", "--workflow", cwd=tmp_path)
    assert again.returncode == 0
    assert (tmp_path / ".github/workflows/sync.yml").exists()
    assert wirogen("init", "README.md", cwd=tmp_path).stderr == (
        "wirogen: init: README.md is not a folder\n"
    )


def test_its_workflow_is_ours_for_the_tools_of_the_project(tmp_path: Path) -> None:
    wirogen("init", "--workflow", cwd=tmp_path)
    made = (tmp_path / ".github/workflows/sync.yml").read_text("utf-8")
    ours = (ROOT / ".github/workflows/sync.yml").read_text("utf-8")
    different = [line for line in made.splitlines() if line not in ours.splitlines()]
    assert [line.strip().partition("==")[0] for line in different] == [
        "- run: python -m pip install 'wiro-tools[generator,cli]",
        "run: wirogen sync --known 2> sync.log || [ $? -eq 1 ]",
    ]
    assert "@version@" not in made
    zizmor = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--quiet", "--pedantic"]
    done = subprocess.run([*zizmor, ".github"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()
    assert yaml.safe_load(made)["permissions"] == {}


def test_add_fetches_builds_and_prints_what_imports(project: Path, simulator: Simulator) -> None:
    address = f"{simulator.base_url.removesuffix('/v1')}/models/acme/tool-0/llms-full.txt"
    done = wirogen("add", TOOL, "acme/tool-1", cwd=project, env=simulator.env())
    assert done.returncode == 0, done.stderr
    assert f"{TOOL}: new, 2 inputs\n  from {address}\n" in done.stdout
    assert imported(project, done.stdout) == "acme/tool-0 acme/tool-1"
    assert "export PYTHONPATH=generated/python" in done.stdout
    document = project / "specs/documents/acme/tool-0.txt"
    assert document.read_text("utf-8") == page(0).text(full=True)
    assert document.with_suffix(".json").exists()
    again = wirogen("add", TOOL, "--json", cwd=project, env=simulator.env())
    assert '"result": "unchanged"' in again.stdout
    assert again.returncode == 0


@pytest.mark.parametrize("given", [TOOL, "https://wiro.ai/models/acme/tool-0", "Acme/Tool 0"])
def test_add_needs_no_key_and_takes_what_a_browser_shows(
    project: Path, simulator: Simulator, given: str
) -> None:
    pages = simulator._state.pages
    for path in [path for path in pages if path.endswith("tool-0/llms-full.txt")]:
        del pages[path]
    done = wirogen("add", given, cwd=project, env={**simulator.env(), **NO_KEY})
    assert done.returncode == 0, done.stderr
    assert "/models/acme/tool-0/llms.txt\n" in done.stdout
    assert imported(project, done.stdout) == TOOL
    # The id, however the tool was named: commands take no other.
    assert f"{TOOL}: new" in done.stdout
    assert f"run {TOOL} --help" in done.stdout
    assert [request.path for request in simulator.requests if "/v1/" in request.path] == []


def test_what_cannot_be_added_is_a_line_and_the_others_are(
    project: Path, simulator: Simulator
) -> None:
    before = tree(project)
    done = wirogen("add", "acme/nothing", cwd=project, env=simulator.env())
    assert done.returncode == 2
    assert "/models/acme/nothing/llms-full.txt nor its other addresses" in done.stderr
    assert done.stderr.splitlines()[1:] == [
        "a page that your browser shows can be saved: wirogen add --from FILE"
    ]
    kept = {path: data for path, data in tree(project).items() if ".wirogen" not in path}
    assert kept == before
    done = wirogen("add", "acme/nothing", TOOL, cwd=project, env=simulator.env())
    assert done.returncode == 1
    assert imported(project, done.stdout) == TOOL


def test_a_page_that_lost_inputs_is_not_taken(project: Path, simulator: Simulator) -> None:
    assert wirogen("add", TOOL, cwd=project, env=simulator.env()).returncode == 0
    lesser = replace(page(0), fields=page(0).fields[:1]).text(full=True)
    simulator.publish(TOOL, lesser, lesser)
    document = project / "specs/documents/acme/tool-0.txt"
    before = document.read_bytes()
    done = wirogen("add", TOOL, cwd=project, env=simulator.env())
    assert done.returncode == 2
    assert "Y00" in done.stderr
    assert document.read_bytes() == before


def test_add_takes_a_saved_document(project: Path) -> None:
    saved = project / "saved page.txt"
    saved.write_text(page(2).text(), "utf-8")
    done = wirogen("add", "--from", saved, cwd=project)
    assert done.returncode == 0, done.stderr
    assert imported(project, done.stdout) == "acme/tool-2"
    assert (project / "specs/documents/acme/tool-2.txt").read_text("utf-8") == page(2).text()
    assert "nothing new" in wirogen("add", "--from", saved, cwd=project).stdout
    saved.write_text("no document")
    done = wirogen("add", "--from", saved, cwd=project)
    assert done.returncode == 2
    assert done.stderr.startswith("saved page.txt:")


@pytest.mark.parametrize("order", [("a.txt", "b.json"), ("b.json", "a.txt")], ids="-".join)
@pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
def test_add_takes_a_saved_response_of_tool_detail(
    project: Path, order: tuple[str, str], together: bool
) -> None:
    (project / "a.txt").write_text(page(2).text(), "utf-8")
    (project / "b.json").write_text(json.dumps(detail("acme/tool-2")), "utf-8")
    first, second = (("--from", file) for file in order)
    for files in [(*first, *second)] if together else [first, second]:
        done = wirogen("add", *files, cwd=project)
        assert done.returncode == 0, done.stderr
        assert imported(project, done.stdout) == "acme/tool-2"
    assert (project / "specs/documents/acme/tool-2.json").is_file()
    assert (project / "specs/documents/acme/tool-2.txt").is_file()
    assert "0.003 a run" in (project / "generated/docs/tools/acme/tool_2.md").read_text("utf-8")
    assert "nothing new" in wirogen("add", "--from", "b.json", cwd=project).stdout


def test_add_takes_nothing_when_it_is_called_wrongly(project: Path) -> None:
    (project / "saved.txt").write_text(page(2).text(), "utf-8")
    (project / "list.json").write_text('{"tools": []}')
    before = tree(project / "specs")
    done = wirogen("add", "acme", "--from", "saved.txt", cwd=project)
    assert done.returncode == 2
    done = wirogen("add", "--from", "list.json", cwd=project)
    assert done.returncode == 2
    assert "T001" in done.stderr
    assert tree(project / "specs") == before


@pytest.mark.parametrize("part", [("--tool", TOOL), ("--only", "python")], ids=" ".join)
def test_a_part_of_a_project_never_takes_the_place_of_the_whole(
    project: Path, part: tuple[str, str]
) -> None:
    documents(project, 2)
    assert wirogen("build", cwd=project).returncode == 0
    before = tree(project / "generated")
    done = wirogen("generate", *part, "--out", "generated", cwd=project)
    assert (done.returncode, "name another folder" in done.stderr) == (2, True)
    assert tree(project / "generated") == before


def test_sync_without_a_key_says_what_a_shell_can_do(project: Path) -> None:
    done = wirogen("sync", cwd=project, env=NO_KEY)
    assert done.returncode == 2
    assert "run wiro-tools login" in done.stderr
    assert "api_key=" not in done.stderr


def test_the_shell_says_where_the_tools_of_a_project_are(project: Path) -> None:
    documents(project, 1)
    assert wirogen("build", cwd=project).returncode == 0
    command = [sys.executable, "-m", "wiro_runtime.cli", "show", TOOL]
    done = subprocess.run(
        command, cwd=project / "specs", capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    place = project / "generated" / "python"
    assert f"{place} has it: put that on Python's path (PYTHONPATH={place})" in done.stderr
    more = f"{place} has 1 tool more: put that on Python's path (PYTHONPATH={place})\n"
    studio = ["studio", "--simulate", "--no-open", "--out", str(project / "runs")]
    for arguments, says in (
        (["list"], more),
        (["search", "lora"], more),
        (studio, f"wiro-tools: studio: Python finds no client of {TOOL}; {place} has them: "),
    ):
        done = fork_server.run("wiro-tools", *arguments, cwd=project / "specs", env=os.environ)
        assert done.stderr.startswith(says), done.stderr
    env = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["list"], ["search", "lora"]])
def test_a_project_without_tools_says_how_to_add_one(project: Path, arguments: list[str]) -> None:
    assert wirogen("build", cwd=project).returncode == 0
    env = {**os.environ, "PYTHONPATH": str(project / "generated" / "python")}
    command = [sys.executable, "-m", "wiro_runtime.cli", *arguments]
    done = subprocess.run(
        command, cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "wiro_tools has no tool yet: wirogen add OWNER/PROJECT\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "wirogen add OWNER/PROJECT, or --from FILE"),
        (["acme"], "a tool must be owner/project, not 'acme'"),
        (["acme/../x"], "must be owner/project with no other path in it"),
        (["--from", "missing.txt"], "missing.txt"),
    ],
    ids=str,
)
def test_add_says_in_a_line_what_it_needs(project: Path, arguments: list[str], says: str) -> None:
    done = wirogen("add", *arguments, cwd=project)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_where_no_project_is_the_way_to_one_is_said(tmp_path: Path) -> None:
    done = wirogen("add", TOOL, cwd=tmp_path)
    assert done.returncode == 2
    assert "wirogen init" in done.stderr


def test_sync_brings_only_the_tools_of_the_project_up_to_date(
    project: Path, simulator: Simulator
) -> None:
    assert wirogen("add", TOOL, cwd=project, env=simulator.env()).returncode == 0
    newer = page(0, "second").text(full=True)
    simulator.publish(TOOL, newer, newer)
    done = wirogen("sync", "--known", cwd=project, env=simulator.env())
    assert done.returncode == 0, done.stderr
    assert "1 tool: 0 new, 1 changed" in done.stdout
    assert sorted(tree(project / "specs/documents")) == ["acme/tool-0.json", "acme/tool-0.txt"]
    assert wirogen("sync", "--known", "--search", "x", cwd=project).returncode == 2


def test_generate_makes_the_parts_and_tools_that_are_named(tmp_path: Path) -> None:
    documents(tmp_path, 3)
    assert wirogen("build", cwd=tmp_path).returncode == 0
    first = ("generate", "--tool", TOOL, "--out", "one", "--only")
    done = wirogen(*first, "python", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = tree(tmp_path / "one")
    assert {path.partition("/")[0] for path in made} == {"python", "MANIFEST.json"}
    assert [path for path in made if "tool_" in path] == [
        "python/wiro_tools/_validators/acme/tool_0.py",
        "python/wiro_tools/acme/tool_0.py",
    ]
    whole = tree(tmp_path / "generated")
    assert made["python/wiro_tools/acme/tool_0.py"] == whole["python/wiro_tools/acme/tool_0.py"]
    assert wirogen(*first, "docs,schemas", cwd=tmp_path).returncode == 0
    made = tree(tmp_path / "one")
    assert {path.partition("/")[0] for path in made} == {"docs", "schemas", "MANIFEST.json"}
    assert wirogen("generate", "--out", "one", cwd=tmp_path).returncode == 0
    assert set(tree(tmp_path / "one")) == set(whole)
    done = wirogen("generate", "--tool", "acme/tol-0", "--out", "one", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean 'acme/tool-0'?" in done.stderr
    done = wirogen("generate", "--only", "pyhton", "--out", "one", cwd=tmp_path)
    assert done.returncode == 2
    assert "python, docs, schemas, openapi" in done.stderr
    assert set(tree(tmp_path / "one")) == set(whole)


def test_parse_takes_a_folder(tmp_path: Path) -> None:
    documents(tmp_path, 3)
    done = wirogen("parse", "specs/documents", "--out", "made", "--verify", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(tree(tmp_path / "made")) == [f"acme/tool-{n}.yaml" for n in range(3)]
    (tmp_path / "empty").mkdir()
    done = wirogen("parse", "empty", "--verify", cwd=tmp_path)
    assert done.stderr == "wirogen: empty: no document (.txt, .json) below this folder\n"
    assert done.returncode == 2


def test_diff_alone_compares_with_the_last_commit(project: Path) -> None:
    documents(project, 2)
    assert wirogen("build", cwd=project).returncode == 0
    done = wirogen("diff", cwd=project)
    assert done.returncode == 2
    assert "has no last commit to read" in done.stderr
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=project, check=True)
    assert wirogen("diff", cwd=project).stdout == "no changes\n"
    documents(project, 2, "second")
    assert wirogen("build", cwd=project).returncode == 0
    below = project / "specs" / "documents"
    for done in (wirogen("diff", cwd=below), wirogen("diff", "HEAD:specs/tools", cwd=project)):
        assert "acme/tool-1: prompt" in done.stdout, done.stderr
    assert wirogen("diff", cwd=below).stdout == wirogen("diff", cwd=project).stdout


@pytest.mark.parametrize("folder", ["", "specs", "specs/documents", "generated/docs"])
def test_diff_of_a_project_without_tools_reads_no_other_texts(project: Path, folder: str) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    assert wirogen("build", cwd=project).returncode == 0
    (project / "notes.txt").write_text("buy milk", "utf-8")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=project, check=True)
    below = project / folder
    for arguments in ([], ["HEAD:specs", str(project)]):
        done = wirogen("diff", *arguments, cwd=below)
        assert (done.returncode, done.stdout, done.stderr) == (0, "no changes\n", "")


def test_demo_works_in_an_empty_folder_and_numbers_nothing(tmp_path: Path) -> None:
    for time in (1, 2):
        done = wirogen("demo", "--speed", "1000", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        images = list(tmp_path.rglob("wirogen-demo/out/**/*.png"))
        # Five of two tools, and those of a batch of four rows.
        assert len(images) == 9 * time
        assert not [image for image in images if "(" in image.name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["wirogen-demo"]
    # The call that was made, whole and as Python.
    call = done.stdout.partition("text_to_image_sd_lora\n")[2].partition("  →")[0]
    assert "prompt=" in call
    compile("\n".join(line[2:] for line in call.splitlines()), "call", "exec")
    commands = done.stdout.partition("Next:\n")[2]
    assert len([line for line in commands.splitlines() if "wiro" in line.split()[0]]) == 3
    assert wirogen("lint", "--root", "wirogen-demo", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize("command", ["demo", "simulate"])
@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf"])
def test_a_speed_is_a_number_above_0(tmp_path: Path, command: str, speed: str) -> None:
    done = wirogen(command, f"--speed={speed}", cwd=tmp_path)
    said = f"invalid value for '--speed': expected a number above 0 (see wirogen {command} --help)"
    assert (done.returncode, done.stderr) == (2, f"wirogen: {said}\n")
    assert not list(tmp_path.iterdir())


def test_a_long_import_is_broken_as_python_takes_it() -> None:
    assert import_lines("wiro_tools.a.b", 80) == ["from wiro_tools.a import b"]
    long = import_lines(f"wiro_tools.{'o' * 40}.{'p' * 40}", 80)
    assert len(long) == 3
    (made,) = ast.parse("\n".join(long)).body
    assert isinstance(made, ast.ImportFrom)
    assert (made.module, made.names[0].name) == (f"wiro_tools.{'o' * 40}", "p" * 40)


def test_a_simulator_without_tools_says_so(tmp_path: Path) -> None:
    assert wirogen("init", cwd=tmp_path).returncode == 0
    # An address that is not on loopback ends the command at once.
    done = wirogen("simulate", "--host", "192.0.2.1", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("no tool yet, so every run is refused; run: wirogen add\n")
