"""A seller's mailbox: what is refused, whose password goes where, and that trouble shows and passes."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tallystick.base import tenant, tx
from tallystick.mail.folder import MailAccount, open_folder
from tallystick.mailboxes.models import Mailbox
from tallystick.mailboxes.poll import AGAIN_AFTER_TROUBLE, due_mailboxes, poll_mailbox
from tallystick.mailboxes.queries import account_of, plus_address
from tallystick.mailboxes.save import InvalidMailbox, MailboxDetails, remove_mailbox, save_mailbox
from tallystick.testing.world import World

GOOD = MailboxDetails(
    address="ar@acme.example",
    has_plus_addresses=True,
    host="imap.acme.example",
    port=993,
    security="tls",
    username="ar",
    password="secret",
    folder="INBOX",
    every_minutes=5,
)


def save(world: World, **changes: object) -> Mailbox:
    save_mailbox(details=replace(GOOD, **changes), **world.acting())  # type: ignore[arg-type]
    with tenant.tx(world.seller_id):
        return Mailbox.objects.get()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "ar at acme"),
        ("host", "https://imap.acme.example"),
        ("host", "imap.acme.example\r\nX"),
        ("port", 0),
        ("security", "maybe"),
        ("username", ""),
        ("username", "ar\r\nLOGOUT"),
        ("password", "secret\r\nX"),
        ("folder", ""),
        ("folder", "INBOX\nX"),
        ("folder", "IN\x00BOX"),
        ("every_minutes", 0),
        ("every_minutes", 1441),
    ],
)
def test_e9_what_cannot_be_a_mailbox_is_refused(world: World, field: str, value: object) -> None:
    with pytest.raises(InvalidMailbox) as refused:
        save(world, **{field: value})
    assert refused.value.problems == {field: field}


@pytest.mark.parametrize("changes", [{"host": "imap.evil.example"}, {"port": 143}, {"username": "eve"}])
def test_e9_a_stored_password_goes_only_where_it_was_given_for(world: World, changes: dict[str, object]) -> None:
    save(world)
    with pytest.raises(InvalidMailbox):
        save(world, password="", **changes)
    assert account_of(save(world, password="", folder="Bounces")).password == "secret"


def test_e9_another_folder_is_begun_anew_and_the_same_one_is_not(world: World) -> None:
    save(world)
    with tenant.tx(world.seller_id):
        Mailbox.objects.update(uid_validity=7, last_uid=40)
    assert save(world, every_minutes=9).last_uid == 40
    assert save(world, folder="Bounces").uid_validity is None


def test_plus_addresses_are_used_only_when_the_server_has_them(world: World) -> None:
    found = []
    for has in (True, False):
        save(world, has_plus_addresses=has)
        with tenant.tx(world.seller_id):
            found.append(plus_address())
    remove_mailbox(**world.acting())
    with tenant.tx(world.seller_id):
        found.append(plus_address())
    assert found == ["ar@acme.example", "", ""]


def refusing_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_e9_trouble_is_kept_and_tried_again_later(world: World) -> None:
    box = save(world, host="127.0.0.1", port=refusing_port(), security="none")
    assert due_mailboxes(at=world.now, most=9, seller_id=world.seller_id) == [(world.seller_id, box.id)]
    assert poll(world, box.id) == 0
    with tenant.tx(world.seller_id):
        kept = Mailbox.objects.get()
    assert kept.trouble.startswith("connect: ")
    assert kept.due_at == world.now + AGAIN_AFTER_TROUBLE
    assert due_mailboxes(at=world.now + timedelta(minutes=1), most=9, seller_id=world.seller_id) == []


def test_nobody_polls_another_sellers_mailbox(world: World, outsider: World) -> None:
    box = save(world)
    assert poll(outsider, box.id) == 0
    with tenant.tx(world.seller_id):
        assert Mailbox.objects.get().checked_at is None


def poll(world: World, mailbox_id: UUID) -> int:
    return poll_mailbox(seller_id=world.seller_id, mailbox_id=mailbox_id, now=world.now)


def test_a_mailbox_is_never_opened_inside_a_transaction(world: World) -> None:
    account = MailAccount(host="127.0.0.1", port=9, security="none", username="x", password="x")
    with pytest.raises(tx.InsideTransaction), tenant.tx(world.seller_id), open_folder(account):
        pass
