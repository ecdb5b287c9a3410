"""The virtual terminal: staff charge an amount by phone or at the counter (D19). Card numbers are typed at the gateway."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from tallystick.base import tenant
from tallystick.customers.details import Details
from tallystick.customers.queries import customer
from tallystick.customers.save import save_customer
from tallystick.payments.consent import Consent
from tallystick.payments.models import ChargeAttempt, PaymentRequest
from tallystick.payments.requests import request_payment, start_request_charge
from tallystick.sellers.queries import seller

WALK_IN = "WALK-IN"


def request_amount(
    *,
    seller_id: UUID,
    request_id: UUID,
    customer_id: UUID | None,
    amount_minor: int,
    currency: str,
    description: str,
    now: datetime,
    actor_id: UUID | None = None,
) -> PaymentRequest:
    """Ask for an amount on account, of a customer or of whoever walked in; the link or its code goes to their phone.

    Idempotent by `request_id`. What is paid becomes the customer's credit, until it is put onto an invoice.
    """
    owner_id = customer_id or walk_in_customer(seller_id=seller_id, now=now, actor_id=actor_id)
    with tenant.tx(seller_id, read_only=True):
        owner = customer(owner_id)
    return request_payment(
        seller_id=seller_id,
        request_id=request_id,
        customer_id=owner_id,
        currency=currency,
        language=owner.language if owner else "en",
        amount_minor=amount_minor,
        description=description,
        now=now,
        actor_id=actor_id,
    )


def charge_amount(
    *,
    seller_id: UUID,
    request_id: UUID,
    attempt_id: UUID,
    now: datetime,
    language: str,
    return_url: str,
    gateway_account_id: UUID,
    payment_method_id: UUID | None = None,
    consent: Consent | None = None,
    actor_id: UUID | None = None,
) -> ChargeAttempt:
    """Begin to charge what was asked for: a kept card without the customer, else the gateway's page, keyed by staff.

    Idempotent by `attempt_id`. Raises as `start_request_charge` does.
    """
    return start_request_charge(
        seller_id=seller_id,
        request_id=request_id,
        gateway_account_id=gateway_account_id,
        attempt_id=attempt_id,
        language=language,
        return_url=return_url,
        now=now,
        payment_method_id=payment_method_id,
        consent=consent,
        actor_id=actor_id,
        kind="automatic" if payment_method_id else "hosted",
    )


def walk_in_customer(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> UUID:
    """Return the one customer that stands for whoever walks in, made when first needed."""
    walk_in_id = uuid5(seller_id, WALK_IN)
    with tenant.tx(seller_id, read_only=True):
        if customer(walk_in_id):
            return walk_in_id
        house = seller(seller_id)
    save_customer(
        seller_id=seller_id,
        customer=Details(
            id=walk_in_id,
            number=WALK_IN,
            name="Walk-in",
            country=house.country,
            currency=house.currency,
            language=house.language,
        ),
        now=now,
        actor_id=actor_id,
    )
    return walk_in_id
