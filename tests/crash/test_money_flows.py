"""Every crash point of the flows that move money by themselves or back, and all pairs of points in charge, refund and
dispute."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from tallystick.base import inbox, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.messages.models import Message
from tallystick.payments.models import Dispute, Payment, Refund, ScheduledCharge
from tallystick.payments.tests.stage import Stage
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World
from tests.crash.killing import IS_FULL, POINTS, Flows, Given, crash_everywhere, crash_twice

NewWorld = Callable[[], World]


def staged(world: World, sandbox: SandboxProcess) -> Stage:
    """The world with its card account; automatic charges need no notice here."""
    stage = Stage(world, sandbox, add_sandbox(world, sandbox.url))
    stage.rules(notice_days=0)
    return stage


def charged(world: World, sandbox: SandboxProcess) -> list[dict[str, object]]:
    """What the provider took from this seller's customers."""
    return Stage(world, sandbox, new_id()).truth()["charges"]


def one_charge(world: World, sandbox: SandboxProcess, invoice_id: str) -> None:
    """One charge there, one payment here, nothing owed."""
    assert len(charged(world, sandbox)) == 1
    with tenant.tx(world.seller_id):
        assert [str(each.amount_minor) for each in Payment.objects.all()] == ["17300"]
        assert Message.objects.filter(kind="receipt").count() == 1
        assert invoices.invoice(UUID(invoice_id)).open_minor == 0


def a_planned_charge(sandbox: SandboxProcess) -> Callable[[World], Given]:
    """A charge of a kept card that is due today."""

    def stage(world: World) -> Given:
        on = staged(world, sandbox)
        method, invoice_id = on.keep_card(), world.invoice()
        charge = on.plan(invoice_id, charge_on=world.today, payment_method_id=method.id)
        return {"invoice": str(invoice_id), "charge": str(charge.id)}

    return stage


def a_payment(sandbox: SandboxProcess) -> Callable[[World], Given]:
    """A card payment of which half is to go back."""

    def stage(world: World) -> Given:
        on = staged(world, sandbox)
        payment = on.pay(world.invoice())
        return {
            "payment": str(payment.id),
            "refund": str(new_id()),
            "amount": "8650",
            "charge": payment.gateway_ref or "",
        }

    return stage


def check_charge(sandbox: SandboxProcess) -> Callable[[World, Given], None]:
    """The plan is done, with one charge."""

    def check(world: World, given: Given) -> None:
        one_charge(world, sandbox, given["invoice"])
        with tenant.tx(world.seller_id):
            assert ScheduledCharge.objects.get(id=given["charge"]).state == "done"

    return check


def check_refund(sandbox: SandboxProcess) -> Callable[[World, Given], None]:
    """Asked for and given back once, or never asked for."""

    def check(world: World, given: Given) -> None:
        told = Stage(world, sandbox, new_id()).truth()["refunds"]
        with tenant.tx(world.seller_id):
            row = Refund.objects.filter(id=given["refund"]).first()
            refunded = Payment.objects.get(id=given["payment"]).refunded_minor
        if row is None:
            assert (told, refunded) == ([], 0)
        else:
            assert (row.state, refunded, [each["amount_minor"] for each in told]) == ("succeeded", 8650, [8650])

    return check


def a_dispute(sandbox: SandboxProcess) -> Callable[[World], Given]:
    """News that the bank of a payer wants their money back."""

    def stage(world: World) -> Given:
        on = staged(world, sandbox)
        payment = on.pay(world.invoice())
        on.drain()
        sandbox.dispute(payment.gateway_ref or "")
        inbox.keep(
            gateway_account_id=on.card,
            event_id="evt_dispute",
            kind="dispute.opened",
            reference="",
            charge_ref=payment.gateway_ref or "",
            attempt_id=payment.attempt_id,
            body=b"{}",
            **world.acting(),
        )
        return {"payment": str(payment.id)}

    return stage


def check_dispute(world: World, given: Given) -> None:
    """Held once, and by the payment it is about."""
    with tenant.tx(world.seller_id):
        assert [each.held_minor for each in Dispute.objects.all()] == [17300]
        assert Payment.objects.get(id=given["payment"]).disputed_minor == 17300


def test_r2_automatic_charge(new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows) -> None:
    deaths = crash_everywhere(flows, "charge", new_world, a_planned_charge(sandbox), check_charge(sandbox))
    assert deaths >= (10 if IS_FULL else 6)


def test_r2_saved_card(new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows) -> None:
    def stage(world: World) -> Given:
        on = staged(world, sandbox)
        method, invoice_id = on.keep_card(), world.invoice()
        return {
            "invoice": str(invoice_id),
            "account": str(on.card),
            "attempt": str(new_id()),
            "method": str(method.id),
        }

    def check(world: World, given: Given) -> None:
        if charged(world, sandbox):
            one_charge(world, sandbox, given["invoice"])
        else:  # died before the first commit: the payer sees the page again
            with tenant.tx(world.seller_id):
                assert Payment.objects.count() == 0
                assert invoices.invoice(UUID(given["invoice"])).open_minor == 17300

    assert crash_everywhere(flows, "pay", new_world, stage, check) >= (8 if IS_FULL else 6)


def test_r2_refund(new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows) -> None:
    deaths = crash_everywhere(flows, "refund", new_world, a_payment(sandbox), check_refund(sandbox))
    assert deaths >= (8 if IS_FULL else 6)


def test_r2_dispute(new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows) -> None:
    deaths = crash_everywhere(flows, "webhook", new_world, a_dispute(sandbox), check_dispute)
    assert deaths >= (6 if IS_FULL else 4)


def test_r2_cancel_an_open_page(new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows) -> None:
    def stage(world: World) -> Given:
        on = staged(world, sandbox)
        invoice_id = world.invoice()
        attempt = on.open(invoice_id)
        return {"invoice": str(invoice_id), "attempt": str(attempt.id)}

    def check(world: World, given: Given) -> None:
        assert charged(world, sandbox) == []
        on = Stage(world, sandbox, new_id())
        assert {each["state"] for each in on.truth()["sessions"]} <= {"open", "expired"}
        with tenant.tx(world.seller_id):
            assert Payment.objects.count() == 0

    assert crash_everywhere(flows, "cancel", new_world, stage, check) >= (5 if IS_FULL else 4)


@pytest.mark.parametrize("point", POINTS)
def test_r2_pairs_in_a_charge(
    new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows, point: str
) -> None:
    stage, check = a_planned_charge(sandbox), check_charge(sandbox)
    assert crash_twice(flows, "charge", new_world, stage, check, point=point) >= (4 if IS_FULL else 1)


@pytest.mark.parametrize("point", POINTS)
def test_r2_pairs_in_a_refund(
    new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows, point: str
) -> None:
    stage, check = a_payment(sandbox), check_refund(sandbox)
    assert crash_twice(flows, "refund", new_world, stage, check, point=point) >= (4 if IS_FULL else 1)


@pytest.mark.parametrize("point", POINTS)
def test_r2_pairs_in_a_dispute(
    new_world: NewWorld, sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows, point: str
) -> None:
    stage = a_dispute(sandbox)
    assert crash_twice(flows, "webhook", new_world, stage, check_dispute, point=point) >= (3 if IS_FULL else 1)
