"""Movements of the money that GoCardless holds, told by the events of payments; its payouts say which they paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from tallystick.core.refund import RefundState
from tallystick.gateways.port import Payout, SettlementLine
from tallystick.gateways.providers.gocardless import _answers
from tallystick.gateways.providers.gocardless._client import Answer

_FEES = frozenset({"gocardless_fee", "app_fee", "revenue_share", "surcharge_fee"})
_PAID_BY: Mapping[str, frozenset[str]] = {
    "payment_paid_out": frozenset({"charge", "dispute_reversal"}),
    "payment_failed": frozenset({"dispute"}),
    "payment_charged_back": frozenset({"dispute"}),
    "payment_refunded": frozenset({"refund"}),
    "refund": frozenset({"refund"}),
    "refund_funds_returned": frozenset({"refund_failure"}),
}
"""Which of our kinds of movement an item of a payout may stand for."""
_PAYOUT_STATES = {"pending": "in_transit", "paid": "paid", "bounced": "failed"}


def movements(payment: Answer, events: Sequence[Answer], refunds: Sequence[Answer]) -> list[SettlementLine]:
    """Everything that a payment and its refunds moved, oldest first. Raises Unreadable."""
    ref, minor, currency = (
        _answers.text(payment, "id"),
        _answers.amount(payment, "amount"),
        _answers.text(payment, "currency"),
    )
    lines: list[SettlementLine] = []
    returned = {_answers.link(each, "refund"): _answers.instant(each, "created_at") for each in events}
    lost = ""
    for event in sorted(events, key=lambda each: (_answers.instant(each, "created_at"), _answers.text(each, "id"))):
        kind = _kind(event, is_taken=bool(lines))
        if not kind:
            continue
        event_ref = _answers.text(event, "id")
        lost = event_ref if kind == "dispute" else lost
        source = {"charge": ref, "dispute": event_ref, "dispute_reversal": lost}[kind]
        signed = -minor if kind == "dispute" else minor
        at = _answers.instant(event, "created_at")
        lines.append(SettlementLine(event_ref, kind, signed, 0, currency, at, source_ref=source, charge_ref=ref))
    for refund in (_answers.read_refund(each) for each in refunds):
        line = SettlementLine(
            refund.ref, "refund", -refund.amount_minor, 0, currency, refund.at, source_ref=refund.ref, charge_ref=ref
        )
        lines.append(line)
        if refund.state is RefundState.FAILED:
            at = returned.get(refund.ref, refund.at)
            failed = replace(
                line, ref=f"{refund.ref}/returned", kind="refund_failure", amount_minor=refund.amount_minor
            )
            lines.append(replace(failed, at=at))
    return lines


def assign(lines: dict[str, SettlementLine], payout: Answer, items: Iterable[Answer]) -> None:
    """Say of each line in a payout that it is in there, and add the payout's fees. Raises Unreadable.

    Items have no names, so each takes the latest line of its payment that no payout took yet. Fees come in tenths of a
    cent, so they are one line: everything else in the payout, less what it paid.
    """
    payout_ref, currency = _answers.text(payout, "id"), _answers.text(payout, "currency")
    at = _answers.instant(payout, "created_at")
    total = 0
    for number, item in enumerate(items):
        kind = _answers.text(item, "type")
        if kind in _FEES:
            continue
        minor = _whole(item)
        total += minor
        line = _line_of(lines, item, kind, minor, at)
        if line is None:
            ref = f"{payout_ref}/{number}"
            line = SettlementLine(ref, "adjustment", minor, 0, currency, at, charge_ref=_answers.link(item, "payment"))
        lines[line.ref] = replace(line, payout_ref=payout_ref)
    fees = total - _answers.amount(payout, "amount")
    if fees:
        ref = f"{payout_ref}/fees"
        lines[ref] = SettlementLine(ref, "fee", -fees, 0, currency, at, payout_ref=payout_ref)


def read_payout(payout: Answer) -> Payout:
    """One payout. Raises Unreadable."""
    state = _PAYOUT_STATES.get(_answers.text(payout, "status"))
    if state is None:
        raise _answers.Unreadable("unknown payout status")
    return Payout(
        ref=_answers.text(payout, "id"),
        amount_minor=_answers.amount(payout, "amount"),
        currency=_answers.text(payout, "currency"),
        state=state,
        arrives_on=_answers.day(payout, "arrival_date"),
    )


def _kind(event: Answer, *, is_taken: bool) -> str:
    """What an event of a payment moved; empty for nothing. A failure moves money only after a confirmation."""
    if event.get("resource_type") != "payments":
        return ""
    match _answers.text(event, "action"):
        case "confirmed":
            return "dispute_reversal" if is_taken else "charge"
        case "failed":
            return "dispute" if is_taken else ""
        case "charged_back":
            return "dispute"
        case "chargeback_cancelled":
            return "dispute_reversal"
    return ""


def _line_of(
    lines: Mapping[str, SettlementLine], item: Answer, kind: str, minor: int, until: datetime
) -> SettlementLine | None:
    payment_ref, refund_ref = _answers.link(item, "payment"), _answers.link(item, "refund")
    fitting = [
        line
        for line in lines.values()
        if line.kind in _PAID_BY.get(kind, ())
        and not line.payout_ref
        and line.at <= until
        and line.amount_minor == minor
        and (line.source_ref == refund_ref if refund_ref else line.charge_ref == payment_ref)
    ]
    return max(fitting, key=lambda line: line.at, default=None)


def _whole(item: Answer) -> int:
    """An amount in minor units, written as a decimal. Only fees may have tenths. Raises Unreadable."""
    try:
        value = Decimal(str(item.get("amount")))
    except InvalidOperation as error:
        raise _answers.Unreadable("an item without an amount") from error
    if not value.is_finite() or abs(value) > 10**15 or value != value.to_integral_value():
        raise _answers.Unreadable("an item with a broken amount")
    return int(value)
