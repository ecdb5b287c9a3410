"""Charges, refunds and disputes as Stripe tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Charge, Dispute, Refund
from tallystick.gateways.providers.stripe._methods import method_label
from tallystick.gateways.providers.stripe._reading import (
    REFUND,
    Unreadable,
    charge_ref,
    currency,
    instant,
    minor,
    nested,
    our_id,
    text,
    text_or_empty,
)
from tallystick.gateways.providers.stripe._transport import Json

_REFUNDS: Mapping[str, RefundState] = {
    "pending": RefundState.PROCESSING,
    "requires_action": RefundState.PROCESSING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
_DISPUTES: Mapping[str, DisputeState] = {
    "warning_needs_response": DisputeState.NEEDS_RESPONSE,
    "warning_under_review": DisputeState.UNDER_REVIEW,
    "warning_closed": DisputeState.WON,
    "needs_response": DisputeState.NEEDS_RESPONSE,
    "under_review": DisputeState.UNDER_REVIEW,
    "appeal_needs_response": DisputeState.LOST,
    "appeal_under_review": DisputeState.LOST,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "prevented": DisputeState.WON,
}
"""A warning is an inquiry: it takes nothing yet, but is answered like a dispute. An appeal runs while the money is gone;
what it ends in is `won` or `lost` again. A prevented dispute was settled by a refund, which is listed as one."""


def read_charge(charge: Json, refunds: Iterable[Json] = (), disputes: Iterable[Json] = ()) -> Charge:
    """A charge that took money. Raises Unreadable."""
    amount = minor(charge, "amount_captured")
    if amount <= 0:
        raise Unreadable("a charge without an amount")
    return Charge(
        ref=charge_ref(charge),
        amount_minor=amount,
        currency=currency(charge),
        at=instant(charge, "created"),
        method_label=method_label(charge),
        refunds=tuple(read_refund(each) for each in refunds),
        disputes=tuple(read_dispute(each) for each in disputes),
    )


def read_refund(refund: Json) -> Refund:
    """A refund, ours or made in the dashboard. Raises Unreadable."""
    return Refund(
        ref=text(refund, "id"),
        refund_id=our_id(refund, REFUND),
        state=refund_state(refund),
        amount_minor=minor(refund, "amount"),
        currency=currency(refund),
        at=instant(refund, "created"),
    )


def refund_state(refund: Json) -> RefundState:
    """Where a refund stands. Raises Unreadable for a word we don't know."""
    state = _REFUNDS.get(text(refund, "status"))
    if state is None:
        raise Unreadable("unknown refund status")
    return state


def read_dispute(dispute: Json) -> Dispute:
    """A dispute or an inquiry. Raises Unreadable."""
    state = _DISPUTES.get(text(dispute, "status"))
    if state is None:
        raise Unreadable("unknown dispute status")
    evidence = nested(dispute, "evidence_details") or {}
    return Dispute(
        ref=text(dispute, "id"),
        state=state,
        amount_minor=minor(dispute, "amount"),
        currency=currency(dispute),
        reason=text_or_empty(dispute, "reason"),
        opened_at=instant(dispute, "created"),
        evidence_due_at=None if evidence.get("due_by") is None else instant(evidence, "due_by"),
    )
