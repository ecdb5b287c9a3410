"""One row, past the ORM's composing: the same values come and go, and row security holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, IntegrityError, models

from tallystick.base import clock, direct, inbox, tenant
from tallystick.base.ids import new_id
from tallystick.base.models import InboundEvent
from tallystick.customers.models import Customer
from tallystick.invoices.models import Invoice
from tallystick.testing.world import World, make_world


def _values(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", [Customer, Invoice], ids=["customer", "invoice"])
def test_rows_found_by_their_values_are_the_orms(world: World, model: type[models.Model]) -> None:
    world.issue(world.draft())
    with tenant.tx(world.seller_id):
        by_orm = {row.pk: _values(row) for row in model._default_manager.all()}
        assert {row.pk: _values(row) for row in direct.all_by(model, seller_id=world.seller_id)} == by_orm
        key, values = next(iter(by_orm.items()))
        found = direct.find_by(model, id=key, seller_id=world.seller_id)
        assert found and _values(found) == values
        assert direct.find_by(model, id=new_id()) is None


def _event(world: World, **values: Any) -> InboundEvent:
    given = {"gateway_account_id": new_id(), "event_id": "evt_1", "kind": "x", "body": b"\x00{}"}
    now = clock.now()
    return InboundEvent(id=new_id(), seller_id=world.seller_id, received_at=now, due_at=now, **given | values)


def test_a_row_is_added_and_written_as_the_orm_does_it(world: World) -> None:
    with tenant.tx(world.seller_id):
        row = _event(world)
        direct.add(row)
        later = row.due_at + timedelta(hours=1)
        direct.write(row, due_at=later, tries=3, attempt_id=None, body=b"'; --")
        found = InboundEvent.objects.get(id=row.id)
        assert (found.due_at, found.tries, bytes(found.body), found.event_id) == (later, 3, b"'; --", "evt_1")
        assert (row.due_at, row.tries) == (later, 3)
    with pytest.raises(IntegrityError), tenant.tx(world.seller_id):
        direct.add(_event(world, gateway_account_id=row.gateway_account_id))


def test_another_sellers_row_is_neither_read_nor_written_nor_added(world: World) -> None:
    with tenant.tx(world.seller_id):
        row = _event(world)
        direct.add(row)
    other = make_world()
    with tenant.tx(other.seller_id):
        assert direct.find(InboundEvent, row.id) is None
        assert direct.find_by(InboundEvent, event_id="evt_1") is None
        assert direct.claim(InboundEvent, row.id) is None
        direct.write(InboundEvent(id=row.id), tries=9)
    with tenant.tx(world.seller_id):
        assert direct.get(InboundEvent, row.id).tries == 0
    with pytest.raises(Error, match="row-level security"), tenant.tx(other.seller_id):
        direct.add(_event(world, event_id="evt_2"))


def test_a_claimed_row_must_still_be_what_it_was(world: World) -> None:
    with tenant.tx(world.seller_id):
        row = _event(world)
        direct.add(row)
        assert direct.claim(InboundEvent, row.id, tries=0)
        assert direct.claim(InboundEvent, row.id, tries=1) is None


def test_a_webhook_is_leased_once_until_its_time_and_waits_longer_each_time(world: World) -> None:
    now = clock.now()
    given = {"gateway_account_id": new_id(), "event_id": "e", "kind": "x", "reference": "", "attempt_id": None}
    inbox.keep(seller_id=world.seller_id, body=b"{}", now=now, **given)
    with tenant.tx(world.seller_id):
        row = InboundEvent.objects.get(event_id="e")
        leased = inbox.lease(row.id, now=now, until=now + timedelta(minutes=1))
        assert leased and leased.tries == 1
        assert inbox.lease(row.id, now=now, until=now + timedelta(minutes=1)) is None
        assert inbox.lease(row.id, now=now + timedelta(minutes=1), until=now + timedelta(minutes=2))
        inbox.finish(row.id, now=now)
        assert inbox.lease(row.id, now=now + timedelta(hours=1), until=now + timedelta(hours=2)) is None
