"""The server of one page: for this machine only, for reading only, and for who knows its address.

It maps no path to a file: it has a fixed set of answers, and what it is asked decides only which. Every
request must know the token of the address, name this server as its host, and come from its own page, or be a
person who opens the address. What is refused is refused before anything is read.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import socketserver
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Thread
from typing import Any, NamedTuple, cast

from relevome.errors import InputError

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")  # by which a browser may know this server
_MOST = 32  # connections at once; further ones are closed
_PATIENCE = 20.0  # seconds in which a request has to be sent, or a piece of an answer received
_PIECE = 1 << 16  # bytes

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'"  # the policy of what is no page


class PageAnswer(NamedTuple):
    """What is sent: bytes, their type, and a content security policy."""

    body: bytes
    type: str = "application/octet-stream"
    policy: str = _NOTHING


class PageQuestion(NamedTuple):
    """What may be asked: a pattern for all that stands behind the ``?``, and who answers its groups."""

    query: re.Pattern[str]
    answer: Callable[..., PageAnswer]


PageQuestions = Mapping[str, PageQuestion]


class PageServer(ThreadingHTTPServer):
    """Answers questions until it is closed; see the module for who is answered.

    Args:
        questions: By the last part of their path; the empty one is the page itself.
        port: 0 for one that is free.

    Raises:
        InputError: For a port that is taken, not allowed, or none.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name == "posix"  # elsewhere it would let two programs share a port

    def __init__(self, questions: PageQuestions, port: int) -> None:
        if not 0 <= port <= 0xFFFF:
            raise InputError(f"--port {port}: expected 0, for one that is free, or 1 to 65535")
        self.questions = questions
        self.token = secrets.token_urlsafe(32)
        self._room = BoundedSemaphore(_MOST)
        self._thread: Thread | None = None
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise _no_port(port, error) from error
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in _NAMES)
        if self.server_port == 80:  # which browsers leave out
            self.hosts |= frozenset(_NAMES)

    def server_bind(self) -> None:
        """As `TCPServer`, without the look-up of a name that `HTTPServer` does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def start(self) -> None:
        """Answer in a thread of its own."""
        self._thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Return when it was closed."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)

    def close(self) -> None:
        """Answer nothing any more, and free the port."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        return self._room.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As `ThreadingMixIn`, and makes room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is no error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _no_port(port: int, error: OSError) -> InputError:
    reasons = {
        errno.EADDRINUSE: "is taken by another program",
        errno.EACCES: "is not allowed for this user",
    }
    why = reasons.get(error.errno or 0, f"cannot be used ({error.strerror or error})")
    return InputError(f"--port {port} {why}: choose another, or --port 0 for one that is free")


class _Refused(Exception):
    """A request that is not answered: the code of HTTP for why, and a sentence."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class _Handler(BaseHTTPRequestHandler):
    """One request: checked, answered, and the connection closed."""

    timeout = _PATIENCE

    @property
    def _pages(self) -> PageServer:
        return cast(PageServer, self.server)

    def version_string(self) -> str:
        """What answers, without the version of anything."""
        return "relevome"

    def do_GET(self) -> None:
        """Answer, or say in a sentence why not."""
        try:
            question, said = self._question()
            answer = question.answer(*said)
        except _Refused as refused:
            self.send_error(refused.code, str(refused))
        except InputError as error:
            self.send_error(500, str(error))
        else:
            self._send(200, answer)

    do_HEAD = do_GET

    def _question(self) -> tuple[PageQuestion, tuple[str, ...]]:
        """What is asked. Raises _Refused for whoever may not ask, and for what nobody answers."""
        target = self.path
        self._check_host(target)
        path, _, query = target.partition("?")
        token, name = self._parts(path)
        if not secrets.compare_digest(token.encode("latin-1"), self._pages.token.encode("ascii")):
            raise _Refused(404, "nothing is here: open the whole address that relevome view printed")
        self._check_origin(name)
        question = self._pages.questions.get(name)
        if question is None:
            raise _Refused(404, "nothing is here")
        found = question.query.fullmatch(query)
        if found is None:
            raise _Refused(400, "this question has another form")
        return question, found.groups()

    def _parts(self, path: str) -> tuple[str, str]:
        """The token and the rest of a path, both as they were sent: nothing is decoded or resolved."""
        _, _, rest = path.partition("/")
        token, slash, name = rest.partition("/")
        return (token, name) if slash else ("", "")

    def _check_host(self, target: str) -> None:
        """A page of another site, whose name was made to lead here, names itself as the host."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].strip().lower() not in self._pages.hosts or target[:1] != "/":
            raise _Refused(403, "this server answers only to the host of the address that it printed")

    def _check_origin(self, name: str) -> None:
        """Only the page itself asks; others may at most open it, as a link does.

        Fetch Metadata Request Headers, https://www.w3.org/TR/fetch-metadata
        """
        own = {f"http://{host}" for host in self._pages.hosts}
        if any(origin.strip().lower() not in own for origin in self.headers.get_all("Origin") or []):
            raise _Refused(403, "this server answers only its own page")
        sites = {site.strip().lower() for site in self.headers.get_all("Sec-Fetch-Site") or []}
        opens = (self.headers.get("Sec-Fetch-Mode"), self.headers.get("Sec-Fetch-Dest"))
        if not sites <= {"same-origin", "none"} and (name or opens != ("navigate", "document")):
            raise _Refused(403, "this server answers only its own page")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """One sentence as plain text; also what the library refuses, such as other methods."""
        if code == 501:
            code, message = 405, "this server is for reading only: GET and HEAD"
        self.close_connection = True
        self._send(code, PageAnswer(f"{message or 'refused'}\n".encode(), "text/plain; charset=utf-8"))

    def _send(self, code: int, answer: PageAnswer) -> None:
        self.send_response(code)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        if code == 405:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Security-Policy", answer.policy)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            for first in range(0, len(answer.body), _PIECE):
                self.wfile.write(answer.body[first : first + _PIECE])

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: an address is a secret."""
