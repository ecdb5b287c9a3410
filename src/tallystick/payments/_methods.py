"""Keeping a payment method the customer agreed to, and letting one take another's place."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import direct, events
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.gateways.port import SavedMethod
from tallystick.payments._plan import attach_method
from tallystick.payments.models import (
    WAITING_STATES,
    AttemptInvoice,
    AutoPay,
    ChargeAttempt,
    PaymentMethod,
    ScheduledCharge,
)


def keep_method(attempt: ChargeAttempt, saved: SavedMethod, now: datetime) -> PaymentMethod | None:
    """Keep what the gateway kept, once, with the consent the attempt carries. The caller holds the customer.

    A card we knew already under another name takes that one's place. Charges that waited for a method get this one.
    Nothing is kept that the customer didn't agree to.
    """
    if not attempt.saves_method:
        return None
    known = PaymentMethod.objects.filter(gateway_account_id=attempt.gateway_account_id, gateway_ref=saved.ref).first()
    if known:
        return known
    method = _new_method(attempt, saved, now)
    direct.add(method)
    events.record(
        "method.saved",
        seller_id=attempt.seller_id,
        subject_id=attempt.customer_id,
        customer_id=attempt.customer_id,
        now=now,
        actor_id=attempt.created_by,
        method_id=str(method.id),
        brand=method.brand,
        last4=method.last4,
    )
    _replace_twins(method, now)
    _serve(attempt, method, now)
    return method


def _new_method(attempt: ChargeAttempt, saved: SavedMethod, now: datetime) -> PaymentMethod:
    consent = attempt.consent
    return PaymentMethod(
        id=new_id(),
        seller_id=attempt.seller_id,
        customer_id=attempt.customer_id,
        gateway_account_id=attempt.gateway_account_id,
        kind=saved.kind,
        brand=saved.brand[:40],
        last4=saved.last4[-4:],
        expiry_month=saved.expiry_month,
        expiry_year=saved.expiry_year,
        gateway_ref=saved.ref,
        gateway_customer_ref=saved.customer_ref,
        consent_text=consent.get("text", ""),
        consent_at=datetime.fromisoformat(consent["at"]) if consent.get("at") else attempt.created_at,
        consent_address=consent.get("address", ""),
        consent_by=UUID(consent["by"]) if consent.get("by") else None,
        created_at=now,
    )


def _replace_twins(method: PaymentMethod, now: datetime) -> None:
    """The same card kept twice is one card: the newer name of it stays."""
    twins = PaymentMethod.objects.filter(
        customer_id=method.customer_id,
        gateway_account_id=method.gateway_account_id,
        kind=method.kind,
        brand=method.brand,
        last4=method.last4,
        expiry_month=method.expiry_month,
        expiry_year=method.expiry_year,
        state="active",
    ).exclude(id=method.id)
    for twin in twins:
        replace_method(twin, method, now)
        forget_here(twin, now)


def agree_to_plans(attempt: ChargeAttempt, method_id: UUID, now: datetime) -> None:
    """The customer paid the first part with a kept card, the plan before their eyes: the rest goes to it too."""
    invoice_ids = AttemptInvoice.objects.filter(attempt_id=attempt.id).values_list("invoice_id", flat=True)
    proposed = ScheduledCharge.objects.filter(invoice_id__in=list(invoice_ids), state="proposed")
    for charge in proposed.select_for_update():
        for method in PaymentMethod.objects.filter(id=method_id, state="active"):
            attach_method(charge, method, now)


def _serve(attempt: ChargeAttempt, method: PaymentMethod, now: datetime) -> None:
    """Give the method to what waited for it: the charges planned on the attempt's invoices, or the one it was kept for."""
    agree_to_plans(attempt, method.id, now)
    if attempt.kind == "setup" and attempt.scheduled_charge_id:
        for charge in ScheduledCharge.objects.select_for_update().filter(id=attempt.scheduled_charge_id):
            attach_method(charge, method, now)
    if attempt.consent.get("autopay"):
        AutoPay.objects.update_or_create(
            customer_id=attempt.customer_id,
            defaults={"payment_method_id": method.id},
            create_defaults={
                "id": new_id(),
                "seller_id": attempt.seller_id,
                "payment_method_id": method.id,
                "enabled_at": now,
                "enabled_by": attempt.created_by,
            },
        )


def replace_method(old: PaymentMethod, new: PaymentMethod, now: datetime) -> None:
    """Let `new` pay whatever `old` was to pay: AutoPay and every charge ahead. The caller holds the customer."""
    AutoPay.objects.filter(payment_method_id=old.id).update(payment_method_id=new.id)
    ahead = ScheduledCharge.objects.filter(payment_method_id=old.id, state__in=WAITING_STATES)
    ahead.exclude(state="charging").update(payment_method_id=new.id)


def forget_here(method: PaymentMethod, now: datetime, actor_id: UUID | None = None) -> None:
    """Stop using a method at once; the gateway is told after the commit, again until it confirms."""
    PaymentMethod.objects.filter(id=method.id, state="active").update(
        state="removing", removed_at=now, removed_by=actor_id, due_at=now
    )
    ring("removals")
