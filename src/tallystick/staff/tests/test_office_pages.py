"""Pages of the office: they open, keep what was typed, refuse in plain words, and belong to one seller."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.catalog.queries import items, rates_on_offer
from tallystick.customers.details import Details
from tallystick.customers.queries import contacts_of, customers_like
from tallystick.customers.save import save_customers
from tallystick.invoices.queries import number_series
from tallystick.ledger.queries import balances_of
from tallystick.payments.queries import PaymentFilter, gateway_accounts, register
from tallystick.payments.record import record_payment
from tallystick.sellers.members import invitation_secret, invite_member
from tallystick.sellers.queries import bank_accounts, logo_of, members, memberships_of, open_invitations, seller
from tallystick.testing.world import PASSWORD, World

PLAIN = [
    "today",
    "start",
    "customers",
    "customer-new",
    "payments",
    "payment-new",
    "catalog",
    "item-new",
    "ledger",
    "audit",
    "status",
    "settings",
    "settings-business",
    "settings-branding",
    "settings-numbering",
    "settings-taxes",
    "settings-tax-new",
    "settings-banks",
    "settings-gateways",
    "settings-email",
    "settings-templates",
    "members",
]


def client_of(world: World, role: str = "admin") -> Client:
    client = Client()
    client.force_login(world.members[role], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def url(world: World, name: str, *arguments: object) -> str:
    return reverse(name, args=[world.slug, *arguments])


def pay(world: World, amount_minor: int = 5000, **given: Any) -> UUID:
    payment_id = new_id()
    record_payment(
        payment_id=payment_id,
        customer_id=world.nora,
        method="transfer",
        amount_minor=amount_minor,
        currency="EUR",
        received_on=world.today,
        **world.acting(),
        **given,
    )
    return payment_id


def customer_form(**given: str) -> dict[str, str]:
    counts = {"contacts-TOTAL_FORMS": "1", "contacts-INITIAL_FORMS": "0"}
    return {"name": "Kestrel", "country": "IE", "currency": "EUR", "language": "en", **counts, **given}


@pytest.mark.parametrize("name", PLAIN)
def test_every_page_opens_for_its_seller_only(world: World, outsider: World, name: str) -> None:
    world.invoice()
    pay(world)
    assert client_of(world).get(url(world, name)).status_code == 200
    assert client_of(outsider).get(url(world, name)).status_code == 404
    assert Client().get(url(world, name)).status_code == 302


def test_pages_of_one_thing_are_404_for_foreign_ids(world: World, outsider: World) -> None:
    payment_id = pay(world)
    mine, theirs = client_of(world), client_of(outsider)
    with tenant.tx(world.seller_id):
        rate, bank = rates_on_offer()[0], bank_accounts()[0]
    things = [
        ("customer", world.nora),
        ("customer-edit", world.nora),
        ("payment", payment_id),
        ("settings-tax", rate.id),
        ("settings-bank", bank.id),
    ]
    for name, thing in things:
        assert mine.get(url(world, name, thing)).status_code == 200, name
        assert theirs.get(url(outsider, name, thing)).status_code == 404, name
    assert theirs.get(url(outsider, "why-balance", world.nora, "EUR")).status_code == 404
    assert theirs.get(url(outsider, "payment-new") + f"?customer={world.nora}").status_code == 404
    assert theirs.get(url(outsider, "payment-new") + "?customer=nobody").status_code == 404
    assert theirs.post(url(outsider, "payment-apply", payment_id)).status_code == 404
    assert theirs.post(url(outsider, "customer-archive", world.nora)).status_code == 404


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        ("cashier", "payment-new", 200),
        ("cashier", "customer-new", 403),
        ("sales", "settings", 403),
        ("sales_manager", "audit", 200),
        ("sales_manager", "ledger", 403),
        ("accountant", "ledger", 200),
        ("accountant", "members", 403),
        ("read_only", "payments", 200),
        ("read_only", "start", 200),
        ("read_only", "today", 200),
    ],
)
def test_roles_open_what_they_include(new_world: Callable[..., World], role: str, name: str, status: int) -> None:
    world = new_world(roles=True)
    assert client_of(world, role).get(url(world, name)).status_code == status


@pytest.mark.parametrize("name", ["customers", "payments"])
def test_lists_cost_the_same_however_long(world: World, name: str) -> None:
    client = client_of(world)
    pay(world)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(world, name)).status_code == 200
        return len(queries)

    before = cost()
    more = [Details(id=new_id(), name=f"C {n}", country="IE", currency="EUR", language="en") for n in range(60)]
    save_customers(customers=more, **world.acting())
    for _time in range(5):
        pay(world)
    assert cost() == before


@pytest.mark.parametrize("query", ["?q=%00", "?q=%27%3A*", "?after=%FF", "?after=bm90", "?currency=%00&method=x"])
def test_odd_addresses_do_not_break_lists(world: World, query: str) -> None:
    for name in ("customers", "payments", "catalog", "audit", "payment-new", "ledger"):
        assert client_of(world).get(url(world, name) + query).status_code == 200, name


def test_a_customer_is_added_once_and_changed(world: World) -> None:
    client, customer_id = client_of(world), str(new_id())
    person = {"contacts-0-name": "Aoife", "contacts-0-email": "a@x.example", "contacts-0-gets_documents": "on"}
    for _time in range(2):
        answer = client.post(url(world, "customer-new"), customer_form(customer_id=customer_id, **person))
        assert answer.headers["Location"] == url(world, "customer", customer_id)
    with tenant.tx(world.seller_id):
        assert [row.name for row in customers_like("kestrel") if row.name == "Kestrel"] == ["Kestrel"]
        assert [one.name for one in contacts_of(UUID(customer_id))] == ["Aoife"]


def test_a_refused_form_keeps_what_was_typed(world: World) -> None:
    wrong = customer_form(name="Kestrel <b>", tax_id="IE6388047W", email="no", phone="12", **{"contacts-0-email": "x@"})
    answer = client_of(world).post(url(world, "customer-new"), wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Kestrel &lt;b&gt;"' in page
    assert 'value="IE6388047W"' in page
    assert 'value="12"' in page
    again = client_of(world).post(
        url(world, "customer-new"), {**wrong, "email": "", "phone": "", "contacts-0-email": ""}
    )
    assert "check digit" in again.content.decode()
    assert "tax_id_as_typed" in again.content.decode()
    kept = {**wrong, "email": "", "phone": "", "contacts-0-email": "", "tax_id_as_typed": "on"}
    assert client_of(world).post(url(world, "customer-new"), kept).status_code == 302


def test_control_characters_are_refused_in_words(world: World) -> None:
    answer = client_of(world).post(url(world, "customer-new"), customer_form(name="Kes\x00trel", note="a\x07b"))
    assert answer.status_code == 422
    assert answer.content.decode().count("can&#x27;t be printed") == 2


def test_a_payment_is_booked_once_and_oldest_first(world: World) -> None:
    invoice_id = world.invoice()
    client, payment_id = client_of(world), str(new_id())
    form = {
        "customer": str(world.nora),
        "payment_id": payment_id,
        "amount": "200",
        "currency": "EUR",
        "method": "cheque",
        "received_on": "2026-03-01",
    }
    for _time in range(2):
        answer = client.post(url(world, "payment-new"), form, follow=True)
        assert answer.redirect_chain[-1][0] == url(world, "payment", payment_id)
    assert "€27.00" in answer.content.decode()
    with tenant.tx(world.seller_id):
        assert len(register(PaymentFilter(), cursor="").rows) == 1
        [balance] = balances_of([world.nora])[world.nora]
    assert (balance.receivable_minor, balance.unapplied_minor) == (0, 2700)
    assert client.get(url(world, "payment-new") + f"?invoice={invoice_id}").status_code == 200


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"amount": "ten"}, "figures only"),
        ({"amount": "0"}, "above zero"),
        ({"amount": "-5"}, "above zero"),
        ({"amount": "1.005"}, "2 decimals"),
        ({"amount": "9" * 30}, ""),
        ({"received_on": "2999-01-01"}, "come yet"),
        ({"received_on": "2026-11-31"}, "day of the calendar"),
        ({"wish": "180"}, "Only €173.00 is open"),
        ({"wish": "150", "amount": "100"}, "€50.00 more than was received"),
        ({"method": "shells"}, ""),
    ],
)
def test_a_wrong_payment_is_refused_at_its_field(world: World, given: dict[str, str], words: str) -> None:
    invoice_id = world.invoice()
    form = {"amount": "500", "currency": "EUR", "method": "cash", "received_on": "2026-03-01", **given}
    form[f"for-{invoice_id}"] = form.pop("wish", "")
    answer = client_of(world).post(url(world, "payment-new"), {"customer": str(world.nora), **form})
    assert answer.status_code == 422
    assert words in answer.content.decode().replace("&#x27;", "'")
    with tenant.tx(world.seller_id):
        assert register(PaymentFilter(), cursor="").rows == []


def test_credit_is_applied_as_typed(world: World) -> None:
    payment_id = pay(world, 30000)
    invoice_id = world.invoice()
    client = client_of(world)
    assert "Apply up to" in client.get(url(world, "payment", payment_id)).content.decode()
    over = client.post(url(world, "payment-apply", payment_id), {f"for-{invoice_id}": "999"})
    assert over.status_code == 422
    assert "Only €173.00 is open" in over.content.decode()
    assert client.post(url(world, "payment-apply", payment_id), {f"for-{invoice_id}": "73"}).status_code == 302
    with tenant.tx(world.seller_id):
        assert balances_of([world.nora])[world.nora][0].receivable_minor == 10000


def test_the_books_sum_to_zero_and_the_balance_is_explained(world: World) -> None:
    world.invoice()
    pay(world)
    client = client_of(world)
    assert "Sums to zero" in client.get(url(world, "ledger")).content.decode()
    why = client.get(url(world, "why-balance", world.nora, "EUR")).content.decode()
    assert "LP-1</a> issued" in why
    assert "R-1</a> received" in why


def test_items_and_rates_are_kept(world: World) -> None:
    client = client_of(world)
    item = {"code": "CARD", "name": "Cards", "unit_price": "0.145", "currency": "EUR"}
    assert client.post(url(world, "item-new"), item).status_code == 302
    assert client.post(url(world, "item-new"), item).status_code == 422
    assert client.post(url(world, "item-new"), {**item, "code": "X", "unit_price": "-1"}).status_code == 422
    rate = {"name": "VAT 24%", "category": "S", "percent": "24", "is_default": "on"}
    assert client.post(url(world, "settings-tax-new"), rate).status_code == 302
    assert client.post(url(world, "settings-tax-new"), {**rate, "percent": "0"}).status_code == 422
    with tenant.tx(world.seller_id):
        assert [one.code for one in items()] == ["CARD"]
        assert rates_on_offer()[0].name == "VAT 24%"
        first = items()[0]
    assert client.post(url(world, "item-archive", first.id), follow=True).status_code == 200
    assert client.post(url(world, "item-restore", first.id)).status_code == 302


def test_numbering_refuses_what_repeats(world: World) -> None:
    client = client_of(world)
    patterns = {"invoice": "A-{year}-{number:4}", "credit_note": "CN-{number}", "payment": "R-{number}", "first": "1"}
    assert client.post(url(world, "settings-numbering"), {**patterns, "payment": "R"}).status_code == 422
    assert client.post(url(world, "settings-numbering"), patterns).status_code == 302
    with tenant.tx(world.seller_id):
        default = {row.kind: row.pattern for row in number_series() if row.is_default}
    assert default["invoice"] == "A-{year}-{number:4}"


def test_branding_takes_a_picture_and_refuses_an_svg(world: World) -> None:
    client, out = client_of(world), BytesIO()
    Image.new("RGB", (900, 300), "red").save(out, "PNG")
    svg = SimpleUploadedFile("logo.svg", b"<svg onload='x()'/>", "image/svg+xml")
    refused = client.post(url(world, "settings-branding"), {"brand": "#123456", "logo": svg})
    assert refused.status_code == 422
    assert "Save the logo as PNG" in refused.content.decode()
    huge = SimpleUploadedFile("logo.png", b"\x89PNG" + b"x" * 6_000_000, "image/png")
    assert (
        "larger than 5 MB"
        in client.post(url(world, "settings-branding"), {"brand": "#123456", "logo": huge}).content.decode()
    )
    png = SimpleUploadedFile("logo.png", out.getvalue(), "image/png")
    assert client.post(url(world, "settings-branding"), {"brand": "123456", "logo": png}).status_code == 302
    with tenant.tx(world.seller_id):
        assert seller(world.seller_id).brand == "#123456"
        assert logo_of(world.seller_id)
    assert client.get(url(world, "settings-logo")).headers["Content-Type"] == "image/png"
    assert client.post(url(world, "settings-branding"), {"brand": "}body{"}).status_code == 422


def test_gateway_keys_are_never_shown_again(world: World, settings_env: Any) -> None:
    client = client_of(world)
    settings_env.sandbox_url = "http://127.0.0.1:9"
    form = {
        "label": "Cards",
        "config-api_url": "http://127.0.0.1:9",
        "config-secret_key": "sk_sandbox_hush",
        "config-webhook_secret": "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY=",
        "is_enabled": "on",
    }
    new = url(world, "settings-gateway-new", "sandbox")
    assert client.post(new, {**form, "config-secret_key": "wrong"}).status_code == 422
    answer = client.post(new, form, follow=True)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "doesn&#x27;t answer" in page
    assert "hush" not in page
    assert "QUJDREVG" not in page
    with tenant.tx(world.seller_id):
        [account] = gateway_accounts()
    kept = {**form, "config-secret_key": "", "config-webhook_secret": "", "label": "Renamed"}
    assert client.post(url(world, "settings-gateway", account.id), kept).status_code == 302
    assert client.post(url(world, "settings-gateway-check", account.id)).status_code == 302
    assert client.get(url(world, "settings-gateway-new", "nobody")).status_code == 404


@pytest.fixture
def settings_env() -> Any:
    """The environment, put back afterwards."""
    before = settings.ENV.sandbox_url
    yield settings.ENV
    settings.ENV.sandbox_url = before


def test_an_invitation_from_the_button_to_the_first_page(world: World) -> None:
    client, address = client_of(world), f"bob-{new_id().hex}@x.example"
    assert client.post(url(world, "members"), {"email": address, "role": "sales"}).status_code == 302
    assert client.post(url(world, "members"), {"email": world.alice.email, "role": "sales"}).status_code == 422
    with tenant.tx(world.seller_id):
        [one] = open_invitations()
    link, guest = f"/invitation/{one.id}.{invitation_secret(one.id)}", Client()
    page = guest.get(link)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert guest.get(link[:-3] + "abc").status_code == 404
    weak = guest.post(link, {"full_name": "Bob", "password": "short"})
    assert weak.status_code == 422
    assert 'value="Bob"' in weak.content.decode()
    joined = guest.post(link, {"full_name": "Bob", "password": "sticks and stones 7"})
    assert joined.headers["Location"] == url(world, "today")
    assert guest.get(url(world, "today")).status_code == 200
    assert guest.post(link, {"full_name": "Bob", "password": "sticks and stones 7"}).status_code == 410


def test_somebody_with_an_account_signs_in_to_accept(world: World, outsider: World) -> None:
    invitation_id = new_id()
    invite_member(
        invitation_id=invitation_id,
        email=outsider.alice.email,
        role="sales",
        actor_id=world.alice.id,
        seller_id=world.seller_id,
        now=clock.now(),
    )
    link = f"/invitation/{invitation_id}.{invitation_secret(invitation_id)}"
    stranger = Client()
    assert "Sign in" in stranger.get(link).content.decode()
    stranger.post(link, {"full_name": "Thief", "password": PASSWORD})
    assert len(memberships_of(outsider.alice.id)) == 1
    assert client_of(outsider).post(link).status_code == 302
    assert len(memberships_of(outsider.alice.id)) == 2


def test_the_last_admin_stays_and_is_told(world: World) -> None:
    with tenant.tx(world.seller_id):
        [alice] = members()
    client = client_of(world)
    answer = client.post(url(world, "member-role", alice.id), {"role": "sales"}, follow=True)
    assert "Nobody else is an administrator" in answer.content.decode()
    answer = client.post(url(world, "member-deactivate", alice.id), follow=True)
    assert "Nobody else is an administrator" in answer.content.decode()
    assert client.post(url(world, "member-role", new_id()), {"role": "sales"}).status_code == 404
