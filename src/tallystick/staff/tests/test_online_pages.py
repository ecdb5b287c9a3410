"""Until a payment provider is connected, what needs one is greyed out with the reason, not left out (C3)."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.gateways.registry import PROVIDERS
from tallystick.messages.models import Message
from tallystick.payments.models import GatewayAccount, PaymentRequest
from tallystick.staff.forms.settings import GatewayForm
from tallystick.staff.mail_words import skip_reason
from tallystick.staff.tests.pages import member, read, send, url
from tallystick.testing.provider import add_sandbox

REASON = "No payment provider is connected yet, so customers can't pay online."
GREYED = r'<(?:button|input)[^>]* disabled aria-disabled="true" aria-describedby="no-gateway"'


@pytest.fixture
def stage(new_world: Any) -> Any:
    """A seller with a member of each role and no payment provider, today."""
    world = new_world(roles=True)
    world.now = clock.now()
    world.today = world.now.date()
    return SimpleNamespace(world=world)


def pages(stage: Any) -> dict[str, str]:
    invoice_id = stage.world.invoice()
    return {
        "list": url(stage, "invoices"),
        "compose": url(stage, "invoice-send", invoice_id),
        "invoice": url(stage, "invoice", invoice_id),
        "links": f"{url(stage, 'links')}?id={invoice_id}",
        "balance": url(stage, "customer-link", stage.world.nora),
        "terminal": url(stage, "terminal"),
        "amount": url(stage, "terminal") + "?customer=walk-in",
    }


def test_c3_what_needs_a_provider_is_greyed_with_the_reason_and_the_way_to_set_up(stage: Any) -> None:
    found = pages(stage)
    for name, address in found.items():
        page = read(member(stage), address)
        assert re.search(GREYED, page), name
        assert REASON in page.replace("&#x27;", "'"), name
        assert url(stage, "settings-gateways") in page, name
    for name in ("list", "amount"):
        page = read(member(stage, "cashier"), found[name])
        assert REASON in page.replace("&#x27;", "'")
        assert url(stage, "settings-gateways") not in page, "only those who may set it up are sent there"
    customer = read(member(stage), url(stage, "customer", stage.world.nora))
    assert 'disabled aria-disabled="true" aria-describedby="no-links"' in customer
    assert 'id="no-links"' in customer
    add_sandbox(stage.world, "http://127.0.0.1:9")
    for name, address in found.items():
        page = read(member(stage), address)
        assert not re.search(GREYED, page), name
        assert REASON not in page.replace("&#x27;", "'"), name


def test_c3_the_switch_of_a_customer_is_greyed_and_stays_as_it_is(stage: Any) -> None:
    address = url(stage, "customer-edit", stage.world.nora)
    page = read(member(stage), address)
    assert re.search(r'name="payment_links"[^>]* aria-disabled="true" aria-describedby="no-gateway"[^>]*disabled', page)
    given = {"name": "Kestrel", "country": "IE", "currency": "EUR", "language": "en", "payment_links_shown": "1"}
    send(member(stage), address, **given, **{"contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0"})
    with tenant.tx(stage.world.seller_id):
        assert Customer.objects.get(id=stage.world.nora).payment_links


def test_c3_nothing_is_sent_or_charged_without_a_provider(stage: Any) -> None:
    invoice_id, client = stage.world.invoice(), member(stage)
    to = {f"to-{stage.world.nora}": "nora@kestrel.example"}
    send(client, url(stage, "links"), id=[invoice_id], send_id=new_id(), **to)
    assert "No payment provider is connected yet, so nothing was sent." in read(client, url(stage, "invoices"))
    send(client, url(stage, "customer-link", stage.world.nora), send_id=new_id(), **to)
    send(client, url(stage, "terminal"), customer="walk-in", amount="1", currency="EUR", request_id=new_id())
    send(client, url(stage, "invoice-charge", invoice_id), request_id=new_id())
    assert "so nothing can be charged" in read(client, url(stage, "invoice", invoice_id))
    with tenant.tx(stage.world.seller_id):
        assert not PaymentRequest.objects.exists()
        assert not Message.objects.filter(kind="payment_request").exists()


def test_a16_the_email_still_leads_to_the_invoice_with_the_bank_details(stage: Any) -> None:
    page = read(member(stage), url(stage, "invoice-send", stage.world.invoice()))
    assert '<input type="hidden" name="payment_link" value="on">' in page
    assert "with your bank details" in page


def test_c7_the_compose_window_says_that_links_are_off_and_where_to_change_it(stage: Any) -> None:
    invoice_id = stage.world.invoice()
    add_sandbox(stage.world, "http://127.0.0.1:9")
    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.nora).update(payment_links=False)
        assert GatewayAccount.objects.exists()
    page = read(member(stage), url(stage, "invoice-send", invoice_id))
    assert 'disabled aria-disabled="true" aria-describedby="links-off"' in page
    assert "Payment links are off for this customer: neither the email nor the PDF" in page
    assert url(stage, "customer-edit", stage.world.nora) in page
    assert skip_reason("links_off") == "Payment links are off for this customer."


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
def test_c3_what_a_provider_asks_for_is_asked_in_the_readers_language(provider: Any) -> None:
    with translation.override("ro"):
        form, kept = (GatewayForm(provider=provider, is_stored=is_stored) for is_stored in (False, True))
    for field in provider.fields:
        here = form.fields[f"config-{field.name}"]
        assert here.help_text != field.help, field.name
        assert here.label != field.label or field.label == "Secret"
        if field.is_secret:
            assert str(kept.fields[f"config-{field.name}"].help_text).startswith("Se păstrează")
