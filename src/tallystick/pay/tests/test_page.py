"""The payment page: what it shows, what it costs, and that looking changes nothing."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.invoices import queries as invoices
from tallystick.invoices.duplicate import draft_credit_note
from tallystick.invoices.mark import replace_link
from tallystick.invoices.models import Invoice
from tallystick.invoices.void import void_invoices
from tallystick.messages.models import Message
from tallystick.pay import urls_ask, urls_plan
from tallystick.pay.door import DECLARED
from tallystick.pay.tests.conftest import link
from tallystick.pay.urls import urlpatterns
from tallystick.payments.page import pay_page
from tallystick.payments.record import record_payment
from tallystick.sellers.models import Seller
from tallystick.testing.world import World

DEPOSIT = {"kind": "net", "days": 14, "deposit_percent": "30", "deposit_days": 5}


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_due(world: World, payer: Client) -> None:
    with clock.at(world.now):
        answer = payer.get(link(world, world.invoice()))
    text = text_of(answer.content.decode())
    assert answer.status_code == 200
    assert "€173.00" in text
    assert "Due in 14 days" in text
    assert "IE29 AIBK 9311 5212 3456 78" in text
    assert "Tallystick" not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Content-Language"] == "en"
    assert not re.search(r"\sstyle=|\son\w+=|https?://(?!127\.0\.0\.1|www\.w3\.org)", answer.content.decode())


def test_romanian_on_request_and_by_document(world: World, payer: Client) -> None:
    url = link(world, world.invoice())
    assert payer.get(url + "?lang=ro")["Content-Language"] == "ro"
    assert payer.get(url + "?lang=xx")["Content-Language"] == "en"
    assert payer.get(link(world, world.invoice(language="ro")))["Content-Language"] == "ro"


def test_two_queries(world: World, payer: Client) -> None:
    url = link(world, world.invoice())
    payer.get(url)
    with CaptureQueriesContext(connection) as seen:
        payer.get(url)
    reads = [q["sql"] for q in seen.captured_queries if re.match(r"\s*SELECT (?!set_config)", q["sql"])]
    assert len(reads) == 2, [q["sql"][:100] for q in seen.captured_queries]


def test_light_over_the_wire(world: World, payer: Client, card: UUID) -> None:
    answer = payer.get(link(world, world.invoice(terms=DEPOSIT)), headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    style = gzip.compress((Path(settings.BUNDLES_DIR) / "customer.css").read_bytes(), 9)
    assert len(answer.content) + len(style) < 30_000


def test_looking_is_not_viewing(world: World, payer: Client) -> None:
    invoice_id = world.invoice()
    url = link(world, invoice_id)
    payer.get(url)
    with tenant.tx(world.seller_id):
        assert Invoice.objects.get(id=invoice_id).viewed_at is None
    assert payer.post(url + "/seen").status_code == 204
    with tenant.tx(world.seller_id):
        assert Invoice.objects.get(id=invoice_id).viewed_at is not None


@pytest.mark.parametrize("name", ["page", "return", "pdf", "logo"])
def test_reading_pages_refuse_post(world: World, payer: Client, name: str) -> None:
    url = link(world, world.invoice()) + ("" if name == "page" else f"/{name}")
    assert payer.post(url).status_code == 405


@pytest.mark.parametrize("name", ["pay", "check", "cancel", "seen", "fresh"])
def test_acting_pages_refuse_get(world: World, payer: Client, name: str) -> None:
    assert payer.get(f"{link(world, world.invoice())}/{name}").status_code == 405


def test_every_page_is_declared() -> None:
    acting = {name.rsplit(".", 1)[1] for name, (_, methods) in DECLARED.items() if methods == {"POST"}}
    assert acting == {"pay", "check", "cancel", "seen", "fresh", "postpone", "choose", "keep"}
    addresses = [urlpatterns, urls_ask.urlpatterns, urls_plan.urlpatterns]
    # In each: one address with a slash at its end, one for everything else.
    assert len(DECLARED) == sum(len(each) - 2 for each in addresses)


def test_forms_need_their_token(world: World) -> None:
    url = link(world, world.invoice())
    strict = Client(enforce_csrf_checks=True)
    strict.get(url)
    answer = strict.post(url + "/check")
    assert answer.status_code == 403
    assert "Nothing was charged" in answer.content.decode()
    assert "Tallystick" not in answer.content.decode()


@pytest.mark.parametrize("token", ["x", "a" * 54, "garbled.token)", "a/b/c", ""])
def test_no_link_of_ours(database: str, payer: Client, token: str) -> None:
    answer = payer.get(f"/p/{token}", headers={"accept-language": "ro"})
    assert answer.status_code == 404
    assert answer["Content-Language"] == "ro"
    assert "Tallystick" not in answer.content.decode()


def test_forged_and_foreign(world: World, payer: Client) -> None:
    url = link(world, world.invoice())
    other = "A" if url[-1] != "A" else "B"
    assert payer.get(url[:-4] + other * 4).status_code == 404


def test_drafts_have_no_page(world: World, payer: Client) -> None:
    draft = world.draft()
    with tenant.tx(world.seller_id):
        assert pay_page(seller_id=world.seller_id, invoice_id=draft) is None


def test_e19_a_credit_note_can_be_looked_at_and_never_paid(world: World, payer: Client) -> None:
    invoice_id, note_id = world.invoice(), new_id()
    draft_credit_note(invoice_id=invoice_id, credit_note_id=note_id, quantities=None, reason="x", **world.acting())
    world.issue(note_id)
    with tenant.tx(world.seller_id, read_only=True):
        found = invoices.document(note_id)
    assert found.pay_url is None
    assert found.view_url
    url = found.view_url[found.view_url.index("/p/") :]
    page = payer.get(url).content.decode()
    assert f"Credit note {found.number}" in page
    assert "credited you" in page
    assert '/pay"' not in page
    assert payer.get(f"{url}/pdf").content.startswith(b"%PDF")
    assert payer.post(f"{url}/seen").status_code == 204
    for action in ("pay", "check", "cancel", "fresh"):
        assert payer.post(f"{url}/{action}").status_code == 404


def test_paid_and_part_paid(world: World, payer: Client) -> None:
    invoice_id = world.invoice()
    given = {"customer_id": world.nora, "method": "transfer", "currency": "EUR", "received_on": world.today}
    for amount, words in ((7_300, "Left to pay"), (10_000, "This invoice is paid")):
        record_payment(payment_id=new_id(), amount_minor=amount, wanted={invoice_id: amount}, **given, **world.acting())
        assert words in payer.get(link(world, invoice_id)).content.decode()


def test_void(world: World, payer: Client) -> None:
    invoice_id = world.invoice()
    url = link(world, invoice_id)
    void_invoices(invoice_ids=[invoice_id], reason="x", today=world.today, **world.acting())
    answer = payer.get(url).content.decode()
    assert "This invoice was cancelled" in answer
    assert '/pay"' not in answer


def test_receipt_of_another_invoice_stays_shut(world: World, payer: Client) -> None:
    one, other = world.invoice(), world.invoice()
    payment_id = new_id()
    record_payment(
        payment_id=payment_id,
        customer_id=world.nora,
        method="transfer",
        amount_minor=200_00,
        currency="EUR",
        received_on=world.today,
        wanted={one: 173_00, other: 27_00},
        **world.acting(),
    )
    assert payer.get(f"{link(world, one)}/receipt/{payment_id}").status_code == 404


def test_replaced_link_offers_a_fresh_one_once_an_hour(world: World, payer: Client) -> None:
    invoice_id = world.invoice()
    old = link(world, invoice_id)
    replace_link(invoice_id=invoice_id, **world.acting())
    shown = payer.get(old)
    assert "This link was replaced" in shown.content.decode()
    assert "173.00" not in shown.content.decode()
    assert "This link was replaced" in payer.get(old + "/pdf").content.decode()
    with clock.at(world.now):
        answers = {text_of(payer.post(old + "/fresh").content.decode()) for _ in range(3)}
    assert len(answers) == 1
    with tenant.tx(world.seller_id):
        assert Message.objects.filter(document_id=invoice_id).count() == 1


def test_choices_follow_the_sellers_rule(world: World, payer: Client) -> None:
    invoice_id = world.invoice(terms=DEPOSIT)
    with tenant.tx(world.seller_id):
        page = pay_page(seller_id=world.seller_id, invoice_id=invoice_id)
        assert page
        assert [(c.kind, c.amount_minor, c.percent) for c in page.choices(world.today)] == [
            ("full", 173_00, None),
            ("deposit", 51_90, 30),
        ]
        assert page.can_choose_any
        assert page.least_minor == 17_30
        Seller.objects.filter(id=world.seller_id).update(partial_payments=False)
        page = pay_page(seller_id=world.seller_id, invoice_id=invoice_id)
        assert page
        assert not page.can_choose_any
        assert page.least_minor == 173_00


def test_pdf(world: World, payer: Client) -> None:
    answer = payer.get(link(world, world.invoice()) + "/pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "no-store"
    assert 'filename="LP-1.pdf"' in answer["Content-Disposition"]


def test_d4_the_part_that_is_due_first_is_chosen_beforehand(world: World, payer: Client, card: UUID) -> None:
    """Also where parts aren't taken otherwise, or only larger ones: it is what the terms ask for."""
    with tenant.tx(world.seller_id):
        Seller.objects.filter(id=world.seller_id).update(minimum_partial_percent=50)
    path = link(world, world.invoice(terms=DEPOSIT))
    checked = r'class="tick pick-deposit" type="radio" name="amount" value="5190" checked'
    for allowed in (True, False):
        with tenant.tx(world.seller_id):
            Seller.objects.filter(id=world.seller_id).update(partial_payments=allowed)
        html = payer.get(path).content.decode()
        assert checked in html
        assert "Pay the 30% deposit" in html
    html = payer.get(path + "?amount=full").content.decode()
    assert checked not in html
    assert 'pick-full" type="radio" name="amount" value="17300" checked' in html
