"""The whole way with real servers: our email goes to Exim, the far end refuses it, Exim's report comes to Dovecot, and
what is read there by IMAP ends on the right message."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.invoices.send import send_document
from tallystick.mail.folder import MailAccount, open_folder
from tallystick.mailboxes.models import IncomingMessage, Mailbox
from tallystick.mailboxes.poll import poll_mailbox
from tallystick.mailboxes.save import MailboxDetails, save_mailbox
from tallystick.mailboxes.try_out import try_mailbox
from tallystick.messages.models import Message, MessageOutcome
from tallystick.messages.outcomes import silenced
from tallystick.sellers.mail_route import save_mail_route
from tallystick.testing.world import World
from tallystick.worker import incoming
from tallystick.worker.incoming import poll_own_mailbox
from tallystick.worker.sweeps import drain
from tests.mta.servers import DOMAIN, PASSWORD, Servers, missing, open_servers, until

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"real mail servers: {missing()}")
SAMPLES = Path(incoming.__file__).parents[1] / "mail/tests/samples"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with open_servers() as opened:
        yield opened


@pytest.fixture(autouse=True)
def stage(world: World, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1")
    monkeypatch.setattr(settings, "EMAIL_PORT", servers.smtp_port)
    monkeypatch.setattr(settings, "DEFAULT_FROM_EMAIL", f"invoices@{DOMAIN}")
    monkeypatch.setattr(settings, "BOUNCE_ADDRESS", f"bounce@{DOMAIN}")
    world.now = clock.now()
    world.today = world.now.date()


def account(servers: Servers, user: str = "bounce") -> MailAccount:
    return MailAccount(host="127.0.0.1", port=servers.imap_port, security="none", username=user, password=PASSWORD)


def send(world: World, to: str) -> UUID:
    message_id = new_id()
    given = {"recipients": (to,), "copies": (), "subject": "Invoice", "body": "Here."}
    send_document(invoice_id=world.invoice(), message_id=message_id, **given, **world.acting())
    drain(world.seller_id)
    return message_id


def outcome(world: World, message_id: UUID) -> str:
    with tenant.tx(world.seller_id):
        return Message.objects.get(id=message_id).outcome


def heard(world: World, message_id: UUID) -> tuple[str, str, str]:
    with tenant.tx(world.seller_id):
        row = MessageOutcome.objects.get(message_id=message_id)
        return row.kind, row.code, row.words


def quiet(world: World, *addresses: str) -> set[str]:
    with tenant.tx(world.seller_id):
        return silenced(addresses)


def collect(world: World, servers: Servers) -> None:
    """What the worker does each minute, for the installation's own mailbox."""
    poll_own_mailbox(account(servers))
    drain(world.seller_id)


def test_e7_f8_hard_soft_and_delayed_end_on_their_messages(world: World, servers: Servers) -> None:
    people = {name: f"{name}@customer.example" for name in ("gone", "full", "grey", "fine")}
    sent = {name: send(world, address) for name, address in people.items()}

    def all_heard() -> bool:
        collect(world, servers)
        return all(outcome(world, sent[name]) for name in ("gone", "full", "grey"))

    until(all_heard, servers.logs)
    assert heard(world, sent["gone"])[:2] == ("bounced_hard", "5.1.1")
    assert heard(world, sent["full"])[:2] == ("bounced_soft", "5.2.2")
    assert heard(world, sent["grey"])[:2] == ("delayed", "4.2.0")
    assert "User unknown" in heard(world, sent["gone"])[2]
    assert outcome(world, sent["fine"]) == ""
    assert quiet(world, *people.values()) == {people["gone"]}


def test_e7_a_forged_report_through_the_same_server_changes_nothing(world: World, servers: Servers) -> None:
    message_id = send(world, "fine@customer.example")
    forged = (SAMPLES / "exim_gone.eml").read_bytes().replace(b"nora@kestrel.example", b"fine@customer.example")
    real = send(world, "gone2@customer.example")
    with smtplib.SMTP("127.0.0.1", servers.smtp_port) as server:
        for to in (f"bounce+{'a' * 42}@{DOMAIN}", f"bounce@{DOMAIN}"):
            server.sendmail("", [to], forged)

    def all_read() -> bool:
        collect(world, servers)
        with open_folder(account(servers)) as folder:
            return bool(outcome(world, real)) and folder.unseen() == [] and folder.count >= 3

    until(all_read, servers.logs)
    assert outcome(world, message_id) == ""
    assert quiet(world, "fine@customer.example") == set()


@pytest.mark.parametrize("has_plus", [True, False])
def test_e7_own_server_and_own_mailbox(world: World, servers: Servers, has_plus: bool) -> None:
    """With plus addresses the return path names the message; without, the returned headers do."""
    user = f"billing{'-plus' if has_plus else ''}"
    details = MailboxDetails(
        address=f"{user}@{DOMAIN}",
        has_plus_addresses=has_plus,
        host="127.0.0.1",
        port=servers.imap_port,
        security="none",
        username=user,
        password=PASSWORD,
        folder="INBOX",
        every_minutes=1,
    )
    save_mailbox(details=details, **world.acting())
    save_mail_route(
        host="127.0.0.1", port=servers.smtp_port, security="none", sender_address=f"{user}@{DOMAIN}", **world.acting()
    )
    with smtplib.SMTP("127.0.0.1", servers.smtp_port) as server:
        server.sendmail("old@customer.example", [f"{user}@{DOMAIN}"], b"Subject: old\r\n\r\nfrom before\r\n")
    own = account(servers, user)
    until(lambda: try_mailbox(account=own).count == 1, servers.logs)
    minute = poll(world, 0)
    message_id = send(world, "gone@customer.example")

    def is_heard() -> bool:
        nonlocal minute
        minute = poll(world, minute)
        return bool(outcome(world, message_id))

    until(is_heard, servers.logs)
    assert heard(world, message_id)[:2] == ("bounced_hard", "5.1.1")
    with tenant.tx(world.seller_id):
        kept = [bytes(row.raw) for row in IncomingMessage.objects.all()]
        Mailbox.objects.update(uid_validity=1)
    assert len(kept) == 1, "what lay there before the mailbox was set up stays unread"
    assert (f"{user}+".encode() in kept[0]) is has_plus
    with open_folder(own) as folder:
        assert (folder.count, len(folder.unseen())) == (2, 1)
    poll(world, minute)
    with tenant.tx(world.seller_id):
        assert IncomingMessage.objects.count() == 2, "numbered anew, the last days are read again, each mail once"
        assert Mailbox.objects.get().trouble == ""


def poll(world: World, minute: int) -> int:
    """Look into the seller's mailbox, a minute later each time."""
    with tenant.tx(world.seller_id):
        box = Mailbox.objects.get()
    at = world.now + timedelta(minutes=minute)
    poll_mailbox(seller_id=world.seller_id, mailbox_id=box.id, now=at)
    drain(world.seller_id)
    with clock.at(at):
        drain(world.seller_id)
    return minute + 1


def test_e7_each_step_of_the_test_of_a_mailbox(servers: Servers) -> None:
    good = account(servers)
    assert try_mailbox(account=good).failed == ""
    trials = {
        "connect": replace(good, host="127.0.0.1", port=1),
        "tls": replace(good, security="tls"),
        "sign_in": replace(good, password="wrong"),
        "folder": replace(good, folder="Facturi & bonuri"),
    }
    for step, tried in trials.items():
        trial = try_mailbox(account=tried)
        assert (trial.failed, bool(trial.words)) == (step, True)
        assert step not in trial.worked
    assert list(try_mailbox(account=replace(good, folder="x")).worked) == ["connect", "sign_in"]
