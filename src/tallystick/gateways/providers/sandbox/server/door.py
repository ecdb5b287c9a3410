"""The socket: reads one call, asks the right room, writes the answer in one go or hangs up."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tallystick.gateways.providers.sandbox.server.api import Api
from tallystick.gateways.providers.sandbox.server.checkout import Checkout
from tallystick.gateways.providers.sandbox.server.controls import answer_control
from tallystick.gateways.providers.sandbox.server.store import Store
from tallystick.gateways.providers.sandbox.server.wire import Answer, Call, Settings, as_error

_BODY_BYTES_MAX = 256_000
log = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1 only."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.route: Callable[[Call], Answer] = lambda call: as_error(503, "starting", "Not ready yet.")

    def open_doors(self, store: Store, settings: Settings) -> None:
        """Begin to answer from this file."""
        api, checkout = Api(store, settings), Checkout(store, settings)

        def route(call: Call) -> Answer:
            if call.path.startswith("/v1/"):
                return api.answer(call)
            if call.path.startswith("/checkout/") and call.method in {"GET", "POST"}:
                return checkout.answer(call)
            return answer_control(store, call)

        self.route = route


class Handler(BaseHTTPRequestHandler):
    """One connection; keeps it open between calls."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    wbufsize = 65536
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self) -> None:
        """Any method: read, route, write."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _BODY_BYTES_MAX or self.headers.get("Transfer-Encoding"):
            self._write(as_error(413, "invalid_request", "The body is too long or of unknown length."))
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        try:
            answer = self.server.route(self._read_call(body))
        except sqlite3.ProgrammingError:  # the file was closed under us: the server is going down
            self.close_connection = True
            return
        except Exception:
            log.exception("%s", self.command)
            answer = as_error(500, "internal_error", "Something broke here.")
        self._write(answer)

    do_POST = do_PUT = do_DELETE = do_GET

    def _read_call(self, body: bytes) -> Call:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Call(
            self.command, parts.path, query, {name.lower(): value for name, value in self.headers.items()}, body
        )

    def _write(self, answer: Answer) -> None:
        if answer.is_dropped:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: addresses hold session refs."""
