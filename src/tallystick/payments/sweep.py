"""Attempts nobody waits for any more: ask the gateway, resend while the key lives, give up only on certainty."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tallystick.base import tenant
from tallystick.core.attempt import State
from tallystick.gateways.port import Report
from tallystick.payments.apply_fact import apply_fact
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.gateways import open_gateway
from tallystick.payments.models import ChargeAttempt, GatewayAccount
from tallystick.payments.start import LEASE

RESERVED_FOR = timedelta(seconds=10)


def due_attempts(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, attempt_id) of live attempts to look at, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_attempts(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def resolve_attempt(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> State:
    """Move one live attempt on: send it if it never was, else ask; resend when the gateway knows nothing and the key lives.

    An attempt that the gateway still doesn't know after its key's life and its look-up lag is abandoned; one at a
    gateway without keys or look-up is never resent by itself. Takes a lease, so two sweepers don't ask at once.
    """
    attempt = _lease(seller_id, attempt_id, now)
    if attempt is None:
        return State.UNKNOWN
    if attempt.state == State.RESERVED:
        return send_charge(seller_id=seller_id, attempt_id=attempt_id, now=now).state
    if attempt.state == State.CANCELING:
        return cancel_charge(seller_id=seller_id, attempt_id=attempt_id, now=now).state
    outcome = look_up_charge(seller_id=seller_id, attempt_id=attempt_id, now=now)
    if outcome.state in {State.SENT, State.UNKNOWN}:
        return _settle_unknown(seller_id, attempt_id, now)
    return outcome.state


def _lease(seller_id: UUID, attempt_id: UUID, now: datetime) -> ChargeAttempt | None:
    with tenant.tx(seller_id):
        found = ChargeAttempt.objects.filter(id=attempt_id, due_at__lte=now, ended_at__isnull=True)
        attempt = found.select_for_update(skip_locked=True).first()
        if attempt:
            ChargeAttempt.objects.filter(id=attempt_id).update(due_at=now + LEASE)
        return attempt


def _settle_unknown(seller_id: UUID, attempt_id: UUID, now: datetime) -> State:
    """The gateway was asked and the outcome is still open: resend the same key, wait, or abandon."""
    with tenant.tx(seller_id, read_only=True):
        attempt = ChargeAttempt.objects.get(id=attempt_id)
        account = GatewayAccount.objects.get(id=attempt.gateway_account_id)
    gateway = open_gateway(account)
    can, sent_at = gateway.capabilities, attempt.sent_at or attempt.created_at
    report = gateway.look_up(attempt_id=attempt.id, ref=attempt.gateway_ref)
    if not report.is_missing or can.lookup == "none" or can.idempotency_key_ttl is None:
        return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now).state
    if now < sent_at + can.idempotency_key_ttl - timedelta(hours=1):
        _back_to_reserved(seller_id, attempt_id, now)
        return send_charge(seller_id=seller_id, attempt_id=attempt_id, now=now).state
    if now > sent_at + can.idempotency_key_ttl + can.lookup_lag:
        gone = Report(State.ABANDONED)
        return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=gone, now=now).state
    return State.UNKNOWN


def _back_to_reserved(seller_id: UUID, attempt_id: UUID, now: datetime) -> None:
    """Allow the same attempt, hence the same key, to be sent again; when it was first sent is kept."""
    with tenant.tx(seller_id):
        waiting = ChargeAttempt.objects.filter(id=attempt_id, state__in=[State.SENT, State.UNKNOWN])
        waiting.update(state=State.RESERVED, due_at=now + LEASE)
