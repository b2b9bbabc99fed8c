"""Files of the folder that the user named are inputs, and no others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agents.conftest import Connect
from wiro_runtime.testing import Simulator

EDITOR = "acme/editor"


def test_a_file_of_the_folder_is_sent_and_told_apart_by_its_content(
    connect: Connect, simulator: Simulator, tmp_path: Path
) -> None:
    photo = tmp_path / "out" / "in" / "photo.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"one")

    async def main() -> None:
        async with connect(folder=tmp_path / "out", allow_unknown=True) as agent:
            tool = await agent("describe_tool", tool=EDITOR)
            name = next(each for each in tool["required"] if each != "prompt")
            assert str(tmp_path / "out") in tool["inputs"][name]["description"]
            tasks: list[str] = []
            for path, data in (("in/photo.jpg", b"one"), (str(photo), b"one"), (str(photo), b"2")):
                photo.write_bytes(data)
                call = {"prompt": "older", name: path}
                await agent("estimate_price", tool=EDITOR, inputs=call)
                tasks.append((await agent("run_tool", tool=EDITOR, inputs=call))["task_id"])
            assert tasks[0] == tasks[1] != tasks[2]
            address = {"prompt": "older", name: "https://example.com/photo.jpg"}
            assert (await agent("run_tool", tool=EDITOR, inputs=address))["succeeded"]
        assert len(simulator.runs) == 3

    asyncio.run(main())


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/etc/passwd",
        "link",
        "link/../../secret",
        "in",
        "missing.png",
        "a\0b",
        "file:///etc/passwd",
    ],
)
def test_no_other_file_leaves_this_computer(
    connect: Connect, simulator: Simulator, tmp_path: Path, path: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "out" / "in").mkdir(parents=True)
    (tmp_path / "out" / "link").symlink_to(tmp_path / "secret")

    async def main() -> None:
        async with connect(folder=tmp_path / "out", allow_unknown=True) as agent:
            call = {"prompt": "older", "input_image": path}
            said = await agent.refused("run_tool", tool=EDITOR, inputs=call)
            assert "neither an address nor a file" in said
        async with connect(allow_unknown=True) as agent:
            said = await agent.refused("run_tool", tool=EDITOR, inputs=call)
            assert "input_image" in said
            assert "Path(" not in said
            assert "--out" in said
        assert not simulator.runs

    asyncio.run(main())
