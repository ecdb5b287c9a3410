"""DKIM: what leaves is signed, as it leaves."""

from __future__ import annotations

import dkim
import pytest

from tallystick.mail.dkim_key import make_key, public_record
from tallystick.mail.port import Attachment, DkimKey, MailMisconfigured, Transport, deliver
from tallystick.mail.tests.smtp_server import smtp_server
from tallystick.mail.tests.test_deliver import envelope

PEM = make_key()


def sent(**changes: object) -> bytes:
    """The bytes a server took."""
    key = DkimKey(domain="lindenpress.example", selector="tally", private_key=PEM)
    with smtp_server() as server:
        deliver(envelope(**changes), transport=Transport(port=server.port, timeout_s=5, dkim=key))
        return server.messages[0]


def verifies(message: bytes) -> bool:
    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name.rstrip(b".") == b"tally._domainkey.lindenpress.example"
        return public_record(PEM).encode()

    return bool(dkim.verify(message, dnsfunc=dns))


def test_e6_what_arrives_verifies() -> None:
    assert verifies(sent())
    pdf = Attachment(filename="Factură.pdf", content_type="application/pdf", content=bytes(range(256)) * 40)
    whole = sent(
        subject="Factura LP-10503, „gata”",
        sender_name="Țiglă & Fiii",
        text="Bună ziua,\n.\n\n  trailing spaces   \nlei " + "ș" * 2000,
        html="<p>" + "ă" * 5000 + "</p>",
        attachments=(pdf,),
        headers={"List-Unsubscribe": "<https://x.example/u>"},
    )
    assert verifies(whole)
    assert whole.isascii(), "a relay has nothing to recode"


def test_e6_a_changed_message_does_not() -> None:
    message = sent()
    assert not verifies(message.replace(b"LP-10503", b"LP-10504"))
    assert not verifies(b"From: somebody@else.example\r\n" + message)
    assert not verifies(message + b"more\r\n")


def test_without_a_key_nothing_is_signed_and_a_broken_one_is_a_setting() -> None:
    with smtp_server() as server:
        deliver(envelope(), transport=Transport(port=server.port, timeout_s=5))
        assert b"DKIM-Signature" not in server.messages[0]
        broken = DkimKey(domain="x.example", selector="s", private_key=b"no key")
        with pytest.raises(MailMisconfigured, match="DKIM"):
            deliver(envelope(), transport=Transport(port=server.port, timeout_s=5, dkim=broken))
