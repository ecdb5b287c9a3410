"""One link for several invoices: what it asks for, paying it, and who gets none."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.customers.details import Details
from tallystick.customers.queries import customer
from tallystick.customers.save import save_customer
from tallystick.invoices import queries as invoices
from tallystick.messages.models import Message
from tallystick.payments.collect import send_charge
from tallystick.payments.errors import AmountRefused, BeingPaid, NothingAsked, NothingToPay
from tallystick.payments.links import request_url
from tallystick.payments.models import Allocation, ChargeAttempt, Payment, PaymentRequest
from tallystick.payments.requests import asked_of, request_payment, start_request_charge
from tallystick.payments.send_request import plan_links, prepare_request_email, send_payment_links
from tallystick.payments.terminal import charge_amount, request_amount
from tallystick.payments.tests.stage import GOOD, Stage


def ask_for(stage: Stage, *invoice_ids: object, **given: object) -> PaymentRequest:
    return request_payment(
        request_id=new_id(),
        customer_id=stage.world.nora,
        currency="EUR",
        language="en",
        invoice_ids=invoice_ids,  # type: ignore[arg-type]
        **given,  # type: ignore[arg-type]
        **stage.world.acting(),
    )


def start(stage: Stage, request: PaymentRequest, **given: object) -> ChargeAttempt:
    return start_request_charge(
        request_id=request.id,
        gateway_account_id=stage.card,
        attempt_id=given.pop("attempt_id", None) or new_id(),  # type: ignore[arg-type]
        language="en",
        return_url="http://127.0.0.1:9/r",
        **given,  # type: ignore[arg-type]
        **stage.world.acting(),
    )


def settle(stage: Stage, attempt: ChargeAttempt, number: str = GOOD) -> Payment:
    send_charge(attempt_id=attempt.id, **stage.world.acting())
    row = stage.row(ChargeAttempt, attempt.id)
    stage.sandbox.pay(row.action_url, number)
    stage.look_up(row)
    [payment] = stage.rows(Payment, attempt_id=attempt.id)
    return payment


def asks(stage: Stage, request: PaymentRequest) -> int:
    with tenant.tx(stage.world.seller_id):
        return asked_of(request).open_minor


def links_off(stage: Stage) -> None:
    with tenant.tx(stage.world.seller_id):
        row = customer(stage.world.nora)
        assert row
        details = Details(
            id=row.id, name=row.name, country=row.country, currency=row.currency, language=row.language, email=row.email
        )
    save_customer(customer=replace(details, number=row.number, payment_links=False), **stage.world.acting())


def test_c12_one_link_pays_several_invoices_once(stage: Stage) -> None:
    ids = [stage.world.invoice() for _ in range(3)]
    request = ask_for(stage, *ids)
    assert asks(stage, request) == 3 * 17300
    payment = settle(stage, start(stage, request))
    assert payment.amount_minor == 3 * 17300
    assert [stage.open_minor(key) for key in ids] == [0, 0, 0]
    assert asks(stage, request) == 0
    with pytest.raises(NothingToPay):
        start(stage, request)
    assert len(stage.truth()["charges"]) == 1


def test_c12_the_amount_is_computed_when_the_link_is_opened(stage: Stage) -> None:
    one, two = stage.world.invoice(), stage.world.invoice()
    request = ask_for(stage, one, two)
    stage.pay(one)
    assert asks(stage, request) == 17300
    balance = ask_for(stage)
    assert balance.kind == "balance"
    stage.world.invoice()
    assert asks(stage, balance) == 2 * 17300


def test_a_part_of_a_request_pays_the_oldest_first_within_the_rule(stage: Stage) -> None:
    one, two = stage.world.invoice(), stage.world.invoice()
    request = ask_for(stage, one, two)
    payment = settle(stage, start(stage, request, amount_minor=20000))
    with tenant.tx(stage.world.seller_id):
        paid = {a.invoice_id: a.amount_minor for a in Allocation.objects.filter(payment_id=payment.id)}
    assert paid == {one: 17300, two: 2700}
    stage.rules(requests_take_parts=False)
    with pytest.raises(AmountRefused):
        start(stage, request, amount_minor=100)


def test_chosen_invoices_only(stage: Stage) -> None:
    one, two = stage.world.invoice(), stage.world.invoice()
    settle(stage, start(stage, ask_for(stage, one, two), chosen=[two]))
    assert (stage.open_minor(one), stage.open_minor(two)) == (17300, 0)


def test_one_invoice_being_paid_holds_the_whole_request(stage: Stage) -> None:
    one, two = stage.world.invoice(), stage.world.invoice()
    page = stage.open(one)
    with pytest.raises(BeingPaid) as refused:
        start(stage, ask_for(stage, one, two))
    assert refused.value.attempt_id == page.id
    start(stage, ask_for(stage, two))


def test_a_second_click_finds_the_first_attempt(stage: Stage) -> None:
    request, attempt_id = ask_for(stage, stage.world.invoice()), new_id()
    assert start(stage, request, attempt_id=attempt_id).id == start(stage, request, attempt_id=attempt_id).id


def test_a_request_is_of_one_customer_and_currency(stage: Stage) -> None:
    foreign = stage.world.invoice(customer="pia")
    with pytest.raises(NothingAsked):
        ask_for(stage, stage.world.invoice(), foreign)
    with pytest.raises(NothingAsked):
        ask_for(stage, stage.world.draft())


def test_c12_c14_send_payment_links_is_one_mail_per_customer(stage: Stage) -> None:
    mine, hers = [stage.world.invoice() for _ in range(2)], stage.world.invoice(customer="pia")
    silent = stage.world.invoice(customer="otto")
    planned = plan_links(seller_id=stage.world.seller_id, invoice_ids=[*mine, hers, silent])
    assert sorted(each.reason for each in planned) == ["", "", "no_address"]
    send_id = new_id()
    for _ in range(2):
        sent = send_payment_links(send_id=send_id, invoice_ids=[*mine, hers, silent], **stage.world.acting())
    assert sorted(each.reason for each in sent) == ["", "", "no_address"]
    queued = [m for m in stage.rows(Message) if m.kind == "payment_request" and m.state == "queued"]
    assert len(queued) == 2
    prepared = prepare_request_email(next(m for m in queued if m.customer_id == stage.world.nora))
    assert "/r/" in prepared.text
    assert "346" in prepared.text
    assert prepared.text.count("LP-") == 2
    [pdf] = [part for part in prepared.attachments if part.content_type == "application/pdf"]
    pages = PdfReader(BytesIO(pdf.content)).pages
    assert len(pages) == 3, "the table, then each invoice on its own page"
    assert pages[0].extract_text().count("LP-") == 2
    [link] = {a.get_object()["/A"]["/URI"] for a in pages[0]["/Annots"]}
    assert "/r/" in link


def test_c14_two_currencies_are_one_mail_with_a_link_each(stage: Stage) -> None:
    euros, dollars = stage.world.invoice(), stage.world.invoice(currency="USD")
    send_id = new_id()
    for _ in range(2):
        sent = send_payment_links(send_id=send_id, invoice_ids=[euros, dollars], **stage.world.acting())
    assert [(each.currency, each.reason) for each in sent] == [("EUR", ""), ("USD", "")]
    [message] = stage.rows(Message, kind="payment_request")
    assert "173" in message.subject
    assert "€" in message.subject
    assert "US$" in message.subject
    prepared = prepare_request_email(message)
    urls = [request_url(each.request_id, 1) for each in sent if each.request_id]
    assert len(set(urls)) == 2
    for url in urls:
        assert url in prepared.text
        assert prepared.html.count(url) == 1
    assert len([part for part in prepared.attachments if part.content_type == "application/pdf"]) == 2
    stage.pay(euros)
    rest = prepare_request_email(message)
    assert urls[0] not in rest.text
    assert urls[1] in rest.text
    stage.pay(dollars)
    assert prepare_request_email(message).reason == "paid"


def test_c16_recipients_are_typed_per_send(stage: Stage) -> None:
    sent = send_payment_links(
        send_id=new_id(),
        invoice_ids=[stage.world.invoice()],
        recipients={stage.world.nora: ["boss@kestrel.example", "books@kestrel.example"]},
        **stage.world.acting(),
    )
    assert sent[0].reason == ""
    [message] = stage.rows(Message, kind="payment_request")
    assert message.recipients == ["boss@kestrel.example", "books@kestrel.example"]


def test_c7_links_switched_off_override_everything(stage: Stage) -> None:
    links_off(stage)
    invoice_id = stage.world.invoice()
    [sent] = send_payment_links(send_id=new_id(), invoice_ids=[invoice_id], **stage.world.acting())
    assert sent.reason == "links_off"
    assert stage.rows(Message, kind="payment_request") == []
    with tenant.tx(stage.world.seller_id):
        assert invoices.document(invoice_id).pay_url is None


def test_d19_the_terminal_asks_for_an_amount_of_a_walk_in(stage: Stage) -> None:
    request = request_amount(
        request_id=new_id(),
        customer_id=None,
        amount_minor=2500,
        currency="EUR",
        description="Two posters",
        **stage.world.acting(),
    )
    attempt = charge_amount(
        request_id=request.id,
        attempt_id=new_id(),
        language="en",
        return_url="http://127.0.0.1:9/r",
        gateway_account_id=stage.card,
        **stage.world.acting(),
    )
    payment = settle(stage, attempt)
    assert (payment.amount_minor, payment.unapplied_minor, payment.flag) == (2500, 2500, "")
    with pytest.raises(NothingToPay):
        start(stage, request)
    again = request_amount(
        request_id=new_id(), customer_id=None, amount_minor=1, currency="EUR", description="", **stage.world.acting()
    )
    assert again.customer_id == request.customer_id


def test_d3_d19_the_terminal_charges_a_kept_card_by_its_last_four(stage: Stage) -> None:
    method = stage.keep_card()
    request = request_amount(
        request_id=new_id(),
        customer_id=stage.world.nora,
        amount_minor=2500,
        currency="EUR",
        description="By phone",
        **stage.world.acting(),
    )
    attempt = charge_amount(
        request_id=request.id,
        attempt_id=new_id(),
        language="en",
        return_url="http://127.0.0.1:9/r",
        gateway_account_id=stage.card,
        payment_method_id=method.id,
        **stage.world.acting(),
    )
    send_charge(attempt_id=attempt.id, **stage.world.acting())
    assert stage.row(ChargeAttempt, attempt.id).state == "succeeded"
    assert [p.method_label[-4:] for p in stage.rows(Payment)] == ["4242"]
