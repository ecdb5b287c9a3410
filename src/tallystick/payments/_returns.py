"""What went back, as the gateway tells it: refunds and disputes of one booked payment, brought in line under its lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tallystick.base import clock, events
from tallystick.base.ids import new_id
from tallystick.core import dispute as disputes
from tallystick.core import postings
from tallystick.core import refund as refunds
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import HELD, RefundState
from tallystick.gateways import port
from tallystick.ledger.post import Entry, post_entries
from tallystick.payments._allocate import standing_allocations, take_back
from tallystick.payments.models import Dispute, GatewayAccount, Payment, Refund
from tallystick.sellers.queries import seller

LOOK_AGAIN = timedelta(hours=6)
"""How often an open dispute is asked about, as its webhook may be lost."""


def apply_refunds(payment: Payment, told: Sequence[port.Refund], now: datetime) -> None:
    """Bring a payment's refunds in line with what the gateway lists. The caller holds customer and payment."""
    for each in told:
        if each.currency == payment.currency:
            apply_refund(payment, _refund_of(payment, each, now), each.state, ref=each.ref, at=each.at, now=now)


def apply_refund(
    payment: Payment, refund: Refund, observed: RefundState, *, ref: str | None, at: datetime, now: datetime
) -> None:
    """Move one refund on, and the money with it. Idempotent and monotonic. The caller holds customer and payment.

    Succeeded: the amount leaves the payment; what it had paid is taken back first, newest first, as far as needed.
    Failed after that: the amount is the customer's credit again.
    """
    before, after = RefundState(refund.state), refunds.advance(RefundState(refund.state), observed)
    refund.gateway_ref = refund.gateway_ref or ref
    refund.state = after
    if before != after:
        _move_refund(payment, refund, before, after, at=at, now=now)
    refund.due_at = refund.due_at if after in HELD else None
    refund.ended_at = None if after in HELD else refund.ended_at or now
    refund.save()
    payment.save()


def _refund_of(payment: Payment, told: port.Refund, now: datetime) -> Refund:
    """Our refund behind the gateway's; one made in its dashboard becomes ours, with what the payment still has."""
    same = Refund.objects.select_for_update().filter(payment_id=payment.id)
    own = (same.filter(id=told.refund_id).first() if told.refund_id else None) or same.filter(
        gateway_ref=told.ref
    ).first()
    if own:
        return own
    held = min(told.amount_minor, left_to_return(payment))
    payment.refund_reserved_minor += held
    return Refund(
        id=new_id(),
        seller_id=payment.seller_id,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        gateway_account_id=payment.gateway_account_id,
        gateway_ref=told.ref,
        method="gateway",
        amount_minor=told.amount_minor,
        excess_minor=told.amount_minor - held,
        currency=told.currency,
        reason="dashboard",
        state=RefundState.SENT,
        requested_at=told.at,
        due_at=now + LOOK_AGAIN,
    )


def left_to_return(payment: Payment) -> int:
    """Return how much of a payment can still go back, in minor units."""
    gone = payment.refunded_minor + payment.lost_minor
    return payment.amount_minor - payment.refund_reserved_minor - payment.disputed_minor - gone


def _move_refund(
    payment: Payment, refund: Refund, before: RefundState, after: RefundState, *, at: datetime, now: datetime
) -> None:
    own = refund.amount_minor - refund.excess_minor
    if before in HELD and after not in HELD:
        payment.refund_reserved_minor -= own
    if before == RefundState.ABANDONED:
        _hold_again(payment, refund)
        own = refund.amount_minor - refund.excess_minor
        if after not in HELD:
            payment.refund_reserved_minor -= own
    if after == RefundState.SUCCEEDED:
        on = clock.business_date(at, seller(payment.seller_id).time_zone)
        free_money(payment, own, now=now, on=on)
        payment.refunded_minor += own
        refund.refunded_on = on
        _post(payment, refund, "refund.paid", on, now, sign=1)
        _tell("refund.succeeded", payment, refund, now)
    elif after == RefundState.FAILED and before == RefundState.SUCCEEDED:
        payment.refunded_minor -= own
        _post(payment, refund, "refund.returned", _today(payment, now), now, sign=-1)
        _tell("refund.returned", payment, refund, now)
    elif after in {RefundState.FAILED, RefundState.ABANDONED}:
        _tell("refund.failed", payment, refund, now)


def _hold_again(payment: Payment, refund: Refund) -> None:
    """A refund that was given up turned up after all: it holds what the payment still has."""
    held = min(refund.amount_minor, left_to_return(payment))
    refund.excess_minor = refund.amount_minor - held
    payment.refund_reserved_minor += held


def free_money(payment: Payment, amount_minor: int, *, now: datetime, on: date) -> None:
    """Make `amount_minor` of a payment unapplied, by taking back what it had paid, newest first, as far as needed."""
    short = amount_minor - (
        payment.amount_minor - payment.allocated_minor - payment.refunded_minor - payment.lost_minor
    )
    if short > 0:
        take_back(payment, short, now=now, on=on, rows=standing_allocations(payment.id))


def money_account_of(payment: Payment, refund_method: str = "gateway") -> str:
    """Return the book's account that a payment's money stands in, or that a refund by hand comes from."""
    from_hand = {
        "cash": postings.CASH,
        "cheque": postings.CHEQUES,
        "transfer": postings.BANK,
        "card_machine": postings.CARD_MACHINE,
        "write_off": postings.WRITE_OFF,
    }
    if refund_method != "gateway":
        return from_hand[refund_method]
    assert payment.gateway_account_id
    code = GatewayAccount.objects.values_list("code", flat=True).get(id=payment.gateway_account_id)
    return postings.clearing_account(code)


def _post(payment: Payment, refund: Refund, kind: str, on: date, now: datetime, *, sign: int) -> None:
    entry = Entry(
        id=new_id(),
        kind=kind,
        source_id=refund.id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        currency=refund.currency,
        effective_on=on,
        postings=postings.refund_paid(
            amount_minor=sign * refund.amount_minor,
            excess_minor=sign * refund.excess_minor,
            money_account=money_account_of(payment, refund.method),
        ),
    )
    post_entries([entry], seller_id=payment.seller_id, now=now)


def _tell(kind: str, payment: Payment, refund: Refund, now: datetime) -> None:
    events.record(
        kind,
        seller_id=payment.seller_id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        now=now,
        actor_id=refund.requested_by,
        refund_id=str(refund.id),
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=refund.last_error,
        method=refund.method,
    )


def apply_disputes(payment: Payment, told: Sequence[port.Dispute], now: datetime) -> None:
    """Bring a payment's disputes in line with what the gateway lists. The caller holds customer and payment.

    Opened: the amount leaves the clearing account and is held. Won: it comes back. Lost: it is the payer's, and what it
    had paid is open again.
    """
    for each in told:
        row = Dispute.objects.select_for_update().filter(payment_id=payment.id, gateway_ref=each.ref).first()
        if row is None:
            row = _open_dispute(payment, each, now)
        before, after = DisputeState(row.state), disputes.advance(DisputeState(row.state), each.state)
        row.state, row.evidence_due_at = after, each.evidence_due_at or row.evidence_due_at
        if before != after:
            _move_dispute(payment, row, before, after, now)
        is_open = after in disputes.OPEN
        row.due_at = now + LOOK_AGAIN if is_open else None
        row.closed_at = None if is_open else row.closed_at or now
        row.save()
        payment.save()


def _open_dispute(payment: Payment, told: port.Dispute, now: datetime) -> Dispute:
    """A new dispute starts open, whatever became of it since: its money left the gateway in any case."""
    assert payment.gateway_account_id
    held = min(told.amount_minor, left_to_return(payment)) if told.currency == payment.currency else 0
    row = Dispute(
        id=new_id(),
        seller_id=payment.seller_id,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        gateway_account_id=payment.gateway_account_id,
        gateway_ref=told.ref,
        amount_minor=told.amount_minor,
        held_minor=held,
        currency=told.currency,
        reason=told.reason[:80],
        state=DisputeState.NEEDS_RESPONSE,
        opened_at=told.opened_at,
        evidence_due_at=told.evidence_due_at,
    )
    payment.disputed_minor += held
    _post_dispute(
        payment,
        row,
        "dispute.opened",
        postings.dispute_opened(
            held_minor=held, excess_minor=told.amount_minor - held, money_account=money_account_of(payment)
        ),
        now,
    )
    _tell_dispute("dispute.opened", payment, row, now)
    return row


def _move_dispute(payment: Payment, row: Dispute, before: DisputeState, after: DisputeState, now: datetime) -> None:
    excess = row.amount_minor - row.held_minor
    if before == DisputeState.LOST:
        payment.lost_minor -= row.held_minor
        back = postings.dispute_won_back(
            held_minor=row.held_minor, excess_minor=excess, money_account=money_account_of(payment)
        )
        _post_dispute(payment, row, "dispute.won_back", back, now)
        _tell_dispute("dispute.won", payment, row, now)
    elif after == DisputeState.WON:
        payment.disputed_minor -= row.held_minor
        back = postings.dispute_opened(
            held_minor=-row.held_minor, excess_minor=-excess, money_account=money_account_of(payment)
        )
        _post_dispute(payment, row, "dispute.won", back, now)
        _tell_dispute("dispute.won", payment, row, now)
    elif after == DisputeState.LOST:
        free_money(payment, row.held_minor, now=now, on=_today(payment, now))
        payment.disputed_minor -= row.held_minor
        payment.lost_minor += row.held_minor
        _post_dispute(payment, row, "dispute.lost", postings.dispute_lost(held_minor=row.held_minor), now)
        _tell_dispute("dispute.lost", payment, row, now)
    else:
        _tell_dispute("dispute.updated", payment, row, now)


def _post_dispute(
    payment: Payment, row: Dispute, kind: str, lines: tuple[postings.Posting, ...], now: datetime
) -> None:
    entry = Entry(
        id=new_id(),
        kind=kind,
        source_id=row.id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        currency=row.currency,
        effective_on=_today(payment, now),
        postings=lines,
    )
    post_entries([entry], seller_id=payment.seller_id, now=now)


def _tell_dispute(kind: str, payment: Payment, row: Dispute, now: datetime) -> None:
    events.record(
        kind,
        seller_id=payment.seller_id,
        subject_id=payment.id,
        customer_id=payment.customer_id,
        now=now,
        dispute_id=str(row.id),
        amount_minor=row.amount_minor,
        currency=row.currency,
        reason=row.reason,
        evidence_due_at=row.evidence_due_at.isoformat() if row.evidence_due_at else "",
    )


def _today(payment: Payment, now: datetime) -> date:
    return clock.business_date(now, seller(payment.seller_id).time_zone)
