"""Files in: what a multipart Run and an upload may look like."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from simulator.wire import Part, credentials, get, post, post_parts, send
from wiro_runtime.testing import SentFile

if TYPE_CHECKING:
    from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

RUN = "Run/wiro/editor"
PHOTO = Part("inputImage", b"\x89PNG photo", "photo.png", "image/png")
NO_URL = Part("inputImageUrl", "")


def text(name: str, value: str) -> Part:
    return Part(name, value)


def document(name: str = "documents") -> Part:
    return Part(name, b"%PDF", "a.pdf", "application/pdf")


def test_a_file_goes_with_an_empty_url(sim: Simulator) -> None:
    answer = post_parts(sim, RUN, PHOTO, NO_URL, text("prompt", "x"), text("samples", "2"))
    assert answer.json["result"] is True
    (recorded,) = sim.runs
    (photo,) = recorded.body["inputImage"]
    assert photo == SentFile(
        filename="photo.png",
        content_type="image/png",
        size=10,
        sha256=hashlib.sha256(b"\x89PNG photo").hexdigest(),
        data=b"\x89PNG photo",
    )
    assert recorded.body["prompt"] == ["x"]
    task = post(sim, "Task/Detail", {"taskid": recorded.taskid}).task
    assert task["parameters"]["inputImage"] == "photo.png"
    assert len(task["outputs"]) == 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([PHOTO], "Request parameter [inputImageUrl] required"),
        (
            [PHOTO, text("inputImageUrl", "https://a/b.png")],
            "Request parameter [inputImageUrl] must be empty when inputImage carries a file",
        ),
        ([PHOTO, PHOTO, NO_URL], "Request parameter [inputImage] must be sent once"),
        ([document("clothes")], "Request files [inputImage] required"),
        (
            [text("inputImage", ""), NO_URL, document("clothes")],
            "Request files [inputImage] required",
        ),
        (
            [text("inputImage", "https://a/b.png"), document("clothes")],
            "Request parameter [inputImage] must be files: addresses belong in inputImageUrl",
        ),
        ([text("prompt", "x")], "No file is sent: expected application/json."),
        ([PHOTO, NO_URL, text("sampels", "1")], "Request parameter [sampels] is unknown"),
        (
            [PHOTO, NO_URL, text("samples", "two")],
            "Request parameter [samples] must be integer or float",
        ),
        (
            [PHOTO, NO_URL, text("samples", "1.5")],
            "Request parameter [samples] must be integer",
        ),
        (
            [PHOTO, NO_URL, text("size", "512")],
            "Request parameter [size] must be one of '1024', '2048'",
        ),
        (
            [PHOTO, NO_URL, text("samples", "1"), text("samples", "2")],
            "Request parameter [samples] must be sent once",
        ),
        (
            [PHOTO, NO_URL, text("sharp", "True")],
            "Request parameter [sharp] must be true or false",
        ),
        (
            [PHOTO, NO_URL, text("styles", '["oil"]')],
            "Request parameter [styles] must be repeated parts, not a JSON array in one",
        ),
        (
            [PHOTO, NO_URL, text("styles", "pen")],
            "Request parameter [styles] must be one of 'oil', 'ink'",
        ),
        (
            [PHOTO, NO_URL, Part("prompt", "x", "prompt.txt")],
            "Request parameter [prompt] must be a text, not a file",
        ),
        ([PHOTO, NO_URL, document()], "Request parameter [documentsUrl] required"),
        (
            [PHOTO, NO_URL, document(), text("documents", "https://a/b.pdf")],
            "Request parameter [documents] must be files: addresses belong in documentsUrl",
        ),
        (
            [PHOTO, NO_URL, document(), text("documentsUrl", "https://a/b.pdf,c.pdf")],
            "Request parameter [documentsUrl] must be an address",
        ),
        (
            [PHOTO, NO_URL, document("mask"), text("maskUrl", "https://a/mask.png")],
            "Request parameter [maskUrl] must be empty when mask carries a file",
        ),
        (
            [PHOTO, NO_URL, text("callbackUrl", "soon")],
            "Request parameter [callbackUrl] must be an http or https address",
        ),
    ],
)
def test_a_wrong_part_is_named(sim: Simulator, parts: list[Part], message: str) -> None:
    code, said = post_parts(sim, RUN, *parts).error
    assert code == 0
    assert said.removeprefix("Request parameters are invalid. ") == message
    assert sim.runs == []


@pytest.mark.parametrize(
    "parts",
    [
        [PHOTO, NO_URL, text("sharp", "true"), text("styles", "oil"), text("styles", "ink")],
        [PHOTO, NO_URL, text("styles", ""), text("size", "2048")],
        [PHOTO, NO_URL, document(), document(), text("documentsUrl", "")],
        [PHOTO, NO_URL, document(), text("documentsUrl", "https://a/b.pdf,https://a/c.pdf")],
        [PHOTO, NO_URL, document("clothes"), text("clothes", "https://a/b.png")],
        [PHOTO, NO_URL, document("mask"), text("maskUrl", "")],
        [text("inputImage", ""), text("inputImageUrl", "https://a/b.png"), document("clothes")],
    ],
)
def test_a_right_form_passes(sim: Simulator, parts: list[Part]) -> None:
    assert post_parts(sim, RUN, *parts).json["result"] is True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"inputImageUrl": "https://a/b.png"}, None),
        ({"inputImage": "", "inputImageUrl": "https://a/b.png"}, None),
        ({"inputImageUrl": "https://a/b.png", "clothes": ["https://a/c.png"]}, None),
        ({"inputImageUrl": "https://a/b.png", "documentsUrl": "https://a/c.pdf"}, None),
        ({}, "Request files [inputImage] required"),
        ({"inputImage": "", "inputImageUrl": ""}, "Request files [inputImage] required"),
        (
            {"inputImageUrl": "b.png"},
            "Request parameter [inputImageUrl] must be an address",
        ),
        ({"inputImageUrl": 1}, "Request parameter [inputImageUrl] must be a string"),
        ({"inputImageUrl": "https://a/b,c.png"}, None),
        (
            {"inputImageUrl": "https://a/b.png", "documentsUrl": "https://a/b.pdf,c.pdf"},
            "Request parameter [documentsUrl] must be an address",
        ),
        (
            {"inputImage": "https://a/b.png"},
            "Request parameter [inputImage] must be files: addresses belong in inputImageUrl",
        ),
        (
            {"inputImageUrl": "https://a/b.png", "documents": "https://a/b.pdf"},
            "Request parameter [documents] must be files: addresses belong in documentsUrl",
        ),
        (
            {"inputImageUrl": "https://a/b.png", "clothes": ["c.png"]},
            "Request parameter [clothes] must be a file or an address",
        ),
        (
            {"inputImageUrl": "https://a/b.png", "clothes": "https://a/c.png"},
            "Request parameter [clothes] must be an array",
        ),
        (
            {"inputImageUrl": "https://a/b.png", "clothesUrl": "https://a/c.png"},
            "Request parameter [clothesUrl] is unknown",
        ),
    ],
)
def test_addresses_go_as_json(sim: Simulator, body: dict[str, object], message: str | None) -> None:
    answer = post(sim, RUN, body)
    if message is None:
        assert answer.json["result"] is True
    else:
        assert answer.error == (0, message)


def test_a_file_beyond_the_limit_is_refused(sim: Simulator) -> None:
    sim.upload_limit = 9
    message = "must not exceed 9 bytes"
    assert message in post_parts(sim, RUN, PHOTO, NO_URL).error[1]
    file = Part("file", b"0123456789", "a.bin")
    assert message in post_parts(sim, "File/Upload", file).error[1]
    sim.clear()
    assert sim.upload_limit == 100 * 1024 * 1024
    assert post_parts(sim, "File/Upload", file).json["result"] is True


def test_an_upload_is_served_again(sim: Simulator) -> None:
    file = Part("file", b"\x89PNG photo", "Müller photo.png", "image/png")
    answer = post_parts(sim, "File/Upload", file, text("folderid", "7"))
    (entry,) = answer.json["list"]
    assert entry["name"] == "Müller photo.png"
    assert (entry["size"], entry["contenttype"]) == ("10", "image/png")
    served = get(sim, entry["url"])
    assert served.data == b"\x89PNG photo"
    assert served.headers["content-type"] == "image/png"
    assert post(sim, RUN, {"inputImageUrl": entry["url"]}).json["result"] is True


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([text("folderid", "7")], "Request files [file] required"),
        ([text("file", "x")], "Request parameter [file] must be one file with a name"),
        ([Part("file", "x", "")], "Request parameter [file] must be one file with a name"),
        (
            [document("file"), document("file")],
            "Request parameter [file] must be one file with a name",
        ),
        ([document("file"), document("other")], "Request parameter [other] is unknown"),
    ],
)
def test_a_wrong_upload_is_named(sim: Simulator, parts: list[Part], message: str) -> None:
    assert post_parts(sim, "File/Upload", *parts).error == (0, message)


def test_an_upload_is_signed_and_multipart(sim: Simulator) -> None:
    assert "multipart" in post(sim, "File/Upload", {"file": "x"}).error[1]
    headers = [*credentials(sim), ("content-type", "multipart/form-data")]
    assert "boundary" in send(sim, "POST", "/v1/File/Upload", headers, b"x").error[1]
    no_credentials = [("content-type", "multipart/form-data; boundary=x")]
    assert send(sim, "POST", "/v1/File/Upload", no_credentials, b"x").status == 401


def test_a_large_upload_is_measured_but_not_kept(sim: Simulator) -> None:
    data = b"0" * (2 << 20)
    answer = post_parts(sim, "File/Upload", Part("file", data, "big.bin"))
    (entry,) = answer.json["list"]
    assert entry["size"] == str(len(data))
    assert get(sim, entry["url"]).status == 404
    (sent,) = sim.requests[-1].body["file"]
    assert sent.data is None
    assert sent.sha256 == hashlib.sha256(data).hexdigest()
