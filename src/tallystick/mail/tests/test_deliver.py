"""Mail through a real SMTP conversation, into the mailbox of the demo."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tallystick.base import tx
from tallystick.mail.port import (
    Attachment,
    BadEnvelope,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Refusal,
    Transport,
    deliver,
)


class Mailbox:
    """The mailbox process, from outside."""

    def __init__(self, data: Path) -> None:
        self.data = data
        source = str(Path(__file__).parents[3])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tallystick.mail.sink", "--data", str(data)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": source},
        )
        assert self.process.stdout is not None
        ports = json.loads(self.process.stdout.readline())
        self.transport = Transport(host="127.0.0.1", port=ports["smtp_port"], timeout_s=5)
        self.url = f"http://127.0.0.1:{ports['http_port']}"

    def get(self, path: str) -> tuple[str, dict[str, str]]:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.read().decode("utf-8", "replace"), dict(answer.headers)

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        return list(json.loads(self.get("/api/messages" + query)[0]))

    def message(self, name: str) -> dict[str, Any]:
        return dict(json.loads(self.get(f"/api/messages/{name}")[0]))

    def faults(self, **faults: Any) -> None:
        request = urllib.request.Request(
            self.url + "/faults", json.dumps(faults).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return self.process.wait(timeout=10)


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    running = Mailbox(tmp_path)
    yield running
    if running.process.poll() is None:
        running.stop()


def envelope(**changes: Any) -> Envelope:
    given: dict[str, Any] = {
        "message_id": "<0192f.1@mail.lindenpress.example>",
        "sender_name": "Linden Press",
        "sender_address": "hello@lindenpress.example",
        "reply_to": "maeve@lindenpress.example",
        "to": ("ap@kestrelrowe.example",),
        "subject": "Invoice LP-10503",
        "text": "Hello Aoife,\n.\nhere it is.",
        "html": "<html><head></head><body><p>Hello <img src='cid:logo'></p></body></html>",
        "sent_at": datetime(2026, 11, 19, 9, 0, tzinfo=UTC),
        "return_path": "bounces+7-abc@mail.lindenpress.example",
    }
    return Envelope(**{**given, **changes})


def test_a_message_arrives_whole(mailbox: Mailbox) -> None:
    pdf = Attachment(filename="Factură LP-10503.pdf", content_type="application/pdf", content=b"%PDF-1.7 \xff")
    logo = Attachment(filename="logo.png", content_type="image/png", content=b"\x89PNG", content_id="logo")
    sent = envelope(
        sender_name="Țiglă & Fiii, SRL",
        to=("ap@kestrelrowe.example", "aoife@bücher.example"),
        cc=("cc@kestrelrowe.example",),
        subject="Factura LP-10503 de la Tipografia Dâmbovița, 5.885,75 lei „gata”",
        attachments=(pdf, logo),
        headers={"List-Unsubscribe": "<https://pay.lindenpress.example/u/1>"},
    )
    made = deliver(sent, transport=mailbox.transport)
    assert made.refused == ()
    assert made.accepted == ("ap@kestrelrowe.example", "aoife@xn--bcher-kva.example", "cc@kestrelrowe.example")
    (listed,) = mailbox.messages()
    found = mailbox.message(listed["id"])
    headers = dict(found["headers"])
    assert found["mail_from"] == "bounces+7-abc@mail.lindenpress.example"
    assert found["subject"] == "Factura LP-10503 de la Tipografia Dâmbovița, 5.885,75 lei „gata”"
    assert "Țiglă & Fiii, SRL" in headers["From"]
    assert "hello@lindenpress.example" in headers["From"]
    assert headers["Message-ID"] == "<0192f.1@mail.lindenpress.example>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Date"] == "Thu, 19 Nov 2026 09:00:00 +0000"
    assert headers["Reply-To"] == "maeve@lindenpress.example"
    assert headers["List-Unsubscribe"] == "<https://pay.lindenpress.example/u/1>"
    assert found["text"].replace("\r\n", "\n").strip() == sent.text
    assert found["attachments"] == ["Factură LP-10503.pdf"]
    assert [one["content_id"] for one in found["files"]] == ["", "logo"]
    with urllib.request.urlopen(mailbox.url + found["files"][0]["url"], timeout=5) as answer:
        assert answer.read() == b"%PDF-1.7 \xff"
        assert answer.headers["Content-Type"] == "application/pdf"


def test_some_recipients_refused_is_reported(mailbox: Mailbox) -> None:
    mailbox.faults(refuse=["gone@"])
    made = deliver(envelope(to=("ap@kestrelrowe.example", "gone@kestrelrowe.example")), transport=mailbox.transport)
    assert made.accepted == ("ap@kestrelrowe.example",)
    (refusal,) = made.refused
    assert (refusal.address, refusal.code, refusal.is_permanent) == ("gone@kestrelrowe.example", 550, True)
    assert "5.1.1" in refusal.text


def test_every_recipient_refused_is_for_good(mailbox: Mailbox) -> None:
    mailbox.faults(refuse=["kestrelrowe"])
    with pytest.raises(MailRefused) as caught:
        deliver(envelope(), transport=mailbox.transport)
    assert caught.value.code == 550
    assert caught.value.refused == (Refusal("ap@kestrelrowe.example", 550, caught.value.text),)
    assert mailbox.messages() == []


def test_a_temporary_answer_is_worth_another_try(mailbox: Mailbox) -> None:
    mailbox.faults(temporary=1)
    with pytest.raises(MailUnavailable, match="451") as refused:
        deliver(envelope(), transport=mailbox.transport)
    assert not refused.value.may_have_left
    deliver(envelope(), transport=mailbox.transport)
    assert len(mailbox.messages()) == 1


def test_a_connection_broken_after_acceptance_leads_to_the_same_message_again(mailbox: Mailbox) -> None:
    mailbox.faults(drop=1)
    with pytest.raises(MailUnavailable) as broken:
        deliver(envelope(), transport=mailbox.transport)
    assert broken.value.may_have_left
    deliver(envelope(), transport=mailbox.transport)
    first, second = mailbox.messages()
    assert first["message_id"] == second["message_id"] == "<0192f.1@mail.lindenpress.example>"


def test_no_server_is_temporary() -> None:
    with pytest.raises(MailUnavailable):
        deliver(envelope(), transport=Transport(host="127.0.0.1", port=1, timeout_s=2))


def test_tls_that_the_server_lacks_is_a_matter_of_settings(mailbox: Mailbox) -> None:
    with pytest.raises(MailMisconfigured):
        deliver(envelope(), transport=replace(mailbox.transport, use_tls=True))


def test_logging_in_works(mailbox: Mailbox) -> None:
    assert deliver(envelope(), transport=replace(mailbox.transport, username="me", password="secret")).accepted
    assert "secret" not in repr(replace(mailbox.transport, password="secret"))


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Hello\r\nBcc: all@example.com"},
        {"sender_name": "x\nBcc: a@b.example"},
        {"to": ("a@b.example\r\nRCPT TO:<x@y.example>",)},
        {"to": ("a@b.example, c@d.example",)},
        {"to": ()},
        {"cc": ("not an address",)},
        {"reply_to": "a@b\n.example"},
        {"return_path": "<a@b.example>"},
        {"message_id": "<a@b>\r\nX: y"},
        {"message_id": "no-brackets@x"},
        {"headers": {"X-A": "b\r\nBcc: c@d.example"}},
        {"headers": {"X\r\nBcc": "b"}},
        {"headers": {"Bcc": "hidden@example.com"}},
        {"language": "en\nX: y"},
        {"sent_at": datetime(2026, 11, 19)},
        {"attachments": (Attachment(filename="a\r\nb", content_type="text/plain", content=b""),)},
        {"to": ("müller@example.com",)},
    ],
)
def test_what_is_not_an_email_never_leaves(changes: dict[str, Any]) -> None:
    with pytest.raises(BadEnvelope):
        deliver(envelope(**changes), transport=Transport(port=1))


def test_unknown_transport_and_open_transaction() -> None:
    with pytest.raises(LookupError, match="pigeon"):
        deliver(envelope(), transport=Transport(kind="pigeon"))
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        deliver(envelope(), transport=Transport())


def test_the_pages_are_safe_and_findable(mailbox: Mailbox) -> None:
    hostile = "<script>alert(1)</script>"
    deliver(
        envelope(subject=hostile, html=f"<html><head></head><body>{hostile}</body></html>"), transport=mailbox.transport
    )
    (listed,) = mailbox.messages("?q=kestrel&to=ap@")
    assert mailbox.messages("?q=nobody") == []
    page, headers = mailbox.get("/")
    assert hostile not in page
    assert "script-src" not in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    page, _ = mailbox.get(f"/m/{listed['id']}")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox' in page
    mail, headers = mailbox.get(f"/m/{listed['id']}/html")
    assert '<base target="_blank">' in mail
    assert headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-scripts" not in headers["Content-Security-Policy"]
    for view in ("text", "headers"):
        assert "&lt;script&gt;" in mailbox.get(f"/m/{listed['id']}?view={view}")[0]


@pytest.mark.parametrize("path", ["/m/none", "/m/../../etc/passwd", "/m/x/part/0/a", "/api/messages/none", "/nowhere"])
def test_what_is_not_there_is_404(mailbox: Mailbox, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        mailbox.get(path)
    assert caught.value.code == 404
    caught.value.close()


def test_other_host_names_and_plain_forms_are_refused(mailbox: Mailbox) -> None:
    for request in (
        urllib.request.Request(mailbox.url + "/", headers={"Host": "evil.example"}),
        urllib.request.Request(mailbox.url + "/faults", b"{}", {"Content-Type": "text/plain"}),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=5)
        assert caught.value.code == 403
        caught.value.close()


def test_mail_survives_a_restart(mailbox: Mailbox) -> None:
    deliver(envelope(), transport=mailbox.transport)
    assert mailbox.stop() == 0
    (mailbox.data / "index.jsonl").unlink()
    again = Mailbox(mailbox.data)
    try:
        assert [one["subject"] for one in again.messages()] == ["Invoice LP-10503"]
    finally:
        again.stop()
