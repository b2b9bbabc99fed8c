"""The wheel, installed into a clean environment: three packages, and templates that are found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from conftest import MakeOnce

pytestmark = pytest.mark.slow

PACKAGES = {"wiro_runtime", "wiro_tools", "wirogen"}
# The run-time dependencies, lent to the clean environment so that no network is needed.
BASE = (
    "pydantic* httpx2* httpcore2* annotated_types* typing_* idna* h11* anyio* truststore* "
    "websockets* tinytag*"
)


@pytest.fixture(scope="module")
def wheel(make_once: MakeOnce) -> Path:
    """Built from the sdist, which is built from the checkout."""
    (found,) = make_once("dist", build).glob("*.whl")
    return found


def build(out: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(out.glob("*.tar.gz"))) == 1


def test_links_of_the_readme_lead_somewhere_in_the_sdist(wheel: Path) -> None:
    (sdist,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
        readme = archive.extractfile(f"{sdist.name.removesuffix('.tar.gz')}/README.md")
        assert readme is not None
        links = re.findall(r"\]\((?!https?:)([^)#]+)", readme.read().decode())
    assert links
    assert [link for link in links if link not in names] == []


def test_the_wheel_holds_three_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    for package in PACKAGES:
        assert f"{package}/py.typed" in names
    assert any(name.startswith("wirogen/templates/") for name in names)
    assert "wiro_runtime/skills/wiro-tools/SKILL.md" in names
    assert not [name for name in names if "__pycache__" in name]


def environment(wheel: Path, home: Path) -> Path:
    """Install the wheel into a new environment; the folder of its packages."""
    venv.create(home, with_pip=False)
    site = next(home.glob("lib/python*/site-packages"))
    shutil.unpack_archive(wheel, site, "zip")
    return site


def test_everything_begins_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site = environment(wheel, tmp_path / "env")
    # The libraries of all extras, lent without a network; an editable wiro-tools is not among them.
    (site / "lent.pth").write_text(str(Path(pytest.__file__).parents[1]))
    here = tmp_path / "empty"
    here.mkdir()

    def wirogen(*arguments: str, cwd: Path = here) -> str:
        command = [str(tmp_path / "env" / "bin" / "python"), "-m", "wirogen", *arguments]
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=env, cwd=cwd
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Next:" in wirogen("demo", "--speed", "50")
    assert len([each for each in here.rglob("*.png") if "batch" not in each.parts]) == 5
    wirogen("init", "mine", "--workflow")
    assert (here / "mine" / ".github" / "workflows" / "sync.yml").exists()
    document = "wirogen-demo/specs/documents/wiro/instant-id-lora.txt"
    added = wirogen("add", "--from", f"../{document}", cwd=here / "mine")
    assert "from wiro_tools.wiro import instant_id_lora\n" in added


def test_the_wheel_works_where_nothing_else_of_the_project_is(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "env"
    site = environment(wheel, home)
    for pattern in BASE.split():
        for found in Path(pytest.__file__).parents[1].glob(pattern):
            (site / found.name).symlink_to(found)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(home / "bin" / "python"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=env, cwd=tmp_path
        )

    done = python(
        "-c",
        "import wiro_runtime, wirogen, wiro_tools\n"
        "from wiro_tools.wiro import text_to_image_sd_lora as sd\n"
        "print(sd.Inputs(prompt='x').wire()['samples'], wiro_runtime.__file__)\n",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 ")
    assert str(site) in done.stdout
    without = python("-m", "wirogen")
    assert without.returncode == 2
    assert (
        without.stderr == "wirogen: not installed; run: pip install 'wiro-tools[cli,generator]'\n"
    )
