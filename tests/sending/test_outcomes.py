"""What became of a message: it only climbs, the same news is kept once, and it says whom we write to no more."""

from __future__ import annotations

from uuid import UUID

import pytest

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.messages.models import Message, MessageOutcome, SilencedAddress
from tallystick.messages.outcomes import PATIENCE, lift_silence, record_outcome, silence_address, silenced
from tallystick.messages.queue import Letter, queue_message
from tallystick.testing.world import World

NORA = "nora@kestrel.example"


def said(world: World) -> UUID:
    """Queue a message and return its id."""
    message_id = new_id()
    letter = Letter(message_id, f"test:{message_id}", "invoice", [NORA], "en", "Hello", "Here.", is_by_hand=True)
    queue_message(letter=letter, **world.acting())
    return message_id


def hear(world: World, message_id: UUID, kind: str, recipient: str = NORA, **given: str) -> bool:
    return record_outcome(
        message_id=message_id, recipient=recipient, kind=kind, source="dsn", at=world.now, **given, **world.acting()
    )


def outcome(world: World, message_id: UUID) -> str:
    with tenant.tx(world.seller_id):
        return Message.objects.get(id=message_id).outcome


def quiet(world: World, *addresses: str) -> set[str]:
    with tenant.tx(world.seller_id):
        return silenced(addresses or [NORA])


def test_e7_what_is_heard_only_climbs(world: World) -> None:
    message_id, seen = said(world), []
    for kind in ("delayed", "delivered", "delayed", "opened", "delivered", "bounced_hard", "opened"):
        hear(world, message_id, kind)
        seen.append(outcome(world, message_id))
    assert seen == ["delayed", "delivered", "delivered", "opened", "opened", "bounced", "bounced"]


def test_e7_the_same_news_twice_is_one(world: World) -> None:
    message_id = said(world)
    assert hear(world, message_id, "bounced_soft")
    assert not hear(world, message_id, "bounced_soft", recipient=NORA.upper())
    with tenant.tx(world.seller_id):
        assert MessageOutcome.objects.filter(message_id=message_id).count() == 1
        assert SilencedAddress.objects.get(address=NORA).soft_count == 1
        facts = [fact for fact in events.timeline(subject_ids=[message_id]) if fact.kind == "message.bounced"]
    assert [(fact.data["recipient"], fact.data["is_hard"]) for fact in facts] == [(NORA, False)]


def test_f8_a_hard_bounce_silences_at_once_and_a_person_lifts_it(world: World) -> None:
    hear(world, said(world), "bounced_hard", code="5.1.1", words="550 5.1.1 no such\x00 user\r\nhere")
    assert quiet(world, NORA.upper()) == {NORA}
    with tenant.tx(world.seller_id):
        assert SilencedAddress.objects.get(address=NORA).words == "550 5.1.1 no such user here"
    assert lift_silence(address=NORA, **world.acting())
    assert not lift_silence(address=NORA, **world.acting())
    assert quiet(world) == set()
    hear(world, said(world), "bounced_hard")
    assert quiet(world) == {NORA}


def test_f8_temporary_bounces_silence_when_there_are_enough_in_a_row(world: World) -> None:
    for _ in range(PATIENCE - 1):
        hear(world, said(world), "bounced_soft")
    hear(world, said(world), "delivered")
    for _ in range(PATIENCE - 1):
        hear(world, said(world), "bounced_soft")
        assert quiet(world) == set()
    hear(world, said(world), "bounced_soft")
    assert quiet(world) == {NORA}


def test_f8_a_refusal_of_the_content_says_nothing_about_the_address(world: World) -> None:
    message_id = said(world)
    hear(world, message_id, "rejected", code="5.7.1", words="looks like spam")
    assert (outcome(world, message_id), quiet(world)) == ("bounced", set())


def test_a_complaint_silences(world: World) -> None:
    message_id = said(world)
    hear(world, message_id, "complained")
    assert (outcome(world, message_id), quiet(world)) == ("delivered", {NORA})


def test_a_number_that_says_stop_is_silenced_once(world: World) -> None:
    assert silence_address(address="+353861234567", reason="stopped", **world.acting())
    assert not silence_address(address="+353861234567", reason="stopped", **world.acting())
    assert quiet(world, "+353861234567", NORA) == {"+353861234567"}


def test_nobody_elses_message_is_no_news(world: World, outsider: World) -> None:
    message_id = said(world)
    assert not hear(outsider, message_id, "bounced_hard")
    assert (outcome(world, message_id), quiet(world), quiet(outsider)) == ("", set(), set())


def test_an_unknown_kind_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="isn't an outcome"):
        hear(world, said(world), "evaporated")
