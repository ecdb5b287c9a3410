"""The SMTP side."""

from __future__ import annotations

from asyncio import Transport
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tallystick.mail.sink.faults import Faults
from tallystick.mail.sink.store import Store


def accept_any_login(*_: Any) -> AuthResult:
    """Any user name and password will do here."""
    return AuthResult(success=True)


class Receiver:
    """Takes every message, unless a fault is switched on."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Know the recipient, or not."""
        if self._faults.refuses(address):
            return "550 5.1.1 The email account that you tried to reach does not exist"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message."""
        if self._faults.take("temporary"):
            return "451 4.3.0 Try again later"
        content = envelope.original_content or b""
        message_id = self._store.keep(content, envelope.mail_from or "", envelope.rcpt_tos)
        if isinstance(server.transport, Transport) and self._faults.take("drop"):
            server.transport.abort()
        return f"250 2.0.0 Kept as {message_id}"
