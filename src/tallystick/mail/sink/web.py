"""The HTTP side: pages for people, JSON for tests. Runs no script and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tallystick.mail.sink import pages
from tallystick.mail.sink.faults import Faults
from tallystick.mail.sink.store import Entry, Store, body, files

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src {origin} data:; frame-ancestors {origin}"
)
_SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})


def make_server(port: int, store: Store, faults: Faults) -> ThreadingHTTPServer:
    """A server on 127.0.0.1, not yet running."""

    class Handler(_Handler):
        pass

    Handler.store, Handler.faults = store, faults
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    store: Store
    faults: Faults
    server_version = "Mailbox"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: standard output belongs to the ready line."""

    def do_GET(self) -> None:
        if not self._is_local():
            return self._send(HTTPStatus.FORBIDDEN, "text/plain", b"This mailbox answers to 127.0.0.1 only.")
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        try:
            return self._route([unquote(part) for part in url.path.strip("/").split("/")], query)
        except (KeyError, ValueError, IndexError):
            return self._html(pages.missing(), HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        is_json = self.headers.get("Content-Type", "").startswith("application/json")
        if not self._is_local() or not is_json or urlsplit(self.path).path != "/faults":
            return self._send(HTTPStatus.FORBIDDEN, "text/plain", b"POST JSON to /faults.")
        length = min(int(self.headers.get("Content-Length") or 0), 100_000)
        try:
            faults = self.faults.write(dict(json.loads(self.rfile.read(length) or b"{}")))
        except (ValueError, TypeError) as error:
            return self._send(HTTPStatus.BAD_REQUEST, "text/plain", str(error).encode())
        return self._json(faults)

    def _is_local(self) -> bool:
        """Whether the page was asked for by our own name: another one may be a web site reaching in."""
        return self.headers.get("Host", "").split(":")[0] in ("127.0.0.1", "localhost")

    def _route(self, path: list[str], query: dict[str, str]) -> None:
        match path:
            case [""]:
                words = query.get("q", "")
                return self._html(pages.mailbox(self.store.entries(words), words))
            case ["style.css"]:
                return self._send(HTTPStatus.OK, "text/css; charset=utf-8", pages.STYLE.encode(), _PAGE_POLICY)
            case ["faults"]:
                return self._json(self.faults.read())
            case ["api", "messages" | "messages.json"]:
                return self._json(self._list(query))
            case ["api", "messages", name]:
                return self._json(self._one(name))
            case ["m", name]:
                entry = self._entry(name)
                return self._html(pages.message(entry, self.store.message(name), query.get("view", "")))
            case ["m", name, "html"]:
                return self._mail(name)
            case ["m", name, "source.eml"]:
                return self._send(HTTPStatus.OK, "message/rfc822", self.store.content(name), download=f"{name}.eml")
            case ["m", name, "part", number, _]:
                return self._part(name, int(number))
            case _:
                raise KeyError(path)

    def _entry(self, name: str) -> Entry:
        entry = self.store.entry(name)
        if entry is None:
            raise KeyError(name)
        return entry

    def _list(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """The newest first; `q`, `to`, `subject` and `limit` narrow it."""
        found = self.store.entries(query.get("q", ""))
        to, subject = query.get("to", "").lower(), query.get("subject", "").lower()
        found = [one for one in found if to in " ".join([one.to, one.cc, *one.rcpt_to]).lower()]
        found = [one for one in found if subject in one.subject.lower()]
        return [asdict(one) for one in found[: int(query.get("limit", "200"))]]

    def _one(self, name: str) -> dict[str, Any]:
        entry, message = self._entry(name), self.store.message(name)
        parts = [
            {
                "filename": part.get_filename() or "",
                "content_type": part.get_content_type(),
                "size": len(part.get_payload(decode=True) or b""),
                "content_id": str(part.get("Content-ID", "")).strip("<>"),
                "url": pages.part_url(name, number, part.get_filename() or "file"),
            }
            for number, part in enumerate(files(message))
        ]
        headers = [[key, str(value)] for key, value in message.items()]
        bodies = {"text": body(message, "plain"), "html": body(message, "html")}
        return {**asdict(entry), **bodies, "headers": headers, "files": parts}

    def _mail(self, name: str) -> None:
        """The HTML of the message, alone and harmless. Its inline pictures come from here, all others stay away."""
        message = self.store.message(name)
        html = body(message, "html")
        for number, part in enumerate(files(message)):
            cid = str(part.get("Content-ID", "")).strip("<>")
            if cid:
                html = html.replace(f"cid:{cid}", pages.part_url(name, number, part.get_filename() or "file"))
        base = '<base target="_blank">'
        html, placed = re.subn(r"(<head[^>]*>)", lambda found: found.group() + base, html, count=1, flags=re.IGNORECASE)
        host = self.headers.get("Host", "127.0.0.1")
        content = (html if placed else base + html).encode("utf-8", "replace")
        policy = _MAIL_POLICY.format(origin=f"http://{host}")
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", content, policy)

    def _part(self, name: str, number: int) -> None:
        part = files(self.store.message(name))[number]
        payload = part.get_payload(decode=True)
        kind = part.get_content_type()
        content = payload if isinstance(payload, bytes) else b""
        if kind in _SHOWN:
            return self._send(HTTPStatus.OK, kind, content)
        return self._send(
            HTTPStatus.OK, "application/octet-stream", content, download=part.get_filename() or "attachment"
        )

    def _html(self, text: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(status, "text/html; charset=utf-8", text.encode("utf-8", "replace"), _PAGE_POLICY)

    def _json(self, value: Any) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(value, ensure_ascii=True).encode())

    def _send(
        self,
        status: HTTPStatus,
        kind: str,
        content: bytes,
        policy: str = "default-src 'none'; frame-ancestors 'none'",
        download: str = "",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", policy)
        if download:
            self.send_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(download, safe='')}")
        self.end_headers()
        self.wfile.write(content)
