"""The HTTP client against a real socket."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tallystick.base import http, tx


class Handler(BaseHTTPRequestHandler):
    """Misbehaves by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self.path:
            case "/redirect":
                self.answer(302, b"", Location="/echo")
            case "/cookie":
                self.answer(200, b"{}", **{"Set-Cookie": "session=secret; Path=/"})
            case "/large":
                self.answer(200, b"x" * (http.RESPONSE_BYTES_MAX + 1))
            case "/gzip":
                self.answer(200, b"?", **{"Content-Encoding": "gzip"})
            case "/drop":
                self.close_connection = True
            case "/hang":
                time.sleep(1)
                self.close_connection = True
            case "/drip":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                for _ in range(20):
                    self.wfile.write(b"x")
                    time.sleep(0.05)
                self.close_connection = True
            case "/text":
                self.answer(200, b"hello")
            case "/list":
                self.answer(200, b"[]")
            case _:
                seen = {"method": self.command, "body": body.decode(), "headers": dict(self.headers.items())}
                self.answer(200, json.dumps(seen).encode())

    do_POST = do_GET

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_call_and_its_answer(url: str) -> None:
    answer = http.send(http.Request("POST", f"{url}/echo", {"X-One": "1"}, b"hello"))
    seen = answer.read_json()
    assert (answer.status, seen["method"], seen["body"]) == (200, "POST", "hello")
    assert answer.headers["content-length"] == str(len(answer.body))


def test_not_inside_a_transaction(url: str) -> None:
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        http.send(http.Request("GET", f"{url}/echo"))


def test_redirects_are_handed_back(url: str) -> None:
    assert http.send(http.Request("GET", f"{url}/redirect")).status == 302


def test_cookies_are_not_kept(url: str) -> None:
    """One merchant's cookie must not ride along on another's call."""
    http.send(http.Request("GET", f"{url}/cookie"))
    assert "secret" not in http.send(http.Request("GET", f"{url}/echo")).body.decode()


@pytest.mark.parametrize("path", ["/drop", "/hang", "/drip", "/large", "/gzip"])
def test_may_have_been_sent(url: str, path: str) -> None:
    began = time.monotonic()
    with pytest.raises(http.HttpUnavailable) as caught:
        http.send(http.Request("POST", url + path, body=b"{}"), timeout_s=0.3)
    assert caught.value.sent
    assert time.monotonic() - began < 0.8


@pytest.mark.parametrize(
    "where", ["http://127.0.0.1:1/", "http://nowhere.invalid/", "gopher://x/", "http://", "no address"]
)
def test_surely_not_sent(where: str) -> None:
    with pytest.raises(http.HttpUnavailable) as caught:
        http.send(http.Request("POST", where, body=b"{}"))
    assert not caught.value.sent


def test_a_full_backlog_is_surely_not_sent() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        with pytest.raises(http.HttpUnavailable) as caught:
            http.send(http.Request("GET", f"http://127.0.0.1:{port}/"), timeout_s=2, connect_timeout_s=0.3)
        assert not caught.value.sent
        for each in fillers:
            each.close()


@pytest.mark.parametrize("path", ["/text", "/list"])
def test_bad_json(url: str, path: str) -> None:
    with pytest.raises(http.BadJson):
        http.send(http.Request("GET", url + path)).read_json()


def test_secrets_stay_out_of_the_repr() -> None:
    assert "key" not in repr(http.Request("POST", "http://x/", {"Authorization": "Bearer key"}, b"key"))


def test_a_forked_child_opens_its_own_connections(url: str) -> None:
    http.send(http.Request("GET", f"{url}/echo"))
    child = os.fork()
    if child == 0:
        try:
            is_fine = http.send(http.Request("GET", f"{url}/echo")).status == 200 and len(http._clients) == 2
            os._exit(0 if is_fine else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert http.send(http.Request("GET", f"{url}/echo")).status == 200
