"""The HTTP side: texts come in as JSON, people look and answer. Runs no script and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tallystick.base import http
from tallystick.core.segments import size_of
from tallystick.sms.phone import pages
from tallystick.sms.phone.store import Entry, Store
from tallystick.sms.providers.sandbox.hear import SIGNATURE, sign_sandbox

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_NUMBER = re.compile(r"\+\d{7,15}")
NOBODY = "0000"
"""Numbers that end so don't exist."""
SWITCHED_OFF = "1111"
"""Telephones whose numbers end so are off: a text is taken, and its receipt says that it wasn't delivered."""
_MOST_BYTES = 20_000


def make_server(port: int, store: Store) -> ThreadingHTTPServer:
    """A server on 127.0.0.1, not yet running."""

    class Handler(_Handler):
        pass

    Handler.store = store
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    store: Store
    server_version = "Phone"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: standard output belongs to the ready line."""

    def do_GET(self) -> None:
        if not self._is_local():
            return self._say(HTTPStatus.FORBIDDEN, {"error": "this phone answers to 127.0.0.1 only"})
        match [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]:
            case [""]:
                return self._html(pages.telephones(self.store.telephones()))
            case ["style.css"]:
                return self._send(HTTPStatus.OK, "text/css; charset=utf-8", pages.STYLE.encode())
            case ["api", "texts"]:
                return self._say(HTTPStatus.OK, [_public(entry) for entry in self.store.entries()])
            case ["t", number] if found := self.store.of(number):
                return self._html(pages.talk(number, found))
        return self._html(pages.missing(), HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        path = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _MOST_BYTES))
        if not self._is_local() or self.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return self._say(HTTPStatus.FORBIDDEN, {"error": "not from another site"})
        match path:
            case ["send"]:
                return self._take(body)
            case ["t", number] if found := [one for one in self.store.of(number) if not one.is_answer]:
                return self._answer(found[-1], parse_qs(body.decode("utf-8", "replace")).get("text", [""])[-1])
        return self._html(pages.missing(), HTTPStatus.NOT_FOUND)

    def _take(self, body: bytes) -> None:
        """Keep a text and report its delivery, as a provider would: after answering."""
        try:
            told = dict(json.loads(body))
            number, text = str(told["to"]), str(told["text"])
        except (ValueError, TypeError, KeyError):
            return self._say(HTTPStatus.BAD_REQUEST, {"error": "to and text, as JSON"})
        if not _NUMBER.fullmatch(number) or number.endswith(NOBODY):
            return self._say(HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "nobody has this number"})
        return self._show(number, text, told)

    def _show(self, number: str, text: str, told: dict[str, Any]) -> None:
        entry = self.store.keep(
            number=number,
            sender=str(told.get("from", "")),
            text=text,
            is_answer=False,
            segments=size_of(text).segments,
            report_url=str(told.get("report_url", "")),
            secret=str(told.get("secret", "")),
        )
        self._say(HTTPStatus.OK, {"id": entry.id, "segments": entry.segments})
        kind = "bounced_soft" if number.endswith(SWITCHED_OFF) else "delivered"
        _tell(entry, {"id": entry.id, "to": number, "kind": kind})

    def _answer(self, last: Entry, text: str) -> None:
        """Keep what was typed and pass it on to whoever texted last."""
        if text.strip():
            self.store.keep(number=last.number, sender=last.sender, text=text[:600], is_answer=True)
            _tell(last, {"from": last.number, "text": text[:600]})
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", f"/t/{last.number}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _is_local(self) -> bool:
        return self.headers.get("Host", "").split(":")[0] in ("127.0.0.1", "localhost")

    def _html(self, text: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, "text/html; charset=utf-8", text.encode("utf-8", "replace"))

    def _say(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.end_headers()
        self.wfile.write(content)


def _public(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if name not in {"report_url", "secret"}}


def _tell(entry: Entry, told: dict[str, str]) -> None:
    """Tell whoever sent the text, signed; who doesn't listen isn't told again."""
    if not entry.report_url:
        return
    body = json.dumps(told).encode()
    headers = {"Content-Type": "application/json", SIGNATURE: sign_sandbox(body, entry.secret)}
    request = http.Request("POST", entry.report_url, headers, body)
    threading.Thread(target=_quietly, args=(request,), daemon=True).start()


def _quietly(request: http.Request) -> None:
    try:
        http.send(request, timeout_s=10)
    except http.HttpUnavailable:
        return
