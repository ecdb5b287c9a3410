"""R18: the parsers of mail and delivery reports, given anything at all."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.base.inputs import CONTROL
from tallystick.mail.incoming import IncomingMail
from tallystick.mail.parse import parse_mail

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.eml"))]
OUTCOMES = {"delayed", "delivered", "bounced_soft", "bounced_hard", "rejected"}
DEBRIS = [
    b"\x00",
    b"\xff\xfe",
    b"\r",
    b"\n\n",
    b"--",
    b"=?utf-8?b?",
    b"=?x?q?=?=",
    b"Content-Type: multipart/mixed; boundary=a\n\n--a\n",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: text/plain; charset=unicode_escape\n",
    b"; name*9" + b"9" * 5000 + b"*=x",
    b"; boundary=\xf0\x9f",
    b"Final-Recipient: rfc822;\n",
    b"Action: failed\nStatus: 5.1.1.1.1\n",
    b"Date: Mon, 31 Feb 9999999 25:61:61 +9999\n",
    b"\xed\xa0\x80",
    "\u202e\u2028".encode(),
    b"+FF+00+2B",
]


def hold(mail: IncomingMail) -> None:
    """What every reading promises."""
    texts = [value for value in astuple(mail) if isinstance(value, str)]
    texts += [*mail.references, *mail.delivered_to]
    texts += [text for report in mail.reports for text in astuple(report)]
    texts += [text for file in mail.files for text in (file.filename, file.content_type)]
    for text in texts:
        assert not CONTROL.search(text), repr(text[:80])
    assert all(report.outcome in OUTCOMES for report in mail.reports)
    assert all(file.filename and not set(file.filename) & set("/\\") for file in mail.files)
    assert len(mail.from_address) <= 320
    assert mail.sent_at is None or mail.sent_at.tzinfo is not None


def mutate(raw: bytes, dice: random.Random) -> bytes:
    mail = bytearray(raw)
    for _ in range(dice.randrange(1, 8)):
        at, length = dice.randrange(len(mail) + 1), dice.randrange(1, 60)
        other = dice.choice(SAMPLES)
        begin = dice.randrange(len(other))
        match dice.randrange(6):
            case 0:
                mail[at : at + length] = b""
            case 1:
                mail[at:at] = dice.choice(DEBRIS)
            case 2:
                mail[at:at] = other[begin : begin + length * 10]
            case 3:
                mail[at : at + 1] = bytes([dice.randrange(256)])
            case 4:
                mail[at:at] = mail[at : at + length] * dice.randrange(2, 30)
            case _:
                mail = mail[:at]
    return bytes(mail)


@pytest.mark.parametrize("seed", range(20))
def test_r18_mutated_reports_and_replies(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(100):
        hold(parse_mail(mutate(dice.choice(SAMPLES), dice)))


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.binary(max_size=2000))
def test_r18_any_bytes(raw: bytes) -> None:
    hold(parse_mail(raw))


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.lists(st.sampled_from([*DEBRIS, *SAMPLES[0].splitlines(keepends=True)]), max_size=60))
def test_r18_any_order_of_pieces(pieces: list[bytes]) -> None:
    hold(parse_mail(b"".join(pieces)))


def endless(name: str, size: int) -> bytes:
    """A mail made to cost more than it weighs."""
    mixed = b"Content-Type: multipart/mixed; boundary=a\n\n"
    html = b"Content-Type: text/html\n\n"
    daemon = b"From: mailer-daemon@x.example\n"
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
    bodies = {
        "nuls": (b"", b"\x00"),
        "headers": (b"", b"A: b\n"),
        "folds": (b"A: b\n", b" x\n"),
        "one header": (b"To: ", b"a@b.example,"),
        "words": (b"Subject: ", b"=?utf-8?q?=?="),
        "comments": (b"From: ", b"("),
        "references": (b"References: ", b"<@"),
        "parts": (mixed, b"--a\n\n"),
        "boundaries": (mixed, b"--a" + b" " * 500 + b"x\n"),
        "nested": (b"", nested),
        "messages": (b"", b"Content-Type: message/rfc822\n\n"),
        "base64": (b"Content-Transfer-Encoding: base64\n\n", b"="),
        "quoted": (b"Content-Transfer-Encoding: quoted-printable\n\n", b"="),
        "divs": (html, b"<div>"),
        "tags": (html, b"<"),
        "scripts": (html, b"<script><!--"),
        "entities": (html, b"&#x0;&"),
        "attributions": (b"\n", b"on " + b"wrote " * 80 + b"\n"),
        "ats": (b"\n", b"@" * 400 + b" wrote\n"),
        "blocks": (b"\n", b"From: a\nSent\n"),
        "bounces": (daemon + b"\n", b"<a@b.example>:\n"),
        "failed": (daemon + b"\n", b"------ Failed addresses follow: ------\n"),
        "recipients": (
            b"Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n\n",
            b"Final-Recipient: x\nAction: failed\nDiagnostic-Code: 5.1.5.1.\n",
        ),
    }
    begin, again = bodies[name]
    return begin + again * ((size - len(begin)) // len(again))


ENDLESS = (
    *("nuls", "headers", "folds", "one header", "words", "comments", "references", "parts", "boundaries", "nested"),
    *("messages", "base64", "quoted", "divs", "tags", "scripts", "entities", "attributions", "ats", "blocks"),
    *("bounces", "failed", "recipients"),
)


@pytest.mark.parametrize("name", ENDLESS)
def test_r18_ten_megabytes_of_anything_take_seconds(name: str) -> None:
    raw = endless(name, 10_000_000)
    begun = time.process_time()
    hold(parse_mail(raw))
    assert time.process_time() - begun < 8


@pytest.mark.parametrize("name", ["nuls", "headers", "parts", "messages", "base64", "divs", "bounces"])
def test_r18_memory_goes_with_the_size(name: str) -> None:
    raw = endless(name, 2_000_000)
    tracemalloc.start()
    try:
        parse_mail(raw)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
