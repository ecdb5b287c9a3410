"""Mail that is posted or handed over: whose it is by its mark, kept once, and nobody gets in without the secret."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from pydantic import SecretStr

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.mail.mark import make_mark
from tallystick.mailboxes.intake import intake_secret, renew_secret
from tallystick.mailboxes.models import MOST_BYTES, IncomingMessage, Mailbox
from tallystick.mailboxes.save import MailboxDetails, save_mailbox
from tallystick.messages.queue import Letter, queue_message
from tallystick.testing.world import World

SECRET = "a secret of the operator"
MAIL = b"From: nora@kestrel.example\r\nSubject: Hello\r\n\r\nWe pay on Friday.\r\n"


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "incoming_secret", SecretStr(SECRET))


def said(world: World) -> UUID:
    message_id = new_id()
    letter = Letter(message_id, f"test:{message_id}", "invoice", ["nora@kestrel.example"], "en", "Hello", "Here.")
    queue_message(letter=letter, **world.acting())
    return message_id


def post(path: str, secret: str, raw: bytes = MAIL) -> tuple[int, str]:
    answer = Client().post(
        f"/hooks/mail{path}", raw, content_type="message/rfc822", headers={"Authorization": f"Bearer {secret}"}
    )
    return answer.status_code, answer.content.decode()


def kept(world: World) -> list[bytes]:
    with tenant.tx(world.seller_id):
        return [bytes(row.raw) for row in IncomingMessage.objects.order_by("received_at", "id")]


def mailbox_of(world: World) -> Mailbox:
    details = MailboxDetails(
        address="ar@acme.example",
        has_plus_addresses=True,
        host="imap.acme.example",
        port=993,
        security="tls",
        username="ar",
        password="secret of the mailbox",
        folder="INBOX",
        every_minutes=5,
    )
    save_mailbox(details=details, **world.acting())
    with tenant.tx(world.seller_id):
        return Mailbox.objects.get()


def test_e7_a_posted_mail_is_kept_once_for_the_seller_whose_mark_it_carries(world: World, operator: None) -> None:
    to = f"bounce%2B{make_mark(said(world))}@pay.example"
    assert [post(f"?to={to}", SECRET) for _ in range(2)] == [(200, "kept")] * 2
    assert kept(world) == [f"Delivered-To: {to.replace('%2B', '+')}\r\n".encode() + MAIL]


@pytest.mark.parametrize("to", ["", "?to=bounce%2B" + "a" * 42 + "@pay.example", "?to=a@b.example%0D%0AX: y"])
def test_a_mail_without_our_mark_is_nobodys(world: World, operator: None, to: str) -> None:
    assert post(to, SECRET) == (200, "nobody's")
    assert kept(world) == []


def test_nothing_is_taken_without_the_secret(world: World, operator: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert post("", "wrong") == (401, "wrong secret")
    assert Client().get("/hooks/mail").status_code == 405
    monkeypatch.setattr(settings.ENV, "incoming_secret", SecretStr(""))
    assert post("", "")[0] == 404


def test_a_sellers_own_server_posts_by_its_own_secret(world: World, outsider: World) -> None:
    box, theirs = mailbox_of(world), mailbox_of(outsider)
    assert post(f"/{box.id}", intake_secret(box)) == (200, "kept")
    assert kept(world) == [MAIL]
    for wrong in (intake_secret(theirs), "", SECRET):
        assert post(f"/{box.id}", wrong)[0] == 401
    assert post(f"/{new_id()}", intake_secret(box))[0] == 401
    assert renew_secret(**world.acting())
    assert post(f"/{box.id}", intake_secret(box))[0] == 401


def test_an_enormous_mail_is_cut_not_refused(world: World) -> None:
    box = mailbox_of(world)
    assert post(f"/{box.id}", intake_secret(box), MAIL + b"x" * MOST_BYTES)[0] == 200
    with tenant.tx(world.seller_id):
        row = IncomingMessage.objects.get()
    assert (row.size, bytes(row.raw).startswith(MAIL)) == (len(MAIL) + MOST_BYTES, True)
    assert len(row.raw) < row.size


@pytest.fixture
def lmtp() -> Iterator[int]:
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    if "/" in connection.settings_dict["HOST"]:
        url = "postgresql://{USER}@/{NAME}?host={HOST}&port={PORT}".format(**connection.settings_dict)
    environment = {**os.environ, "TALLYSTICK_LMTP_BIND": "127.0.0.1:0", "DATABASE_URL": url.replace(":@", "@")}
    process = subprocess.Popen(
        [sys.executable, "-m", "django", "lmtp"], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_e7_lmtp_answers_each_recipient_once_its_mail_is_kept(world: World, outsider: World, lmtp: int) -> None:
    ours, theirs = make_mark(said(world)), make_mark(said(outsider))
    to = [f"bounce+{ours}@pay.example", f"bounce+{theirs}@pay.example", "stranger@pay.example"]
    with smtplib.LMTP("127.0.0.1", lmtp) as server:
        server.ehlo_or_helo_if_needed()
        server.mail("")
        for address in to:
            assert server.rcpt(address)[0] == 250
        code, words = server.data(MAIL)
        answers = [words, *(server.getreply()[1] for _ in to[1:])]
    assert code == 250
    assert [b"Kept" in answer for answer in answers] == [True, True, False]
    assert kept(world) == [f"Delivered-To: {to[0]}\r\n".encode() + MAIL]
    assert kept(outsider) == [f"Delivered-To: {to[1]}\r\n".encode() + MAIL]
