"""Drafts dated ahead: issued by themselves on their day, sent at eight, and not one minute before (E15)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from tallystick.base import tenant
from tallystick.invoices.errors import AlreadyIssued, NotIssuable
from tallystick.invoices.models import Invoice
from tallystick.invoices.release import plan_release, stop_release
from tallystick.messages.triggers import Triggers, save_triggers
from tallystick.testing.world import World
from tests.sending.story import about, let, let_until


def ahead(world: World, days: int = 1, *, is_sent: bool = True) -> UUID:
    """A draft dated so many days ahead, planned for its day, at noon of today."""
    let_until(world, 0, 12)
    invoice_id = world.draft(issue_on=world.today + timedelta(days=days))
    plan(world, invoice_id, is_sent=is_sent)
    return invoice_id


def plan(world: World, invoice_id: UUID, *, is_sent: bool = True) -> None:
    plan_release(**world.acting(), invoice_id=invoice_id, is_sent=is_sent, today=world.today)


def issued(world: World, invoice_id: UUID) -> tuple[str | None, date | None]:
    with tenant.tx(world.seller_id, read_only=True):
        row = Invoice.objects.get(id=invoice_id)
        return row.number, row.issued_on


def test_e15_an_invoice_dated_tomorrow_is_issued_tomorrow_and_sent_at_eight(world: World) -> None:
    invoice_id = ahead(world)
    tomorrow = world.today + timedelta(days=1)
    let_until(world, 0, 23, 59)
    assert issued(world, invoice_id) == (None, None)
    let_until(world, 1, 0, 1)
    number, on = issued(world, invoice_id)
    assert number
    assert on == tomorrow
    assert about(world, invoice_id) == [("queued", "")]
    let_until(world, 0, 7, 59)
    assert about(world, invoice_id) == [("queued", "")]
    let_until(world, 0, 8, 1)
    assert about(world, invoice_id) == [("sent", "")]


def test_e15_planned_without_sending_it_follows_the_triggers(world: World) -> None:
    quiet = ahead(world, is_sent=False)
    let_until(world, 1, 9)
    assert issued(world, quiet)[0]
    assert about(world, quiet) == []
    save_triggers(wanted=Triggers(frozenset({"invoice"})), **world.acting())
    loud = ahead(world, is_sent=False)
    let_until(world, 1, 7)
    assert about(world, loud) == [("queued", "")]
    let_until(world, 0, 8, 1)
    assert about(world, loud) == [("sent", "")]


def test_e15_a_plan_ends_by_hand_or_when_the_draft_is_saved(world: World) -> None:
    stopped, saved = ahead(world), ahead(world)
    assert stop_release(invoice_id=stopped, **world.acting())
    assert not stop_release(invoice_id=stopped, **world.acting())
    world.draft(id=saved, issue_on=world.today + timedelta(days=1))
    let_until(world, 1, 9)
    assert issued(world, stopped) == issued(world, saved) == (None, None)


def test_e15_issued_today_instead_it_is_a_person_who_sends_it(world: World) -> None:
    invoice_id = ahead(world)
    world.issue(invoice_id)
    let(world, minutes=30)
    assert about(world, invoice_id) == []
    with pytest.raises(AlreadyIssued):
        plan(world, invoice_id)


def test_e15_only_what_could_be_issued_can_be_planned(world: World) -> None:
    with pytest.raises(NotIssuable, match="not_ahead"):
        plan(world, world.draft(issue_on=world.today))
    with pytest.raises(NotIssuable, match="empty"):
        plan(world, world.draft(lines=(), issue_on=world.today + timedelta(days=1)))


def test_e15_after_a_standstill_it_is_dated_the_day_it_is_issued(world: World) -> None:
    """Numbers follow dates, so a day that was missed isn't written in later."""
    invoice_id = ahead(world, is_sent=False)
    let_until(world, 3, 9)
    assert issued(world, invoice_id)[1] == world.today
