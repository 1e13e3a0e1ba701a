"""A server of files on this machine that breaks off, changes its files or refuses, as one is told."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Served:
    """What is served by path, and what was asked for.

    ``cut`` is after how many bytes an answer ends, by its number from 0; ``ranges`` whether parts are given,
    ``tags`` whether versions are told apart, ``status`` what is answered in place of a file, ``headers`` what
    is said besides, and ``gate`` holds answers up until it is set.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, str | None]] = []
        self.cut: dict[int, int] = {}
        self.ranges = self.tags = True
        self.status: tuple[int, bytes] | None = None
        self.headers: dict[str, str] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.address = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """As RFC 9110 has it."""
        number, wanted = len(self.asked), handler.headers["Range"]
        self.asked.append((handler.path, wanted))
        assert self.gate.wait(20)
        content = self.files.get(handler.path.split("?")[0])
        if self.status is not None or content is None:
            code, text = self.status or (404, b"no such file")
            return self.send(handler, code, text, {}, None)
        tag = f'"{hashlib.sha256(content).hexdigest()}"'
        told = {**self.headers, **({"ETag": tag} if self.tags else {})}
        unchanged = handler.headers["If-Range"] in (None, tag)
        if wanted is None or not self.ranges or not unchanged:
            return self.send(handler, 200, content, told, self.cut.get(number))
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            return self.send(handler, 416, b"", told | {"Content-Range": f"bytes */{len(content)}"}, None)
        told["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return self.send(handler, 206, content[start:], told, self.cut.get(number))

    def send(
        self, to: BaseHTTPRequestHandler, code: int, content: bytes, told: dict[str, str], cut: int | None
    ) -> None:
        """The head, and the content up to where it breaks off."""
        to.send_response(code)
        for name, value in told.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(content)))
        to.end_headers()
        to.wfile.write(content[:cut])
        to.close_connection = True


@contextmanager
def served(files: dict[str, bytes]) -> Iterator[Served]:
    """Files by their path, at ``address``, while in the block."""
    known = Served(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.answer(self)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    known.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield known
    finally:
        known.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
