"""Bounces: what carries our mark is heard, what doesn't changes nothing, and who is gone is written to no more."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest
from django.conf import settings

from tallystick.base import clock, events, tenant
from tallystick.base.ids import new_id
from tallystick.conversations.queries import mails_of, threads_of
from tallystick.invoices.send import send_document
from tallystick.mail.mark import make_mark, marked_message, read_mark, tag_address
from tallystick.mailboxes.keep import CUT_BYTES, MOST_TRIES, due_mail, keep_mail, lease_mail, retry_mail
from tallystick.mailboxes.models import MOST_BYTES, IncomingMessage
from tallystick.messages.models import Message, MessageOutcome
from tallystick.messages.outcomes import lift_silence, silence_address, silenced
from tallystick.messages.queue import retry_message
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.world import World
from tallystick.worker import incoming
from tallystick.worker.sweeps import drain

SAMPLES = Path(incoming.__file__).parents[1] / "mail/tests/samples"
NORA = "nora@kestrel.example"
REF = b"abcdefghijklmnopqrstuvwxyz234567"


@pytest.fixture(autouse=True)
def own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BOUNCE_ADDRESS", "bounce@pay.linden.example")


def send(world: World, *to: str, copies: tuple[str, ...] = ()) -> UUID:
    message_id = new_id()
    send_document(
        invoice_id=world.invoice(),
        message_id=message_id,
        recipients=to or (NORA,),
        copies=copies,
        subject="Invoice",
        body="Here.",
        **world.acting(),
    )
    drain(world.seller_id)
    return message_id


def report(name: str, *, to: UUID | None = None, ref: UUID | None = None) -> bytes:
    """A report from the samples, with good marks in its address, in what it returns, or nowhere."""
    raw = (SAMPLES / f"{name}.eml").read_bytes()
    raw = raw.replace(b"bounce+token", b"bounce+" + (make_mark(to).encode() if to else b"a" * 42))
    return raw.replace(REF, make_mark(ref).encode() if ref else REF)


def received(mailbox: Mailbox, message_id: UUID) -> dict[str, Any]:
    """The message as the mail server got it."""
    [entry] = [each for each in mailbox.messages() if str(message_id) in each["message_id"]]
    with urlopen(f"{mailbox.url}/api/messages/{entry['id']}", timeout=10) as answer:
        return dict(json.load(answer))


def hear(world: World, raw: bytes) -> IncomingMessage:
    keep_mail(raw=raw, source="http", **world.acting())
    drain(world.seller_id)
    with tenant.tx(world.seller_id):
        return IncomingMessage.objects.order_by("-received_at", "-id")[0]


def read(world: World, message_id: UUID) -> Message:
    with tenant.tx(world.seller_id):
        return Message.objects.get(id=message_id)


def heard(world: World, message_id: UUID) -> list[tuple[str, str, str]]:
    with tenant.tx(world.seller_id):
        rows = MessageOutcome.objects.filter(message_id=message_id).order_by("recipient", "id")
        return list(rows.values_list("recipient", "kind", "code"))


def quiet(world: World, *addresses: str) -> set[str]:
    with tenant.tx(world.seller_id):
        return silenced(addresses or [NORA])


def test_a_mark_fits_an_address_and_survives_upper_case() -> None:
    message_id = new_id()
    address = tag_address("bounce@pay.linden.example", make_mark(message_id))
    assert len(address.partition("@")[0]) <= 64
    assert marked_message(["other@x.example", address.upper()]) == message_id


@pytest.mark.parametrize("spoil", [lambda m: m[:-1], lambda m: m + "a", lambda m: "b" + m[1:], lambda m: m[::-1]])
def test_e7_a_mark_we_did_not_make_is_none(spoil: object) -> None:
    mark = make_mark(new_id())
    assert read_mark(spoil(mark)) is None  # type: ignore[operator]
    assert read_mark("") is read_mark("ă" * 42) is read_mark("1" * 42) is None


def test_e7_the_message_carries_its_mark_in_return_path_and_header(world: World, mailbox: Mailbox) -> None:
    message_id = send(world)
    mine = received(mailbox, message_id)
    mark = make_mark(message_id)
    assert mine["mail_from"] == f"bounce+{mark}@pay.linden.example"
    assert dict(mine["headers"])["X-Tallystick-Ref"] == mark


def test_e7_without_a_bounce_address_the_sender_gets_them(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BOUNCE_ADDRESS", "")
    message_id = send(world)
    mine = received(mailbox, message_id)
    assert mine["mail_from"] == settings.DEFAULT_FROM_EMAIL


@pytest.mark.parametrize("by", ["to", "ref"])
def test_e7_f8_a_hard_bounce_with_our_mark_silences(world: World, by: str) -> None:
    message_id = send(world)
    kept = hear(world, report("exim_gone", **{by: message_id}))
    assert (kept.state, kept.message_id) == ("bounced", message_id)
    assert heard(world, message_id) == [(NORA, "bounced_hard", "5.1.1")]
    assert read(world, message_id).outcome == "bounced"
    assert quiet(world) == {NORA}


@pytest.mark.parametrize(("name", "outcome"), [("exim_full", "bounced"), ("exim_delayed", "delayed")])
def test_e7_f8_a_full_mailbox_and_a_delay_silence_nobody(world: World, name: str, outcome: str) -> None:
    message_id = send(world)
    hear(world, report(name, to=message_id))
    assert read(world, message_id).outcome == outcome
    assert quiet(world) == set()


def test_e7_a_forged_report_changes_nothing(world: World) -> None:
    message_id = send(world)
    kept = hear(world, report("exim_gone"))
    assert (kept.state, kept.message_id) == ("unverified", None)
    assert heard(world, message_id) == []
    assert quiet(world) == set()


def test_e7_another_sellers_mark_changes_nothing(world: World, outsider: World) -> None:
    message_id = send(world)
    assert hear(outsider, report("exim_gone", to=message_id, ref=message_id)).state == "unverified"
    assert heard(world, message_id) == []
    assert quiet(outsider) == set()


def test_e7_who_holds_a_mark_can_speak_of_its_own_people_only(world: World) -> None:
    """Whoever got a mail sees its return path: a report made from it must not silence somebody else."""
    alone, several = send(world, "eve@evil.example"), send(world, "eve@evil.example", "adam@evil.example")
    assert hear(world, report("exim_gone", to=alone)).state == "bounced"
    assert heard(world, alone) == [("eve@evil.example", "bounced_soft", "5.1.1")]
    assert hear(world, report("exim_gone", to=several)).state == "unverified"
    assert heard(world, several) == []
    assert quiet(world, NORA, "eve@evil.example") == set()


def test_e7_an_answer_from_an_absent_person_is_kept_for_people(world: World) -> None:
    message_id = send(world)
    kept = hear(world, report("away", to=message_id))
    assert (kept.state, kept.message_id, kept.from_address) == ("kept", message_id, NORA)
    assert read(world, message_id).outcome == ""


def test_e7_the_same_mail_twice_is_one(world: World) -> None:
    message_id = send(world)
    for _ in range(2):
        hear(world, report("exim_full", to=message_id))
    with tenant.tx(world.seller_id):
        assert IncomingMessage.objects.count() == 1
        facts = [fact for fact in events.recent(most=50) if fact.kind == "message.bounced"]
    assert len(facts) == 1
    assert facts[0].data["message_id"] == str(message_id)
    assert {"recipient", "code", "words", "is_hard"} <= set(facts[0].data)


def test_f8_a_silenced_address_is_skipped_and_says_why(world: World, mailbox: Mailbox) -> None:
    hear(world, report("exim_gone", to=send(world)))
    skipped = send(world)
    assert (read(world, skipped).state, read(world, skipped).reason) == ("skipped", "bounced_address")
    lift_silence(address=NORA, **world.acting())
    assert read(world, send(world)).state == "sent"


def test_f8_an_address_silenced_while_the_message_waits_is_left_out(world: World, mailbox: Mailbox) -> None:
    first, message_id = send(world), new_id()
    given = {"recipients": (NORA, "ap@kestrel.example"), "copies": (), "subject": "Invoice", "body": "Here."}
    send_document(invoice_id=world.invoice(), message_id=message_id, **given, **world.acting())
    hear(world, report("exim_gone", to=first))
    assert read(world, message_id).state == "sent"
    mine = received(mailbox, message_id)
    assert mine["rcpt_to"] == ["ap@kestrel.example"]


def test_f8_our_own_servers_refusal_silences_and_a_retry_by_a_person_writes_again(
    world: World, mailbox: Mailbox
) -> None:
    mailbox.fault(refuse=["gone@"])
    both = send(world, "gone@kestrel.example", "ap@kestrel.example")
    assert heard(world, both) == [("gone@kestrel.example", "bounced_hard", "5.1.1")]
    assert quiet(world, "gone@kestrel.example") == {"gone@kestrel.example"}


def test_one_bad_mail_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    message_id = send(world)
    parse = incoming.parse_mail

    def fail(raw: bytes) -> object:
        if b"poison" in raw:
            raise RuntimeError("poison\x00")
        return parse(raw)

    monkeypatch.setattr(incoming, "parse_mail", fail)
    keep_mail(raw=b"Subject: poison\n\n", source="http", **world.acting())
    hear(world, report("exim_full", to=message_id))
    assert read(world, message_id).outcome == "bounced"
    with tenant.tx(world.seller_id):
        bad = IncomingMessage.objects.get(state="waiting")
    assert (bad.tries, "poison" in bad.last_error) == (1, True)
    for n in range(1, MOST_TRIES + 1):
        with clock.at(world.now + timedelta(minutes=6 * n)):
            drain(world.seller_id)
    with tenant.tx(world.seller_id):
        assert IncomingMessage.objects.get(id=bad.id).state == "failed"
    monkeypatch.undo()
    assert retry_mail(incoming_id=bad.id, **world.acting())
    drain(world.seller_id)
    with tenant.tx(world.seller_id):
        assert IncomingMessage.objects.get(id=bad.id).state == "kept"


def test_a_report_is_recorded_whole_or_not_at_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    message_id = send(world)

    def fail(**_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(incoming, "finish_mail", fail)
    assert hear(world, report("exim_gone", to=message_id)).state == "waiting"
    assert (heard(world, message_id), quiet(world)) == ([], set())
    monkeypatch.undo()
    with clock.at(world.now + timedelta(minutes=6)):
        drain(world.seller_id)
    assert heard(world, message_id) == [(NORA, "bounced_hard", "5.1.1")]


def test_a_mail_is_taken_up_by_one_only(world: World, outsider: World) -> None:
    keep_mail(raw=b"Subject: x\n\n", source="http", **world.acting())
    [(owner, incoming_id)] = due_mail(at=world.now, most=9, seller_id=world.seller_id)
    given = {"incoming_id": incoming_id, "now": world.now}
    assert lease_mail(seller_id=outsider.seller_id, **given) is None
    assert lease_mail(seller_id=owner, **given) == b"Subject: x\n\n"
    assert lease_mail(seller_id=owner, **given) is None


def test_an_enormous_mail_is_cut_and_says_so(world: World) -> None:
    raw = b"Subject: big\n\n" + b"x" * MOST_BYTES
    kept = hear(world, raw)
    assert (kept.state, kept.subject, kept.size, len(kept.raw)) == ("kept", "big", len(raw), CUT_BYTES)


def inbox(world: World) -> list[tuple[str, bool, list[tuple[str, str]]]]:
    """Each thread: its subject, whether it is unread, and its mails by direction with what they say."""
    with tenant.tx(world.seller_id):
        return [
            (thread.subject, thread.is_unread, [(mail.direction, mail.text) for mail in mails_of(thread.id)])
            for thread in threads_of(world.nora)
        ]


def test_e10_an_answer_that_came_by_mail_stands_in_the_thread_of_what_it_answers(world: World) -> None:
    message_id = send(world)
    answer = (
        f"From: Nora <{NORA}>\r\nTo: office@acme.example\r\nSubject: Re: Invoice\r\n"
        f"Message-ID: <{new_id()}@kestrel.example>\r\nIn-Reply-To: {read(world, message_id).message_id}\r\n\r\n"
        "We never ordered the boxes.\r\n\r\n> Here.\r\n"
    )
    kept = hear(world, answer.encode())
    assert kept.state == "kept"
    [(subject, is_unread, mails)] = inbox(world)
    assert (subject, is_unread) == ("Invoice", True)
    assert [direction for direction, _ in mails] == ["out", "in"]
    assert mails[1][1] == "We never ordered the boxes."


def test_e7_a_report_stands_in_the_thread_and_a_forged_one_says_nothing_there(world: World) -> None:
    message_id = send(world)
    hear(world, report("exim_gone"))
    assert outcomes_in(world) == []
    hear(world, report("exim_gone", to=message_id))
    assert outcomes_in(world) == ["notice"]


def outcomes_in(world: World) -> list[str]:
    """The kinds of mail in Nora's threads that aren't ours."""
    return [direction for _, _, mails in inbox(world) for direction, _ in mails if direction != "out"]


@pytest.mark.parametrize(("reason", "is_quiet"), [("bounced", False), ("complained", True), ("stopped", True)])
def test_e7_trying_again_writes_to_who_bounced_and_to_nobody_who_asked_for_peace(
    world: World, reason: str, is_quiet: bool
) -> None:
    message_id = send(world)
    silence_address(address=NORA, reason=reason, message_id=message_id, **world.acting())
    with tenant.tx(world.seller_id):
        Message.objects.filter(id=message_id).update(state="failed")
    assert retry_message(message_id=message_id, **world.acting())
    with tenant.tx(world.seller_id):
        assert bool(silenced([NORA])) is is_quiet
