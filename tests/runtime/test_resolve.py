"""Which inputs of a run are checked before they are sent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from wiro_runtime import ConfigurationError, InvalidInputs
from wiro_runtime.base_client import RunArguments
from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.catalogue.packages import (
    _entry_points,
)
from wiro_runtime.inputs.model import ToolInputs

SD = "wiro/text-to-image-sd-lora"


def resolve_inputs(tool: Any, inputs: Any, package: Any = None, *, validate: bool = True) -> Any:
    """What a client sends for these arguments of a run."""
    rest = (None, validate, package, None, None, None, False)
    client: Any = None
    return RunArguments(client, tool, inputs, *rest).checked()


def test_inputs_of_a_known_tool_are_checked_and_completed() -> None:
    found = resolve_inputs(SD, {"prompt": "x", "samples": 2, "negativePrompt": "y"})
    assert isinstance(found, ToolInputs)
    assert found.wire()["samples"] == 2
    assert found.wire()["scheduler"] == "EulerDiscreteScheduler"


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": "x", "sampels": 2},
        {"promt": "x"},
        {},
        {"prompt": "x", "samples": "2"},
        {"prompt": "x", 3: 4},
        [("prompt", "x"), ("zzz", 1)],
        "prompt",
        None,
        7,
    ],
)
def test_what_a_known_tool_does_not_take_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInputs):
        resolve_inputs(SD, wrong)


def test_without_validation_inputs_stay_as_they_are() -> None:
    given = {"sampels": 2}
    assert resolve_inputs(SD, given, validate=False) is given
    assert resolve_inputs(SD, given, validate=False, package="no_such") is given


@pytest.mark.parametrize("tool", ["nobody/unknown", "", "x", 7, None, []])
def test_inputs_of_a_tool_that_no_package_has_stay_as_they_are(tool: object) -> None:
    given = {"anything": 1}
    assert resolve_inputs(tool, given) is given


def test_a_package_that_is_named_has_to_have_the_tool() -> None:
    with pytest.raises(InvalidInputs, match="has no tool 'nobody/unknown'"):
        resolve_inputs("nobody/unknown", {}, package="wiro_tools")
    with pytest.raises(ConfigurationError, match="no generated package"):
        resolve_inputs(SD, {}, package="no_such_package")
    catalogue = open_catalogue("wiro_tools")
    assert isinstance(resolve_inputs(SD, {"prompt": "x"}, package=catalogue), ToolInputs)


def test_checked_inputs_are_not_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = open_catalogue().get(SD).check({"prompt": "x"})
    monkeypatch.setitem(sys.modules, "wiro_tools.catalogue", None)
    assert resolve_inputs(SD, inputs) is inputs


def test_without_a_generated_package_inputs_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "wiro_tools"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if "editable" not in repr(f)])
    given = {"prompt": "x"}
    assert resolve_inputs(SD, given) is given


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "not declared"])
def test_a_package_of_ones_own_is_known_by_its_entry_point(
    declared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pip installs it: the package, and the metadata of its distribution."""
    (tmp_path / "my_tools").mkdir()
    (tmp_path / "my_tools/__init__.py").touch()
    (tmp_path / "my_tools/catalogue.py").write_text(
        "from wiro_runtime.catalogue import serve_catalogue\nserve_catalogue(__name__)\n", "utf-8"
    )
    (tmp_path / "my_tools/catalogue.json").write_text(
        '{"tools": [{"tool": "me/poster", "module": "poster"}]}', "utf-8"
    )
    (tmp_path / "my_tools/poster.py").write_text(
        "from wiro_runtime.generated import ToolInputs\nclass Inputs(ToolInputs):\n    size: int\n"
    )
    metadata = tmp_path / "my-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my\nVersion: 1.0\n")
    text = "gone = no_such_package\nmy = my_tools\n" if declared else ""
    (metadata / "entry_points.txt").write_text(f"[wiro_tools]\n{text}")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    _entry_points.cache_clear()
    try:
        if declared:
            with pytest.raises(InvalidInputs, match="size"):
                resolve_inputs("me/poster", {"size": "large"})
        else:
            assert resolve_inputs("me/poster", {"size": "large"}) == {"size": "large"}
    finally:
        _entry_points.cache_clear()
        for name in [name for name in sys.modules if name.partition(".")[0] == "my_tools"]:
            del sys.modules[name]


def test_a_package_whose_catalogue_is_broken_is_said_rather_than_billed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "wiro_tools"]:
        monkeypatch.delitem(sys.modules, name)
    folder = tmp_path / "wiro_tools"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "catalogue.py").write_text(
        "from wiro_runtime.catalogue import serve_catalogue\nserve_catalogue(__name__)\n", "utf-8"
    )
    (folder / "catalogue.json").write_text("{", "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        resolve_inputs(SD, {"prompt": "x"})
