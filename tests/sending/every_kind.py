"""One email of every kind that something sends (E19), to one customer, in their language."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.invoices import queries as invoices
from tallystick.invoices.duplicate import draft_credit_note
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.send import send_as_composed
from tallystick.payments.models import PaymentMethod, ScheduledCharge
from tallystick.payments.notices import queue_charge_failure, queue_charge_notice, queue_expiry_notice
from tallystick.payments.record import record_payment
from tallystick.payments.refund import request_refund
from tallystick.payments.reminders import Reminder, queue_reminder
from tallystick.payments.requests import request_payment
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.send_request import send_request_link
from tallystick.testing.world import World
from tallystick.worker.sweeps import drain

SENT: Final = (
    "invoice", "reminder", "late_reminder", "thank_you", "credit_note", "receipt", "refund", "charge_failed",
    "charge_notice", "charge_fell_back", "card_expiring", "payment_request",
)  # fmt: skip
"""What is said in all; what is paid is thanked for only where the seller switched that on."""


def say_every_kind(world: World, card: UUID, *, customer: str = "nora", language: str = "en") -> UUID:
    """Queue one of each but those about money that came, and return an invoice that stays open. `card` is a gateway account."""
    acting, customer_id, given = world.acting(), world.customers[customer], {"customer": customer, "language": language}
    open_one, charged, credited = (world.invoice(**given) for _ in range(3))
    for invoice_id in (open_one, charged):
        assert send_as_composed(invoice_id=invoice_id, message_id=new_id(), **acting)
        mark_sent(invoice_id=invoice_id, **acting)
    note_id = new_id()
    draft_credit_note(invoice_id=credited, credit_note_id=note_id, quantities=None, reason="wrong", **acting)
    world.issue(note_id)
    assert send_as_composed(invoice_id=note_id, message_id=new_id(), **acting)
    with tenant.tx(world.seller_id, read_only=True):
        [open_item] = invoices.due_items_of([open_one])
    for kind in ("reminder", "late_reminder"):
        queue_reminder(reminder=Reminder(kind, open_item.id, open_one, world.now), **acting)
    _say_charges(world, card, charged, customer_id)
    request_id = new_id()
    request_payment(
        request_id=request_id,
        customer_id=customer_id,
        currency="EUR",
        language=language,
        invoice_ids=[open_one],
        **acting,
    )
    send_request_link(request_id=request_id, **acting)
    return open_one


def _say_charges(world: World, card: UUID, invoice_id: UUID, customer_id: UUID) -> None:
    """A charge is planned on a card that expires first; one try failed, then the last."""
    acting = world.acting()
    with tenant.tx(world.seller_id):
        method = PaymentMethod.objects.create(
            id=new_id(), seller_id=world.seller_id, customer_id=customer_id, gateway_account_id=card, kind="card",
            brand="Visa", last4="4242", expiry_year=world.today.year + 1, expiry_month=1, gateway_ref=f"pm_{customer_id.hex}",
            consent_text="I agree.", consent_at=world.now, created_at=world.now,
        )  # fmt: skip
        [item] = invoices.due_items_of([invoice_id])
    plan = Plan(new_id(), item.id, "date", charge_on=world.today + timedelta(days=30), payment_method_id=method.id)
    charge = schedule_charge(plan=plan, **acting)
    with tenant.tx(world.seller_id):
        queue_charge_notice(ScheduledCharge.objects.get(id=charge.id), now=world.now)
    for again_on in (world.today.isoformat(), ""):
        queue_charge_failure(
            charge_id=charge.id, attempt_id=None if again_on else new_id(), again_on=again_on, **acting
        )
    queue_expiry_notice(method_id=method.id, **acting)


def pay_and_give_back(world: World, *, customer: str = "nora", language: str = "en") -> None:
    """Let money arrive for an invoice of its own; once that is answered, part of it goes back."""
    invoice_id, customer_id = world.invoice(customer=customer, language=language), world.customers[customer]
    payment = record_payment(
        payment_id=new_id(), customer_id=customer_id, amount_minor=17_300, currency="EUR", method="transfer",
        received_on=world.today, wanted={invoice_id: 17_300}, **world.acting(),
    )  # fmt: skip
    drain(world.seller_id)
    request_refund(refund_id=new_id(), payment_id=payment.id, amount_minor=2_300, reason="late", **world.acting())
