"""Whatever goes wrong while somebody pays: exactly one charge, one payment, one receipt, and the page says what is so."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Person, Shop, type_card, wait_for
from tests.browser.looks import look

THREE_D, DECLINED, SLOW = "4000000000003220", "4000000000009995", "4000000000002206"


@pytest.fixture
def page(person: Callable[..., Person]) -> Page:
    return person().page


@pytest.fixture
def due(shop: Shop) -> tuple[UUID, str]:
    """An invoice of €173.00 and its link."""
    return shop.invoice()


def checkout(page: Page, link: str) -> None:
    """From the payment page to the provider's."""
    page.goto(link)
    page.locator("button[name=way]").first.click()
    page.wait_for_url("**/checkout/**")


def thanked(page: Page) -> None:
    page.wait_for_url("**/return**")
    expect(page.locator("#done")).to_be_visible()


def test_a_declined_card_then_a_good_one(shop: Shop, page: Page, due: tuple[UUID, str]) -> None:
    checkout(page, due[1])
    type_card(page, DECLINED)
    expect(page.get_by_role("alert")).to_be_visible()
    assert shop.payments() == []
    type_card(page)
    thanked(page)
    shop.settled_once(due[0])


def test_three_d_secure(shop: Shop, page: Page, due: tuple[UUID, str]) -> None:
    checkout(page, due[1])
    type_card(page, THREE_D)
    assert shop.payments() == []
    page.locator("button[value=approve]").click()
    thanked(page)
    shop.settled_once(due[0])


def test_three_d_secure_refused_then_another_card(shop: Shop, page: Page, due: tuple[UUID, str]) -> None:
    checkout(page, due[1])
    type_card(page, THREE_D)
    page.locator("button[value=decline]").click()
    page.wait_for_load_state()
    assert shop.charges() == []
    type_card(page)
    thanked(page)
    shop.settled_once(due[0])


def test_the_browser_is_closed_before_the_return(
    shop: Shop, person: Callable[..., Person], due: tuple[UUID, str]
) -> None:
    """The webhook alone settles it, and the link then shows it paid."""
    one = person()
    checkout(one.page, due[1])
    one.context.route(f"{shop.town.url}/**", lambda route: route.abort())
    type_card(one.page)
    wait_for(shop.charges, "the charge")
    one.leave()
    shop.settled_once(due[0])
    later = person().page
    later.goto(due[1])
    expect(later.locator("button[name=way]")).to_have_count(0)
    look(later)


def test_no_webhook_ever_comes_and_the_browser_is_closed(
    shop: Shop, person: Callable[..., Person], due: tuple[UUID, str]
) -> None:
    """The sweeper asks by our own id. Its hour is brought forward, as it would come in real time."""
    from tallystick.base import clock, tenant
    from tallystick.payments.models import ChargeAttempt

    shop.town.sandbox.fault("webhook_lost", times=20)
    one = person()
    checkout(one.page, due[1])
    one.context.route(f"{shop.town.url}/**", lambda route: route.abort())
    type_card(one.page)
    wait_for(shop.charges, "the charge")
    one.leave()
    with tenant.tx(shop.world.seller_id):
        ChargeAttempt.objects.update(due_at=clock.now())
    shop.settled_once(due[0])
    assert shop.heard() == 0


def test_webhooks_three_times_and_out_of_order(shop: Shop, page: Page, due: tuple[UUID, str]) -> None:
    shop.town.sandbox.fault("webhook_duplicated", times=20, copies=3)
    shop.town.sandbox.fault("webhook_reordered", times=20, seconds=1)
    checkout(page, due[1])
    type_card(page, DECLINED)
    type_card(page)
    thanked(page)
    shop.settled_once(due[0])
    seen = {
        hit["kind"]: hit["hits"]
        for hit in shop.town.sandbox.payer.get(f"{shop.town.sandbox.url}/faults").json()["faults"]
    }
    assert seen["webhook_duplicated"] >= 1


@pytest.mark.parametrize("operation", ["open_session", "pay", "look_up"])
def test_the_gateway_goes_silent_after_doing_it(
    shop: Shop, person: Callable[..., Person], due: tuple[UUID, str], operation: str
) -> None:
    """It opened the page, took the money or knew the answer, and the line went dead before it could say so."""
    one = person()
    page = one.page
    if operation == "open_session":
        shop.town.sandbox.fault("drop_after", operation=operation, times=1)
        page.goto(due[1])
        page.locator("button[name=way]").first.click()
        # The page asks for the session by our own id; the payer is led on to that very one, without a click.
        page.wait_for_url("**/checkout/**")
        type_card(page)
    else:
        checkout(page, due[1])
        shop.town.sandbox.fault("drop_after", operation=operation, times=1 if operation == "pay" else 3)
        type_card(page)
        if operation == "pay":
            wait_for(shop.charges, "the charge")
            one.complaints.clear()
            page.goto(due[1])
    wait_for(lambda: len(shop.charges()) == 1, "the charge")
    shop.settled_once(due[0])
    assert len(shop.attempts()) == 1
    page.goto(due[1])
    expect(page.locator("button[name=way]")).to_have_count(0)


def test_two_browsers_at_once(shop: Shop, person: Callable[..., Person], due: tuple[UUID, str]) -> None:
    """Both press Pay at the same moment: one gets the provider's page, the other learns that it is being paid."""
    first, second = person().page, person().page
    for each in (first, second):
        each.goto(due[1])
    for each in (first, second):
        # Not awaited: both requests are under way before either is answered.
        each.evaluate("setTimeout(() => document.querySelector('button[name=way]').click())")
    for _ in range(100):
        # The browser's own waiting, as sleeping wouldn't hear of the new address.
        first.wait_for_timeout(100)
        arrived = [each for each in (first, second) if "/checkout/" in each.url]
        if arrived and not any(each.locator("button[name=way]").count() for each in (first, second)):
            break
    paying = [each for each in (first, second) if "/checkout/" in each.url]
    told = [each for each in (first, second) if "/checkout/" not in each.url]
    assert len(shop.attempts()) == 1
    assert (len(paying), len(told)) == (1, 1)
    expect(told[0].locator("button[name=way]")).to_have_count(0)
    look(told[0])
    type_card(paying[0])
    thanked(paying[0])
    shop.settled_once(due[0])


def test_two_tabs_of_the_same_checkout(shop: Shop, person: Callable[..., Person], due: tuple[UUID, str]) -> None:
    """The same page of the provider in two tabs, paid in both: it takes the money once."""
    one = person()
    checkout(one.page, due[1])
    other = one.context.new_page()
    other.goto(one.page.url)
    type_card(one.page)
    thanked(one.page)
    for name, text in (("number", "4242424242424242"), ("expiry", "12/34"), ("cvc", "123"), ("name", "Nora")):
        other.locator(f"#{name}").fill(text)
    other.locator("form button").first.click()
    other.wait_for_load_state()
    shop.settled_once(due[0])
