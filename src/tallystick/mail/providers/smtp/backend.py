"""Django's SMTP backend, except that it knows how far a message got, says who was refused, and that goodbye can't fail."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.core.mail.backends.smtp import EmailBackend

from tallystick.mail.providers.smtp.wire import stuffed


class Unanswered(smtplib.SMTPServerDisconnected):
    """The server had the whole message and never said whether it took it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed over: the return path, to whom, the bytes, and what to do while the server thinks about them."""

    sender: str
    recipients: Sequence[str]
    content: bytes
    meanwhile: Callable[[], None]


class Backend(EmailBackend):
    """One message at a time over one connection.

    `refused` is what the server answered to the recipients it didn't take; `is_handed_over` says whether the last
    message may have reached the server: until then it can be sent again without a second copy.
    """

    connection: smtplib.SMTP | None
    _partial_connection: smtplib.SMTP | None
    refused: dict[str, tuple[int, bytes]]
    is_handed_over: bool = False

    def hand_over(self, parcel: Parcel, *, until: float) -> None:
        """Send it over the open connection, unless the server has dawdled until then (`time.monotonic`).

        Lets smtplib's errors and OSError out.
        """
        server, self.refused, self.is_handed_over = self.connection, {}, False
        assert server is not None
        sender, recipients, content = parcel.sender, parcel.recipients, parcel.content
        server.ehlo_or_helo_if_needed()
        code, words = server.mail(sender, [f"size={len(content)}"] if server.has_extn("size") else ())
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, words, sender)
        for recipient in recipients:
            code, words = server.rcpt(recipient)
            if code == 421:
                raise smtplib.SMTPResponseException(code, words)
            if code not in (250, 251):
                self.refused[recipient] = (code, words)
        if len(self.refused) == len(recipients):
            raise smtplib.SMTPRecipientsRefused(self.refused)
        if time.monotonic() > until:
            raise TimeoutError("the server is too slow")
        self.is_handed_over = True
        code, words = server.docmd("data")
        if code == 354:
            server.send(stuffed(content))
            parcel.meanwhile()
            code, words = _last_word(server)
        if code != 250:
            raise smtplib.SMTPDataError(code, words)

    def close(self) -> None:
        """Say goodbye. The message was already taken or refused, so trouble here is nobody's concern."""
        for server in (self.connection, self._partial_connection):
            if server is not None:
                try:
                    server.quit()
                except (OSError, smtplib.SMTPException):
                    server.close()
        self.connection = self._partial_connection = None


def _last_word(server: smtplib.SMTP) -> tuple[int, bytes]:
    try:
        return server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise Unanswered(str(error)) from error
