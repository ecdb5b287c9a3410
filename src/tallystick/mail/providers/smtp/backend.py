"""Django's SMTP backend, except that it knows how far a message got, says who was refused, and that goodbye can't fail."""

from __future__ import annotations

import re
import smtplib
import time
from email.charset import SHORTEST, Charset
from email.header import Header

from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import EmailMessage

from tallystick.mail.envelope import DkimKey
from tallystick.mail.providers.smtp.sign import seven_bit, signed

_UTF8 = Charset("utf-8")
_UTF8.header_encoding = SHORTEST


class Backend(EmailBackend):
    """One message at a time over one connection.

    `refused` is what the server answered to the recipients it didn't take; `is_handed_over` says whether the last
    message may have reached the server: until then it can be sent again without a second copy.
    """

    dkim: DkimKey | None = None
    connection: smtplib.SMTP | None
    _partial_connection: smtplib.SMTP | None
    refused: dict[str, tuple[int, bytes]]
    is_handed_over: bool = False

    def hand_over(self, message: EmailMessage, *, until: float) -> None:
        """Send it over the open connection, unless the server has dawdled until then (`time.monotonic`).

        Lets smtplib's errors and OSError out.
        """
        server, self.refused, self.is_handed_over = self.connection, {}, False
        assert server is not None
        sender, recipients, content = message.from_email, message.recipients(), self._content(message)
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
        code, words = server.data(content)
        if code != 250:
            raise smtplib.SMTPDataError(code, words)

    def _content(self, message: EmailMessage) -> bytes:
        """The bytes as they go over the wire, signed when there is a key."""
        built = message.message()
        if not message.subject.isascii():
            # Django forgets the name before it, so that a long one began with an empty line.
            built.replace_header("Subject", Header(str(message.subject), _UTF8, header_name="Subject"))
        if self.dkim is None:
            return _lines(built.as_bytes())
        return signed(_lines(seven_bit(built).as_bytes()), self.dkim)

    def close(self) -> None:
        """Say goodbye. The message was already taken or refused, so trouble here is nobody's concern."""
        for server in (self.connection, self._partial_connection):
            if server is not None:
                try:
                    server.quit()
                except (OSError, smtplib.SMTPException):
                    server.close()
        self.connection = self._partial_connection = None


def _lines(content: bytes) -> bytes:
    return re.sub(rb"\r?\n", b"\r\n", content)
