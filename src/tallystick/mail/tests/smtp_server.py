"""A mail server that misbehaves to order, on 127.0.0.1: each test says what it answers."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


class SmtpServer:
    """Answers 250 to all, unless `answers` says otherwise by command; keeps what it took and how often it was called.

    `tls` is none, starttls or tls; `hang_up_after` closes a connection after that many messages; `silent` says nothing.
    """

    def __init__(self, **wishes: Any) -> None:
        self.answers: dict[str, str] = wishes.get("answers", {})
        self.tls: str = wishes.get("tls", "none")
        self.extensions: list[str] = wishes.get("extensions", ["AUTH PLAIN LOGIN", "8BITMIME", "SIZE 30000000"])
        self.hang_up_after: int = wishes.get("hang_up_after", 0)
        self.hang_up_at: str = wishes.get("hang_up_at", "")
        self.silent: bool = wishes.get("silent", False)
        self.context: ssl.SSLContext | None = wishes.get("context")
        self.messages: list[bytes] = []
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.gate = threading.Event()
        self.gate.set()
        self._guard = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.gate.set()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._talk, args=(self._listening.accept()[0],), daemon=True).start()

    def _talk(self, opened: socket.socket) -> None:
        with self._guard:
            self.connections += 1
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
        try:
            with suppress(OSError, ValueError):
                self._converse(opened)
        finally:
            with self._guard:
                self.open_now -= 1
            opened.close()

    def _converse(self, opened: socket.socket) -> None:
        if self.silent:
            opened.recv(1)
            return
        if self.tls == "tls":
            assert self.context
            opened = self.context.wrap_socket(opened, server_side=True)
        lines, taken, secure = opened.makefile("rb"), 0, self.tls == "tls"
        self._say(opened, self.answers.get("greeting", "220 test ready"))
        while line := lines.readline():
            command = line.split()[0].decode("ascii", "replace").upper() if line.strip() else ""
            if command == self.hang_up_at and taken:
                return
            if command in self.answers:
                self._say(opened, self.answers[command])
            elif command == "EHLO":
                offered = [*self.extensions, *(["STARTTLS"] if self.tls == "starttls" and not secure else [])]
                said = ["test", *offered]
                self._say(opened, "\r\n".join(f"250{'-' if one is not said[-1] else ' '}{one}" for one in said))
            elif command == "STARTTLS":
                assert self.context
                self._say(opened, "220 go")
                opened = self.context.wrap_socket(opened, server_side=True)
                lines, secure = opened.makefile("rb"), True
            elif command == "AUTH":
                self._say(opened, "235 2.7.0 welcome")
            elif command == "DATA":
                self._say(opened, "354 go on")
                self.messages.append(_read_message(lines))
                self.gate.wait(10)
                taken += 1
                self._say(opened, self.answers.get("taken", f"250 2.0.0 queued as {len(self.messages)}"))
                if taken == self.hang_up_after:
                    return
            elif command == "QUIT":
                self._say(opened, "221 bye")
                return
            else:
                self._say(opened, "250 ok")

    def _say(self, opened: socket.socket, text: str) -> None:
        opened.sendall(text.encode() + b"\r\n")


def _read_message(lines: Any) -> bytes:
    found = []
    while (line := lines.readline()) not in (b".\r\n", b""):
        found.append(line[1:] if line.startswith(b"..") else line)
    return b"".join(found)


@contextmanager
def smtp_server(**wishes: Any) -> Iterator[SmtpServer]:
    server = SmtpServer(**wishes)
    try:
        yield server
    finally:
        server.close()


def certificate(folder: Path, *, name: str, is_expired: bool = False) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS settings with a certificate for `name` (and 127.0.0.1 when it is that), signed by itself; and its file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    until = now + datetime.timedelta(days=-1 if is_expired else 30)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=60))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.crt", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
