"""The workflows: what they may do, and their commands, run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import fork_server
from corpus import later, pages
from generator.project import Project
from generator.test_sync import World, simulated

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
STARTER = ROOT / "generator" / "wirogen" / "project" / "starter" / "sync.yml"
WORKFLOWS: dict[str, Any] = {
    path.name: yaml.safe_load(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.yml"))
}
JOBS: dict[str, Any] = {
    f"{file}/{name}": job for file, each in WORKFLOWS.items() for name, job in each["jobs"].items()
}
STEPS: list[dict[str, Any]] = WORKFLOWS["sync.yml"]["jobs"]["download"]["steps"]
WRITES = {
    "docs.yml/deploy": {"pages": "write", "id-token": "write"},
    "sync.yml/propose": {"contents": "write", "pull-requests": "write"},
}
BOT = "41898282+github-actions[bot]@users.noreply.github.com"


def test_a_night_ends_in_a_pull_request_whose_text_is_the_diff(tmp_path: Path) -> None:
    made = list(pages(7))[3:]
    root = tmp_path / "project"
    project = Project(root)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]

    def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{fork_server.executable('wirogen').parent}{os.pathsep}{os.environ['PATH']}"
        given = {
            **os.environ,
            **environment,
            "PATH": path,
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
        }
        done = subprocess.run(
            command, cwd=root, env=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    commands = [
        step["run"] for step in STEPS if re.search(r"wirogen (sync|build)", step.get("run", ""))
    ]
    assert len(commands) == 2
    run(*git, "init", "-q")
    with simulated(made) as simulator:
        world = World(simulator, project)
        for page in made:
            world.publish(page)
        for command in commands[:1]:
            run("bash", "-ec", command, **simulator.env())
        assert (root / "sync.log").read_text("utf-8") == ""  # nothing was refused
        run("wirogen", "build")
        run(*git, "add", "specs", "generated")
        run(*git, "commit", "-qm", "x")
        world.publish(later(made[1]))
        world.publish(made[2], full="<html>", text="<html>")
        for command in commands:
            run("bash", "-ec", command, **simulator.env())
    text = (tmp_path / "changes" / "changes.md").read_text("utf-8")
    assert "added1: new optional input" in text
    assert "a minor version" in text or "a patch version" in text or "a major version" in text
    assert "## Not taken" in text
    assert f"[{made[2].tool}]" in text
    assert "Y001" in text
    assert (tmp_path / "output").read_text("utf-8") == "changed=true\n"
    patch = (tmp_path / "changes" / "changes.patch").read_text("utf-8")
    assert "+++ b/specs/tools/" in patch
    assert "+++ b/generated/" in patch
    run(*git, "stash", "-q")
    run("git", "apply", "--index", "--binary", str(tmp_path / "changes" / "changes.patch"))


@pytest.mark.parametrize("file", [FOLDER / "sync.yml", STARTER])
def test_a_long_night_fits_into_a_pull_request(file: Path, tmp_path: Path) -> None:
    (tmp_path / "sync.log").write_text(f"{'documents/acme/é' * 30}\n" * 300, "utf-8")
    steps = yaml.safe_load(file.read_text("utf-8"))["jobs"]["download"]["steps"]
    (text,) = [step["run"] for step in steps if step.get("id") == "changes"]
    # The longest report, and nothing of the project.
    report = "wirogen() { printf %060000d 0; }; git() { :; }"
    subprocess.run(
        ["bash", "-ec", f"{report}\n{text}"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": "/dev/null",
        },
        check=True,
    )
    changes = (tmp_path / "changes" / "changes.md").read_text("utf-8", errors="replace")
    assert "## Not taken\n\n    documents/acme" in changes
    assert 60_000 < len(changes) < 65_536


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_do_no_more_than_it_must(name: str) -> None:
    job = JOBS[name]
    permissions = job["permissions"]
    assert WORKFLOWS[name.partition("/")[0]]["permissions"] == {}
    assert {key: "write" for key, value in permissions.items() if value == "write"} == WRITES.get(
        name, {}
    )
    assert job["timeout-minutes"] <= 120
    held = "secrets." in str(job) or name in WRITES
    for step in job["steps"]:
        assert "${{" not in step.get("run", "")
        if "secrets." in str(step.get("env", "")):
            assert step["run"].startswith("wirogen sync")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        for line in step.get("run", "").splitlines():
            if held and "pip install" in line:
                assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line
    # A job that may write runs nothing of the project, a job with the key may not write.
    if name in WRITES:
        assert "wirogen" not in str([step.get("run") for step in job["steps"]])
        assert "secrets." not in str(job)


def test_every_action_is_pinned_by_a_commit_and_says_its_version() -> None:
    for path in FOLDER.glob("*.yml"):
        text = path.read_text("utf-8")
        used = re.findall(r"uses: (.*)", text)
        assert used or path.name == "none"
        for each in used:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
    together = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.yml"))
    for action in set(re.findall(r"(actions/[a-z-]+)@", together)):
        assert len(set(re.findall(rf"{action}@(.*)", together))) == 1


def test_what_privileged_jobs_install_is_locked() -> None:
    locked = (ROOT / ".github" / "requirements.txt").read_text("utf-8")
    names = dict(re.findall(r"(?m)^([a-z0-9._-]+)==([^ ]+)", locked))
    assert locked.count("--hash=sha256:") >= len(names)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["generator"], *extras["cli"], *extras["docs"]]
    for each in wanted:
        found = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?(==|>=)([\w.]+)(?:,<[\w.]+)?", each)
        assert found, each
        name, sign, version = found.groups()
        assert name.lower() in names, f"{each} is not locked; run: make lock"
        if sign == "==":
            assert names[name.lower()] == version, "run: make lock"


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    said = [each.rpartition(" ")[2] for each in project["classifiers"] if "Python :: 3." in each]
    assert JOBS["ci.yml/check"]["strategy"]["matrix"]["python"] == said
    assert said[0] == project["requires-python"].removeprefix(">=")


GH = """#!/bin/sh
echo "$@" >> {folder}/gh.log
case "$1 $2" in
  api*) echo "$@" | grep -q "head=me:sync " && cat {folder}/open 2>/dev/null || true ;;
  "pr create") echo 7 > {folder}/open ;;
  "pr edit") [ -f {folder}/open ] ;;
esac
"""
"""As the real one, it edits a merged pull request, if it is given the name of its branch."""


class Repository:
    """A repository with a remote, in which the step runs that opens the pull request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.here = folder / "clone"
        self.git("init", "-q", "--bare", "-b", "main", str(folder / "origin"), cwd=folder)
        self.git("clone", "-q", str(folder / "origin"), str(self.here), cwd=folder)
        self.git("switch", "-q", "-c", "main")
        self.write("specs/a.yaml", "one\n")
        self.commit("x@example.com", "first")
        self.git("push", "-q", "origin", "main")
        gh = folder / "bin" / "gh"
        gh.parent.mkdir()
        gh.write_text(GH.format(folder=folder), "utf-8")
        gh.chmod(0o755)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.here, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        file = self.here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def commit(self, email: str, message: str) -> None:
        self.git("add", "-A")
        names = ["-c", "user.name=x", "-c", f"user.email={email}"]
        self.git(*names, "commit", "-q", "-m", message)

    def propose(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run the step in a new clone, with a patch that makes ``specs/a.yaml`` hold ``text``."""
        self.git("switch", "-q", "main")
        self.write("specs/a.yaml", text)
        changes = self.folder / "changes"
        changes.mkdir(exist_ok=True)
        (changes / "changes.patch").write_text(f"{self.git('diff', '--binary')}\n", "utf-8")
        (changes / "changes.md").write_text("$(touch ran)", "utf-8")
        self.git("checkout", "-q", ".")
        clone = self.folder / "runner"
        shutil.rmtree(clone, ignore_errors=True)
        self.git("clone", "-q", str(self.folder / "origin"), str(clone), cwd=self.folder)
        (step,) = [
            each for each in JOBS["sync.yml/propose"]["steps"] if "git push" in each.get("run", "")
        ]
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=clone,
            env={
                **os.environ,
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_RUN_ID": "42",
                "GITHUB_REPOSITORY_OWNER": "me",
                "GH_TOKEN": "secret-token",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def heads(self) -> dict[str, str]:
        lines = self.git("ls-remote", "--heads", str(self.folder / "origin")).splitlines()
        return {line.split("refs/heads/")[1]: line.split()[0] for line in lines}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_the_pull_request_is_opened_and_then_brought_up_to_date(repository: Repository) -> None:
    for text in ("two\n", "three\n"):
        done = repository.propose(text)
        assert done.returncode == 0, done.stderr
        assert set(repository.heads()) == {"main", "sync"}
        repository.git("fetch", "-q", "origin")
        assert repository.git("show", "origin/sync:specs/a.yaml") == text.strip()
        assert repository.git("log", "--format=%ae", "origin/main..origin/sync") == BOT
    said = (repository.folder / "gh.log").read_text("utf-8").splitlines()
    assert [each.split(" --")[0] for each in said if each.startswith("pr")] == [
        "pr create",
        "pr edit 7",
    ]
    # It was merged.
    (repository.folder / "open").write_text("", "utf-8")
    assert repository.propose("four\n").returncode == 0
    said = (repository.folder / "gh.log").read_text("utf-8").splitlines()
    assert said[-1].startswith("pr create --head sync ")
    assert "secret-token" not in (repository.folder / "runner" / ".git" / "config").read_text()
    assert not (repository.folder / "runner" / "ran").exists()


@pytest.mark.parametrize("how", ["commit", "commits", "amend", "merge"])
def test_what_a_reviewer_added_is_never_pushed_over(repository: Repository, how: str) -> None:
    assert repository.propose("two\n").returncode == 0
    repository.git("fetch", "-q", "origin")
    repository.git("switch", "-q", "sync")
    reviewer = ["-c", "user.name=r", "-c", "user.email=reviewer@example.com"]
    if how == "commit":
        repository.write("specs/overlay.yaml", "mine\n")
        repository.commit("reviewer@example.com", "review")
    elif how == "commits":
        # Their names fill a pipe: what reads its first line only ends what writes them.
        for text in "abc":
            repository.write("specs/overlay.yaml", text)
            repository.commit(f"{'r' * 40_000}@example.com", "review")
    elif how == "amend":
        repository.write("specs/overlay.yaml", "mine\n")
        repository.git("add", "-A")
        repository.git(*reviewer, "commit", "-q", "--amend", "--no-edit")
    else:
        repository.git("switch", "-q", "main")
        repository.write("other.txt", "x\n")
        repository.commit("x@example.com", "other")
        repository.git("push", "-q", "origin", "main")
        repository.git("switch", "-q", "sync")
        repository.git(*reviewer, "merge", "-q", "main", "-m", "merge")
    repository.git("push", "-qf", "origin", "sync")
    before = repository.heads()["sync"]
    done = repository.propose("three\n")
    assert done.returncode == 0, done.stderr
    heads = repository.heads()
    assert heads["sync"] == before
    assert set(heads) == {"main", "sync", "sync-42"}
    assert "pr create --head sync-42" in (repository.folder / "gh.log").read_text("utf-8")


def test_first_commands_run_on_every_system(tmp_path: Path) -> None:
    job = JOBS["ci.yml/start"]
    systems = ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert job["strategy"]["matrix"]["system"] == systems
    (tmp_path / "begin").mkdir()
    steps = [step for step in job["steps"] if step.get("run", "").startswith("wiro")]
    assert len(steps) >= 5
    for step in steps:
        folder = step["working-directory"].replace("${{ runner.temp }}", str(tmp_path))
        program, *arguments = step["run"].split()
        # The README's test runs the demo at its own speed.
        arguments += ["--speed", "1000"] if arguments == ["demo"] else []
        done = fork_server.run(program, *arguments, cwd=Path(folder), env=os.environ)
        assert done.returncode == 0, (step["run"], done.stderr)
