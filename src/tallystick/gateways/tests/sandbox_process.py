"""A real sandbox server for tests: start it, pay as a payer would, pull its levers, kill it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from tallystick.gateways.port import SavedMethod, SessionRequest
from tallystick.gateways.providers.sandbox.gateway import SandboxGateway, build

SECRET = "whsec_" + base64.b64encode(b"a sandbox secret of 32 bytes....").decode()


class SandboxProcess:
    """One server process and its file. `payer` is a browser without a brain: it follows no redirect."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data, self._options = data, options
        self.port = 0
        self.payer = httpx.Client(timeout=30, trust_env=False)
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, on the same port as before if there was one."""
        command = [sys.executable, "-m", "tallystick.gateways.providers.sandbox.server", "--data", str(self.data)]
        command += ["--port", str(self.port), *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = json.loads(self._process.stdout.readline())["port"]

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._end()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self._process.terminate()
        return self._end()

    def _end(self) -> int:
        code = self._process.wait(10)
        if self._process.stdout:
            self._process.stdout.close()
        return code

    def gateway(self, name: str = "tests", *, timeout_s: float = 5, secrets: str = SECRET) -> SandboxGateway:
        """The adapter for one account here."""
        built = build({"api_url": self.url, "secret_key": f"sk_sandbox_{name}", "webhook_secret": secrets})
        return SandboxGateway(built.api_url, built.secret_key, built.webhook_keys, timeout_s)

    def call(
        self, method: str, path: str, *, name: str = "tests", key: str = "", body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        """One raw API call."""
        headers = {"Authorization": f"Bearer sk_sandbox_{name}"} | ({"Idempotency-Key": key} if key else {})
        return self.payer.request(method, self.url + path, headers=headers, json=body)

    def fault(self, kind: str, **params: object) -> None:
        """Switch a fault on."""
        assert self.payer.post(f"{self.url}/faults", json={"kind": kind, **params}).status_code == 201

    def clear_faults(self) -> None:
        """Behave again."""
        self.payer.delete(f"{self.url}/faults")

    def advance(self, seconds: float) -> None:
        """Move its clock forward."""
        assert self.payer.post(f"{self.url}/clock", json={"advance_s": seconds}).status_code == 200

    def pay(self, action_url: str | None, number: str, **typed: str) -> httpx.Response:
        """Type a card into the checkout and press Pay."""
        form = {"number": number, "expiry": "12/34", "cvc": "123", "name": "Ada Example", **typed}
        return self.payer.post(str(action_url), data=form)

    def answer_bank(self, action_url: str | None, answer: str) -> httpx.Response:
        """Approve or decline on the 3-D Secure page."""
        return self.payer.post(f"{action_url}/verify", data={"answer": answer})

    def save_card(
        self, number: str = "4242424242424242", *, name: str = "tests", customer: str = "", **typed: str
    ) -> SavedMethod:
        """Let a payer save a card without paying anything, and return it as the adapter sees it."""
        gateway, attempt_id = self.gateway(name), uuid4()
        opened = gateway.open_session(
            SessionRequest(
                attempt_id=attempt_id,
                amount_minor=0,
                currency="EUR",
                description="Card for later",
                return_url="http://127.0.0.1:9/back",
                customer_email="accounts@pemberton.example",
                language="en",
                lifetime=timedelta(hours=1),
                customer_ref=customer,
                saves_method=True,
            )
        )
        self.pay(opened.action_url, number, **typed)
        saved = gateway.look_up(attempt_id=attempt_id, ref=opened.ref).saved
        assert saved is not None
        return saved

    def dispute(self, charge_ref: str, *, amount_minor: int | None = None, reason: str | None = None) -> str:
        """The payer's bank takes a charge back; returns the dispute's ref."""
        body = {"charge": charge_ref, "amount_minor": amount_minor, "reason": reason}
        answer = self.payer.post(f"{self.url}/disputes", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ref"])

    def close_dispute(self, ref: str, outcome: str, *, name: str = "tests") -> None:
        """The bank decides: won or lost, as the merchant sees it."""
        answer = self.call("POST", f"/v1/disputes/{ref}/close", name=name, body={"outcome": outcome})
        assert answer.status_code == 200, answer.text

    def payout(self) -> list[str]:
        """Send every account's money to its bank now; returns the payouts' refs."""
        answer = self.payer.post(f"{self.url}/payouts", json={})
        assert answer.status_code == 201, answer.text
        return list(answer.json()["payouts"])

    def truth(self, *, name: str = "") -> dict[str, list[dict[str, object]]]:
        """All charges, refunds, disputes and methods, hidden ones included; of one account, if one is named."""
        query = {"account": f"sk_sandbox_{name}"} if name else {}
        return dict(self.payer.get(f"{self.url}/truth", params=query).json())

    def events(self, reference: object, *, name: str = "tests") -> list[str]:
        """The kinds of the facts about one attempt."""
        query = urlencode({"client_reference": str(reference)})
        return [each["kind"] for each in self.call("GET", f"/v1/events?{query}", name=name).json()["events"]]


@dataclass(slots=True)
class Received:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes
    at: datetime

    @property
    def kind(self) -> str:
        """What it claims to be."""
        return str(json.loads(self.body)["kind"])


@dataclass(slots=True)
class Inbox:
    """A merchant's webhook address; answers 500 to the first `refuse` deliveries."""

    url: str = ""
    refuse: int = 0
    received: list[Received] = field(default_factory=list)
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    def add(self, each: Received) -> int:
        """Keep one delivery; returns the status to answer with."""
        with self._arrived:
            self.received.append(each)
            self._arrived.notify_all()
            self.refuse -= 1
            return 500 if self.refuse >= 0 else 204

    def wait_for(self, count: int, timeout_s: float = 8) -> list[Received]:
        """Wait until so many arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, timeout_s), [
                r.kind for r in self.received
            ]
            return list(self.received)


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    """A real HTTP server that collects webhooks; a GET stands in for the merchant's return page."""
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(inbox.add(Received(headers, body, datetime.now(UTC))))
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"back at the merchant's")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    inbox.url = f"http://127.0.0.1:{server.server_address[1]}/hooks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()
