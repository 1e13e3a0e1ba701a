"""The server of a page: who is answered, who is refused, and that refusals tell nothing."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from relevome.errors import InputError
from relevome.report.view.server import PageAnswer, PageQuestion, PageServer

SECRET = b"the relevance of a patient"
PAGE = PageAnswer(b"<!doctype html>", "text/html", "default-src 'none'")


@pytest.fixture
def server() -> Iterator[PageServer]:
    made = PageServer(
        {
            "": PageQuestion(re.compile(""), lambda: PAGE),
            "rows": PageQuestion(re.compile("n=([0-9]+)"), lambda said: PageAnswer(SECRET + said.encode())),
            "broken": PageQuestion(re.compile(""), failing),
        },
        port=0,
    )
    made.start()
    yield made
    made.close()


def failing() -> PageAnswer:
    raise InputError("part-00003.parquet is damaged or gone")


def sent(server: PageServer, request: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to the very bytes of a request, which no client would send or tidy up."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        whole = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = whole.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), dict(line.split(": ", 1) for line in lines), body


def asked(
    server: PageServer, name: str = "", method: str = "GET", token: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    said = {"Host": f"127.0.0.1:{server.server_port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    lines = "".join(f"{key}: {value}\r\n" for key, value in said.items())
    return sent(
        server, f"{method} /{server.token if token is None else token}/{name} HTTP/1.1\r\n{lines}\r\n"
    )


def test_the_page_and_its_questions_are_answered(server: PageServer) -> None:
    code, headers, body = asked(server)
    assert (code, headers["Content-Type"], body) == (200, "text/html", b"<!doctype html>")
    assert asked(server, "rows?n=7")[::2] == (200, SECRET + b"7")
    assert asked(server, "rows?n=7", Host=f"LOCALHOST:{server.server_port}")[0] == 200
    assert asked(server, "rows?n=7", Origin=f"http://127.0.0.1:{server.server_port}")[0] == 200
    assert asked(server, "rows?n=7", Sec_Fetch_Site="same-origin")[0] == 200


def test_head_has_the_length_and_no_body(server: PageServer) -> None:
    code, headers, body = asked(server, "rows?n=7", method="HEAD")
    assert (code, headers["Content-Length"], body) == (200, str(len(SECRET) + 1), b"")


def test_every_answer_says_what_a_browser_may_do_with_it(server: PageServer) -> None:
    for code, headers, _ in (
        asked(server),
        asked(server, "rows?n=1"),
        asked(server, token="x"),
        asked(server, method="PUT"),
    ):
        assert headers["X-Content-Type-Options"] == "nosniff", code
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not [name for name in headers if name.lower().startswith("access-control")]
        assert headers["Server"] == "relevome"


def test_it_listens_on_this_machine_alone(server: PageServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/{server.token}/"
    assert len(server.token) >= 43  # 256 bits
    other = PageServer({}, port=0)
    other.server_close()
    assert other.token != server.token


CROSS = {"Sec_Fetch_Site": "cross-site"}
LINK = CROSS | {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")
REFUSED: dict[str, tuple[int, dict[str, str]]] = {
    "another token": (404, {"token": "A" * 43}),
    "a token that goes on": (404, {"token": "{token}A"}),
    "the beginning of the token": (404, {"token": "{begin}"}),
    "no token": (404, {"token": ""}),
    "letters beyond ASCII for a token": (404, {"token": "\u00e9\u00ff"}),
    "a path of this machine": (404, {"name": "etc/passwd"}),
    "a path upwards": (404, {"name": "../../etc/passwd"}),
    "a path upwards, encoded": (404, {"name": "%2e%2e/%2e%2e/etc/passwd"}),
    "a path upwards, encoded twice": (404, {"name": "%252e%252e%252fetc%252fpasswd"}),
    "a path upwards by backslashes": (404, {"name": "..\\..\\run.json"}),
    "a part of the run": (404, {"name": "part-00000.parquet"}),
    "the run by its name": (404, {"name": "run.json"}),
    "the page with more behind it": (404, {"name": "index.html"}),
    "a known name, encoded": (404, {"name": "%72ows?n=1"}),
    "a known name and a step back": (404, {"name": "x/../rows?n=1"}),
    "a zero byte": (404, {"name": "rows%00?n=1"}),
    "a question of another form": (400, {"name": "rows?n=1;2"}),
    "an encoded number": (400, {"name": "rows?n=%31"}),
    "a second question": (400, {"name": "rows?n=1&n=2"}),
    "the page with a question": (400, {"name": "?x=1"}),
    "the host of a rebound name": (403, {"Host": "evil.example:{port}"}),
    "a host that begins alike": (403, {"Host": "127.0.0.1:{port}.evil.example"}),
    "another port": (403, {"Host": "127.0.0.1:1"}),
    "a host without a port": (403, {"Host": "127.0.0.1"}),
    "the origin of another site": (403, {"name": "rows?n=1", "Origin": "https://evil.example"}),
    "the origin of another port": (403, {"name": "rows?n=1", "Origin": "http://127.0.0.1:1"}),
    "an origin that is hidden": (403, {"name": "rows?n=1", "Origin": "null"}),
    "a fetch of another site": (403, {"name": "rows?n=1", "Sec_Fetch_Site": "cross-site"}),
    "a fetch of another port of this host": (403, {"name": "rows?n=1", "Sec_Fetch_Site": "same-site"}),
    "a picture of another site": (403, CROSS | {"Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}),
    "a frame of another site": (403, LINK | {"Sec_Fetch_Dest": "iframe"}),
    "a link of another site to rows": (403, LINK | {"name": "rows?n=1"}),
    **{f"the method {method}": (405, {"name": "rows?n=1", "method": method}) for method in METHODS},
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused_is(server: PageServer, what: str) -> None:
    code, said = REFUSED[what]
    filled = {
        key: value.format(port=server.server_port, token=server.token, begin=server.token[:-1])
        for key, value in said.items()
    }
    found, headers, body = asked(server, **filled)
    assert found == code
    assert SECRET not in body
    assert server.token.encode() not in body
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert len(body.splitlines()) == 1
    assert asked(server, "rows?n=7")[0] == 200


@pytest.mark.parametrize(
    ("request_line", "code"),
    [
        ("GET /{token}/rows?n=1 HTTP/1.1\r\n\r\n", 403),
        ("GET /{token}/rows?n=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.example\r\n\r\n", 403),
        ("GET http://127.0.0.1:{port}/{token}/rows?n=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", 403),
    ],
)
def test_a_request_that_names_another_host_or_none_is_refused(
    server: PageServer, request_line: str, code: int
) -> None:
    found, _, body = sent(server, request_line.format(token=server.token, port=server.server_port))
    assert (found, SECRET in body) == (code, False)


@pytest.mark.parametrize(
    "request_line",
    ["GET /{token}/rows?n=1 HTTP/9.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", "GET /{token}/rows?n=1\r\n\r\n",
     "GET /{long} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n", "nonsense\r\n\r\n", "\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_is_not_answered(server: PageServer, request_line: str) -> None:
    line = request_line.format(token=server.token, port=server.server_port, long="x" * 70_000)
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(line.encode())
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):  # closed while there was more to read
            found = b"".join(iter(lambda: connection.recv(65536), b""))
            assert SECRET not in found
            assert b" 200 " not in found
    assert asked(server)[0] == 200


def test_others_may_open_the_page_as_a_link_does(server: PageServer) -> None:
    assert asked(server, **LINK)[0] == 200


def test_a_run_that_cannot_be_read_is_one_line(server: PageServer) -> None:
    code, headers, body = asked(server, "broken")
    assert (code, body) == (500, b"part-00003.parquet is damaged or gone\n")
    assert headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_port_that_is_taken_or_none_is_one_line(server: PageServer) -> None:
    with pytest.raises(InputError, match=rf"--port {server.server_port} is taken.*--port 0"):
        PageServer({}, server.server_port)
    for port in (-1, 65536):
        with pytest.raises(InputError, match=f"--port {port}: expected 0"):
            PageServer({}, port)


def test_a_closed_server_frees_its_port_and_waits_no_longer(server: PageServer) -> None:
    port = server.server_port
    asked(server)
    server.close()
    server.wait()
    again = PageServer({}, port)
    assert again.server_port == port
    again.server_close()


def test_nothing_is_written_to_the_terminal(server: PageServer, capfd: pytest.CaptureFixture[str]) -> None:
    asked(server, "rows?n=1")
    asked(server, token="wrong")
    with socket.create_connection(("127.0.0.1", server.server_port)) as connection:
        connection.sendall(b"GET /")  # and goes away
    asked(server)
    assert capfd.readouterr() == ("", "")


def test_connections_beyond_the_most_are_closed(server: PageServer) -> None:
    with ExitStack() as held:
        for _ in range(32):
            one = held.enter_context(socket.create_connection(("127.0.0.1", server.server_port), timeout=10))
            one.sendall(b"GET /")
        assert 0 in [answered(server) for _ in range(20)]  # closed without an answer
    assert any(answered(server) == 200 for _ in range(200))


def answered(server: PageServer) -> int:
    """The code of an answer, 0 where there is none."""
    try:
        return asked(server)[0]
    except (OSError, IndexError):
        return 0
