"""A payer or staff begin to pay one invoice. Nothing is asked of the gateway before this is committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base import tenant
from tallystick.core.allocation import OpenItem
from tallystick.core.money import round_ratio
from tallystick.customers.lock import lock_customers
from tallystick.invoices import queries as invoices
from tallystick.payments._reserve import Take, account_of, known_attempt, method_of, reserve
from tallystick.payments.consent import Consent
from tallystick.payments.errors import AmountRefused, NoConsent, NothingToPay
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, ScheduledCharge
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
    payment_method_id: UUID | None = None,
    is_customer_present: bool = True,
    consent: Consent | None = None,
    actor_id: UUID | None = None,
) -> ChargeAttempt:
    """Reserve a charge of `amount_minor` (None: all that is open) on one invoice and return the attempt.

    With `payment_method_id` the customer's kept card or account is charged, at its own gateway; else the gateway's page
    is opened. `consent` keeps what is paid with for later; paying the first part of an invoice whose rest is planned
    needs it. Idempotent by `attempt_id`. Locks the customer; the unique live slot of the invoice decides between two
    payers. Raises NothingToPay, AmountRefused, NoSuchGateway, NoSuchMethod, NoConsent, CantSave, BeingPaid.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        row = invoices.standing(invoice_id)
        lock_customers([row.customer_id])
        known = known_attempt(attempt_id, customer_id=row.customer_id)
        if known and AttemptInvoice.objects.filter(attempt_id=attempt_id, invoice_id=invoice_id).exists():
            return known
        method = method_of(row.customer_id, payment_method_id) if payment_method_id else None
        account = account_of(method.gateway_account_id if method else gateway_account_id, enabled=True)
        items = invoices.open_items(row.customer_id, currency=row.currency, invoice_ids=[invoice_id])
        amount = amount_the_seller_takes(seller_id, items, wanted_minor=amount_minor)
        if consent is None and method is None and amount < sum(item.open_minor for item in items):
            _refuse_without_consent(invoice_id)
        take = Take(
            attempt_id=attempt_id,
            customer_id=row.customer_id,
            gateway_account_id=account.id,
            amount_minor=amount,
            currency=row.currency,
            language=language,
            kind="hosted" if method is None else "saved" if is_customer_present else "automatic",
            parts={invoice_id: amount},
            payment_method_id=method.id if method else None,
            description=f"{seller(seller_id).name} {row.number}",
            consent=consent.at(now) if consent else {},
        )
        return reserve(seller_id, take, now, actor_id)


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


def _refuse_without_consent(invoice_id: UUID) -> None:
    """The rest is to be charged later by itself: paying the first part keeps the card it will be charged to."""
    if ScheduledCharge.objects.filter(invoice_id=invoice_id, state="proposed").exists():
        raise NoConsent(str(invoice_id))
