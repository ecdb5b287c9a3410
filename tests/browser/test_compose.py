"""The compose window in a real browser: what its buttons write is what a person would have written."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Contact
from tallystick.messages.silence import silence_address
from tests.browser.conftest import Person, Shop, sign_in


def test_f8_the_next_contact_takes_the_place_of_the_silent_one_alone(shop: Shop, person: Callable[..., Person]) -> None:
    world, invoice_id = shop.world, shop.world.invoice()
    with tenant.tx(world.seller_id):
        Contact.objects.create(
            id=new_id(),
            seller_id=world.seller_id,
            customer_id=world.nora,
            name="Desk",
            email="ap@kestrel.example",
            gets_documents=False,
        )
    silence_address(address="nora@kestrel.example", reason="bounced", **world.acting())
    page = person().page
    sign_in(page, shop)
    page.goto(f"{shop.url}/invoices/{invoice_id}/send")
    page.locator("[name=to]").fill("Nora <nora@kestrel.example>, eleonora@kestrel.example")
    page.get_by_role("button", name="Write to ap@kestrel.example instead").click()
    expect(page.locator("[name=to]")).to_have_value("eleonora@kestrel.example, ap@kestrel.example")
    expect(page.get_by_text("so nothing is sent there")).to_have_count(0)
