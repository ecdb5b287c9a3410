"""A message as the bytes that go over the wire.

The email package writes a file's base64 line by line, three times over, which is most of what an invoice's email costs.
So it writes a short stand-in for each file, and the file takes its place in one piece. The bytes are the same.
"""

from __future__ import annotations

import copy
from base64 import b64encode
from email.mime.base import MIMEBase
from secrets import token_bytes

from django.core.mail import EmailAttachment
from django.core.mail.message import EmailMessage

from tallystick.mail.envelope import DkimKey
from tallystick.mail.providers.smtp.sign import seven_bit, signed

_LINE = 76
_WRITTEN_OUT = frozenset({"text", "message"})
"""Main types that travel readable, not as base64."""


def wire(message: EmailMessage, key: DkimKey | None = None) -> bytes:
    """Return the message with CRLF line ends, signed when there is a key. Raises MailMisconfigured for a bad key."""
    light, files = copy.copy(message), []
    light.attachments = []
    for each in message.attachments:
        stand_in, file = _stand_in(each)
        light.attachments.append(stand_in)
        files += file
    built = light.message()
    content = _filled(seven_bit(built) if key else built, files)
    return signed(content, key) if key else content


def stuffed(content: bytes) -> bytes:
    """Return what follows DATA: a dot before each line that begins with one, and the dot that ends it all (RFC 5321)."""
    dotted = content.replace(b"\r\n.", b"\r\n..")
    first, last = b"." if content.startswith(b".") else b"", b"" if content.endswith(b"\r\n") else b"\r\n"
    return b"".join((first, dotted, last, b".\r\n"))


def _stand_in(each: EmailAttachment | MIMEBase) -> tuple[EmailAttachment | MIMEBase, list[tuple[bytes, bytes]]]:
    """An attachment with a mark for its content; and the mark in base64, with what stands for it on the wire."""
    mark = token_bytes(24)
    name = b64encode(mark)
    if isinstance(each, MIMEBase):
        if each.is_multipart() or each["Content-Transfer-Encoding"] != "base64" or not each.get_payload():
            return each, []
        light = copy.copy(each)
        light.set_payload(f"{name.decode()}\n")
        return light, [(name, str(each.get_payload()).strip().replace("\n", "\r\n").encode())]
    if not each.content or not isinstance(each.content, bytes) or each.mimetype.split("/", 1)[0] in _WRITTEN_OUT:
        return each, []
    return each._replace(content=mark), [(name, _base64(each.content))]


def _base64(content: bytes) -> bytes:
    text = b64encode(content)
    return b"\r\n".join([text[at : at + _LINE] for at in range(0, len(text), _LINE)])


def _filled(built: object, files: list[tuple[bytes, bytes]]) -> bytes:
    """The message with each file in the place of its mark."""
    rest: bytes = built.as_bytes(linesep="\r\n")  # type: ignore[attr-defined]
    pieces = []
    for mark, file in files:
        before, _, rest = rest.partition(mark)
        pieces += [before, file]
    return b"".join((*pieces, rest))
