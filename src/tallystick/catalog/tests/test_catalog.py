"""The catalog: items and rates, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.catalog import queries
from tallystick.catalog.errors import CodeTaken, DefaultRate, NoSuchItem, NoSuchRate
from tallystick.catalog.rates import STANDARD_AND_REDUCED, archive_tax_rate, make_default_rate, save_tax_rate
from tallystick.catalog.save import archive_item, restore_item, save_item
from tallystick.core.document import Tax
from tallystick.core.errors import InvalidLine, InvalidTax
from tallystick.testing.world import World


def add(world: World, code: str = "CARD", **given: object) -> UUID:
    values = {"name": "Cards", "unit_price": Decimal("0.145"), "currency": "EUR", "item_id": new_id(), **given}
    save_item(seller_id=world.seller_id, code=code, **values)  # type: ignore[arg-type]
    return values["item_id"]  # type: ignore[return-value]


def test_items_are_saved_twice_and_archived(world: World) -> None:
    item_id = add(world, tax_rate_id=world.rates["standard"])
    add(world, item_id=item_id, name="Better cards")
    with tenant.tx(world.seller_id):
        assert [(i.code, i.name) for i in queries.items()] == [("CARD", "Better cards")]
    archive_item(item_id=item_id, **world.acting())
    with tenant.tx(world.seller_id):
        assert queries.items() == []
    restore_item(seller_id=world.seller_id, item_id=item_id)
    with tenant.tx(world.seller_id):
        assert len(queries.items()) == 1


def test_wrong_items_are_refused(world: World, outsider: World) -> None:
    item_id = add(world)
    with pytest.raises(CodeTaken):
        add(world)
    with pytest.raises(InvalidLine):
        add(world, "NEG", unit_price=Decimal(-1))
    with pytest.raises(NoSuchRate):
        add(world, "TAX", tax_rate_id=outsider.rates["standard"])
    with pytest.raises(NoSuchItem):
        archive_item(item_id=item_id, **outsider.acting())


def test_exactly_one_rate_is_the_default(world: World, outsider: World) -> None:
    make_default_rate(seller_id=world.seller_id, rate_id=world.rates["standard"])
    rate_id = new_id()
    save_tax_rate(
        seller_id=world.seller_id, rate_id=rate_id, name="New", category="S", percent=Decimal(24), is_default=True
    )
    with tenant.tx(world.seller_id):
        assert [rate.id for rate in queries.rates_on_offer() if rate.is_default] == [rate_id]
    with pytest.raises(DefaultRate):
        archive_tax_rate(rate_id=rate_id, **world.acting())
    archive_tax_rate(rate_id=world.rates["zero"], **world.acting())
    with pytest.raises(NoSuchRate):
        make_default_rate(seller_id=world.seller_id, rate_id=world.rates["zero"])
    with pytest.raises(NoSuchRate):
        archive_tax_rate(rate_id=rate_id, **outsider.acting())
    with pytest.raises(InvalidTax):
        save_tax_rate(seller_id=world.seller_id, rate_id=new_id(), name="?", category="Z", percent=Decimal(5))


@pytest.mark.parametrize("country", sorted(STANDARD_AND_REDUCED))
def test_each_countrys_rates_are_rates(country: str) -> None:
    percents = [Decimal(text) for text in STANDARD_AND_REDUCED[country][1].split()]
    assert percents == sorted(percents, reverse=True)
    assert all(Tax("S", percent) for percent in percents)
