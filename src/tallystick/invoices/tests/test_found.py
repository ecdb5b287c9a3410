"""A new seller can sell at once."""

from __future__ import annotations

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.catalog.queries import rates_on_offer
from tallystick.invoices.found import found_business
from tallystick.invoices.queries import number_series
from tallystick.sellers import queries
from tallystick.sellers.errors import SlugTaken
from tallystick.testing.world import NOW


def test_a_business_is_founded_ready_to_sell(database: str) -> None:
    seller_id = new_id()
    slug = f"found-{seller_id.hex[-12:]}"
    given = {"slug": slug, "name": "New Co", "country": "RO", "currency": "RON", "admin_email": f"{slug}@x.example"}
    first = found_business(seller_id=seller_id, now=NOW, **given)
    assert found_business(seller_id=seller_id, now=NOW, **given) == first
    with tenant.tx(seller_id):
        assert {s.kind: s.pattern for s in number_series()} == {
            "invoice": "INV-{number}",
            "credit_note": "CN-{number}",
            "payment": "R-{number}",
        }
        assert rates_on_offer()[0].name == "TVA 21%"
        assert [m.role for m in queries.members()] == ["admin"]
    with pytest.raises(SlugTaken):
        found_business(seller_id=new_id(), now=NOW, **{**given, "admin_email": f"other-{slug}@x.example"})
