"""A file whose header calls it encoded, and whose announced size says that it is not."""

from __future__ import annotations

import gzip
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from wiro_runtime import TaskDetail, Wiro

FILE = gzip.compress(random.Random(5).randbytes(2**20) * 4, 1)  # noqa: S311 - a file, not a secret


class Handler(BaseHTTPRequestHandler):
    """Sends a .gz file as if it were another file in gzip, and parts of it without an ETag."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = self.headers.get("range")
        data = FILE
        if wanted:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            data = FILE[start:]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(FILE) - 1}/{len(FILE)}")
        else:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for offset in range(0, len(data), 2**16):
            piece = data[offset : offset + 2**16]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        pass


def test_a_file_that_is_not_encoded_after_all_is_begun_anew(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        output = {"name": "a.gz", "url": f"{base}/a.gz", "size": str(len(FILE))}
        detail = TaskDetail.read({"id": "1", "status": "task_postprocess_end", "outputs": [output]})
        with Wiro("key", base_url=f"{base}/v1") as client:
            (path,) = client.service.files.result(detail, "1").download(tmp_path)
        server.shutdown()
    assert path.read_bytes() == FILE
