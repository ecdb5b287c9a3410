"""Django's SMTP backend, except that it says who was refused and that goodbye can't fail."""

from __future__ import annotations

import re
import smtplib

from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import EmailMessage


class Backend(EmailBackend):
    """One message per connection. `refused` is what the server answered to the recipients it didn't take."""

    refused: dict[str, tuple[int, bytes]]

    def open(self) -> bool | None:
        self.refused = {}
        return super().open()

    def _send(self, email_message: EmailMessage) -> bool:
        """Send and let every error out (Django's own drops the answer for single recipients)."""
        content = re.sub(rb"\r?\n", b"\r\n", email_message.message().as_bytes())
        assert self.connection is not None
        self.refused = self.connection.sendmail(email_message.from_email, email_message.recipients(), content)
        return True

    def close(self) -> None:
        """Say goodbye. The message was already taken or refused, so trouble here is nobody's concern."""
        if self.connection is None:
            return
        try:
            self.connection.quit()
        except (OSError, smtplib.SMTPException):
            self.connection.close()
        finally:
            self.connection = None
