"""What is on the wire is what the email package would write, and a line that begins with a dot keeps it."""

from __future__ import annotations

import re
import smtplib
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message

import pytest

from tallystick.mail._message import build_message
from tallystick.mail.port import Attachment, Envelope
from tallystick.mail.providers.smtp.wire import stuffed, whole_subject, wire

PDF = bytes(range(256)) * 300
PLAIN = Envelope(
    message_id="<1@acme.example>",
    sender_name="Acme Țărănesc",
    sender_address="billing@acme.example",
    to=("nora@kestrel.example",),
    subject="Factura în așteptare",
    text="Bună ziua,\n\n.un punct\nFrom here\n",
    html="<p>Bună</p>\n.x\n",
    sent_at=datetime(2026, 3, 10, 9, 0, tzinfo=UTC),
)
FILES = {
    "none": (),
    "empty": (Attachment(filename="e.pdf", content_type="application/pdf", content=b""),),
    "empty picture": (Attachment(filename="l.png", content_type="image/png", content=b"", content_id="logo@x"),),
    "one byte": (Attachment(filename="e.pdf", content_type="application/pdf", content=b"x"),),
    "whole lines": (Attachment(filename="e.pdf", content_type="application/pdf", content=b"x" * 57 * 3),),
    "large": (Attachment(filename="factură.pdf", content_type="application/pdf", content=PDF),),
    "text": (Attachment(filename="a.csv", content_type="text/csv", content="ă;b\r\n.1;2\r\n".encode()),),
    "picture": (Attachment(filename="l.png", content_type="image/png", content=PDF[:5000], content_id="logo@x"),),
    "all": (
        Attachment(filename="a.pdf", content_type="application/pdf", content=PDF),
        Attachment(filename="a.txt", content_type="text/plain", content=b"Hello"),
        Attachment(filename="b.pdf", content_type="application/pdf", content=PDF[::-1]),
        Attachment(filename="l.png", content_type="image/png", content=PDF[:5000], content_id="logo@x"),
    ),
}


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_the_bytes_are_those_of_the_email_package(files: tuple[Attachment, ...]) -> None:
    message = build_message(replace(PLAIN, attachments=files))
    plain = re.sub(rb"\r?\n", b"\r\n", whole_subject(message.message(), PLAIN.subject).as_bytes())
    assert _same_boundaries(wire(message)) == _same_boundaries(plain)


def _same_boundaries(content: bytes) -> bytes:
    for place, boundary in enumerate(dict.fromkeys(re.findall(rb'boundary="([^"]+)"', content))):
        content = content.replace(boundary, b"boundary-%d" % place)
    return content


LONG = ("<p>" + "Bună ziua = " * 200 + "</p> \n", ".x\nFrom y\n", "a" * 999, "\t\n" + "ș" * 600 + "\r\n \r\n")


@pytest.mark.parametrize("html", [*LONG, "".join(LONG), "\n".join(LONG)])
def test_long_lines_travel_as_quoted_printable_and_arrive_as_they_were(html: str) -> None:
    message = build_message(replace(PLAIN, html=html, attachments=FILES["all"]))
    content = wire(message)
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    ours, theirs = (
        message_from_bytes(each) for each in (content, whole_subject(message.message(), PLAIN.subject).as_bytes())
    )
    for one, other in zip(ours.walk(), theirs.walk(), strict=True):
        assert one.get_content_type() == other.get_content_type()
        if not one.is_multipart():
            assert one.items() == other.items()
            assert _lines(one) == _lines(other)


def _lines(part: Message) -> list[bytes]:
    return bytes(part.get_payload(decode=True)).splitlines()


@pytest.mark.parametrize("content", [b"a\r\n", b".a\r\n..b\r\n.\r\n", b"a\r\n.b", b"\r\n.\r\n.\r\n", b""])
def test_dots_are_doubled_as_smtplib_does(content: bytes) -> None:
    whole = smtplib._quote_periods(content)  # type: ignore[attr-defined]
    assert stuffed(content) == whole + (b"" if whole.endswith(b"\r\n") else b"\r\n") + b".\r\n"
