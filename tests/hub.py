"""A hub on this machine, and processes that tell which connections they ask for."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

COMMIT = "0" * 40


@contextmanager
def serving(models: Mapping[str, Path], status: int = 200) -> Iterator[str]:
    """The address of a hub that has these folders under their ids; with another ``status`` it fails."""

    class Hub(BaseHTTPRequestHandler):
        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].strip("/")
            if status != 200 or not path:
                return self.answer(status)
            if path.startswith("api/"):
                return self.answer(200, b"[]" if "/tree/" in path else b"{}", content_type="application/json")
            model, _, file = path.partition("/resolve/main/")
            if model not in models:
                return self.answer(404, x_error_code="RepoNotFound")
            found = models[model] / file
            if not found.is_file():
                return self.answer(404, x_error_code="EntryNotFound", x_repo_commit=COMMIT)
            content = found.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()}"'
            return self.answer(200, content, etag=tag, x_repo_commit=COMMIT)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def loads(home: Path, hub: str, reachable: bool, asked: Mapping[str, Mapping[str, Any]]) -> None:
    """Loads models, by a name and the arguments of each, into ``home / told.json``.

    Of each: what was said or the class of the module, the hosts that were asked for, and seconds. It is for
    a process that has not imported the libraries of the hub; nothing says there that it should stay offline.
    """
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.pop(name, None)
    os.environ |= {"HF_HOME": str(home), "HF_ENDPOINT": hub, "NO_PROXY": "*"}
    hosts: list[str] = []
    _watch(hosts, reachable)
    from relevome.errors import InputError
    from relevome.models.hugging_face import load_model

    told: dict[str, Any] = {}
    for name, arguments in asked.items():
        hosts.clear()
        since = time.perf_counter()
        try:
            said = type(load_model(**arguments).module).__name__
        except InputError as error:
            said = str(error)
        told[name] = {"said": said, "hosts": list(hosts), "seconds": time.perf_counter() - since}
    (home / "told.json").write_text(json.dumps(told))


def _watch(hosts: list[str], reachable: bool) -> None:
    """Note every host whose address is asked for or that is connected to, and refuse it if not reachable."""
    address, connect = socket.getaddrinfo, socket.socket.connect

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        hosts.append(str(host))
        if not reachable:
            raise socket.gaierror(-2, "Name or service not known")
        return address(host, *args, **kwargs)

    def connecting(self: socket.socket, to: Any) -> None:
        hosts.append(str(to))
        if not reachable:
            raise ConnectionRefusedError(111, "Connection refused")
        connect(self, to)

    socket.getaddrinfo = getaddrinfo
    socket.socket.connect = connecting
