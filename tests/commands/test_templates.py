"""Templates of one's own: whatever is wrong with them is one line that says where."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import wirogen
from commands import small
from generated import plan, prompt, tool
from wirogen.diagnostics.model import InputError
from wirogen.emit.render import render_tool
from wirogen.emit.template_fields import fields_of
from wirogen.emit.template_tree import Scope
from wirogen.emit.templates import Renderer, template_folders

pytestmark = pytest.mark.slow

CLIENT = "python/wiro_tools/[owner]/[project].py.jinja"
VALIDATOR = "python/wiro_tools/_validators/[owner]/[project].py.jinja"
PAGE = "docs/tools/[owner]/[project].md.jinja"


def generate(cwd: Path, specs: Path, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = ["generate", "--specs", str(specs), "--out", "mine", "--templates", "own", *more]
    return small.wirogen(*arguments, cwd=cwd)


def put(folder: Path, path: str, text: str | bytes) -> None:
    file = folder / "own" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        (CLIENT, "# one\n{{ nope.x }}\n", f"own/{CLIENT}:2:1: error: G001 'nope' is undefined"),
        (CLIENT, "# one\n\n{% for %}\n", f"own/{CLIENT}:3:1: error: G001 Expected"),
        (CLIENT, "{{ 1/0 }}\n", f"own/{CLIENT}:1:1: error: G001 division by zero"),
        (CLIENT, "{{ tool.spec.name }}\n", "G001 a template prints str without a filter"),
        (CLIENT, "a = = 1\n", f"own/{CLIENT}: error: G001 prints what is no Python"),
        (CLIENT, "a = 1\x00\n", f"own/{CLIENT}: error: G001 prints what is no Python"),
        (CLIENT, "{% include 'x.jinja' %}\n", f"own/{CLIENT}:1:1: error: G001 there is no templ"),
        (CLIENT, f"{{% include '{CLIENT}' %}}\n", "G001 includes itself without end"),
        (CLIENT, b"\xff\n", f"own/{CLIENT}: error: G001 is not UTF-8"),
        (PAGE, "\n\n{{ tool.x }}\n", f"own/{PAGE}:3:1: error: G001 "),
        (
            "docs/guides/x.md.jinja",
            b"---\ntitle: \xff\n",
            "own/docs/guides/x.md.jinja: error: G001 is not UTF-8",
        ),
        ("docs/tool/[owner]/[project].md.jinja", "x\n", f"did you mean {PAGE}?"),
        ("python/wiro_tools/client.jinja", "x\n", "G002 replaces no template"),
        ("docs/_aside.md.jinja", "x\n", "G002 replaces no template, and none of yours uses it"),
        ("docs/index.md", "x\n", "G002 replaces no template; did you mean docs/index.md.jinja?"),
        ("docs/[tool].md.jinja", "x\n", "G002 has the unknown placeholder [tool]"),
        ("docs/[project].md.jinja", "x\n", "G002 has [project] without [owner]"),
        ("docs/[category]/[owner].md.jinja", "x\n", "G002 has [category] and [owner]"),
        ("docs/a\\b.md.jinja", "x\n", "G002 would make 'docs/a\\\\b.md', which has a character"),
        (
            "docs/con.txt",
            "x\n",
            "G002 would make 'docs/con.txt', which is not a file name on",
        ),
        ("docs/[owner]/x..jinja", "x\n", "G002 would make 'docs/x/x.', which is not a file name"),
        ("MANIFEST.json.jinja", "{}\n", "G002 would make MANIFEST.json, which is made without"),
        ("openapi.json", "{}\n", "G002 would make openapi.json, which is made without"),
        (PAGE, "one\n{{ covre }}\n", f"own/{PAGE}:2:1: error: G001 no 'covre'; did you mean 'cov"),
        (PAGE, "{{ tool.spec.covre }}\n", "G001 no 'covre'; did you mean 'cover'?"),
        (PAGE, "{{ snippets.pyton }}\n", "G001 no 'pyton'; did you mean 'python'?"),
        (CLIENT, "{{ tool.modul.owner }}\n", "G001 no 'modul'; did you mean 'module'?"),
    ],
)
def test_a_bad_template_is_one_line(
    root: Path, tmp_path: Path, path: str, text: str | bytes, says: str
) -> None:
    put(tmp_path, path, text)
    done = generate(tmp_path, root / "specs" / "tools")
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "mine").exists()


def test_a_bad_template_is_one_line_when_worker_processes_render_it(
    root: Path, tmp_path: Path
) -> None:
    original = root / "specs/tools/wiro/instant-id-lora.yaml"
    (tmp_path / "specs").mkdir()
    for number in range(40):
        text = original.read_text("utf-8").replace("wiro/instant-id-lora", f"wiro/tool-{number}")
        (tmp_path / "specs" / f"{number}.yaml").write_text(text, "utf-8")
    put(tmp_path, CLIENT, "{{ nope.x }}\n")
    done = generate(tmp_path, tmp_path / "specs", "--jobs", "2")
    assert done.returncode == 2
    assert done.stderr == f"wirogen: own/{CLIENT}:1:1: error: G001 'nope' is undefined\n"


def test_a_template_may_be_split_and_assets_added(root: Path, tmp_path: Path) -> None:
    original = root / "templates" / PAGE
    put(tmp_path, PAGE, original.read_text("utf-8") + "{% include 'docs/parts/tail.jinja' %}\n")
    put(tmp_path, "docs/parts/tail.jinja", "Made by Acme.\n")
    put(tmp_path, "docs/assets/acme.css", "a {}\n")
    put(tmp_path, ".gitignore", "x\n")
    done = generate(tmp_path, root / "specs" / "tools")
    assert done.returncode == 0, done.stderr
    page = tmp_path / "mine/docs/tools/wiro/instant_id_lora.md"
    assert page.read_text("utf-8").endswith("Made by Acme.\n")
    assert (tmp_path / "mine/docs/assets/acme.css").read_text("utf-8") == "a {}\n"


def test_a_guide_of_ones_own_may_list_tools_and_follows_them(root: Path, tmp_path: Path) -> None:
    guide = "docs/guides/waiting.md.jinja"
    put(tmp_path, guide, "{% for tool in tools %}\n- {{ tool.spec.name | md }}\n{% endfor %}\n")
    shutil.copytree(root / "specs" / "tools", tmp_path / "specs")
    page = tmp_path / "mine/docs/guides/waiting.md"
    assert generate(tmp_path, Path("specs")).returncode == 0
    assert "- wiro/instant-id-lora" in page.read_text("utf-8")
    (spec,) = tmp_path.glob("specs/*/instant-id-lora.yaml")
    spec.write_text(re.sub(r"(?m)^name: .*", 'name: "Another"', spec.read_text("utf-8")))
    assert generate(tmp_path, Path("specs")).returncode == 0
    assert "- Another" in page.read_text("utf-8")


def test_a_folder_of_templates_that_is_not_there_is_one_line(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "specs", tmp_path / "specs")
    done = small.wirogen("build", "--templates", "nowhere", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "wirogen: nowhere: error: S004 not a folder\n")


def test_an_installation_without_templates_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wirogen, "__file__", str(tmp_path / "lib" / "wirogen" / "__init__.py"))
    with pytest.raises(InputError, match="templates are missing; install wiro-tools again"):
        template_folders()


@pytest.mark.parametrize("path", [PAGE, CLIENT, VALIDATOR])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ tool.spec.covre }}", "no 'covre'; did you mean 'cover'?"),
        ("{{ tool.spec.name }}", "a template prints str without a filter"),
        ("{% if %}", "Expected an expression"),
    ],
)
def test_a_mistake_in_a_template_of_the_project_is_one_line(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, text: str, says: str
) -> None:
    package = tmp_path / "wirogen"
    shutil.copytree(root / "templates", package / "templates")
    file = package / "templates" / path
    lines = file.read_text("utf-8").count("\n") + 1
    file.write_text(file.read_text("utf-8") + text, "utf-8")
    monkeypatch.setattr(wirogen, "__file__", str(package / "__init__.py"))
    with pytest.raises(InputError) as caught:
        render_tool(plan(tool(prompt())), Renderer())
    found = caught.value.diagnostic
    assert (found.code, found.path) == ("G001", str(file))
    assert found.message.startswith(says)
    assert found.position is not None
    assert found.position.line == lines


def test_a_new_template_is_a_new_output(root: Path, tmp_path: Path) -> None:
    listed = "{% for tool in tools %}\n- {{ tool.spec.tool | md }}\n{% endfor %}\n"
    put(tmp_path, "docs/press/index.md.jinja", listed)
    put(tmp_path, "docs/tools/[owner]/[project].short.md.jinja", "{{ tool.spec.tool | md }}\n")
    put(tmp_path, "python/wiro_tools/[owner]/names.py.jinja", "NAME = {{ owner | py }}\n")
    put(tmp_path, "LICENSE.txt", "Ours.\n")
    done = generate(tmp_path, root / "specs" / "tools")
    assert done.returncode == 0, done.stderr
    mine = tmp_path / "mine"
    assert "- wiro/instant-id-lora" in (mine / "docs/press/index.md").read_text("utf-8")
    short = mine / "docs/tools/wiro/instant_id_lora.short.md"
    assert short.read_text("utf-8") == "wiro/instant-id-lora\n"
    assert (mine / "python/wiro_tools/wiro/names.py").read_text("utf-8") == 'NAME = "wiro"\n'
    assert (mine / "LICENSE.txt").read_text("utf-8") == "Ours.\n"
    manifest = json.loads((mine / "MANIFEST.json").read_text("utf-8"))["files"]
    assert {"docs/press/index.md", "LICENSE.txt"} <= manifest.keys()


def test_files_that_are_no_templates_are_copied_byte_by_byte(root: Path, tmp_path: Path) -> None:
    binary = b"\x89PNG\r\n\x1a\n\xff\xfe\x00"
    files = dict(enumerate([binary, b"a\r\nb\r", b"\xef\xbb\xbfx", b"\xed\xa0\x80", b""]))
    for number, data in files.items():
        put(tmp_path, f"docs/assets/{number}.png", data)
    for written in ("", " 0 files written"):
        done = generate(tmp_path, root / "specs" / "tools")
        assert done.returncode == 0, done.stderr
        for number, data in files.items():
            assert (tmp_path / f"mine/docs/assets/{number}.png").read_bytes() == data
        assert written in done.stdout


def test_a_template_that_was_edited_is_compiled_again(tmp_path: Path) -> None:
    """What was compiled is kept from build to build."""
    for text in ("one\n", "two\n", "one\n"):
        put(tmp_path, "docs/x.txt.jinja", text)
        assert Renderer(tmp_path / "own").file("docs/x.txt.jinja") == text


def test_a_byte_order_mark_is_no_part_of_a_template(root: Path, tmp_path: Path) -> None:
    head = "---\ntitle: Our rules\norder: 2\nsummary: What we do.\n---\n"
    put(tmp_path, "docs/guides/rules.md.jinja", f"\ufeff{head}\n# Our rules\n")
    put(tmp_path, "docs/assets/_tail.jinja", "\ufeffMade by Acme.\n")
    put(tmp_path, "docs/press.md.jinja", "\ufeff{% include 'docs/assets/_tail.jinja' %}\n")
    put(tmp_path, "python/wiro_tools/extra.py.jinja", "\ufeffNAME = 1\n")
    done = generate(tmp_path, root / "specs" / "tools")
    assert done.returncode == 0, done.stderr
    mine = tmp_path / "mine"
    assert "- [Our rules](rules.md) What we do." in (mine / "docs/guides/index.md").read_text(
        "utf-8"
    )
    assert (mine / "docs/guides/rules.md").read_bytes().startswith(b"---\ntitle: Our rules\n")
    assert (mine / "docs/press.md").read_bytes() == b"Made by Acme.\n"
    assert (mine / "python/wiro_tools/extra.py").read_bytes() == b"NAME = 1\n"


def test_a_guide_needs_no_registration(root: Path, tmp_path: Path) -> None:
    head = "---\ntitle: Our rules\norder: 2\nsummary: What we do.\n---\n"
    put(tmp_path, "docs/guides/rules.md.jinja", f"{head}\n# Our rules\n")
    put(tmp_path, "docs/guides/loose.md.jinja", "# Loose\n")
    done = generate(tmp_path, root / "specs" / "tools")
    assert done.returncode == 0, done.stderr
    guides = tmp_path / "mine/docs/guides"
    page = (guides / "rules.md").read_text("utf-8")
    assert page == "---\ntitle: Our rules\ndescription: What we do.\n---\n\n# Our rules\n"
    index = (guides / "index.md").read_text("utf-8")
    listed = re.findall(r"\]\(([a-z-]+)\.md\)", index)
    assert listed[:3] == ["first-run", "rules", "waiting"]
    assert listed[-1] == "loose"
    assert "- [Our rules](rules.md) What we do." in index


def templates(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return small.wirogen("templates", *arguments, cwd=cwd)


def test_templates_are_listed_with_every_field_that_they_may_use(tmp_path: Path) -> None:
    listed = json.loads(templates(tmp_path, "list", "--json").stdout)["templates"]
    assert {"name": PAGE, "makes": "tool"} in listed
    assert PAGE in templates(tmp_path, "list").stdout
    for scope in Scope:
        fields = fields_of(scope)
        assert all(field.name and field.type and field.meaning for field in fields), scope
    done = templates(tmp_path, "list", PAGE)
    assert "  cover  (Markdown | None)  The address of its cover" in done.stdout
    assert ".help  (str)  The help, or what an input of this name always means" in done.stdout


def test_a_copied_template_changes_nothing_until_it_is_changed(root: Path, tmp_path: Path) -> None:
    assert templates(tmp_path, "copy", PAGE, "--to", "own").returncode == 0
    assert (tmp_path / "own" / PAGE).read_bytes() == (root / "templates" / PAGE).read_bytes()
    again = templates(tmp_path, "copy", PAGE, "--to", "own")
    assert (again.returncode, len(again.stderr.splitlines())) == (2, 1)
    assert "is there already" in again.stderr
    (tmp_path / "own" / PAGE).unlink()
    (tmp_path / "own" / PAGE).symlink_to(tmp_path / "elsewhere")
    assert templates(tmp_path, "copy", PAGE, "--to", "own").returncode == 2
    assert not (tmp_path / "elsewhere").exists()
    wrong = templates(tmp_path, "copy", "docs/indx.md.jinja")
    assert wrong.returncode == 2
    assert "no 'docs/indx.md.jinja'; did you mean 'docs/index.md.jinja'?" in wrong.stderr
    assert templates(tmp_path, "copy", "../../etc/passwd").returncode == 2


def test_no_line_of_a_template_is_long(root: Path) -> None:
    """Paragraphs of guides, of the page of diagnostics and of skills are lines of their own."""
    prose = ("docs/guides/", "docs/diagnostics.md", "skills/")
    for name in Renderer().names(*Scope):
        if name.endswith(".jinja") and not name.startswith(prose):
            lines = (root / "templates" / name).read_text("utf-8").split("\n")
            assert max(map(len, lines)) <= 120, name
