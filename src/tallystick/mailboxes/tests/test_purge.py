"""Mail as it came is let go after its days; what was read from it stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from tallystick.base import clock, tenant
from tallystick.mailboxes import purge
from tallystick.mailboxes.keep import finish_mail, keep_mail
from tallystick.mailboxes.models import DONE, IncomingMessage
from tallystick.mailboxes.purge import purge_mail
from tallystick.testing.world import World, make_world
from tallystick.worker.sweeps import sweep_purges


def keep(world: World, subject: str, state: str = "kept") -> bytes:
    """Keep a mail, something having been made of it."""
    raw = f"Subject: {subject}\r\n\r\nHello".encode()
    assert keep_mail(raw=raw, source="imap", **world.acting())
    with tenant.tx(world.seller_id):
        row = IncomingMessage.objects.get(subject="")
        given = {"incoming_id": row.id, "from_address": "nora@kestrel.example", "subject": subject, "message_id": None}
        finish_mail(seller_id=world.seller_id, state=state, **given)
    return raw


def left(world: World) -> dict[str, tuple[str, bool]]:
    """Subject → what became of it, and whether it is there as it came."""
    with tenant.tx(world.seller_id, read_only=True):
        return {row.subject: (row.state, bool(row.raw)) for row in IncomingMessage.objects.all()}


def test_what_is_old_and_done_is_let_go(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 2)
    raw = keep(world, "old")
    for state in ("bounced", "unverified", "waiting", "failed"):
        keep(world, state, state)
    old = world.now + timedelta(seconds=1)
    world.later(days=1)
    keep(world, "new")
    other = make_world()
    keep(other, "theirs")
    assert purge_mail(seller_id=world.seller_id, before=old) == 3
    assert purge_mail(seller_id=world.seller_id, before=old) == 0
    done = {"kept": "old", "bounced": "bounced", "unverified": "unverified"}
    assert set(done) == set(DONE)
    whole = {"waiting": ("waiting", True), "failed": ("failed", True), "new": ("kept", True)}
    assert left(world) == {**{subject: (state, False) for state, subject in done.items()}, **whole}
    assert left(other) == {"theirs": ("kept", True)}
    assert not keep_mail(raw=raw, source="imap", **world.acting()), "the same mail is still known"


def test_the_sweep_keeps_it_for_as_long_as_the_operator_says(world: World) -> None:
    keep(world, "mail")
    assert settings.ENV.incoming_days == 90
    for days, is_whole in ((89, True), (91, False)):
        with clock.at(world.now + timedelta(days=days)):
            sweep_purges(world.seller_id)
        assert left(world) == {"mail": ("kept", is_whole)}
