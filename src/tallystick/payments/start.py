"""TX1: reserve an attempt. Nothing is asked of the gateway before this is committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from tallystick.base import events, tenant
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.core.allocation import OpenItem
from tallystick.core.money import round_ratio
from tallystick.customers.lock import lock_customers
from tallystick.invoices import queries as invoices
from tallystick.payments.errors import AmountRefused, BeingPaid, NoSuchGateway, NothingToPay
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, GatewayAccount
from tallystick.payments.queries import live_attempt
from tallystick.sellers.queries import seller

LEASE = timedelta(seconds=60)


def start_charge(
    *,
    seller_id: UUID,
    invoice_id: UUID,
    gateway_account_id: UUID,
    amount_minor: int | None,
    attempt_id: UUID,
    language: str,
    now: datetime,
    actor_id: UUID | None = None,
) -> ChargeAttempt:
    """Reserve a hosted charge of `amount_minor` (None: all that is open) on one invoice and return the attempt.

    Idempotent by `attempt_id`. Locks the customer; the unique live slot of the invoice decides between two payers.
    Raises NothingToPay, AmountRefused, NoSuchGateway, BeingPaid.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = invoices.invoice(invoice_id)
        lock_customers([row.customer_id])
        known = ChargeAttempt.objects.filter(id=attempt_id).first()
        if known and AttemptInvoice.objects.filter(attempt_id=attempt_id, invoice_id=invoice_id).exists():
            return known
        if not GatewayAccount.objects.filter(id=gateway_account_id, is_enabled=True).exists():
            raise NoSuchGateway(str(gateway_account_id))
        items = invoices.open_items(row.customer_id, currency=row.currency, invoice_ids=[invoice_id])
        amount = amount_the_seller_takes(seller_id, items, wanted_minor=amount_minor)
        attempt = ChargeAttempt(
            id=attempt_id,
            seller_id=seller_id,
            customer_id=row.customer_id,
            gateway_account_id=gateway_account_id,
            amount_minor=amount,
            currency=row.currency,
            language=language,
            created_at=now,
            due_at=now,
            created_by=actor_id,
        )
        attempt.save(force_insert=True)
        _take_slot(attempt, invoice_id)
        events.record(
            "attempt.started",
            seller_id=seller_id,
            subject_id=invoice_id,
            customer_id=row.customer_id,
            now=now,
            actor_id=actor_id,
            attempt_id=str(attempt_id),
            amount_minor=amount,
            currency=row.currency,
        )
        ring("attempts")
        return attempt


def amount_the_seller_takes(seller_id: UUID, items: Sequence[OpenItem], *, wanted_minor: int | None) -> int:
    """Return the amount to charge, within what is open and the seller's rule for part payments (B18, D4).

    All of it is always taken, and so is what the terms themselves ask for first: a deposit, the next instalment.
    Raises NothingToPay, AmountRefused with the bounds.
    """
    open_minor = sum(item.open_minor for item in items)
    if open_minor <= 0:
        raise NothingToPay("open amount is zero")
    if wanted_minor is None or wanted_minor in {open_minor, items[0].open_minor}:
        return wanted_minor or open_minor
    rule = seller(seller_id)
    least = least_partial(open_minor, allowed=rule.partial_payments, percent=rule.minimum_partial_percent)
    if not least <= wanted_minor <= open_minor:
        raise AmountRefused(least, open_minor)
    return wanted_minor


def least_partial(open_minor: int, *, allowed: bool, percent: int) -> int:
    """Return the smallest amount a payer may choose, in minor units: all of it when the seller takes no parts."""
    return max(1, round_ratio(open_minor * percent, 100)) if allowed else open_minor


def _take_slot(attempt: ChargeAttempt, invoice_id: UUID) -> None:
    """Insert the live slot; the database refuses a second one for the invoice."""
    slot = AttemptInvoice(
        id=new_id(),
        seller_id=attempt.seller_id,
        attempt_id=attempt.id,
        invoice_id=invoice_id,
        amount_minor=attempt.amount_minor,
    )
    try:
        with transaction.atomic():
            slot.save(force_insert=True)
    except IntegrityError as error:
        if "attempt_one_live" not in str(error):
            raise
        live = live_attempt(invoice_id)
        raise BeingPaid(live.id if live else None) from error
