"""Asking the gateway: reserve, commit, call, apply. The call stands between two transactions, never inside one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from tallystick.base import tenant
from tallystick.base.crashpoint import crashpoint
from tallystick.core.attempt import State
from tallystick.gateways.port import Gateway, Report
from tallystick.invoices import queries as invoices
from tallystick.payments.apply_fact import Outcome, apply_fact
from tallystick.payments.gateways import open_gateway
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, GatewayAccount
from tallystick.payments.start import LEASE

SESSION_LIFETIME = timedelta(minutes=30)


def send_charge(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> Outcome:
    """Open the gateway's page for a reserved attempt and apply the answer.

    Safe to call again: an attempt that was sent already is looked up instead. A lost answer leaves it `unknown`, which
    holds the slot until the gateway has been asked.
    """
    attempt, gateway = _claim(seller_id, attempt_id, now)
    if attempt.state != State.SENT:
        return Outcome(attempt_id, State(attempt.state), ())
    report = _open(seller_id, attempt, gateway)
    crashpoint("outside.after")
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now)


def look_up_charge(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> Outcome:
    """Ask the gateway what became of an attempt and apply the answer; reserve nothing, charge nothing."""
    attempt, gateway = _read(seller_id, attempt_id)
    report = gateway.look_up(attempt_id=attempt.id, ref=attempt.gateway_ref)
    crashpoint("outside.after")
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now)


def cancel_charge(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> Outcome:
    """Ask the gateway to close an open page. The slot is free only once it confirms; a payer who was faster wins."""
    attempt, gateway = _read(seller_id, attempt_id)
    if attempt.state in {State.SUCCEEDED, State.DECLINED, State.CANCELED, State.ABANDONED}:
        return Outcome(attempt_id, State(attempt.state), ())
    if attempt.gateway_ref is None:
        return look_up_charge(seller_id=seller_id, attempt_id=attempt_id, now=now)
    report = gateway.expire_session(attempt_id=attempt.id, ref=attempt.gateway_ref)
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now)


def _claim(seller_id: UUID, attempt_id: UUID, now: datetime) -> tuple[ChargeAttempt, Gateway]:
    """Move a reserved attempt to `sent` under a lease, so that a crash from here on is found as unknown."""
    with tenant.tx(seller_id):
        claimed = ChargeAttempt.objects.filter(id=attempt_id, state=State.RESERVED).select_for_update(skip_locked=True)
        for attempt in claimed:
            gateway = open_gateway(GatewayAccount.objects.get(id=attempt.gateway_account_id))
            ttl = gateway.capabilities.idempotency_key_ttl
            attempt.state, attempt.sent_at, attempt.due_at = State.SENT, now, now + LEASE
            attempt.key_expires_at = now + ttl if ttl else None
            attempt.save()
            return attempt, gateway
    return _read(seller_id, attempt_id)


def _read(seller_id: UUID, attempt_id: UUID) -> tuple[ChargeAttempt, Gateway]:
    with tenant.tx(seller_id, read_only=True):
        attempt = ChargeAttempt.objects.get(id=attempt_id)
        account = GatewayAccount.objects.get(id=attempt.gateway_account_id)
    return attempt, open_gateway(account)


def _open(seller_id: UUID, attempt: ChargeAttempt, gateway: Gateway) -> Report:
    with tenant.tx(seller_id, read_only=True):
        slot = AttemptInvoice.objects.get(attempt_id=attempt.id)
        document = invoices.document(slot.invoice_id)
    return gateway.open_session(
        attempt_id=attempt.id,
        amount_minor=attempt.amount_minor,
        currency=attempt.currency,
        description=f"{document.content['seller']['name']} {document.number}",
        return_url=f"{document.pay_url or settings.PUBLIC_URL}/return",
        customer_email=document.content["customer"]["email"],
        language=attempt.language,
        lifetime=SESSION_LIFETIME,
    )
