"""A message as the bytes that go over the wire.

The email package writes a file's base64 line by line, three times over, and quoted-printable letter by letter, which is
most of what an invoice's email costs. So it writes a short stand-in for each file and for the HTML, and those take their
places in one piece.
"""

from __future__ import annotations

import copy
from base64 import b64encode
from binascii import b2a_qp
from email.charset import SHORTEST, Charset
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from secrets import token_bytes, token_hex
from struct import unpack_from

from django.core.mail import EmailAlternative, EmailAttachment, EmailMultiAlternatives

from tallystick.mail.envelope import DkimKey
from tallystick.mail.providers.smtp.sign import seven_bit, signed

_LINE, _MOST_LINE = 76, 998
_UTF8 = Charset("utf-8")
_UTF8.header_encoding = SHORTEST
_WRITTEN_OUT = frozenset({"text", "message"})
"""Main types that travel readable, not as base64."""


def wire(message: EmailMultiAlternatives, key: DkimKey | None = None) -> bytes:
    """Return the message with CRLF line ends, signed when there is a key. Raises MailMisconfigured for a bad key."""
    texts: dict[bytes, bytes] = {}
    files: dict[bytes, bytes] = {}
    light = copy.copy(message)
    light.alternatives = [_short(str(each[0]), str(each[1]), texts) for each in message.alternatives]
    light.attachments = [_light(each, files) for each in message.attachments]
    built = whole_subject(light.message(), str(message.subject))
    _tidy(built, texts)
    content = _filled(seven_bit(built) if key else built, texts | files)
    return signed(content, key) if key else content


def whole_subject(built: Message, subject: str) -> Message:
    """Write the subject knowing its header's name, which Django forgets, so that a long one began with an empty line."""
    if not subject.isascii():
        built.replace_header("Subject", Header(subject, _UTF8, header_name="Subject"))  # type: ignore[arg-type]
    return built


def stuffed(content: bytes) -> bytes:
    """Return what follows DATA: a dot before each line that begins with one, and the dot that ends it all (RFC 5321)."""
    dotted = content.replace(b"\r\n.", b"\r\n..")
    first, last = b"." if content.startswith(b".") else b"", b"" if content.endswith(b"\r\n") else b"\r\n"
    return b"".join((first, dotted, last, b".\r\n"))


def _short(text: str, kind: str, texts: dict[bytes, bytes]) -> EmailAlternative:
    """The same with a mark for its text, where that has lines so long that it travels as quoted-printable."""
    lines = text.encode().splitlines()
    if max(map(len, lines), default=0) <= _MOST_LINE:
        return EmailAlternative(text, kind)
    mark = token_hex(16)
    texts[mark.encode()] = b2a_qp(b"\n".join(lines)).replace(b"\n", b"\r\n")
    return EmailAlternative(mark, kind)


def _light(each: EmailAttachment | MIMEBase, files: dict[bytes, bytes]) -> EmailAttachment | MIMEBase:
    """An attachment with a mark for its content, which is kept by the mark in base64."""
    mark = token_bytes(24)
    name = b64encode(mark)
    if isinstance(each, MIMEBase):
        if each.is_multipart() or each["Content-Transfer-Encoding"] != "base64" or not each.get_payload():
            return each
        light = copy.copy(each)
        light.set_payload(f"{name.decode()}\n")
        files[name] = str(each.get_payload()).strip().replace("\n", "\r\n").encode()
        return light
    if not each.content or not isinstance(each.content, bytes) or each.mimetype.split("/", 1)[0] in _WRITTEN_OUT:
        return each
    files[name] = _base64(each.content)
    return each._replace(content=mark)


def _base64(content: bytes) -> bytes:
    """In lines of 76, which `unpack_from` cuts faster than slices."""
    text = b64encode(content)
    lines = len(text) // _LINE
    cut = unpack_from(f"{_LINE}s" * lines, text)
    rest = text[lines * _LINE :]
    return b"\r\n".join((*cut, rest) if rest else cut)


def _tidy(built: Message, texts: dict[bytes, bytes]) -> None:
    """Say how the texts will be encoded, and draw the boundaries, which the email package makes sure of by searching."""
    for part in built.walk():
        if part.is_multipart():
            part.set_boundary(f"={token_hex(16)}=")
        elif str(part.get_payload()).encode("ascii", "replace") in texts:
            part.replace_header("Content-Transfer-Encoding", "quoted-printable")


def _filled(built: Message, pieces: dict[bytes, bytes]) -> bytes:
    """The message with each piece in the place of its mark, in the order of the message."""
    rest: bytes = built.as_bytes(linesep="\r\n")  # type: ignore[call-arg]
    whole = []
    for mark, piece in pieces.items():
        before, _, rest = rest.partition(mark)
        whole += [before, piece]
    return b"".join((*whole, rest))
