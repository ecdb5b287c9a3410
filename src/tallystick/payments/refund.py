"""Giving money back: asked for, agreed to by a second person when it is much, ordered at the gateway, settled."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from tallystick.base import direct, events, tenant
from tallystick.base.bell import ring
from tallystick.base.crashpoint import crashpoint
from tallystick.core.attempt import next_check_after
from tallystick.core.brake import scaled
from tallystick.core.refund import HELD, RefundState
from tallystick.customers.lock import lock_customers
from tallystick.gateways.port import Gateway, Report
from tallystick.gateways.port import Refund as Told
from tallystick.payments._returns import apply_refund, left_to_return
from tallystick.payments.apply_fact import apply_fact
from tallystick.payments.errors import NoSuchPayment, NoSuchRefund, SamePerson, TooMuchBack
from tallystick.payments.gateways import open_gateway
from tallystick.payments.models import ChargeAttempt, GatewayAccount, Payment, Refund
from tallystick.payments.rules import rules
from tallystick.payments.start import LEASE


def request_refund(
    *,
    seller_id: UUID,
    refund_id: UUID,
    payment_id: UUID,
    amount_minor: int,
    reason: str,
    now: datetime,
    method: str = "",
    actor_id: UUID | None = None,
) -> Refund:
    """Set money of a payment aside to be given back, and return the refund; it goes out once it is committed.

    `method` says how: the payment's own way by default; for one that came by a gateway, a way by hand is possible too.
    Above the seller's threshold it waits for a second person. A refund by hand is done at once. Idempotent by
    `refund_id`. Locks the customer. Raises NoSuchPayment, TooMuchBack with what is left.
    """
    with tenant.tx(seller_id, actor_id=actor_id):
        payment = _lock_payment(payment_id)
        known = Refund.objects.filter(id=refund_id, payment_id=payment_id).first()
        if known:
            return known
        if not 0 < amount_minor <= left_to_return(payment):
            raise TooMuchBack(left_to_return(payment))
        most = scaled(rules().refund_approval_minor, payment.currency)
        refund = Refund(
            id=refund_id,
            seller_id=seller_id,
            payment_id=payment_id,
            customer_id=payment.customer_id,
            gateway_account_id=payment.gateway_account_id if (method or payment.method) == "gateway" else None,
            method=method or payment.method,
            amount_minor=amount_minor,
            currency=payment.currency,
            reason=reason[:200],
            state=RefundState.WAITING if amount_minor > most else RefundState.RESERVED,
            requested_at=now,
            requested_by=actor_id,
            due_at=now,
        )
        payment.refund_reserved_minor += amount_minor
        payment.save()
        direct.add(refund)
        _tell("refund.requested", refund, now, actor_id)
        _order(payment, refund, now)
        return refund


def approve_refund(*, seller_id: UUID, refund_id: UUID, now: datetime, actor_id: UUID) -> Refund:
    """A second person agrees, and the refund goes out. Idempotent. Raises NoSuchRefund, SamePerson. Locks the customer."""
    with tenant.tx(seller_id, actor_id=actor_id):
        payment, refund = _lock_refund(refund_id)
        if refund.state != RefundState.WAITING:
            return refund
        if refund.requested_by == actor_id:
            raise SamePerson(str(refund_id))
        refund.state, refund.decided_at, refund.decided_by = RefundState.RESERVED, now, actor_id
        refund.save()
        _tell("refund.approved", refund, now, actor_id)
        _order(payment, refund, now)
        return refund


def reject_refund(*, seller_id: UUID, refund_id: UUID, now: datetime, actor_id: UUID) -> bool:
    """Somebody says no (who asked for it may take it back too): the money is free again. True when that was in time."""
    with tenant.tx(seller_id, actor_id=actor_id):
        payment, refund = _lock_refund(refund_id)
        if refund.state != RefundState.WAITING:
            return False
        if refund.requested_by != actor_id:
            refund.decided_by = actor_id
        refund.decided_at = now
        apply_refund(payment, refund, RefundState.REJECTED, ref=None, at=now, now=now)
        _tell("refund.rejected", refund, now, actor_id)
        return True


def refund_credit(
    *,
    seller_id: UUID,
    refund_id: UUID,
    payment_id: UUID,
    reason: str,
    now: datetime,
    method: str = "",
    actor_id: UUID | None = None,
) -> Refund:
    """Give back all of a payment that pays nothing yet: the customer's credit. Raises as `request_refund` does."""
    with tenant.tx(seller_id, read_only=True):
        unapplied = Payment.objects.filter(id=payment_id).values_list("unapplied_minor", flat=True).first()
    if unapplied is None:
        raise NoSuchPayment(str(payment_id))
    return request_refund(
        seller_id=seller_id,
        refund_id=refund_id,
        payment_id=payment_id,
        amount_minor=unapplied,
        reason=reason,
        now=now,
        method=method,
        actor_id=actor_id,
    )


def _order(payment: Payment, refund: Refund, now: datetime) -> None:
    """By hand it is done as soon as it is agreed; at a gateway it is ordered after the commit."""
    if refund.state != RefundState.RESERVED:
        return
    if refund.method == "gateway":
        ring("refunds")
    else:
        apply_refund(payment, refund, RefundState.SUCCEEDED, ref=None, at=now, now=now)


def send_refund(*, seller_id: UUID, refund_id: UUID, now: datetime) -> RefundState:
    """Order a reserved refund at its gateway and apply the answer. Safe to call again: one that was sent is looked up."""
    with tenant.tx(seller_id):
        claimed = Refund.objects.filter(id=refund_id, state=RefundState.RESERVED).select_for_update(skip_locked=True)
        refund = claimed.first()
        if refund is None or refund.method != "gateway":
            found = direct.find(Refund, refund_id)
            return RefundState(found.state) if found else RefundState.UNKNOWN
        payment = direct.get(Payment, refund.payment_id)
        assert payment.gateway_account_id
        refund.state, refund.due_at, refund.sent_at = RefundState.SENT, now + LEASE, refund.sent_at or now
        refund.save()
        gateway = open_gateway(direct.get(GatewayAccount, payment.gateway_account_id))
    assert payment.attempt_id
    report = gateway.refund(
        refund_id=refund.id,
        attempt_id=payment.attempt_id,
        charge_ref=payment.gateway_ref or "",
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )
    crashpoint("outside.after")
    return _apply(seller_id, refund_id, report.state, ref=report.ref, message=report.message, at=now, now=now)


def _apply(
    seller_id: UUID, refund_id: UUID, state: RefundState, *, ref: str | None, message: str, at: datetime, now: datetime
) -> RefundState:
    with tenant.tx(seller_id):
        payment, refund = _lock_refund(refund_id)
        refund.last_error = message or refund.last_error
        before = refund.state
        refund.tries = refund.tries + 1 if state == RefundState.UNKNOWN else 0
        refund.due_at = now + next_check_after(refund.tries)
        apply_refund(payment, refund, state, ref=ref, at=at, now=now)
        if refund.state != before and refund.state == RefundState.UNKNOWN:
            _tell("refund.unknown", refund, now, None)
        return RefundState(refund.state)


def due_refunds(*, at: datetime, most: int = 50, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, refund_id) of refunds to order or to ask about, oldest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_refunds(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def resolve_refund(*, seller_id: UUID, refund_id: UUID, now: datetime) -> RefundState:
    """Move one refund on: order it if it never was, else ask; resend the same key while the gateway knows nothing of it.

    One the gateway still doesn't know after its key's life and its look-up lag is given up, and its money is free again.
    At a gateway without keys for refunds nothing is resent by itself. Takes a lease.
    """
    refund = _lease(seller_id, refund_id, now)
    if refund is None:
        return RefundState.UNKNOWN
    if refund.state == RefundState.RESERVED:
        return send_refund(seller_id=seller_id, refund_id=refund_id, now=now)
    attempt, payment, gateway = _behind(seller_id, refund)
    report = gateway.look_up(attempt_id=attempt.id, ref=attempt.gateway_ref)
    crashpoint("outside.after")
    apply_fact(seller_id=seller_id, attempt_id=attempt.id, report=report, now=now)
    with tenant.tx(seller_id, read_only=True):
        state = RefundState(Refund.objects.values_list("state", flat=True).get(id=refund_id))
    if state not in HELD or _is_listed(report, refund):
        return state
    if not any(charge.ref == payment.gateway_ref for charge in report.charges):
        return _apply(seller_id, refund_id, RefundState.UNKNOWN, ref=None, message="", at=now, now=now)
    return _settle_missing(seller_id, refund, gateway, now)


def _is_listed(report: Report, refund: Refund) -> bool:
    told: list[Told] = [each for charge in report.charges for each in charge.refunds]
    return any(each.refund_id == refund.id or each.ref == refund.gateway_ref for each in told)


def _settle_missing(seller_id: UUID, refund: Refund, gateway: Gateway, now: datetime) -> RefundState:
    """The gateway lists the charge, and no such refund: resend the same key, wait, or give up."""
    can, sent_at = gateway.capabilities, refund.sent_at or refund.requested_at
    alive = can.idempotency_key_ttl if can.refund_keys else None
    if alive is None:
        return _apply(seller_id, refund.id, RefundState.UNKNOWN, ref=None, message="", at=now, now=now)
    if now < sent_at + alive - timedelta(hours=1):
        with tenant.tx(seller_id):
            waiting = Refund.objects.filter(id=refund.id, state__in=[RefundState.SENT, RefundState.UNKNOWN])
            waiting.update(state=RefundState.RESERVED, due_at=now + LEASE)
        return send_refund(seller_id=seller_id, refund_id=refund.id, now=now)
    if now > sent_at + alive + can.lookup_lag:
        return _apply(seller_id, refund.id, RefundState.ABANDONED, ref=None, message="", at=now, now=now)
    return _apply(seller_id, refund.id, RefundState.UNKNOWN, ref=None, message="", at=now, now=now)


def _lease(seller_id: UUID, refund_id: UUID, now: datetime) -> Refund | None:
    with tenant.tx(seller_id):
        found = Refund.objects.filter(id=refund_id, due_at__lte=now, ended_at__isnull=True, method="gateway")
        refund = found.exclude(state=RefundState.WAITING).select_for_update(skip_locked=True).first()
        if refund:
            Refund.objects.filter(id=refund_id).update(due_at=now + LEASE)
        return refund


def _behind(seller_id: UUID, refund: Refund) -> tuple[ChargeAttempt, Payment, Gateway]:
    with tenant.tx(seller_id, read_only=True):
        payment = Payment.objects.select_related("attempt").get(id=refund.payment_id)
        assert payment.gateway_account_id
        account = direct.get(GatewayAccount, payment.gateway_account_id)
    assert payment.attempt
    return payment.attempt, payment, open_gateway(account)


def _lock_payment(payment_id: UUID) -> Payment:
    lock_customers(Payment.objects.filter(id=payment_id).values_list("customer_id", flat=True))
    payment = direct.find(Payment, payment_id, lock=True)
    if payment is None:
        raise NoSuchPayment(str(payment_id))
    return payment


def _lock_refund(refund_id: UUID) -> tuple[Payment, Refund]:
    owner = Refund.objects.filter(id=refund_id).values_list("payment_id", flat=True).first()
    if owner is None:
        raise NoSuchRefund(str(refund_id))
    payment = _lock_payment(owner)
    return payment, direct.get(Refund, refund_id, lock=True)


def _tell(kind: str, refund: Refund, now: datetime, actor_id: UUID | None) -> None:
    events.record(
        kind,
        seller_id=refund.seller_id,
        subject_id=refund.payment_id,
        customer_id=refund.customer_id,
        now=now,
        actor_id=actor_id,
        refund_id=str(refund.id),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=refund.reason,
    )
