"""A seller's pace is kept, what is over it goes in order in the minutes to come, and nobody else waits for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.mail.port import Delivery
from tallystick.messages import send
from tallystick.messages.claim import due_messages
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared, alone
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.send import send_messages
from tallystick.sellers.mail_pace import set_pace
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.world import World


def queue(world: World, many: int) -> None:
    for place in range(many):
        letter = Letter(new_id(), f"pace:{place}", "invitation", [f"p{place}@x.example"], "en", "Hello", "Here.")
        queue_message(seller_id=world.seller_id, letter=letter, now=world.now + timedelta(seconds=place / 100))


def go(world: World, seconds: int, most: int = 100) -> None:
    """Send what is due then, as the sweep does."""
    now = world.now + timedelta(seconds=seconds)
    due = [message_id for _, message_id in due_messages(at=now, most=most, seller_id=world.seller_id)]
    gather = {"invitation": alone(lambda _: Prepared("", "Hello"))}
    send_messages(seller_id=world.seller_id, message_ids=due, gather=gather, now=now)


def gone(world: World) -> list[str]:
    with tenant.tx(world.seller_id):
        rows = Message.objects.filter(state="sent").order_by("sent_at", "created_at")
        return [row.recipients[0].split("@")[0] for row in rows]


def test_three_a_minute_are_three_a_minute_in_order(world: World, mailbox: Mailbox) -> None:
    mailbox.use()
    world.now = world.now.replace(second=10)
    queue(world, 8)
    set_pace(**world.acting(), per_minute=3)
    go(world, 5)
    assert gone(world) == ["p0", "p1", "p2"]
    with tenant.tx(world.seller_id):
        due = Message.objects.filter(state="queued").order_by("due_at", "id").values_list("due_at", flat=True)
        minutes = [round((each - world.now.replace(second=0)).total_seconds() / 60) for each in due]
    assert minutes == [1, 1, 1, 2, 2], "each waits for its own minute, so a sweep finds nothing it can't send"
    go(world, 40)
    assert len(gone(world)) == 3
    go(world, 50)
    assert gone(world)[3:] == ["p3", "p4", "p5"]
    go(world, 110)
    assert len(gone(world)) == 8


def test_one_sellers_pace_does_not_hold_up_another(world: World, mailbox: Mailbox) -> None:
    mailbox.use()
    queue(world, 30)
    set_pace(**world.acting(), per_minute=1)
    go(world, 5, most=2)
    assert gone(world) == ["p0"]
    left = due_messages(at=world.now + timedelta(seconds=5), most=100, seller_id=world.seller_id)
    assert left == [], "one refused turn clears the way: the next batch is other sellers'"


def test_a_services_name_for_a_message_is_kept_and_ours_goes_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []

    def deliver(envelope: object, **_: object) -> Delivery:
        told.append(envelope)
        return Delivery(("p0@x.example",), (), "id-1")

    monkeypatch.setattr(send, "deliver", deliver)
    queue(world, 1)
    go(world, 5)
    with tenant.tx(world.seller_id):
        message = Message.objects.get(state="sent")
    assert (message.provider_id, told[0].reference) == ("id-1", str(message.id))


def test_e4_the_default_route_speaks_in_the_sellers_name(world: World, mailbox: Mailbox) -> None:
    mailbox.use()
    queue(world, 1)
    go(world, 5)
    with tenant.tx(world.seller_id):
        message = Message.objects.get(state="sent")
    (found,) = [one for one in mailbox.messages() if str(message.id) in one["message_id"]]
    assert "noreply-invoice@" in found["sender"]
    assert world.slug.split("-")[0].title() in found["sender"]
