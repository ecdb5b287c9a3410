"""Asking a customer to keep a card: a link of its own, on whose page they agree. Nothing is charged there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.customers.lock import lock_customers
from tallystick.customers.queries import customer
from tallystick.payments.models import PaymentRequest


def request_card(
    *, seller_id: UUID, request_id: UUID, customer_id: UUID, now: datetime, actor_id: UUID | None = None
) -> PaymentRequest:
    """Make a link by which a customer keeps a card for later. Idempotent by `request_id`. Raises NoSuchCustomer."""
    with tenant.tx(seller_id, actor_id=actor_id):
        lock_customers([customer_id])
        known = PaymentRequest.objects.filter(id=request_id, customer_id=customer_id).first()
        if known:
            return known
        owner = customer(customer_id)
        assert owner
        request = PaymentRequest(
            id=request_id,
            seller_id=seller_id,
            customer_id=customer_id,
            currency=owner.currency,
            kind="card",
            language=owner.language,
            created_at=now,
            created_by=actor_id,
        )
        request.save(force_insert=True)
        events.record(
            "request.made",
            seller_id=seller_id,
            subject_id=request_id,
            customer_id=customer_id,
            now=now,
            actor_id=actor_id,
            request_kind="card",
            invoice_ids=[],
        )
        return request
