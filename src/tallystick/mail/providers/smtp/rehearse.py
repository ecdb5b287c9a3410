"""A conversation with a mail server step by step, to name what doesn't work. Raises nothing."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from cryptography import x509
from django.core.mail.utils import DNS_NAME

from tallystick.mail._message import build_message
from tallystick.mail.envelope import BadEnvelope, Envelope, Step, Transport
from tallystick.mail.providers.smtp.wire import wire

STEPS = ("resolve", "connect", "tls", "sign_in", "sender", "recipient", "taken")


class _Stop(Exception):
    """A step failed, in the server's words and with our guess."""

    def __init__(self, words: str, hint: str = "") -> None:
        super().__init__(words)
        self.words, self.hint = words, hint


class _Server(smtplib.SMTP):
    """An SMTP conversation over a socket that is open already."""

    def __init__(self, opened: socket.socket, transport: Transport) -> None:
        super().__init__(timeout=transport.timeout_s, local_hostname=DNS_NAME.get_fqdn())
        self._opened, self._host = opened, transport.host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._opened


class _Rehearsal:
    """The steps, each a method by its name; it returns the server's words, or None when this route has no such step."""

    def __init__(self, envelope: Envelope, transport: Transport) -> None:
        self.envelope, self.transport = envelope, transport
        self.message = build_message(envelope)
        self.server: _Server | None = None

    def resolve(self) -> str:
        found = _in_time(lambda: socket.getaddrinfo(self.transport.host, None, type=socket.SOCK_STREAM), self.transport)
        return ", ".join(sorted({str(one[4][0]) for one in found})[:4])

    def connect(self) -> str:
        at = self.transport
        opened = socket.create_connection((at.host, at.port), at.timeout_s)
        self.server = _Server(opened, at)
        return "" if at.use_ssl else self._greeting()

    def tls(self) -> str | None:
        at, server = self.transport, self.server
        assert server is not None
        if at.use_ssl:
            server._opened = ssl.create_default_context().wrap_socket(server._opened, server_hostname=at.host)
            return self._greeting()
        server.ehlo_or_helo_if_needed()
        if not at.use_tls:
            return None
        if not server.has_extn("starttls"):
            raise _Stop(_text(server.ehlo_resp), "no_starttls")
        server.starttls(context=ssl.create_default_context())
        return _cipher(server.sock)

    def sign_in(self) -> str | None:
        at, server = self.transport, self.server
        assert server is not None
        server.ehlo_or_helo_if_needed()
        if not (at.username and at.password):
            return None
        code, words = server.login(at.username, at.password)
        return _said(code, words)

    def sender(self) -> str:
        assert self.server is not None
        return self._expect(self.server.mail(self.message.from_email), {250}, "sender")

    def recipient(self) -> str:
        assert self.server is not None
        said = [self._expect(self.server.rcpt(one), {250, 251}, "recipient") for one in self.message.recipients()]
        return said[-1]

    def taken(self) -> str:
        assert self.server is not None
        try:
            answer = self.server.data(wire(self.message))
        except smtplib.SMTPDataError as error:
            answer = error.smtp_code, error.smtp_error  # type: ignore[assignment]
        return self._expect(answer, {250}, "content")

    def _greeting(self) -> str:
        assert self.server is not None
        try:
            answer = self.server.connect(self.transport.host, self.transport.port)
        except (TimeoutError, smtplib.SMTPServerDisconnected) as error:
            raise _Stop(str(error), "" if self.transport.use_ssl else "wants_tls") from error
        return self._expect(answer, {220}, "")

    def _expect(self, answer: tuple[int, bytes], good: set[int], hint: str) -> str:
        code, words = answer
        if code in good:
            return _said(code, words)
        if code == 530:
            hint = "sign_in_first"
        elif 400 <= code < 500:
            hint = "later"
        elif hint == "recipient" and b"relay" in words.lower():
            hint = "relay"
        raise _Stop(_said(code, words), hint)

    def close(self) -> None:
        """Say goodbye."""
        if self.server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self.server.quit() if self.server.sock else self.server._opened.close()
            self.server.close()


def rehearse_smtp(envelope: Envelope, *, transport: Transport) -> tuple[Step, ...]:
    """Go through a whole delivery and say how each step went; the message is really sent. Raises BadEnvelope only."""
    with closing(_Rehearsal(envelope, transport)) as rehearsal:
        steps: list[Step] = []
        for name in STEPS:
            if steps and steps[-1].state in {"failed", "not_reached"}:
                steps.append(Step(name, "not_reached"))
                continue
            try:
                words = getattr(rehearsal, name)()
            except BadEnvelope:
                raise
            except (_Stop, smtplib.SMTPException, OSError, UnicodeError) as error:
                steps.append(Step(name, "failed", *_explain(name, error, transport)))
            else:
                steps.append(Step(name, "skipped") if words is None else Step(name, "ok", words[:500]))
        return tuple(steps)


def _explain(name: str, error: Exception, transport: Transport) -> tuple[str, str]:
    """The server's words for a failed step, and a hint."""
    if isinstance(error, _Stop):
        return error.words[:500], error.hint
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.verify_message}. {_certificate(transport)}".strip()[:500], "certificate"
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error)[:500], "wants_starttls" if transport.use_ssl else "tls"
    if isinstance(error, UnicodeError):
        return "", "letters"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return str(error), "no_sign_in" if name == "sign_in" else ""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _said(error.smtp_code, error.smtp_error), "app_password" if error.smtp_code == 534 else "password"
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error.smtp_code, error.smtp_error), "later" if 400 <= error.smtp_code < 500 else ""
    hints = {"resolve": "no_such_host", "connect": "refused" if isinstance(error, ConnectionRefusedError) else "silent"}
    return str(error)[:500] or type(error).__name__, hints.get(name, "hung_up")


def _certificate(transport: Transport) -> str:
    """Whose certificate the server showed, asked for again without checking it; empty when that doesn't work."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((transport.host, transport.port), transport.timeout_s) as opened:
            if transport.use_ssl:
                with unchecked.wrap_socket(opened) as wrapped:
                    return _names(wrapped)
            server = _Server(opened, transport)
            server.connect(transport.host, transport.port)
            server.starttls(context=unchecked)
            return _names(server.sock)
    except (OSError, smtplib.SMTPException, ValueError):
        return ""


def _names(wrapped: Any) -> str:
    found = x509.load_der_x509_certificate(wrapped.getpeercert(binary_form=True))
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
            x509.DNSName
        )
    except x509.ExtensionNotFound:
        names = []
    shown = ", ".join(names[:5]) or found.subject.rfc4514_string()
    return f"{shown} ({found.issuer.rfc4514_string()}, {found.not_valid_after_utc:%Y-%m-%d})"


def _in_time(ask: Callable[[], list[Any]], transport: Transport) -> list[Any]:
    """Ask the system's resolver, which knows no timeout, and don't wait longer than ours."""
    answers: list[Any] = []
    failures: list[OSError] = []

    def work() -> None:
        try:
            answers.extend(ask())
        except OSError as error:
            failures.append(error)
        except UnicodeError as error:
            failures.append(OSError(str(error)))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(transport.timeout_s)
    if failures:
        raise failures[0]
    if not answers:
        raise TimeoutError("timed out")
    return answers


def _cipher(wrapped: Any) -> str:
    return str(wrapped.version())


def _said(code: int, words: bytes | str) -> str:
    return f"{code} {_text(words)}"[:500]


def _text(words: bytes | str | None) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words or "")
