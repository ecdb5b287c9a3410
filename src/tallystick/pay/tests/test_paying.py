"""Through the page to the provider and back."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.core.attempt import State
from tallystick.gateways.port import Report
from tallystick.gateways.tests.sandbox_process import SandboxGateway, SandboxProcess
from tallystick.pay.tests.conftest import link
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, Payment
from tallystick.payments.queries import last_attempt
from tallystick.payments.start import start_charge
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World

GOOD, DECLINED = "4242424242424242", "4000000000000002"


def form_of(payer: Client, url: str) -> dict[str, str]:
    page = payer.get(url).content.decode()
    attempt = re.search(r'name="attempt" value="([^"]+)"', page)
    way = re.search(r'name="way" value="([^"]+)"', page)
    amount = re.search(r'name="amount" value="(\d+)"', page)
    assert attempt
    assert way
    assert amount
    return {"attempt": unescape(attempt.group(1)), "way": way.group(1), "amount": amount.group(1)}


def attempt_of(world: World, invoice_id: UUID) -> ChargeAttempt:
    with tenant.tx(world.seller_id):
        found = last_attempt(invoice_id)
    assert found
    return found


def test_paid_in_full(world: World, payer: Client, card: UUID, sandbox: SandboxProcess) -> None:
    invoice_id = world.invoice()
    url = link(world, invoice_id)
    first = payer.get(url)
    assert f"form-action 'self' {sandbox.url};" in first["Content-Security-Policy"]
    form = form_of(payer, url)
    away = payer.post(url + "/pay", form)
    assert away.status_code == 303
    assert away["Location"].startswith(sandbox.url + "/checkout/")
    assert payer.post(url + "/pay", form)["Location"] == away["Location"]  # a second click is the same attempt
    sandbox.pay(away["Location"], GOOD)
    back = payer.get(url + "/return?session=x")
    assert "checking with the bank" in back.content.decode()
    assert attempt_of(world, invoice_id).state == State.ACTION_REQUIRED  # the return page only reads
    asked = payer.post(url + "/check", {"try": "0"})
    assert "Payment received" in payer.get(asked["Location"]).content.decode()
    assert "This invoice is paid" in payer.get(url).content.decode()
    assert payer.post(url + "/pay", form).status_code == 303
    with tenant.tx(world.seller_id):
        payment = Payment.objects.get()
    assert payer.get(f"{url}/receipt/{payment.id}")["Content-Type"] == "application/pdf"


def test_second_browser_waits_and_may_start_over(world: World, payer: Client, card: UUID) -> None:
    url = link(world, world.invoice())
    other = Client()
    second = form_of(other, url)
    payer.post(url + "/pay", form_of(payer, url))
    assert other.post(url + "/pay", second)["Location"] == url
    assert "isn’t finished" in payer.get(url).content.decode()
    page = other.get(url).content.decode()
    assert "Someone is paying this invoice" in page
    live = re.search(r'name="attempt" value="([^"]+)"', page)
    assert live
    assert other.post(url + "/cancel", {"attempt": second["attempt"]})["Location"] == url
    assert "Someone is paying" in other.get(url).content.decode()
    other.post(url + "/cancel", {"attempt": live.group(1)})
    assert 'name="way"' in other.get(url).content.decode()


def test_another_amount(world: World, payer: Client, card: UUID) -> None:
    invoice_id = world.invoice()
    url = link(world, invoice_id)
    for typed in ("12,5,0", "1.00", "173.01"):
        form = {**form_of(payer, url), "amount": "other", "other": typed}
        answer = payer.post(url + "/pay", form)
        page = payer.get(answer["Location"]).content.decode()
        assert "Type an amount from €17.30 to €173.00." in page
        assert f'value="{typed}"' in page
    payer.post(url + "/pay", {**form_of(payer, url), "amount": "other", "other": "€50"})
    assert attempt_of(world, invoice_id).amount_minor == 50_00


def test_attempt_of_another_invoice_is_refused(world: World, payer: Client, card: UUID) -> None:
    one, other = link(world, world.invoice()), link(world, world.invoice())
    form = form_of(payer, one)
    payer.post(one + "/pay", form)
    assert "why=page" in payer.post(other + "/pay", form)["Location"]


def test_provider_away(world: World, payer: Client, card: UUID, sandbox: SandboxProcess) -> None:
    add_sandbox(world, "http://127.0.0.1:9")
    invoice_id = world.invoice()
    url = link(world, invoice_id)
    page = payer.get(url).content.decode()
    dead = re.findall(r'name="way" value="([^"]+)"', page)[-1]
    answer = payer.post(url + "/pay", {**form_of(payer, url), "way": dead})
    assert answer["Location"] == url + "/return?opening=1"
    for where in (answer["Location"], url):
        page = payer.get(where).content.decode()
        assert "Please don’t pay again" in page
        assert 'name="way"' not in page


def test_a_payer_is_led_on_once_the_silent_provider_is_heard(
    world: World, payer: Client, card: UUID, sandbox: SandboxProcess
) -> None:
    url = link(world, world.invoice())
    sandbox.fault("drop_after", operation="open_session", times=1)
    waiting = payer.post(url + "/pay", form_of(payer, url))["Location"]
    assert 'name="opening" value="1"' in payer.get(waiting).content.decode()
    looked = payer.post(url + "/check", {"try": "0", "opening": "1"})["Location"]
    assert looked == url + "/return?try=1&opening=1"
    onward = payer.get(looked)
    assert onward.status_code == 303
    assert "/checkout/" in onward["Location"]
    assert payer.get(url + "/return?try=1").status_code == 200, (
        "who comes back from the provider isn't sent there again"
    )


def test_decline_says_nothing_was_charged(world: World, payer: Client, card: UUID, sandbox: SandboxProcess) -> None:
    url = link(world, world.invoice())
    away = payer.post(url + "/pay", form_of(payer, url))
    sandbox.pay(away["Location"], DECLINED)
    payer.post(url + "/check", {"try": "0"})
    page = payer.get(url).content.decode()
    assert "Your bank declined this card." in page
    assert away["Location"] in page


@pytest.mark.parametrize(
    ("state", "more", "says", "may_pay"),
    [
        ("reserved", {}, "A payment is being opened", False),
        ("sent", {"created_at": timedelta(minutes=-2)}, "We couldn’t reach the bank", False),
        ("unknown", {}, "We couldn’t reach the bank", False),
        ("action_required", {}, "Someone is paying this invoice", False),
        ("action_required", {"expires_at": timedelta(seconds=-1)}, "The payment page was open too long", False),
        ("processing", {}, "Your payment is on its way", False),
        ("canceling", {}, "We’re closing that payment", False),
        ("declined", {"ended_at": timedelta()}, "This way to pay isn’t working right now.", True),
        ("declined", {"ended_at": timedelta(), "gateway_ref": "cs"}, "Your bank declined this card.", True),
        ("canceled", {"ended_at": timedelta()}, "How would you like to pay?", True),
    ],
)
def test_every_state(
    world: World, payer: Client, card: UUID, state: str, more: dict[str, Any], says: str, may_pay: bool
) -> None:
    invoice_id = world.invoice()
    attempt = start_charge(
        invoice_id=invoice_id,
        gateway_account_id=card,
        amount_minor=None,
        attempt_id=new_id(),
        language="ro",
        **world.acting(),
    )
    now = clock.now()
    changes = {name: now + value if isinstance(value, timedelta) else value for name, value in more.items()}
    with tenant.tx(world.seller_id):
        ChargeAttempt.objects.filter(id=attempt.id).update(state=state, action_url="https://pay.example/x", **changes)
        AttemptInvoice.objects.filter(attempt_id=attempt.id).update(is_live=may_pay is False)
    url = link(world, invoice_id)
    for page in (payer.get(url), payer.get(url + "/return", follow=True)):
        assert page.status_code == 200
    page_text = payer.get(url).content.decode()
    assert says in page_text
    assert ('name="way"' in page_text) is may_pay
    assert payer.get(url + "/return")["Content-Language"] == "ro"


def test_unexpected_address_goes_by_a_link(
    world: World, payer: Client, card: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report(State.ACTION_REQUIRED, ref="cs_1", action_url="https://pay.example/cs_1")
    monkeypatch.setattr(SandboxGateway, "open_session", lambda self, request: report)
    url = link(world, world.invoice())
    answer = payer.post(url + "/pay?lang=ro", form_of(payer, url))
    assert answer.status_code == 200
    assert 'content="0;url=https://pay.example/cs_1"' in answer.content.decode()
    assert answer.cookies["paying"]["path"] == url


def test_chosen_language_is_kept(world: World, payer: Client, card: UUID) -> None:
    url = link(world, world.invoice())
    assert f'action="{url}/pay?lang=ro"' in payer.get(url + "?lang=ro").content.decode()
    bad = payer.post(url + "/pay?lang=ro", {"attempt": "x"})
    assert bad["Location"] == f"{url}?lang=ro&why=page"
    assert "autofocus" in payer.get(bad["Location"]).content.decode()
