"""Disputes of a capture, from PayPal's resolution centre."""

from __future__ import annotations

from tallystick.core.dispute import DisputeState
from tallystick.gateways.port import Dispute
from tallystick.gateways.providers.paypal._reading import Unreadable, instant, money, part, text

_OPEN = {
    "OPEN": DisputeState.NEEDS_RESPONSE,
    "WAITING_FOR_SELLER_RESPONSE": DisputeState.NEEDS_RESPONSE,
    "WAITING_FOR_BUYER_RESPONSE": DisputeState.UNDER_REVIEW,
    "UNDER_REVIEW": DisputeState.UNDER_REVIEW,
    "OTHER": DisputeState.UNDER_REVIEW,
}
_OUTCOMES = {
    "RESOLVED_BUYER_FAVOUR": DisputeState.LOST,
    "ACCEPTED": DisputeState.LOST,
    "RESOLVED_SELLER_FAVOUR": DisputeState.WON,
    "RESOLVED_WITH_PAYOUT": DisputeState.WON,
    "CANCELED_BY_BUYER": DisputeState.WON,
    "DENIED": DisputeState.WON,
}
"""PayPal itself pays out in RESOLVED_WITH_PAYOUT: the seller keeps the money."""


def read_dispute(answer: dict[str, object]) -> Dispute:
    """One dispute in full. Raises Unreadable."""
    amount, currency = money(answer, "dispute_amount")
    return Dispute(
        ref=text(answer, "dispute_id"),
        state=_state(answer),
        amount_minor=amount,
        currency=currency,
        reason=text(answer, "reason").lower(),
        opened_at=instant(answer, "create_time"),
        evidence_due_at=instant(answer, "seller_response_due_date") if answer.get("seller_response_due_date") else None,
    )


def _state(answer: dict[str, object]) -> DisputeState:
    status = text(answer, "status")
    state = _OPEN.get(status)
    if status == "RESOLVED":
        state = _OUTCOMES.get(text(part(answer, "dispute_outcome"), "outcome_code"))
    if state is None:
        raise Unreadable("unknown state of a dispute")
    return state
