"""A few messages are taken together: trouble with one is its own, a slow server holds none of them, each goes once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.base.models import Event
from tallystick.messages import send
from tallystick.messages.models import Message
from tallystick.messages.prepared import Composer, Gather, Prepared, Skip, alone
from tallystick.messages.queue import Letter, cancel_message, queue_message
from tallystick.messages.send import MOST, send_messages
from tallystick.sellers.mail_pace import set_pace
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.world import World
from tallystick.worker import sweeps


def queue(world: World, many: int) -> list[UUID]:
    """Queue so many, one after the other."""
    ids = [new_id() for _ in range(many)]
    for place, message_id in enumerate(ids):
        letter = Letter(message_id, f"few:{place}", "invitation", [f"p{place}@x.example"], "en", "Hello", "Here.")
        queue_message(seller_id=world.seller_id, letter=letter, now=world.now + timedelta(seconds=place / 100))
    return ids


def go(world: World, ids: Sequence[UUID], gather: Gather, seconds: int = 5) -> int:
    now = world.now + timedelta(seconds=seconds)
    return send_messages(seller_id=world.seller_id, message_ids=ids, gather={"invitation": gather}, now=now)


def hello(message: Message) -> Prepared:
    return Prepared("", "Hello")


def states(world: World) -> str:
    """The first letter of each message's state, in the order of queuing: s for sent, q for queued, l for leased."""
    with tenant.tx(world.seller_id):
        rows = Message.objects.order_by("created_at").values_list("state", flat=True)
        return "".join("l" if state == "sending" else state[0] for state in rows)


def copies(mailbox: Mailbox, ids: Sequence[UUID]) -> list[int]:
    arrived = [each["message_id"] for each in mailbox.messages()]
    return [sum(str(message_id) in name for name in arrived) for message_id in ids]


def test_statements_grow_with_what_is_marked_only(world: World) -> None:
    ids, counts = queue(world, MOST), []
    for few in (ids[:1], ids[1:5], ids[5:]):
        with CaptureQueriesContext(connection) as asked:
            assert go(world, few, alone(hello)) == len(few)
        counts.append(len(asked) - 5 * len(few))
    assert max(counts) - min(counts) <= 2, (
        "five for each: begin, the mark, the fact, the next one's turn, commit; a hint more or less"
    )
    assert max(counts) <= 15


def test_trouble_with_one_is_its_own(world: World, mailbox: Mailbox) -> None:
    ids = queue(world, 4)

    def compose(message: Message) -> Prepared | Skip:
        if message.id == ids[1]:
            raise LookupError("no such thing")
        return Skip("over") if message.id == ids[2] else hello(message)

    go(world, ids, alone(compose))
    assert states(world) == "slss", "the second stays due, for when its lease ends; the third was skipped"
    assert copies(mailbox, ids) == [1, 0, 0, 1]


def test_what_cannot_be_looked_at_together_is_looked_at_alone(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = queue(world, 4)

    def gather(messages: Sequence[Message]) -> Composer:
        if any(message.id == ids[1] for message in messages):
            raise LookupError("no such thing")
        return hello

    monkeypatch.setattr(sweeps, "GATHER", {"invitation": gather})
    with clock.at(world.now + timedelta(seconds=5)):
        assert sweeps.sweep_messages(world.seller_id) == 3
    assert states(world) == "slss"
    assert copies(mailbox, ids) == [1, 0, 1, 1]


def test_a_slow_server_holds_none_of_the_others(
    world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = queue(world, 3)
    monkeypatch.setattr(send, "FRESH_S", -1.0)
    looks: list[int] = []

    def gather(messages: Sequence[Message]) -> Composer:
        looks.append(len(messages))
        return hello

    for expected in ("sqq", "ssq", "sss"):
        go(world, ids, gather)
        assert states(world) == expected
    assert looks == [3, 2, 1], "each was looked at anew"
    assert copies(mailbox, ids) == [1, 1, 1]


def test_what_was_let_go_gives_its_turn_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.now = world.now.replace(second=10)
    ids = queue(world, 4)
    set_pace(**world.acting(), per_minute=3)
    monkeypatch.setattr(send, "FRESH_S", -1.0)
    for expected in ("sqqq", "ssqq", "sssq", "sssq"):
        go(world, ids, alone(hello))
        assert states(world) == expected


def test_who_cancels_one_that_is_leaving_is_told_so(world: World, mailbox: Mailbox) -> None:
    ids, told = queue(world, 2), []

    def compose(message: Message) -> Prepared:
        told.append(cancel_message(seller_id=world.seller_id, message_id=ids[1], now=world.now))
        return hello(message)

    go(world, ids, alone(compose))
    assert told == [False, False]
    assert copies(mailbox, ids) == [1, 1]


def test_the_next_is_composed_before_the_last_is_marked(world: World) -> None:
    ids, seen = queue(world, 3), []

    def compose(message: Message) -> Prepared:
        seen.append(states(world))
        return hello(message)

    go(world, ids, alone(compose))
    assert seen == ["lll", "lll", "sll"]
    assert states(world) == "sss"


def die_while_sending(world: World, ids: Sequence[UUID]) -> None:
    """A sender takes these, begins with the first, and is never heard of again."""

    def compose(message: Message) -> Prepared:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go(world, ids, alone(compose))


def unsure(world: World) -> list[bool]:
    with tenant.tx(world.seller_id):
        return list(Message.objects.order_by("created_at").values_list("may_have_left", flat=True))


def test_only_the_one_whose_turn_it_was_may_have_left(world: World) -> None:
    ids = queue(world, 3)
    die_while_sending(world, ids)
    go(world, ids, lambda messages: lambda message: Skip("paid"), seconds=26)
    assert states(world) == "lss", "the others were held for seconds only"
    go(world, ids, lambda messages: lambda message: Skip("paid"), seconds=306)
    assert states(world) == "sss"
    assert unsure(world) == [True, False, False]


def test_what_may_have_left_and_is_sent_again_says_so(world: World, mailbox: Mailbox) -> None:
    ids = queue(world, 2)
    mailbox.fault(drop=1)
    go(world, ids, alone(hello))
    go(world, ids, alone(hello), seconds=120)
    assert states(world) == "ss"
    assert unsure(world) == [True, False]
    with tenant.tx(world.seller_id):
        facts = Event.objects.filter(kind="message.sent").order_by("id")
        assert [fact.data.get("may_have_left") for fact in facts] == [None, True]


def test_a_refusal_leaves_no_doubt(world: World, mailbox: Mailbox) -> None:
    ids = queue(world, 2)
    mailbox.fault(temporary=1)
    go(world, ids, alone(hello))
    assert states(world) == "qs"
    assert unsure(world) == [False, False]


def test_who_is_too_slow_loses_what_waited(world: World, mailbox: Mailbox) -> None:
    ids = queue(world, 3)

    def compose(message: Message) -> Prepared:
        if message.id == ids[0]:
            assert go(world, ids, alone(hello), seconds=60) == 2, "another sender takes what was held too long"
        return hello(message)

    assert go(world, ids, alone(compose)) == 3
    assert states(world) == "sss"
    assert copies(mailbox, ids) == [1, 1, 1]


def test_who_looks_for_too_long_loses_all(world: World, mailbox: Mailbox) -> None:
    ids = queue(world, 2)

    def gather(messages: Sequence[Message]) -> Composer:
        later = world.now + timedelta(minutes=1)
        Message.objects.update(lease_until=later, due_at=later)  # as another sender does that takes them
        return hello

    assert go(world, ids, gather) == 2
    assert states(world) == "ll"
    assert copies(mailbox, ids) == [0, 0]


def test_two_senders_never_take_the_same(world: World, mailbox: Mailbox) -> None:
    ids, others = queue(world, 3), []

    def compose(message: Message) -> Prepared:
        others.append(go(world, ids, alone(hello)))
        return hello(message)

    assert go(world, ids, alone(compose)) == 3
    assert others == [0, 0, 0]
    assert copies(mailbox, ids) == [1, 1, 1]
