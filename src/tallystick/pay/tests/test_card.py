"""The page behind a link that asks for a card, as a customer without script uses it."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.customers.models import Customer
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.pay.tests.test_ask import attempt_field, path_of
from tallystick.payments.ask_card import request_card
from tallystick.payments.links import request_url
from tallystick.payments.models import ChargeAttempt, Payment, PaymentMethod, PaymentRequest
from tallystick.payments.tests.stage import GOOD, Stage
from tallystick.testing.world import World


@pytest.fixture
def stage(world: World, sandbox: SandboxProcess, card: UUID) -> Stage:
    world.now = clock.now()
    world.today = world.now.date()
    return Stage(world, sandbox, card)


def asked(stage: Stage) -> str:
    request_id = new_id()
    for _click in range(2):
        request_card(request_id=request_id, customer_id=stage.world.nora, **stage.world.acting())
    assert len(stage.rows(PaymentRequest)) == 1
    return path_of(request_url(request_id, 1))


def keep(stage: Stage, payer: Client, path: str, **given: str) -> str:
    """Send the form, and return where it leads."""
    form = {"attempt": attempt_field(payer.get(path).content.decode()), "way": str(stage.card), **given}
    answer = payer.post(f"{path}/keep", form)
    assert answer.status_code == 303, answer.content
    return answer.headers["Location"]


def attempt_of(stage: Stage) -> ChargeAttempt:
    with tenant.tx(stage.world.seller_id):
        return ChargeAttempt.objects.order_by("-created_at", "-id")[0]


def test_d2_d3_a_card_is_kept_by_link_with_the_words_and_the_address(stage: Stage, payer: Client) -> None:
    path = asked(stage)
    page = payer.get(path).content.decode()
    assert "Nothing is charged today" in page
    assert "may keep this payment method for payments I agree on" in page
    keep(stage, payer, path, **{f"keep-{stage.card}": "1"})
    attempt = attempt_of(stage)
    assert (attempt.kind, attempt.amount_minor) == ("setup", 0)
    assert attempt.action_url.replace("&", "&amp;") in payer.get(path).content.decode()
    stage.sandbox.pay(attempt.action_url, GOOD)
    payer.post(f"{path}/check")
    assert payer.get(f"{path}/return").headers["Location"] == path
    page = payer.get(path).content.decode()
    assert "Your card is kept" in page
    assert "Visa ···· 4242" in page
    [method] = stage.rows(PaymentMethod)
    assert "may keep this payment method" in method.consent_text
    assert method.consent_address
    assert stage.rows(Payment) == []
    form = {"attempt": "x", "way": str(stage.card), f"keep-{stage.card}": "1"}
    payer.post(f"{path}/keep", form)
    assert len(stage.rows(ChargeAttempt)) == 1


def test_d10_nothing_is_kept_without_the_tick(stage: Stage, payer: Client) -> None:
    path = asked(stage)
    where = keep(stage, payer, path)
    assert "Tick that the card may be kept" in payer.get(where).content.decode()
    assert stage.rows(ChargeAttempt) == []


def test_d2_a_declined_card_says_so_and_another_may_be_given(stage: Stage, payer: Client) -> None:
    path = asked(stage)
    keep(stage, payer, path, **{f"keep-{stage.card}": "1"})
    attempt = attempt_of(stage)
    payer.post(f"{path}/cancel", {"attempt": str(attempt.id)})
    assert "Keep a card for later" in payer.get(path).content.decode()
    keep(stage, payer, path, **{f"keep-{stage.card}": "1"})
    assert attempt_of(stage).id != attempt.id


def test_c7_with_links_off_no_card_is_asked_for(stage: Stage, payer: Client) -> None:
    path = asked(stage)
    with tenant.tx(stage.world.seller_id):
        Customer.objects.filter(id=stage.world.nora).update(payment_links=False)
    assert "kept here at the moment" in payer.get(path).content.decode()
    payer.post(f"{path}/keep", {"attempt": "x", "way": str(stage.card)})
    assert stage.rows(ChargeAttempt) == []


def test_a_link_for_a_card_takes_no_money_and_the_other_way_round(stage: Stage, payer: Client) -> None:
    path = asked(stage)
    form = {"attempt": attempt_field(payer.get(path).content.decode()), "way": str(stage.card)}
    assert payer.post(f"{path}/pay", form).status_code == 303
    assert stage.rows(ChargeAttempt) == []
