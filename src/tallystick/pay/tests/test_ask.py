"""The page of a payment request and of a planned charge, as a customer without script uses them."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.pay.tests.conftest import link
from tallystick.payments.links import charge_url, request_url
from tallystick.payments.models import ChargeAttempt, Payment, PaymentMethod, ScheduledCharge
from tallystick.payments.requests import request_payment
from tallystick.payments.tests.stage import GOOD, Stage
from tallystick.testing.world import World


@pytest.fixture
def stage(world: World, sandbox: SandboxProcess, card: UUID) -> Stage:
    world.now = clock.now()
    world.today = world.now.date()
    return Stage(world, sandbox, card)


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def asked(stage: Stage, count: int = 2) -> tuple[str, list[UUID]]:
    ids = [stage.world.invoice() for _ in range(count)]
    request = request_payment(
        request_id=new_id(),
        customer_id=stage.world.nora,
        currency="EUR",
        language="en",
        invoice_ids=ids,
        **stage.world.acting(),
    )
    return path_of(request_url(request.id, 1)), ids


def attempt_field(html: str) -> str:
    found = re.search(r'name="attempt" value="([^"]+)"', html)
    assert found
    return found.group(1)


def post(stage: Stage, payer: Client, path: str, **given: object) -> ChargeAttempt:
    html = payer.get(path).content.decode()
    form = {"attempt": attempt_field(html), "way": str(stage.card), **given}
    answer = payer.post(f"{path}/pay", form)
    assert answer.status_code == 303, answer.content
    with tenant.tx(stage.world.seller_id):
        return ChargeAttempt.objects.order_by("-created_at", "-id")[0]


def test_c12_one_link_shows_the_table_and_pays_all(stage: Stage, payer: Client) -> None:
    path, ids = asked(stage)
    html = payer.get(path).content.decode()
    assert html.count("LP-") >= 2
    assert "346" in html
    attempt = post(stage, payer, path, invoice=[str(key) for key in ids])
    stage.sandbox.pay(attempt.action_url, GOOD)
    payer.post(f"{path}/check")
    answer = payer.get(f"{path}/return")
    assert "Payment received" in answer.content.decode()
    assert [stage.open_minor(key) for key in ids] == [0, 0]
    assert "Everything here is paid" in payer.get(path).content.decode()


def test_c15_only_what_is_ticked_is_paid_and_nothing_ticked_is_a_clear_error(stage: Stage, payer: Client) -> None:
    path, ids = asked(stage)
    html = payer.get(path).content.decode()
    answer = payer.post(f"{path}/pay", {"attempt": attempt_field(html), "way": str(stage.card)}, follow=True)
    assert "Tick at least one invoice" in answer.content.decode()
    attempt = post(stage, payer, path, invoice=[str(ids[1])])
    assert attempt.amount_minor == 17300
    stage.sandbox.pay(attempt.action_url, GOOD)
    stage.look_up(attempt)
    assert [stage.open_minor(key) for key in ids] == [17300, 0]


def test_another_amount_is_read_as_typed_and_kept_when_wrong(stage: Stage, payer: Client) -> None:
    path, ids = asked(stage)
    chosen = [str(key) for key in ids]
    html = payer.get(path).content.decode()
    form = {"attempt": attempt_field(html), "way": str(stage.card), "invoice": chosen, "other": "9999"}
    answer = payer.post(f"{path}/pay", form, follow=True)
    assert 'value="9999"' in answer.content.decode()
    attempt = post(stage, payer, path, invoice=chosen, other="200.00")
    assert attempt.amount_minor == 20000


def test_d3_a_kept_card_is_chosen_by_its_last_four(stage: Stage, payer: Client) -> None:
    stage.keep_card()
    path, ids = asked(stage)
    html = payer.get(path).content.decode()
    assert "Visa ···· 4242" in html
    [method] = stage.rows(PaymentMethod)
    form = {"attempt": attempt_field(html), "method": str(method.id), "invoice": [str(key) for key in ids]}
    answer = payer.post(f"{path}/pay", form, follow=True)
    assert "Payment received" in answer.content.decode()
    assert [p.amount_minor for p in stage.rows(Payment)] == [34600]


def test_d2_save_for_next_time_keeps_the_words_and_the_address(stage: Stage, payer: Client) -> None:
    path, ids = asked(stage, 1)
    attempt = post(stage, payer, path, invoice=[str(ids[0])], **{f"keep-{stage.card}": "1"})
    stage.sandbox.pay(attempt.action_url, GOOD)
    stage.look_up(attempt)
    [method] = stage.rows(PaymentMethod)
    assert "may keep this payment method" in method.consent_text
    assert method.consent_address == "127.0.0.1"


def test_a_request_being_paid_says_so_and_leads_on(stage: Stage, payer: Client) -> None:
    path, ids = asked(stage)
    post(stage, payer, path, invoice=[str(key) for key in ids])
    assert "isn’t finished" in payer.get(path).content.decode()
    assert "Someone is paying" in Client().get(path).content.decode()


def test_a_foreign_or_broken_link_gets_the_friendly_404(stage: Stage, payer: Client) -> None:
    path, _ = asked(stage)
    assert payer.get(path[:-3] + "AAA").status_code == 404
    assert payer.get(path.replace("/r/", "/p/")).status_code == 404
    assert payer.get(path.replace("/r/", "/c/")).status_code == 404


def planned(stage: Stage, **given: object) -> tuple[str, ScheduledCharge]:
    method = stage.keep_card("4000000000000358")
    charge = stage.plan(
        stage.world.invoice(), charge_on=stage.world.today + timedelta(days=5), payment_method_id=method.id
    )
    return path_of(charge_url(charge.id, 1)), charge


def test_f6_the_notice_leads_to_a_page_that_postpones_once(stage: Stage, payer: Client) -> None:
    path, charge = planned(stage)
    assert "173" in payer.get(path).content.decode()
    until = stage.world.today + timedelta(days=9)
    answer = payer.post(f"{path}/postpone", {"until": until.isoformat()}, follow=True)
    assert "The day was changed" in answer.content.decode()
    assert stage.row(ScheduledCharge, charge.id).charge_on == until
    later = (until + timedelta(days=1)).isoformat()
    answer = payer.post(f"{path}/postpone", {"until": later}, follow=True)
    assert "can’t be changed any more" in answer.content.decode()


def test_d10_another_card_is_given_on_the_page(stage: Stage, payer: Client) -> None:
    path, charge = planned(stage)
    html = payer.get(path).content.decode()
    form = {"attempt": attempt_field(html), "way": str(stage.card)}
    assert "Tick that the card" in payer.post(f"{path}/keep", form, follow=True).content.decode()
    html = payer.get(path).content.decode()
    form = {"attempt": attempt_field(html), "way": str(stage.card), f"keep-{stage.card}": "1"}
    answer = payer.get(payer.post(f"{path}/keep", form)["Location"])
    assert answer.status_code == 303
    stage.sandbox.pay(answer["Location"], "5555555555554444")
    payer.get(f"{path}/return")
    payer.post(f"{path}/check")
    answer = payer.get(f"{path}/return", follow=True)
    assert "The card was changed" in answer.content.decode()
    kept = {m.id: m.last4 for m in stage.rows(PaymentMethod)}
    after = stage.row(ScheduledCharge, charge.id)
    assert after.payment_method_id
    assert kept[after.payment_method_id] == "4444"


def test_d4_the_first_part_with_consent_plans_the_rest(stage: Stage, payer: Client) -> None:
    terms = {"kind": "net", "days": 30, "label": "x", "deposit_percent": "40"}
    invoice_id = stage.world.invoice(terms=terms)
    rest = stage.plan(invoice_id, at=1, trigger="event", event="order.completed")
    path = link(stage.world, invoice_id)
    html = payer.get(path).content.decode()
    assert "will be charged when the work is complete" in html
    form = {"attempt": attempt_field(html), "way": str(stage.card), "amount": "6920"}
    assert "Please tick that the rest" in payer.post(f"{path}/pay", form, follow=True).content.decode()
    html = payer.get(path).content.decode()
    form |= {"attempt": attempt_field(html), f"keep-{stage.card}": "1"}
    answer = payer.post(f"{path}/pay", form)
    stage.sandbox.pay(answer["Location"], GOOD)
    payer.post(f"{path}/check")
    assert stage.row(ScheduledCharge, rest.id).state == "waiting"
    [method] = stage.rows(PaymentMethod)
    assert "€103.80 will be charged when the work is complete." in method.consent_text


def test_d3_a_kept_card_pays_an_invoice_and_asks_the_bank_when_it_wants(stage: Stage, payer: Client) -> None:
    stage.keep_card("4000000000000382")
    invoice_id = stage.world.invoice()
    path = link(stage.world, invoice_id)
    html = payer.get(path).content.decode()
    [method] = stage.rows(PaymentMethod)
    form = {"attempt": attempt_field(html), "method": str(method.id), "amount": "17300"}
    answer = payer.post(f"{path}/pay", form)
    assert "/checkout/" in answer["Location"]
    stage.sandbox.answer_bank(answer["Location"].split("?")[0].removesuffix("/verify"), "approve")
    payer.post(f"{path}/check")
    assert stage.open_minor(invoice_id) == 0


def test_d4_the_first_part_with_a_kept_card_agrees_to_the_plan(stage: Stage, payer: Client) -> None:
    method = stage.keep_card()
    terms = {"kind": "net", "days": 30, "label": "x", "deposit_percent": "40"}
    invoice_id = stage.world.invoice(terms=terms)
    rest = stage.plan(invoice_id, at=1, trigger="event", event="order.completed")
    path = link(stage.world, invoice_id)
    html = payer.get(path).content.decode()
    assert "Paying with it agrees to the plan" in html
    payer.post(f"{path}/pay", {"attempt": attempt_field(html), "method": str(method.id), "amount": "6920"})
    after = stage.row(ScheduledCharge, rest.id)
    assert (after.state, after.payment_method_id) == ("waiting", method.id)
