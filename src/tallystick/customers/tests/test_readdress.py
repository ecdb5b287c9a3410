"""An address that changed: where it stood, and nowhere else."""

from __future__ import annotations

import pytest

from tallystick.base import tenant
from tallystick.customers.errors import InvalidCustomer
from tallystick.customers.lock import NoSuchCustomer
from tallystick.customers.queries import customer, customers_with_address
from tallystick.customers.readdress import replace_address
from tallystick.testing.world import World


def test_the_new_address_stands_where_the_old_one_did(world: World) -> None:
    given = {**world.acting(), "customer_id": world.nora, "old": "NORA@kestrel.example", "new": "ap@kestrel.example"}
    assert replace_address(**given)
    assert not replace_address(**given)
    with tenant.tx(world.seller_id, read_only=True):
        row = customer(world.nora)
        assert row
        assert row.email == "ap@kestrel.example"
        assert customers_with_address("AP@Kestrel.example") == [world.nora]
        assert customers_with_address("nora@kestrel.example") == []


def test_no_address_and_no_customer_are_refused(world: World, outsider: World) -> None:
    with pytest.raises(InvalidCustomer):
        replace_address(**world.acting(), customer_id=world.nora, old="nora@kestrel.example", new="nobody")
    with pytest.raises(NoSuchCustomer):
        replace_address(**outsider.acting(), customer_id=world.nora, old="nora@kestrel.example", new="a@b.example")
