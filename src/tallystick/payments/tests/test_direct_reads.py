"""A row read by its id is the row that the ORM reads."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from tallystick.base import direct, tenant
from tallystick.base.ids import new_id
from tallystick.base.schema import TenantModel
from tallystick.customers.models import Customer
from tallystick.payments.models import ChargeAttempt, GatewayAccount
from tallystick.payments.tests.stage import Stage
from tallystick.sellers.models import Seller
from tallystick.testing.world import World


def test_every_field_of_every_kind_is_read_as_the_orm_reads_it(stage: Stage) -> None:
    card = stage.keep_card()
    stage.plan(stage.world.invoice(), charge_on=stage.world.today, payment_method_id=card.id)
    stage.pay(stage.world.invoice())
    stage.drain()
    compared = 0
    with tenant.tx(stage.world.seller_id):
        for model in apps.get_models():
            if not issubclass(model, TenantModel):
                continue
            for row in model._default_manager.all()[:3]:
                found = direct.get(model, row.pk)
                assert values(found) == values(row)
                assert found._state.adding is False
                assert found._state.db == row._state.db
                compared += 1
    assert compared > 30


def values(row: models.Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_nobody_elses_row_is_found(world: World, outsider: World) -> None:
    with tenant.tx(world.seller_id):
        assert direct.find(Customer, outsider.customers["nora"]) is None
        assert direct.find(GatewayAccount, new_id()) is None
        assert direct.find(GatewayAccount, None) is None
        with pytest.raises(ChargeAttempt.DoesNotExist):
            direct.get(ChargeAttempt, new_id(), lock=True)


def test_what_is_left_out_is_read_when_asked_for(world: World) -> None:
    with tenant.tx(world.seller_id):
        found = direct.get(Seller, world.seller_id, without=("logo",))
        assert found.get_deferred_fields() == {"logo"}
        with CaptureQueriesContext(connection) as asked:
            assert found.logo is None
        assert len(asked) == 1
