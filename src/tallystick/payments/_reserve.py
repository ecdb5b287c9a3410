"""TX1, shared by every way to charge: an attempt is reserved and takes its slots before anybody is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tallystick.base import direct, events
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.base.rows import insert_rows
from tallystick.gateways.registry import provider
from tallystick.payments.errors import BeingPaid, CantSave, NoSuchGateway, NoSuchMethod
from tallystick.payments.models import ChargeAttempt, GatewayAccount, PaymentMethod
from tallystick.payments.queries import live_attempt

_SLOT = {
    "id": "uuid",
    "seller_id": "uuid",
    "attempt_id": "uuid",
    "invoice_id": "uuid",
    "amount_minor": "bigint",
    "is_live": "boolean",
}


@dataclass(frozen=True, slots=True)
class Take:
    """What an attempt is to take, and from whom. `parts`: invoice id → minor units; without any, it goes on account.

    `kind` as in `ChargeAttempt`. `return_url` is where the gateway sends the customer back to.
    """

    attempt_id: UUID
    customer_id: UUID
    gateway_account_id: UUID
    amount_minor: int
    currency: str
    language: str
    kind: str = "hosted"
    parts: Mapping[UUID, int] = field(default_factory=dict)
    payment_method_id: UUID | None = None
    request_id: UUID | None = None
    scheduled_charge_id: UUID | None = None
    description: str = ""
    return_url: str = ""
    consent: Mapping[str, Any] = field(default_factory=dict)


def reserve(seller_id: UUID, take: Take, now: datetime, actor_id: UUID | None) -> ChargeAttempt:
    """Insert the attempt and its live slots. The caller holds the customer's lock, in `tenant.tx`.

    The database refuses a second live attempt on an invoice or a request. Raises BeingPaid, CantSave.
    """
    attempt = ChargeAttempt(
        id=take.attempt_id,
        seller_id=seller_id,
        customer_id=take.customer_id,
        gateway_account_id=take.gateway_account_id,
        kind=take.kind,
        payment_method_id=take.payment_method_id,
        request_id=take.request_id,
        scheduled_charge_id=take.scheduled_charge_id,
        amount_minor=take.amount_minor,
        currency=take.currency,
        language=take.language,
        description=take.description[:200],
        return_url=take.return_url,
        saves_method=bool(take.consent),
        consent=dict(take.consent),
        created_at=now,
        due_at=now,
        created_by=actor_id,
    )
    if attempt.saves_method and not provider(account_of(take.gateway_account_id).provider).capabilities.saved_methods:
        raise CantSave(str(take.gateway_account_id))
    try:
        with transaction.atomic():
            direct.add(attempt)
            rows = [(new_id(), seller_id, attempt.id, key, minor, True) for key, minor in take.parts.items()]
            insert_rows("attempt_invoice", _SLOT, rows)
    except IntegrityError as error:
        if "attempt_one_live" not in str(error) and "attempt_one_per_request" not in str(error):
            raise
        raise BeingPaid(_holder(take)) from error
    _tell(attempt, take, now)
    ring("attempts")
    return attempt


def account_of(gateway_account_id: UUID, *, enabled: bool = False) -> GatewayAccount:
    """Return a gateway account; with `enabled` only one that is on. Raises NoSuchGateway."""
    row = direct.find(GatewayAccount, gateway_account_id)
    if row is None or (enabled and not row.is_enabled):
        raise NoSuchGateway(str(gateway_account_id))
    return row


def method_of(customer_id: UUID, method_id: UUID) -> PaymentMethod:
    """Return an active method of this very customer. Raises NoSuchMethod."""
    row = direct.find(PaymentMethod, method_id)
    if row is None or (row.customer_id, row.state) != (customer_id, "active"):
        raise NoSuchMethod(str(method_id))
    return row


def known_attempt(attempt_id: UUID, **fits: object) -> ChargeAttempt | None:
    """Return the attempt made before under this id, when it is for the same thing: a second click finds the first."""
    return direct.find_by(ChargeAttempt, id=attempt_id, **fits)


def _holder(take: Take) -> UUID | None:
    """The live attempt that was there first."""
    for invoice_id in take.parts:
        if live := live_attempt(invoice_id):
            return live.id
    if take.request_id is None:
        return None
    held = ChargeAttempt.objects.filter(request_id=take.request_id, ended_at__isnull=True)
    return held.values_list("id", flat=True).first()


def _tell(attempt: ChargeAttempt, take: Take, now: datetime) -> None:
    for subject_id in take.parts or [take.request_id or take.customer_id]:
        events.record(
            "attempt.started",
            seller_id=attempt.seller_id,
            subject_id=subject_id,
            customer_id=attempt.customer_id,
            now=now,
            actor_id=attempt.created_by,
            attempt_id=str(attempt.id),
            attempt_kind=attempt.kind,
            amount_minor=take.parts.get(subject_id, attempt.amount_minor),
            currency=attempt.currency,
        )
