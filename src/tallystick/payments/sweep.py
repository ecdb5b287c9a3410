"""Attempts nobody waits for any more: ask the gateway, resend while the key lives, give up only on certainty."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tallystick.base import direct, tenant
from tallystick.base.crashpoint import crashpoint
from tallystick.core.attempt import State
from tallystick.gateways.port import Capabilities, Report
from tallystick.payments._returns import LOOK_AGAIN
from tallystick.payments.apply_fact import apply_fact
from tallystick.payments.collect import SESSION_LIFETIME, cancel_charge, look_up_charge, send_charge
from tallystick.payments.gateways import gateway_of
from tallystick.payments.models import ChargeAttempt, Dispute, Payment
from tallystick.payments.start import LEASE

KEY_MARGIN = timedelta(hours=1)
"""How long before an idempotency key is said to expire we stop relying on it (a tenth of its life when that is less)."""


def due_attempts(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, attempt_id) of live attempts to look at, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_attempts(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def resolve_attempt(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> State:
    """Move one live attempt on: send it if it never was, else ask; resend when the gateway knows nothing and the key lives.

    An attempt that the gateway still doesn't know after its key's life and its look-up lag is abandoned; one at a
    gateway without keys or look-up is never resent by itself. A confirmation the customer walked away from is closed.
    Takes a lease, so two sweepers don't ask at once.
    """
    attempt = _lease(seller_id, attempt_id, now)
    if attempt is None:
        return State.UNKNOWN
    if attempt.state == State.RESERVED:
        return send_charge(seller_id=seller_id, attempt_id=attempt_id, now=now).state
    is_left = attempt.state == State.ACTION_REQUIRED and attempt.expires_at is None
    if attempt.state == State.CANCELING or (is_left and now - attempt.created_at > SESSION_LIFETIME):
        return cancel_charge(seller_id=seller_id, attempt_id=attempt_id, now=now).state
    gateway = gateway_of(seller_id, attempt)
    report = gateway.look_up(attempt_id=attempt.id, ref=attempt.gateway_ref)
    crashpoint("outside.after")
    if report.is_missing and attempt.state in {State.SENT, State.UNKNOWN}:
        return _settle_missing(seller_id, attempt, gateway.capabilities, report, now)
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now).state


def _lease(seller_id: UUID, attempt_id: UUID, now: datetime) -> ChargeAttempt | None:
    with tenant.tx(seller_id):
        attempt = direct.claim(ChargeAttempt, attempt_id)
        if attempt is None or attempt.ended_at or attempt.due_at > now:
            return None
        direct.write(attempt, due_at=now + LEASE)
        return attempt


def _settle_missing(seller_id: UUID, attempt: ChargeAttempt, can: Capabilities, report: Report, now: datetime) -> State:
    """The gateway answered and knows nothing of it: resend the same key, wait, or abandon."""
    sent_at = attempt.sent_at or attempt.created_at
    if can.lookup == "none" or can.idempotency_key_ttl is None:
        return apply_fact(seller_id=seller_id, attempt_id=attempt.id, report=report, now=now).state
    if now < sent_at + can.idempotency_key_ttl - min(KEY_MARGIN, can.idempotency_key_ttl / 10):
        _back_to_reserved(seller_id, attempt.id, now)
        return send_charge(seller_id=seller_id, attempt_id=attempt.id, now=now).state
    gone = Report(State.ABANDONED) if now > sent_at + can.idempotency_key_ttl + can.lookup_lag else report
    return apply_fact(seller_id=seller_id, attempt_id=attempt.id, report=gone, now=now).state


def _back_to_reserved(seller_id: UUID, attempt_id: UUID, now: datetime) -> None:
    """Allow the same attempt, hence the same key, to be sent again; when it was first sent is kept."""
    with tenant.tx(seller_id):
        waiting = ChargeAttempt.objects.filter(id=attempt_id, state__in=[State.SENT, State.UNKNOWN])
        waiting.update(state=State.RESERVED, due_at=now + LEASE)


def due_disputes(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, dispute_id) of open disputes to ask about, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_disputes(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def ask_about_dispute(*, seller_id: UUID, dispute_id: UUID, now: datetime) -> None:
    """Ask the gateway what became of an open dispute, as its webhook may be lost, and apply the answer."""
    with tenant.tx(seller_id):
        due = Dispute.objects.filter(id=dispute_id, due_at__lte=now).select_for_update(skip_locked=True)
        dispute = due.first()
        if dispute is None:
            return
        Dispute.objects.filter(id=dispute_id).update(due_at=now + LOOK_AGAIN)
        attempt_id = Payment.objects.values_list("attempt_id", flat=True).get(id=dispute.payment_id)
    if attempt_id:
        look_up_charge(seller_id=seller_id, attempt_id=attempt_id, now=now)
