"""DKIM: a signature under the bytes that leave, so that the receiver knows they are the domain's and unchanged."""

from __future__ import annotations

from email.encoders import encode_base64, encode_quopri
from email.message import Message

import dkim

from tallystick.mail.envelope import DkimKey, MailMisconfigured

HEADERS = tuple(
    name.encode()
    for name in (
        *("from", "to", "cc", "subject", "date", "message-id", "reply-to", "mime-version", "content-type"),
        *("content-transfer-encoding", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post"),
    )
)
"""What is signed when it is there. From is signed twice over, so that nobody can add another."""


def signed(content: bytes, key: DkimKey) -> bytes:
    """Return the message with its signature on top. Raises MailMisconfigured for a key that can't sign."""
    there = {line.split(b":", 1)[0].lower() for line in content.split(b"\r\n\r\n", 1)[0].split(b"\r\n")}
    try:
        header = dkim.sign(
            content,
            key.selector.encode("idna"),
            key.domain.encode("idna"),
            key.private_key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*(name for name in HEADERS if name in there), b"from"],
        )
    except (dkim.DKIMException, ValueError, TypeError) as error:
        raise MailMisconfigured(f"the DKIM key can't sign: {error}") from error
    return bytes(header) + content


def seven_bit(message: Message) -> Message:
    """Put every part into ASCII: a relay that recodes 8-bit parts on the way would break the signature. Changes it."""
    for part in message.walk():
        if part["Content-Transfer-Encoding"] == "8bit":
            del part["Content-Transfer-Encoding"]
            (encode_quopri if part.get_content_maintype() == "text" else encode_base64)(part)
    return message
