"""Acting on a webhook: it is only a hint, so the gateway is asked, and its answer applied."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from tallystick.base import direct, inbox, tenant
from tallystick.base.models import InboundEvent
from tallystick.payments._methods import forget_here
from tallystick.payments.collect import look_up_charge
from tallystick.payments.models import ChargeAttempt, GatewayAccount, PaymentMethod
from tallystick.payments.queries import attempt_of_charge, attempt_of_session

LEASE = timedelta(minutes=1)
PATIENCE = timedelta(days=3)


def hear_event(*, seller_id: UUID, inbound_id: UUID, now: datetime) -> bool:
    """Ask the gateway about what a kept webhook names, apply the answer, mark the webhook done; True when it was.

    News of a payout brings the comparison of the account forward; a method that is gone at the gateway is gone here.
    Idempotent. A webhook about an attempt we don't know yet, and one whose question the gateway didn't answer, is tried
    again for three days, then kept as a visible break: nobody else asks about an attempt that has ended.
    """
    with tenant.tx(seller_id):
        inbound = inbox.lease(inbound_id, now=now, until=now + LEASE)
        if inbound is None:
            return False
        if inbound.subject != "attempt":
            _hear_other(inbound, now)
            inbox.finish(inbound_id, now=now)
            return True
        attempt_id = _attempt(inbound)
    if attempt_id is None:
        return _later(inbound, now, "unknown attempt")
    if not look_up_charge(seller_id=seller_id, attempt_id=attempt_id, now=now).is_heard:
        return _later(inbound, now, "no answer")
    with tenant.tx(seller_id):
        inbox.finish(inbound_id, now=now)
    return True


def _hear_other(inbound: InboundEvent, now: datetime) -> None:
    """A payout or a change of a saved method: small enough to note at once. Anything else is only kept."""
    if inbound.subject == "payout":
        GatewayAccount.objects.filter(id=inbound.gateway_account_id).update(due_at=now)
    elif inbound.subject == "method":
        gone = PaymentMethod.objects.filter(
            gateway_account_id=inbound.gateway_account_id, gateway_ref=inbound.reference, state="active"
        )
        for method in gone:
            forget_here(method, now)


def _attempt(inbound: InboundEvent) -> UUID | None:
    if direct.find(ChargeAttempt, inbound.attempt_id):
        return inbound.attempt_id
    if inbound.reference and (found := attempt_of_session(inbound.gateway_account_id, inbound.reference)):
        return found
    return attempt_of_charge(inbound.gateway_account_id, inbound.charge_ref) if inbound.charge_ref else None


def _later(inbound: InboundEvent, now: datetime, why: str) -> bool:
    with tenant.tx(inbound.seller_id):
        if now - inbound.received_at > PATIENCE:
            inbox.finish(inbound.id, now=now, error=why)
        else:
            wait = min(timedelta(minutes=2 ** (inbound.tries - 1)), timedelta(hours=6))
            inbox.postpone(inbound.id, until=now + wait, error=why)
    return False
