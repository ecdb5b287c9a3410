"""The terminal: an amount by phone or at the counter, taken by kept card, card page, code or link."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.messages.models import Message
from tallystick.payments.models import ChargeAttempt, Payment, PaymentRequest
from tallystick.payments.tests.stage import Stage
from tallystick.staff.tests.pages import member, read, send, url


def asked(stage: Stage, **more: str) -> UUID:
    """Ask for 12.30 of Nora, or of whoever `customer` names."""
    request_id = new_id()
    fields = {"customer": str(stage.world.nora), "amount": "12.30", "currency": "EUR", "description": "Proof print"}
    send(member(stage), url(stage, "terminal"), **{**fields, "request_id": str(request_id), **more})
    return request_id


def test_d19_a_kept_card_is_charged_by_phone_once(stage: Stage) -> None:
    kept = stage.keep_card()
    before = len(stage.rows(Payment))
    request_id = asked(stage)
    page = read(member(stage), url(stage, "terminal-ask", request_id))
    assert "Visa ···· 4242" in page
    assert "Charge €12.30" in page
    fields = {"method": str(kept.id), "attempt_id": str(new_id())}
    for _click in range(2):
        send(member(stage), url(stage, "terminal-charge", request_id), **fields)
    send(member(stage), url(stage, "terminal-charge", request_id), **{**fields, "attempt_id": str(new_id())})
    taken = stage.rows(Payment)[before:]
    assert [(p.amount_minor, p.currency) for p in taken] == [(1230, "EUR")]
    page = read(member(stage), url(stage, "terminal-ask", request_id))
    assert "€12.30 received" in page
    assert url(stage, "payment", taken[0].id) in page


def test_d19_a_card_is_typed_in_on_the_providers_page(stage: Stage) -> None:
    request_id = asked(stage)
    send(member(stage), url(stage, "terminal-charge", request_id), way=str(stage.card), attempt_id=str(new_id()))
    attempt = next(a for a in stage.rows(ChargeAttempt) if a.request_id == request_id)
    assert attempt.return_url.endswith(url(stage, "terminal-ask", request_id))
    page = read(member(stage), url(stage, "terminal-ask", request_id))
    assert attempt.action_url in page.replace("&amp;", "&")
    assert "Charge €12.30" not in page
    send(member(stage), url(stage, "terminal-close", request_id))
    assert "Type a card in" in read(member(stage), url(stage, "terminal-ask", request_id))


def test_d19_a_walk_in_needs_no_customer(stage: Stage) -> None:
    first, second = asked(stage, customer="walk-in"), asked(stage, customer="walk-in")
    owners = {r.customer_id for r in stage.rows(PaymentRequest) if r.id in {first, second}}
    assert len(owners) == 1
    assert stage.row(Customer, owners.pop()).name == "Walk-in"


def test_d19_the_link_goes_out_once_to_the_address_typed(stage: Stage) -> None:
    request_id = asked(stage)
    page = read(member(stage), url(stage, "terminal-ask", request_id))
    assert "<svg" in page[page.index('class="qr"') :]
    send(member(stage), url(stage, "terminal-send", request_id), status=422, email="not an address")
    for _click in range(2):
        send(member(stage), url(stage, "terminal-send", request_id), email="paula@kestrel.example")
    letters = [m for m in stage.rows(Message) if m.document_id == request_id]
    assert [m.recipients for m in letters] == [["paula@kestrel.example"]]
    assert "The link went to paula@kestrel.example" in read(member(stage), url(stage, "terminal-ask", request_id))


def test_c7_no_link_is_sent_when_links_are_off(stage: Stage) -> None:
    request_id = asked(stage)
    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.nora).update(payment_links=False)
    send(member(stage), url(stage, "terminal-send", request_id), email="paula@kestrel.example")
    assert not [m for m in stage.rows(Message) if m.document_id == request_id]
    page = read(member(stage), url(stage, "terminal-ask", request_id))
    assert "Payment links are switched off" in page
    assert 'class="qr"' not in page


@pytest.mark.parametrize(
    ("amount", "says"),
    [("0", "above zero"), ("-3", "above zero"), ("1.005", "2 decimals"), ("ten", "figures only"), ("", "Fill")],
)
def test_d19_an_odd_amount_is_explained_and_kept(stage: Stage, amount: str, says: str) -> None:
    fields = {"customer": str(stage.world.nora), "amount": amount, "currency": "EUR", "description": "L'été"}
    page = send(member(stage), url(stage, "terminal"), status=422, **fields).content.decode()
    assert says in page
    assert "L&#x27;été" in page
    assert not stage.rows(PaymentRequest)


def test_d19_an_invoice_is_charged_to_a_kept_card_now(stage: Stage) -> None:
    kept, invoice_id = stage.keep_card(), stage.world.invoice()
    page = read(member(stage), url(stage, "invoice", invoice_id))
    request_id = re.search(
        rf'{url(stage, "invoice-charge", invoice_id)}".*?name="request_id" value="([^"]+)"', page, re.DOTALL
    )
    assert request_id
    send(member(stage), url(stage, "invoice-charge", invoice_id), request_id=request_id[1])
    fields = {"method": str(kept.id), "attempt_id": str(new_id())}
    send(member(stage), url(stage, "terminal-charge", UUID(request_id[1])), **fields)
    assert stage.open_minor(invoice_id) == 0
    send(member(stage, "read_only"), url(stage, "invoice-charge", invoice_id), status=403)
