"""A deposit by card, then the rest by itself: from the customer's tick to the receipt, and when the card fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.invoices import queries as invoices
from tallystick.messages.models import Message
from tallystick.payments.models import ScheduledCharge
from tallystick.payments.schedule import Plan, schedule_charge
from tests.browser.conftest import Person, Shop, sign_in, type_card, wait_for
from tests.browser.looks import look

DEPOSIT = {"days": 30, "deposit_percent": "40"}
DEPOSIT_MINOR, REST_MINOR = 6920, 10380


def deposit_and_rest(shop: Shop) -> tuple[UUID, str, UUID]:
    """Issue an invoice of €173.00 whose rest waits until production is complete."""
    invoice_id, link = shop.invoice(terms=DEPOSIT)
    with tenant.tx(shop.world.seller_id, read_only=True):
        rest = invoices.due_items_of([invoice_id])[1]
    plan = Plan(new_id(), rest.id, "event", event="order.completed")
    return invoice_id, link, schedule_charge(plan=plan, **shop.world.acting()).id


def pay_deposit(page: Page, shop: Shop, link: str, number: str) -> None:
    """Agree to the plan and pay the deposit by card."""
    page.goto(link)
    expect(page.locator("main")).to_contain_text("will be charged when the work is complete")
    look(page)
    page.locator(f"input[name=amount][value='{DEPOSIT_MINOR}']").check()
    page.locator("input[name^=keep-]").check()
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/checkout/**")
    type_card(page, number)
    expect(page.locator("main")).to_contain_text("69.20")
    wait_for(shop.payments, "the deposit")


def complete_production(page: Page, shop: Shop, charge_id: UUID) -> None:
    """Say that production is complete, and have the customer told."""
    page.goto(f"{shop.url}/charges/{charge_id}")
    expect(page.locator("main")).to_contain_text("Notice goes out now")
    look(page)
    page.get_by_role("link", name="is complete").click()
    page.get_by_role("dialog").get_by_role("button", name="is complete").click()
    expect(page.locator("main")).not_to_contain_text("Notice goes out now")
    wait_for(lambda: sent(shop, "charge_notice"), "the notice")


def let_its_day_come(shop: Shop, charge_id: UUID) -> None:
    """Move a planned charge to today, as if the days of its notice had passed."""
    now = clock.now()
    with tenant.tx(shop.world.seller_id):
        ScheduledCharge.objects.filter(id=charge_id).update(
            charge_on=shop.world.today, due_at=now, noticed_at=now - timedelta(days=3)
        )


def sent(shop: Shop, kind: str) -> int:
    """How many letters of a kind went out."""
    with tenant.tx(shop.world.seller_id, read_only=True):
        return Message.objects.filter(kind=kind, state="sent").count()


def row(shop: Shop, charge_id: UUID) -> Any:
    """The planned charge as it stands."""
    with tenant.tx(shop.world.seller_id, read_only=True):
        return ScheduledCharge.objects.get(id=charge_id)


def test_d7_d8_f6_the_rest_is_charged_when_production_is_complete(shop: Shop, person: Callable[..., Person]) -> None:
    payer, staff = person().page, person().page
    invoice_id, link, charge_id = deposit_and_rest(shop)
    pay_deposit(payer, shop, link, "4242424242424242")
    assert row(shop, charge_id).state == "waiting"
    sign_in(staff, shop)
    complete_production(staff, shop, charge_id)
    assert [p.amount_minor for p in shop.payments()] == [DEPOSIT_MINOR]
    let_its_day_come(shop, charge_id)
    wait_for(lambda: sent(shop, "receipt") == 2, "the second receipt")
    assert row(shop, charge_id).state == "done"
    assert sorted(each["amount_minor"] for each in shop.charges()) == [DEPOSIT_MINOR, REST_MINOR]
    with tenant.tx(shop.world.seller_id, read_only=True):
        assert invoices.invoice(invoice_id).open_minor == 0
    staff.goto(f"{shop.url}/invoices/{invoice_id}")
    expect(staff.locator("header, main").first).to_contain_text("Paid")
    payer.goto(link)
    expect(payer.locator("h1")).to_contain_text("This invoice is paid")


@pytest.mark.parametrize(
    ("number", "tries", "why"), [("4000000000000366", 5, "expired card"), ("4000000000000341", 5, "not enough money")]
)
def test_d10_b6_a_card_that_fails_ends_in_a_link_and_says_why(
    shop: Shop, person: Callable[..., Person], number: str, tries: int, why: str
) -> None:
    payer, staff = person().page, person().page
    invoice_id, link, charge_id = deposit_and_rest(shop)
    pay_deposit(payer, shop, link, number)
    sign_in(staff, shop)
    complete_production(staff, shop, charge_id)
    for count in range(1, tries + 1):
        let_its_day_come(shop, charge_id)
        wait_for(lambda count=count: row(shop, charge_id).tries == count, f"try {count}")
        if count < tries:
            wait_for(lambda: row(shop, charge_id).state == "retrying", "the next try to be planned")
    wait_for(lambda: sent(shop, "charge_fell_back"), "the link")
    assert row(shop, charge_id).state == "fallen_back"
    assert sent(shop, "charge_failed") == tries - 1
    assert [each["amount_minor"] for each in shop.charges()] == [DEPOSIT_MINOR]
    staff.goto(f"{shop.url}/charges/{charge_id}")
    expect(staff.locator("main")).to_contain_text(f"Declined: {why}")
    look(staff)
    payer.goto(link)
    expect(payer.locator("main")).to_contain_text("103.80")
    with tenant.tx(shop.world.seller_id, read_only=True):
        assert invoices.invoice(invoice_id).open_minor == REST_MINOR
