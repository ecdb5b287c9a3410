"""Giving money back. GoCardless wants to hear the total that will then have been given back of the payment."""

from __future__ import annotations

from uuid import UUID

from gocardless_pro import services  # type: ignore[import-untyped]

from tallystick.core.refund import RefundState
from tallystick.gateways.port import RefundReport
from tallystick.gateways.providers.gocardless import _answers, _sessions
from tallystick.gateways.providers.gocardless._client import (
    Answer,
    Api,
    Conflict,
    NoReply,
    Refusal,
    Silence,
    ask,
    fetch,
    follow,
    is_ref,
)


def order(api: Api, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int) -> RefundReport:
    """Give back `amount_minor`, in minor units of the payment's currency. See `Gateway.refund`.

    The total given back until now is read first, and with it whether this very refund was made before. Where somebody
    else refunded in between, nothing is made and nothing known.
    """
    if not is_ref(charge_ref):
        return RefundReport(RefundState.FAILED, message="This isn't a payment at GoCardless.")
    try:
        payment = fetch(lambda: api.of(services.PaymentsService).get(charge_ref))
        others = list(_sessions.walk(api, services.RefundsService, "refunds", {"payment": charge_ref}))
        for other in others:
            if _answers.our_id(other, "refund_id") == refund_id:
                return _read(other, refund_id)
        total_minor = _answers.amount(payment, "amount_refunded") + amount_minor
    except NoReply as error:
        return _no_refund(error.reply)
    except (_answers.Unreadable, _sessions.TooMany):
        return RefundReport(RefundState.UNKNOWN, was_sent=False)
    wanted = {
        "amount": amount_minor,
        "total_amount_confirmation": total_minor,
        "metadata": {"refund_id": str(refund_id), "attempt_id": str(attempt_id)},
        "links": {"payment": charge_ref},
    }
    headers = {"Idempotency-Key": str(refund_id)}
    made = ask(lambda: api.of(services.RefundsService).create(wanted, headers))
    reply = follow(made, lambda ref: api.of(services.RefundsService).get(ref))
    return _no_refund(reply) if isinstance(reply, Refusal | Silence) else _read(reply, refund_id)


def _no_refund(reply: Refusal | Silence | Conflict) -> RefundReport:
    """No refund was made, or nobody knows. Refunds are switched on by GoCardless for each account (else forbidden)."""
    if isinstance(reply, Silence):
        return RefundReport(RefundState.UNKNOWN, was_sent=reply.was_sent)
    if isinstance(reply, Conflict):
        return RefundReport(RefundState.UNKNOWN)
    is_open = reply.kind == "unauthorised" or "total_amount_confirmation_invalid" in reply.reasons
    return RefundReport(RefundState.UNKNOWN if is_open else RefundState.FAILED, message=reply.detail)


def _read(answer: Answer, refund_id: UUID) -> RefundReport:
    try:
        made = _answers.read_refund(answer)
    except _answers.Unreadable:
        return RefundReport(RefundState.UNKNOWN)
    if made.refund_id != refund_id:
        return RefundReport(RefundState.UNKNOWN)
    return RefundReport(made.state, ref=made.ref)
