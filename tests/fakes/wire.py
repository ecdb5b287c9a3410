"""What every fake provider is built from: a clock of its own, a table of faults, and a small HTTP server in a thread."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

WIRE_FAULTS = frozenset(
    {
        "drop_before", "drop_after", "hang_before", "hang_after", "error_500_before", "error_500_after", "error_429",
        "malformed_before", "malformed_after", "conflict",
    }
)  # fmt: skip
"""Faults of the line itself. `_before`: nothing was done; `_after`: it was done, and the answer is lost."""


class Clock:
    """The provider's clock: real time plus what a test added. It only goes forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The instant at the provider, UTC, whole seconds."""
        return (datetime.now(UTC) + self._ahead).replace(microsecond=0)

    def advance(self, seconds: float) -> None:
        """Move forward."""
        assert seconds >= 0
        self._ahead += timedelta(seconds=seconds)


@dataclass
class Fault:
    """One armed fault: which operation it meets (None: any), how often still, and its parameters."""

    kind: str
    operation: str | None
    times: int
    params: dict[str, object]


@dataclass
class Faults:
    """The armed faults of one fake. Arm from the test, take from the fake."""

    armed: list[Fault] = field(default_factory=list)
    hits: list[tuple[str, str]] = field(default_factory=list)
    """(kind, operation) of each fault that struck, so that a test can tell that it did."""

    def arm(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """Arm a fault for the next `times` matching calls; -1 means for ever."""
        self.armed.append(Fault(kind, operation, times, params))

    def take(self, kinds: Iterable[str], operation: str) -> Fault | None:
        """The first armed fault of these kinds that meets this operation; counts as one hit."""
        wanted = set(kinds)
        for each in self.armed:
            if each.times and each.kind in wanted and each.operation in {None, operation}:
                each.times -= each.times > 0
                self.hits.append((each.kind, operation))
                return each
        return None

    def clear(self) -> None:
        """Behave again."""
        self.armed.clear()


@dataclass(frozen=True)
class Call:
    """One request as it arrived. Header names are in lower case; `query` and `form` keep order and repeats."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def parts(self) -> list[str]:
        """The path's pieces, unquoted."""
        return [unquote(each) for each in self.path.split("/") if each]

    @property
    def form(self) -> list[tuple[str, str]]:
        """The body as form fields."""
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    @property
    def args(self) -> dict[str, str]:
        """The query as a dict; the last of repeated names wins."""
        return dict(self.query)

    def json(self) -> dict[str, object]:
        """The body as a JSON object; {} when it is empty."""
        value = json.loads(self.body) if self.body else {}
        assert isinstance(value, dict), "the body isn't a JSON object"
        return value


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(status: int, value: object, **headers: str) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


class Fake:
    """A provider in a thread. A subclass keeps its truth in plain dicts, touched only while holding `lock`.

    It overrides `answer` (does the call, under the lock), `operation` (which verb of our gateway protocol this call
    serves, for faults) and, where the provider's own error bodies matter, `trouble`.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.lock = threading.RLock()
        self.calls: list[tuple[str, str]] = []
        """(operation, path) of every call, also of those that a fault swallowed."""
        self.complaints: list[str] = []
        """Every request that broke the provider's contract. A test ends red unless this is empty."""
        self._server: ThreadingHTTPServer | None = None

    def operation(self, call: Call) -> str:
        """The verb of the gateway protocol that this call serves."""
        raise NotImplementedError

    def answer(self, call: Call) -> Answer:
        """Do it. Called under the lock."""
        raise NotImplementedError

    def trouble(self, status: int, call: Call) -> Answer:
        """The provider's own body for a 409, 429 or 500."""
        return as_json(status, {"error": {"message": f"trouble {status}"}})

    @property
    def url(self) -> str:
        """Where it listens; 127.0.0.1, a port picked at start."""
        assert self._server is not None, "start it first"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Listen."""
        self._server = _Server(("127.0.0.1", 0), _handler_for(self))
        loop = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        loop.start()

    def stop(self) -> None:
        """Stop listening; calls that hang are left to end by themselves."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, call: Call) -> Answer | None:
        """The answer with the faults of the line applied; None: close the socket without a word."""
        operation = self.operation(call)
        with self.lock:
            self.calls.append((operation, call.path))
            fault = self.faults.take(WIRE_FAULTS, operation)
        match fault.kind if fault else "":
            case "drop_before":
                return None
            case "hang_before":
                time.sleep(_seconds(fault))
                return None
            case "error_500_before":
                return self.trouble(500, call)
            case "error_429":
                return self.trouble(429, call)
            case "conflict":
                return self.trouble(409, call)
            case "malformed_before":
                return Answer(200, b'{"id": ', {"Content-Type": "application/json"})
        with self.lock:
            answer = self.answer(call)
        match fault.kind if fault else "":
            case "drop_after":
                return None
            case "hang_after":
                time.sleep(_seconds(fault))
                return None
            case "error_500_after":
                return self.trouble(500, call)
            case "malformed_after":
                return Answer(200, answer.body[: max(1, len(answer.body) // 2)], answer.headers)
        return answer


def hmac_sha256(secret: str, payload: bytes) -> str:
    """A signature in hexadecimal, as most providers write it."""
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def _seconds(fault: Fault | None) -> float:
    return float(str(fault.params.get("seconds", 0.8))) if fault else 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _handler_for(fake: Fake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # One packet per answer: two would wait 40 ms for each other.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = parse_qsl(parts.query, keep_blank_values=True)
            try:
                answer = fake.handle(Call(self.command, parts.path, query, headers, body))
            except Exception as error:
                fake.complaints.append(f"{self.command} {self.path}: the fake fell over: {error!r}")
                answer = Answer(500, b"{}")
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
