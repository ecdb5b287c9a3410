"""Paying by card through the sandbox provider: exactly one charge, one payment, one receipt, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.core.attempt import State
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.ledger.queries import balances_of, trial_balance
from tallystick.messages.models import Message
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.errors import AmountRefused, BeingPaid, NothingToPay
from tallystick.payments.models import ChargeAttempt, Payment
from tallystick.payments.start import start_charge
from tallystick.payments.sweep import resolve_attempt
from tallystick.testing.world import World
from tallystick.worker.sweeps import sweep_events

GOOD = "4242424242424242"


@pytest.fixture(autouse=True)
def real_time(world: World) -> None:
    world.now = clock.now()
    world.today = world.now.date()


def start(world: World, card: UUID, invoice_id: UUID, amount_minor: int | None = None) -> ChargeAttempt:
    return start_charge(
        invoice_id=invoice_id,
        gateway_account_id=card,
        amount_minor=amount_minor,
        attempt_id=new_id(),
        language="en",
        **world.acting(),
    )


def opened(world: World, card: UUID, invoice_id: UUID, amount_minor: int | None = None) -> ChargeAttempt:
    attempt = start(world, card, invoice_id, amount_minor)
    send_charge(attempt_id=attempt.id, **world.acting())
    return reread(world, attempt)


def reread(world: World, attempt: ChargeAttempt) -> ChargeAttempt:
    with tenant.tx(world.seller_id):
        return ChargeAttempt.objects.get(id=attempt.id)


def payments(world: World) -> list[Payment]:
    with tenant.tx(world.seller_id):
        return list(Payment.objects.order_by("id"))


def receipts(world: World) -> int:
    sweep_events(world.seller_id)
    with tenant.tx(world.seller_id):
        return Message.objects.filter(kind="receipt").count()


def open_minor(world: World, invoice_id: UUID) -> int:
    with tenant.tx(world.seller_id):
        return invoices.invoice(invoice_id).open_minor


def test_a17_a18_a_good_card_pays_the_invoice(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    invoice_id = world.invoice()
    attempt = opened(world, card, invoice_id)
    assert attempt.state == "action_required"
    sandbox.pay(attempt.action_url, GOOD)
    for _ in range(3):
        look_up_charge(attempt_id=attempt.id, **world.acting())
    [payment] = payments(world)
    assert (payment.amount_minor, payment.allocated_minor, payment.flag) == (17300, 17300, "")
    assert payment.number == "R-1"
    assert payment.method_label.endswith("4242")
    assert open_minor(world, invoice_id) == 0
    assert receipts(world) == receipts(world) == 1
    with tenant.tx(world.seller_id):
        assert {r.account: r.balance_minor for r in trial_balance()}["clearing:sandbox"] == 17300
        assert sum(r.balance_minor for r in trial_balance()) == 0


def test_a_declined_card_frees_nothing_and_another_card_pays(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    invoice_id = world.invoice()
    attempt = opened(world, card, invoice_id)
    sandbox.pay(attempt.action_url, "4000000000009995")
    look_up_charge(attempt_id=attempt.id, **world.acting())
    attempt = reread(world, attempt)
    assert (attempt.state, attempt.decline_code) == ("action_required", "insufficient_funds")
    sandbox.pay(attempt.action_url, GOOD)
    look_up_charge(attempt_id=attempt.id, **world.acting())
    assert len(payments(world)) == 1


def test_3d_secure_pays_after_approval(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    attempt = opened(world, card, world.invoice())
    sandbox.pay(attempt.action_url, "4000000000003220")
    assert look_up_charge(attempt_id=attempt.id, **world.acting()).state == State.ACTION_REQUIRED
    sandbox.answer_bank(attempt.action_url, "approve")
    assert look_up_charge(attempt_id=attempt.id, **world.acting()).state == State.SUCCEEDED
    assert len(payments(world)) == 1


def test_the_gateway_times_out_after_opening(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    """The answer is lost: unknown, and the slot is held. The sweeper finds the very session by our own id."""
    invoice_id = world.invoice()
    sandbox.fault("drop_after", operation="open_session", times=1)
    attempt = opened(world, card, invoice_id)
    assert attempt.state == "unknown"
    with pytest.raises(BeingPaid):
        start(world, card, invoice_id)
    resolve_attempt(seller_id=world.seller_id, attempt_id=attempt.id, now=world.now + timedelta(minutes=1))
    attempt = reread(world, attempt)
    assert attempt.state == "action_required"
    sandbox.pay(attempt.action_url, GOOD)
    look_up_charge(attempt_id=attempt.id, **world.acting())
    assert len(payments(world)) == 1


def test_the_request_never_arrived_and_is_sent_again_with_the_same_key(
    world: World, card: UUID, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop_before", operation="open_session", times=1)
    attempt = opened(world, card, world.invoice())
    assert attempt.state == "unknown"
    resolve_attempt(seller_id=world.seller_id, attempt_id=attempt.id, now=world.now + timedelta(minutes=1))
    assert reread(world, attempt).state == "action_required"


def test_an_attempt_never_sent_is_sent_by_the_sweeper(world: World, card: UUID) -> None:
    attempt = start(world, card, world.invoice())
    resolve_attempt(seller_id=world.seller_id, attempt_id=attempt.id, now=world.now + timedelta(minutes=1))
    assert reread(world, attempt).state == "action_required"


def test_two_payers_get_one_slot(world: World, card: UUID) -> None:
    invoice_id = world.invoice()
    first = start(world, card, invoice_id)
    with pytest.raises(BeingPaid) as refused:
        start(world, card, invoice_id)
    assert refused.value.attempt_id == first.id


def test_money_that_arrives_twice_becomes_credit_with_a_flag(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    attempt = opened(world, card, world.invoice())
    sandbox.fault("double_charge", client_reference=str(attempt.id))
    sandbox.pay(attempt.action_url, GOOD)
    look_up_charge(attempt_id=attempt.id, **world.acting())
    first, second = payments(world)
    assert {first.flag, second.flag} == {"", "overpaid"}
    with tenant.tx(world.seller_id):
        [balance] = balances_of([world.nora])[world.nora]
        assert (balance.receivable_minor, balance.unapplied_minor) == (0, 17300)


def test_we_book_what_the_gateway_says_it_took(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    invoice_id = world.invoice()
    attempt = opened(world, card, invoice_id)
    sandbox.fault("other_amount", client_reference=str(attempt.id), amount_minor=10000)
    sandbox.pay(attempt.action_url, GOOD)
    look_up_charge(attempt_id=attempt.id, **world.acting())
    [payment] = payments(world)
    assert (payment.amount_minor, payment.flag) == (10000, "amount_differs")
    assert open_minor(world, invoice_id) == 7300


def test_starting_over_waits_for_the_confirmed_cancel(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    invoice_id = world.invoice()
    attempt = opened(world, card, invoice_id)
    sandbox.fault("expire_refused", client_reference=str(attempt.id), times=1)
    assert cancel_charge(attempt_id=attempt.id, **world.acting()).state != State.CANCELED
    with pytest.raises(BeingPaid):
        start(world, card, invoice_id)
    assert cancel_charge(attempt_id=attempt.id, **world.acting()).state == State.CANCELED
    assert start(world, card, invoice_id, 5000).amount_minor == 5000


@pytest.mark.parametrize("amount", [0, -1, 1729, 17301, 10**15])
def test_b18_d4_amounts_outside_the_rule_are_refused(world: World, card: UUID, amount: int) -> None:
    with pytest.raises(AmountRefused):
        start(world, card, world.invoice(), amount)


def test_a_paid_invoice_has_nothing_to_pay(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    invoice_id = world.invoice()
    attempt = opened(world, card, invoice_id)
    sandbox.pay(attempt.action_url, GOOD)
    look_up_charge(attempt_id=attempt.id, **world.acting())
    with pytest.raises(NothingToPay):
        start(world, card, invoice_id)


def test_the_same_attempt_twice_is_one(world: World, card: UUID, outsider: World) -> None:
    invoice_id, attempt_id = world.invoice(), new_id()
    given = {
        "invoice_id": invoice_id,
        "gateway_account_id": card,
        "amount_minor": None,
        "attempt_id": attempt_id,
        "language": "en",
    }
    assert start_charge(**given, **world.acting()).id == start_charge(**given, **world.acting()).id
    with pytest.raises(invoices.NoSuchInvoice):
        start_charge(**{**given, "attempt_id": new_id()}, **outsider.acting())


def test_a_late_success_overrides_a_cancel(world: World, card: UUID, sandbox: SandboxProcess) -> None:
    """The gateway charges a session it had confirmed as expired: the money is booked all the same."""
    attempt = opened(world, card, world.invoice())
    sandbox.fault("charge_after_expiry", client_reference=str(attempt.id), seconds=0)
    cancel_charge(attempt_id=attempt.id, **world.acting())
    wait_for(lambda: look_up_charge(attempt_id=attempt.id, **world.acting()).state == State.SUCCEEDED)
    assert len(payments(world)) == 1


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = clock.now() + timedelta(seconds=10)
    while clock.now() < deadline:
        if holds():
            return
    raise AssertionError("it never came true")
