"""Kept payment methods: adding one without a payment, removing one, and AutoPay."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tallystick.base import direct, events, tenant
from tallystick.base.crashpoint import crashpoint
from tallystick.base.ids import new_id
from tallystick.customers.lock import lock_customers
from tallystick.customers.queries import customer
from tallystick.payments._methods import forget_here
from tallystick.payments._reserve import Take, account_of, known_attempt, method_of, reserve
from tallystick.payments.consent import Consent
from tallystick.payments.errors import NoSuchMethod
from tallystick.payments.gateways import open_gateway
from tallystick.payments.models import AutoPay, ChargeAttempt, GatewayAccount, PaymentMethod, ScheduledCharge
from tallystick.sellers.queries import seller

ASK_AGAIN = timedelta(minutes=15)


def start_setup(
    *,
    seller_id: UUID,
    attempt_id: UUID,
    customer_id: UUID,
    gateway_account_id: UUID,
    consent: Consent,
    language: str,
    return_url: str,
    now: datetime,
    scheduled_charge_id: UUID | None = None,
    request_id: UUID | None = None,
    actor_id: UUID | None = None,
) -> ChargeAttempt:
    """Reserve an attempt that only keeps a method, charging nothing; with a charge, for that charge. Idempotent by id.

    `request_id` is the link that asked for it. Locks the customer. Raises NoSuchGateway, CantSave, and BeingPaid while
    another page of that link is open.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        known = known_attempt(attempt_id, customer_id=customer_id, kind="setup")
        if known:
            return known
        owner = customer(customer_id)
        assert owner
        take = Take(
            attempt_id=attempt_id,
            customer_id=customer_id,
            gateway_account_id=account_of(gateway_account_id, enabled=True).id,
            amount_minor=0,
            currency=owner.currency,
            language=language,
            kind="setup",
            scheduled_charge_id=scheduled_charge_id,
            request_id=request_id,
            description=seller(seller_id).name,
            return_url=return_url,
            consent=consent.at(now),
        )
        return reserve(seller_id, take, now, actor_id)


def remove_method(*, seller_id: UUID, method_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Stop using a kept method at once, here and then at the gateway; return whether it was in use. Locks the customer.

    AutoPay on it ends; charges planned on it fall back to a link when their time comes, unless they get another method.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers(PaymentMethod.objects.filter(id=method_id).values_list("customer_id", flat=True))
        method = direct.find(PaymentMethod, method_id, lock=True)
        if method is None:
            raise NoSuchMethod(str(method_id))
        if method.state != "active":
            return False
        AutoPay.objects.filter(payment_method_id=method_id).delete()
        forget_here(method, now, actor_id)
        events.record(
            "method.removed",
            seller_id=seller_id,
            subject_id=method.customer_id,
            customer_id=method.customer_id,
            now=now,
            actor_id=actor_id,
            method_id=str(method_id),
            brand=method.brand,
            last4=method.last4,
        )
        return True


def due_removals(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, method_id) of removed methods that the gateway hasn't confirmed yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_removals(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def forget_at_gateway(*, seller_id: UUID, method_id: UUID, now: datetime) -> bool:
    """Have the gateway remove a method that was removed here, and return whether it confirmed. Idempotent."""
    with tenant.tx(seller_id):
        waiting = PaymentMethod.objects.filter(id=method_id, state="removing", due_at__lte=now)
        method = waiting.select_for_update(skip_locked=True).first()
        if method is None:
            return False
        PaymentMethod.objects.filter(id=method_id).update(due_at=now + ASK_AGAIN)
        gateway = open_gateway(direct.get(GatewayAccount, method.gateway_account_id))
    is_gone = gateway.forget_method(method_ref=method.gateway_ref, customer_ref=method.gateway_customer_ref)
    crashpoint("outside.after")
    if is_gone:
        with tenant.tx(seller_id):
            PaymentMethod.objects.filter(id=method_id, state="removing").update(state="removed", due_at=None)
    return is_gone


def set_autopay(
    *, seller_id: UUID, customer_id: UUID, payment_method_id: UUID | None, now: datetime, actor_id: UUID | None = None
) -> None:
    """Charge a customer's coming invoices to a kept method when they are due; None ends that. Locks the customer.

    Ending it takes the charges it had planned off the plan. Raises NoSuchMethod.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        if payment_method_id is None:
            ended, _rows = AutoPay.objects.filter(customer_id=customer_id).delete()
            planned = ScheduledCharge.objects.filter(
                customer_id=customer_id, origin="autopay", ended_at__isnull=True
            ).exclude(state="charging")
            planned.update(state="canceled", reason="autopay_ended", ended_at=now, due_at=None)
            kind = "autopay.ended" if ended else ""
        else:
            method = method_of(customer_id, payment_method_id)
            given = {"payment_method_id": method.id, "enabled_at": now, "enabled_by": actor_id}
            AutoPay.objects.update_or_create(
                customer_id=customer_id,
                defaults=given,
                create_defaults={**given, "id": new_id(), "seller_id": seller_id},
            )
            kind = "autopay.enabled"
        if kind:
            events.record(
                kind,
                seller_id=seller_id,
                subject_id=customer_id,
                customer_id=customer_id,
                now=now,
                actor_id=actor_id,
            )
