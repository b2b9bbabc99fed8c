"""Files as inputs: real multipart when there is a file, JSON when there is none."""

from __future__ import annotations

import asyncio
import hashlib
import io
import mmap
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from runtime.kit import AnyClient, Kit, got, nameless
from wiro_runtime import ApiError, Hooks, InvalidInputs, UnexpectedResponse, Wiro
from wiro_runtime.generated import FileLike, ToolInputs
from wiro_runtime.http import multipart
from wiro_runtime.testing import SentFile, faults

URL = "https://example.com/a.png"


class Inputs(ToolInputs):
    prompt: Annotated[str, Field(json_schema_extra={"x-wire": "string"})]
    samples: Annotated[int, Field(json_schema_extra={"x-wire": "number"})] = 2
    image: Annotated[
        FileLike | None, Field(alias="inputImage", json_schema_extra={"x-wire": "file"})
    ] = None
    documents: Annotated[
        FileLike | Sequence[FileLike] | None,
        Field(alias="inputDocumentMultiple", json_schema_extra={"x-wire": "files"}),
    ] = None
    clothes: Annotated[
        FileLike | Sequence[FileLike] | None,
        Field(alias="inputImageClothes", json_schema_extra={"x-wire": "files-mixed"}),
    ] = None
    styles: Annotated[Sequence[str] | None, Field(json_schema_extra={"x-wire": "array"})] = None


class UrlInputs(ToolInputs):
    prompt: Annotated[str, Field(json_schema_extra={"x-wire": "string"})]
    image: Annotated[
        FileLike,
        Field(
            alias="inputImageUrl",
            json_schema_extra={"x-wire": "file-url", "x-file-field": "inputImage"},
        ),
    ] = ""
    documents: Annotated[
        FileLike | Sequence[FileLike],
        Field(
            alias="inputDocumentMultipleUrl",
            json_schema_extra={"x-wire": "files-url", "x-file-field": "inputDocumentMultiple"},
        ),
    ] = ""


def sent(kit: Kit, inputs: ToolInputs, **options: Any) -> dict[str, Any]:
    """The body of the one run that these inputs make; multipart as lists of parts."""

    async def flow(client: AnyClient) -> None:
        await got(client.submit("wiro/files", inputs))

    kit.run(flow, **options)
    return dict(kit.simulator.runs[-1].body)


def content_type(kit: Kit) -> str:
    return kit.simulator.requests[-1].content_type.partition(";")[0]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG" + bytes(range(256)) * 1000)
    return path


def check(part: Any, path: Path, name: str) -> None:
    assert isinstance(part, SentFile)
    assert part.filename == name
    assert part.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_without_a_file_it_is_json(kit: Kit) -> None:
    body = sent(kit, Inputs(prompt="x", image=URL, clothes=[URL, URL]))
    assert content_type(kit) == "application/json"
    assert body == {
        "prompt": "x",
        "samples": 2,
        "inputImage": "",
        "inputImageUrl": URL,
        "inputImageClothes": [URL, URL],
    }


@pytest.mark.parametrize("how", ["path", "bytes", "file", "pipe"])
def test_a_file_goes_as_multipart_whatever_it_is_given_as(kit: Kit, photo: Path, how: str) -> None:
    data = photo.read_bytes()
    with photo.open("rb") as opened:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb") as end:
            end.write(data[:60_000])
            end.close()
            given: Any = {"path": photo, "bytes": data, "file": opened, "pipe": pipe}[how]
            body = sent(kit, Inputs(prompt="x", image=given, styles=["a", "b"]))
    assert content_type(kit) == "multipart/form-data"
    assert body["prompt"] == ["x"]
    assert body["samples"] == ["2"]
    assert body["styles"] == ["a", "b"]
    assert body["inputImageUrl"] == [""]
    (part,) = body["inputImage"]
    expected = data[:60_000] if how == "pipe" else data
    assert part.sha256 == hashlib.sha256(expected).hexdigest()
    if how in ("path", "file"):
        check(part, photo, "photo.png")
        assert part.content_type == "image/png"


def opened(how: str, folder: Path, data: bytes) -> Any:
    """A file object with ``data``, of one kind or another."""
    if how in ("memory", "slow"):
        return io.BytesIO(data) if how == "memory" else Slow(data)
    path = folder / "data"
    path.write_bytes(data)
    file = path.open("r+b")
    if how == "disk":
        return file
    with file:
        return mmap.mmap(file.fileno(), 0)


@pytest.mark.parametrize("position", [0, 4, 10])
@pytest.mark.parametrize("how", ["memory", "disk", "map"])
def test_a_file_object_that_was_read_before_is_sent_whole(
    kit: Kit, tmp_path: Path, how: str, position: int
) -> None:
    with opened(how, tmp_path, b"0123456789") as stream:
        stream.read(position)
        body = sent(kit, Inputs(prompt="x", image=stream))
        assert body["inputImage"][0].data == b"0123456789"
        assert stream.tell() == position


class Slow(io.BytesIO):
    """Gives a little at a time, so that those who share it get in each other's way."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.001)
        return super().read(min(size or 0, 4096))


class Counting:
    """A stream as HTTP clients have them: it tells how much was read, and never goes back."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

    def tell(self) -> int:
        return self._stream.tell()


class Stuck(Counting):
    """A stream that only says that it cannot go back when it is asked to."""

    def __init__(self, data: bytes, error: Exception) -> None:
        super().__init__(data)
        self._error = error

    def seek(self, _offset: int, _whence: int = 0, /) -> int:
        raise self._error


UNABLE = (io.UnsupportedOperation("seek"), NotImplementedError(), AttributeError("raw"))


@pytest.mark.parametrize("position", [0, 4, 10])
@pytest.mark.parametrize("error", [None, *UNABLE], ids=lambda error: type(error).__name__)
def test_a_stream_that_was_read_before_is_refused(
    kit: Kit, error: Exception | None, position: int
) -> None:
    stream = Counting(b"0123456789") if error is None else Stuck(b"0123456789", error)
    stream.read(position)
    if not position:
        assert sent(kit, Inputs(prompt="x", image=stream))["inputImage"][0].data == b"0123456789"
        return
    with pytest.raises(InvalidInputs, match=r"image.*was read before"):
        sent(kit, Inputs(prompt="x", image=stream))
    assert kit.simulator.runs == []


@pytest.mark.parametrize("error", UNABLE, ids=lambda error: type(error).__name__)
def test_a_stream_that_knows_no_position_is_sent(
    kit: Kit, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tell(_stream: object) -> int:
        raise error

    monkeypatch.setattr(Counting, "tell", tell)
    body = sent(kit, Inputs(prompt="x", image=Stuck(b"0123456789", error)))
    assert body["inputImage"][0].data == b"0123456789"


@pytest.mark.parametrize("how", ["memory", "disk", "map", "slow"])
def test_submissions_that_share_a_file_object_send_it_whole(
    kit: Kit, tmp_path: Path, how: str
) -> None:
    data = os.urandom(2 * multipart.CHUNK + 1 if how != "slow" else 100_000)
    with opened(how, tmp_path, data) as stream:
        inputs = Inputs(prompt="x", image=stream, clothes=[stream, stream])

        async def flow(client: AnyClient) -> None:
            if isinstance(client, Wiro):
                with ThreadPoolExecutor(8) as pool:
                    for _ in range(8):
                        pool.submit(client.submit, "wiro/files", inputs)
            else:
                await asyncio.gather(*(client.submit("wiro/files", inputs) for _ in range(8)))

        kit.run(flow)
    parts = [
        part
        for run in kit.simulator.runs
        for part in (*run.body["inputImage"], *run.body["inputImageClothes"])
    ]
    assert len(parts) == 24
    assert {part.sha256 for part in parts} == {hashlib.sha256(data).hexdigest()}


def test_a_file_that_is_written_to_while_it_is_read_is_refused(
    kit: Kit, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = multipart._File._fill

    def disturbed(self: Any, file: Any) -> None:
        with photo.open("ab") as other:
            other.write(b"more")
        fill(self, file)

    monkeypatch.setattr(multipart._File, "_fill", disturbed)
    with pytest.raises(
        InvalidInputs, match=r"image .inputImage.: .*/photo.png was written to while"
    ):
        sent(kit, Inputs(prompt="x", image=photo))
    assert kit.simulator.requests == []


@pytest.mark.parametrize("change", [b"", b"another", bytes(500_000)])
def test_a_file_that_changes_while_it_is_sent_is_sent_as_it_was(
    kit: Kit, photo: Path, change: bytes
) -> None:
    """The second attempt sends the bytes of the first, whatever lies on the disk by then."""
    data = photo.read_bytes()
    hook = Hooks(retry=lambda _info: photo.write_bytes(change))
    kit.simulator.faults.add("Run/*", faults.rate_limited())
    body = sent(kit, Inputs(prompt="x", image=photo), hooks=hook)
    assert body["inputImage"][0].sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("wrong", ["text", None, bytearray(b"x"), 7])
def test_a_file_object_that_does_not_read_bytes_is_refused(kit: Kit, wrong: Any) -> None:
    class Odd:
        def read(self, _size: int = -1) -> Any:
            return wrong

    with pytest.raises(InvalidInputs, match=r"image .inputImage.: .* open the file with 'rb'"):
        sent(kit, Inputs(prompt="x", image=Odd()))
    assert kit.simulator.requests == []


@pytest.mark.parametrize("value", ["half \ud83d", float("nan"), {"a": float("inf")}])
def test_what_no_form_can_say_is_refused(kit: Kit, value: Any) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit("wiro/files", {"prompt": value, "inputImage": b"x"}))

    with pytest.raises(InvalidInputs):
        kit.run(flow)
    assert kit.simulator.requests == []


def test_files_in_a_tuple_are_files(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        files = (b"one", b"two")
        inputs = {"prompt": "x", "inputDocumentMultiple": files, "inputDocumentMultipleUrl": ""}
        await got(client.submit("wiro/files", inputs))

    kit.run(flow)
    parts = kit.simulator.runs[0].body["inputDocumentMultiple"]
    assert [part.data for part in parts] == [b"one", b"two"]


def test_addresses_alone_go_where_the_tool_looks_for_addresses(kit: Kit) -> None:
    body = sent(kit, Inputs(prompt="x", documents=[URL, URL]))
    assert content_type(kit) == "application/json"
    assert body["inputDocumentMultiple"] == ""
    assert body["inputDocumentMultipleUrl"] == f"{URL},{URL}"


def test_several_files_and_addresses_are_kept_in_their_places(kit: Kit, photo: Path) -> None:
    body = sent(
        kit, Inputs(prompt="x", documents=[photo, URL, b"two", URL], clothes=[photo, URL, b"three"])
    )
    assert [part.size for part in body["inputDocumentMultiple"]] == [photo.stat().st_size, 3]
    assert body["inputDocumentMultipleUrl"] == [f"{URL},{URL}"]
    first, second, third = body["inputImageClothes"]
    check(first, photo, "photo.png")
    assert second == URL
    assert third.data == b"three"


class BothInputs(ToolInputs):
    """Of a document that shows both of each pair, one of them in front of its file."""

    prompt: Annotated[str, Field(json_schema_extra={"x-wire": "string"})]
    image: Annotated[
        FileLike | None, Field(alias="inputImage", json_schema_extra={"x-wire": "file"})
    ] = None
    image_url: Annotated[
        str, Field(alias="inputImageUrl", json_schema_extra={"x-wire": "string"})
    ] = "https://example.com/sample.png"
    documents_url: Annotated[
        str, Field(alias="inputDocumentMultipleUrl", json_schema_extra={"x-wire": "string"})
    ] = ""
    documents: Annotated[
        Sequence[FileLike] | None,
        Field(alias="inputDocumentMultiple", json_schema_extra={"x-wire": "files"}),
    ] = None


NOTHING = {
    "prompt": "x",
    "inputImageUrl": "https://example.com/sample.png",
    "inputDocumentMultipleUrl": "",
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"image": URL}, {"inputImage": "", "inputImageUrl": URL}),
        ({"image_url": URL}, {"inputImageUrl": URL}),
        ({"image": URL, "image_url": URL}, {"inputImage": "", "inputImageUrl": URL}),
        ({"image": ""}, {"inputImage": ""}),
        (
            {"documents": [URL, "https://example.com/a,b"]},
            {
                "inputDocumentMultiple": "",
                "inputDocumentMultipleUrl": f"{URL},https://example.com/a%2Cb",
            },
        ),
        (
            {"documents": [URL], "documents_url": "https://example.com/x"},
            {
                "inputDocumentMultiple": "",
                "inputDocumentMultipleUrl": f"https://example.com/x,{URL}",
            },
        ),
    ],
)
def test_an_address_goes_where_the_document_has_a_place_for_it(
    kit: Kit, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    body = sent(kit, BothInputs(prompt="x", **given))
    assert body == {**NOTHING, **expected}
    assert content_type(kit) == "application/json"


def test_a_file_takes_the_place_of_a_default_address(kit: Kit, photo: Path) -> None:
    body = sent(kit, BothInputs(prompt="x", image=photo))
    check(body["inputImage"][0], photo, "photo.png")
    assert body["inputImageUrl"] == [""]


@pytest.mark.parametrize("image", ["https://example.com/b.png", b"bytes"])
def test_a_file_and_another_address_of_it_are_a_mistake(kit: Kit, image: Any) -> None:
    with pytest.raises(InvalidInputs, match="image_url: given twice, here and as image"):
        sent(kit, BothInputs(prompt="x", image=image, image_url=URL))
    assert kit.simulator.requests == []


def test_the_other_spelling_of_an_address_is_known(kit: Kit, photo: Path) -> None:
    class Turned(ToolInputs):
        documents: Annotated[
            Sequence[FileLike],
            Field(alias="inputDocumentMultiple", json_schema_extra={"x-wire": "files"}),
        ]
        more: Annotated[
            str, Field(alias="inputDocumentUrlMultiple", json_schema_extra={"x-wire": "string"})
        ] = ""

    assert Turned(documents=[URL]).wire() == {
        "inputDocumentMultiple": "",
        "inputDocumentUrlMultiple": URL,
    }


def test_url_inputs_take_files_too(kit: Kit, photo: Path) -> None:
    assert sent(kit, UrlInputs(prompt="x", image=URL)) == {
        "prompt": "x",
        "inputImageUrl": URL,
        "inputDocumentMultipleUrl": "",
    }
    body = sent(kit, UrlInputs(prompt="x", image=photo, documents=[URL, photo, URL]))
    check(body["inputImage"][0], photo, "photo.png")
    assert body["inputImageUrl"] == [""]
    check(body["inputDocumentMultiple"][0], photo, "photo.png")
    assert body["inputDocumentMultipleUrl"] == [f"{URL},{URL}"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a\"b\r\nX-Evil: 1.png", "a_b__X-Evil: 1.png"),
        ("ü ™.png", "ü ™.png"),
        ("x" * 250, "x" * 250),
        ("back\\slash.png", "back_slash.png"),
    ],
    ids=nameless,
)  # fmt: skip
def test_no_file_name_breaks_the_body(kit: Kit, tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"data")
    body = sent(kit, Inputs(prompt="x", image=path))
    assert body["inputImage"][0].filename == told
    assert body["inputImage"][0].data == b"data"


def test_prompts_with_every_character_survive_multipart(kit: Kit) -> None:
    prompt = 'a "b"\r\n--boundary\r\n\x00 ü ™ 😀 ; name="x"\n'
    body = sent(kit, Inputs(prompt=prompt, image=b"x"))
    assert body["prompt"] == [prompt]


def test_a_file_that_cannot_be_read_is_said_before_anything_is_sent(
    kit: Kit, tmp_path: Path
) -> None:
    for wrong in (tmp_path / "missing.png", tmp_path):
        said = rf"image .inputImage.: cannot read {wrong}: "
        with pytest.raises(InvalidInputs, match=said):
            sent(kit, Inputs(prompt="x", image=wrong))
    closed = io.BytesIO(b"x")
    closed.close()
    with pytest.raises(InvalidInputs, match=r"image .inputImage.: cannot read"):
        sent(kit, Inputs(prompt="x", image=closed))
    assert kit.simulator.requests == []


def test_a_file_over_100_mb_is_said_before_anything_is_sent(kit: Kit, tmp_path: Path) -> None:
    path = tmp_path / "huge.bin"
    with path.open("wb") as file:
        file.truncate(100 * 2**20 + 1)
    said = rf"image .inputImage.: {path} has more than 104857600 bytes"
    with pytest.raises(InvalidInputs, match=said):
        sent(kit, Inputs(prompt="x", image=path))
    assert kit.simulator.requests == []


def test_a_run_with_a_file_is_sent_again_whole_after_429(kit: Kit, photo: Path) -> None:
    kit.simulator.faults.add("Run/*", faults.rate_limited())
    with photo.open("rb") as opened:
        body = sent(kit, Inputs(prompt="x", image=opened))
    check(body["inputImage"][0], photo, "photo.png")


def test_an_upload_gives_an_address_for_reuse(kit: Kit, photo: Path) -> None:
    async def flow(client: AnyClient) -> list[str]:
        first = await got(client.upload(photo))
        second = await got(client.upload(b"bytes", name="named.txt"))
        await got(client.submit("wiro/files", Inputs(prompt="x", image=first)))
        return [first, second]

    urls = kit.run(flow)
    assert all(url.startswith("http") for url in urls)
    assert kit.simulator.runs[-1].body["inputImageUrl"] == urls[0]
    names = [request.body["file"][0].filename for request in kit.simulator.requests[:2]]
    assert names == ["photo.png", "named.txt"]


def test_an_upload_is_repeated_when_its_answer_is_lost(kit: Kit, photo: Path) -> None:
    kit.simulator.faults.add("File/Upload", faults.reset(acts=True))

    async def flow(client: AnyClient) -> str:
        return await got(client.upload(photo))

    assert kit.run(flow).startswith("http")
    uploads = [request for request in kit.simulator.requests if request.path.endswith("Upload")]
    assert len(uploads) == 2
    assert len({request.headers["x-nonce"] for request in uploads}) == 2


def test_an_upload_of_text_is_a_mistake(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.upload("photo.png"))

    with pytest.raises(InvalidInputs, match=r"pathlib\.Path"):
        kit.run(flow)


@pytest.mark.parametrize("name", ["", " ", 5])
def test_an_upload_under_no_name_is_a_mistake(kit: Kit, name: Any) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.upload(b"x", name=name))

    with pytest.raises(InvalidInputs, match="expected the name of a file"):
        kit.run(flow)
    assert kit.simulator.requests == []


def test_an_upload_whose_response_names_no_address_is_no_success(kit: Kit) -> None:
    kit.simulator.faults.add("File/Upload", faults.status(200, '{"result": true}'), times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.upload(b"x"))

    with pytest.raises(UnexpectedResponse, match="has no address"):
        kit.run(flow)


def test_an_upload_that_wiro_refuses_says_why(kit: Kit, photo: Path) -> None:
    kit.simulator.upload_limit = 10

    async def flow(client: AnyClient) -> None:
        await got(client.upload(photo))

    with pytest.raises(ApiError, match="must not exceed"):
        kit.run(flow)


def test_a_file_that_fails_while_it_is_read_is_no_run(kit: Kit) -> None:
    class Dying(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise OSError(5, "Input/output error")
            return super().read(size)

    async def flow(client: AnyClient) -> None:
        inputs = {"prompt": "x", "inputImage": Dying(bytes(1_000_000)), "inputImageUrl": ""}
        await got(client.submit("wiro/files", inputs))

    with pytest.raises(InvalidInputs, match=r"inputImage.?: cannot read file: .*Input/output"):
        kit.run(flow)
    assert kit.simulator.runs == []


def test_an_empty_file_is_said_before_anything_is_sent(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for file in (tmp_path / "empty.png", b"", io.BytesIO(b"")):
        with pytest.raises(InvalidInputs, match=r"image .inputImage.: .* is empty"):
            sent(kit, Inputs(prompt="x", image=file))
    assert kit.simulator.requests == []
