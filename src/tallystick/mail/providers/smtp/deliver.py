"""One message through an SMTP server, and its answer as one of our errors."""

from __future__ import annotations

import smtplib
from collections.abc import Callable

from tallystick.mail._message import address, build_message
from tallystick.mail.envelope import (
    Delivery,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Refusal,
    Transport,
)
from tallystick.mail.providers.smtp import lines
from tallystick.mail.providers.smtp.backend import Parcel, Unanswered
from tallystick.mail.providers.smtp.wire import wire


def write_smtp(envelope: Envelope, *, transport: Transport) -> bytes:
    """Return the bytes that `deliver_smtp` sends. Makes no call. Raises MailMisconfigured or BadEnvelope."""
    return wire(build_message(envelope), transport.dkim)


def deliver_smtp(
    envelope: Envelope, *, transport: Transport, written: bytes = b"", meanwhile: Callable[[], None] | None = None
) -> Delivery:
    """Send it, and do something while the server thinks. Raises MailRefused, MailUnavailable, MailMisconfigured or
    BadEnvelope."""
    content = written or write_smtp(envelope, transport=transport)
    recipients = [address(one) for one in (*envelope.to, *envelope.cc)]
    return_path = address(envelope.return_path or envelope.sender_address)
    parcel = Parcel(return_path, recipients, content, meanwhile or _nothing)
    try:
        answers = lines.send(parcel, transport)
    except smtplib.SMTPRecipientsRefused as error:
        raise _all_refused(_refusals(error.recipients)) from error
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        raise MailMisconfigured(_words(error)) from error
    except smtplib.SMTPConnectError as error:
        raise MailUnavailable(_words(error)) from error
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == 530:
            raise MailMisconfigured(_words(error)) from error
        if 500 <= error.smtp_code < 600:
            raise MailRefused(error.smtp_code, _text(error.smtp_error)) from error
        raise MailUnavailable(_words(error)) from error
    except UnicodeError as error:
        raise MailMisconfigured("the user name or password has letters that this server can't be told") from error
    except (smtplib.SMTPException, OSError) as error:
        is_unanswered = isinstance(error, Unanswered)
        raise MailUnavailable(f"{type(error).__name__}: {error}", may_have_left=is_unanswered) from error
    refused = _refusals(answers)
    lost = {refusal.address for refusal in refused}
    return Delivery(tuple(one for one in recipients if one not in lost), refused)


def _nothing() -> None:
    """There is nothing to do."""


def _all_refused(refused: tuple[Refusal, ...]) -> MailRefused | MailUnavailable:
    """For good only when every recipient was refused for good."""
    waiting = [one for one in refused if not one.is_permanent]
    worst = (waiting or refused)[0]
    if waiting:
        return MailUnavailable(f"{worst.code} {worst.text}", refused)
    return MailRefused(worst.code, worst.text, refused)


def _refusals(answers: dict[str, tuple[int, bytes]]) -> tuple[Refusal, ...]:
    return tuple(Refusal(address, code, _text(words)) for address, (code, words) in answers.items())


def _words(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error)


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return text.replace("\0", "")[:1000]
