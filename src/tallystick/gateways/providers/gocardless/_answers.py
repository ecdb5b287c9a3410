"""Reading what GoCardless sends; strict, because money hangs on it. Anything odd is Unreadable, never a guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from uuid import UUID

from tallystick.core.attempt import State
from tallystick.core.dispute import DisputeState
from tallystick.core.money import MAX_MINOR
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Charge, Decline, Dispute, Refund, Report, SavedMethod
from tallystick.gateways.providers.gocardless._client import Answer
from tallystick.gateways.providers.gocardless._declines import read_decline

WAITING = frozenset({"pending_customer_approval", "pending_submission", "submitted"})
TAKEN = frozenset({"confirmed", "paid_out", "charged_back"})
REFUND_STATES = {
    "created": RefundState.PROCESSING,
    "pending_submission": RefundState.PROCESSING,
    "submitted": RefundState.PROCESSING,
    "paid": RefundState.SUCCEEDED,
    "cancelled": RefundState.FAILED,
    "bounced": RefundState.FAILED,
    "funds_returned": RefundState.FAILED,
}
REQUEST_STATES = {
    "pending": State.ACTION_REQUIRED,
    "ready_to_fulfil": State.PROCESSING,
    "fulfilling": State.PROCESSING,
    "fulfilled": State.PROCESSING,
    "cancelled": State.CANCELED,
}
"""Of a billing request; what became of a fulfilled one is told by its payment or its mandate."""
_CHARGEABLE = frozenset({"pending_customer_approval", "pending_submission", "submitted", "active"})
_GONE = frozenset({"cancelled", "failed", "expired", "consumed", "blocked", "suspended_by_payer"})
_SCHEMES = {
    "ach": "ACH", "autogiro": "Autogiro", "bacs": "Bacs", "becs": "BECS", "becs_nz": "BECS NZ",
    "betalingsservice": "Betalingsservice", "faster_payments": "Faster Payments", "pad": "PAD", "pay_to": "PayTo",
    "sepa_core": "SEPA", "sepa_cor1": "SEPA", "sepa_credit_transfer": "SEPA",
    "sepa_instant_credit_transfer": "SEPA Instant",
}  # fmt: skip


class Unreadable(ValueError):
    """The answer doesn't have the documented shape."""


@dataclass(frozen=True, slots=True)
class History:
    """What the events of a payment tell, beyond its status."""

    taken_at: datetime | None
    """When it was confirmed first; None if never."""
    disputes: tuple[Dispute, ...]
    """Chargebacks, and failures that came after a confirmation: both took the money back."""
    decline: Decline | None


def read_history(payment: Answer, events: Sequence[Answer]) -> History:
    """Read a payment's events; they may come in any order. Raises Unreadable."""
    amount_minor, currency = amount(payment, "amount"), text(payment, "currency")
    taken_at: datetime | None = None
    decline: Decline | None = None
    disputes: list[Dispute] = []
    for event in sorted(events, key=lambda each: (instant(each, "created_at"), text(each, "id"))):
        if event.get("resource_type") != "payments":
            continue
        action, at = text(event, "action"), instant(event, "created_at")
        details = event.get("details")
        details = details if isinstance(details, Mapping) else {}
        reverted = Dispute(text(event, "id"), DisputeState.LOST, amount_minor, currency, "late_failure", at)
        if action == "confirmed":
            disputes = [_as_won(each) if each.reason == "late_failure" else each for each in disputes]
            taken_at = taken_at or at
        elif action == "failed" and taken_at is None:
            decline = read_decline(details)
        elif action == "failed":
            disputes.append(reverted)
        elif action == "charged_back":
            cause = details.get("cause")
            reason = cause if isinstance(cause, str) and cause else "chargeback"
            disputes.append(replace(reverted, reason=reason))
        elif action == "chargeback_cancelled":
            disputes = [each if each.reason == "late_failure" else _as_won(each) for each in disputes]
    return History(taken_at, tuple(disputes), decline)


def read_payment(payment: Answer, events: Sequence[Answer], refunds: Sequence[Answer]) -> Report:
    """A payment as a Report. `events` and `refunds` are its own. Raises Unreadable."""
    status, ref = text(payment, "status"), text(payment, "id")
    history = read_history(payment, events)
    if status in TAKEN or (status == "failed" and history.taken_at is not None):
        charge = Charge(
            ref=ref,
            amount_minor=amount(payment, "amount"),
            currency=text(payment, "currency"),
            at=history.taken_at or _charge_day(payment),
            method_label=_SCHEMES.get(shown(payment, "scheme"), "Bank payment"),
            refunds=tuple(read_refund(each) for each in refunds),
            disputes=history.disputes,
        )
        if status in {"failed", "charged_back"} and not any(
            each.state is DisputeState.LOST for each in charge.disputes
        ):
            raise Unreadable("the money went back, and no event tells when")
        return Report(State.SUCCEEDED, ref=ref, charges=(charge,))
    if status in WAITING:
        return Report(State.PROCESSING, ref=ref)
    if status == "cancelled":
        return Report(State.CANCELED, ref=ref)
    if status in {"failed", "customer_approval_denied"}:
        return Report(State.DECLINED, ref=ref, decline=history.decline or read_decline({"cause": status}))
    raise Unreadable("unknown payment status")


def read_refund(answer: Answer) -> Refund:
    """One refund. Raises Unreadable."""
    state = REFUND_STATES.get(text(answer, "status"))
    if state is None:
        raise Unreadable("unknown refund status")
    return Refund(
        ref=text(answer, "id"),
        refund_id=our_id(answer, "refund_id"),
        state=state,
        amount_minor=amount(answer, "amount"),
        currency=text(answer, "currency"),
        at=instant(answer, "created_at"),
    )


def read_mandate(mandate: Answer, account: Answer) -> SavedMethod | None:
    """A mandate and its bank account as a saved method; None when it can't be charged. Raises Unreadable."""
    if text(mandate, "status") not in _CHARGEABLE:
        return None
    scheme = text(mandate, "scheme")
    return SavedMethod(
        ref=text(mandate, "id"),
        customer_ref=link(mandate, "customer"),
        kind="sepa_debit" if scheme.startswith("sepa") else "bank_debit",
        brand=shown(account, "bank_name") or _SCHEMES.get(scheme, scheme.upper()),
        last4=shown(account, "account_number_ending")[-4:],
    )


def is_gone(mandate: Answer) -> bool:
    """Whether a mandate can never be charged again."""
    return text(mandate, "status") in _GONE


def rows(answer: Answer, name: str) -> list[Answer]:
    """The rows of a list. Raises Unreadable."""
    values = answer.get(name)
    if not isinstance(values, list) or not all(isinstance(each, Mapping) for each in values):
        raise Unreadable(f"{name} isn't a list of objects")
    return values


def after(answer: Answer) -> str:
    """The cursor of the next page; empty at the end. Raises Unreadable."""
    meta = answer.get("meta")
    cursors = meta.get("cursors") if isinstance(meta, Mapping) else None
    if not isinstance(cursors, Mapping):
        raise Unreadable("a list without cursors")
    value = cursors.get("after")
    return value if isinstance(value, str) else ""


def our_id(answer: Answer, name: str) -> UUID | None:
    """One of our ids in the metadata; None when it isn't ours."""
    metadata = answer.get("metadata")
    value = metadata.get(name) if isinstance(metadata, Mapping) else None
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def link(answer: Answer, name: str) -> str:
    """The name of what this is linked with; empty without. Raises Unreadable."""
    links = answer.get("links")
    if not isinstance(links, Mapping):
        raise Unreadable("an answer without links")
    value = links.get(name)
    return value if isinstance(value, str) else ""


def amount(answer: Answer, name: str) -> int:
    """An amount in minor units, a number or a text of digits. Raises Unreadable."""
    value = answer.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        value = int(value)
    if type(value) is not int or not 0 <= value <= MAX_MINOR:
        raise Unreadable(f"{name} isn't an amount")
    return value


def text(answer: Answer, name: str) -> str:
    """A text that may not be empty. Raises Unreadable."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} isn't a text")
    return value


def shown(answer: Answer, name: str) -> str:
    """A text for people; empty when there is none."""
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def instant(answer: Answer, name: str) -> datetime:
    """An instant with its zone. Raises Unreadable."""
    try:
        value = datetime.fromisoformat(text(answer, name))
    except ValueError as error:
        raise Unreadable(f"{name} isn't an instant") from error
    if value.tzinfo is None:
        raise Unreadable(f"{name} has no zone")
    return value


def day(answer: Answer, name: str) -> date:
    """A date. Raises Unreadable."""
    try:
        return date.fromisoformat(text(answer, name))
    except ValueError as error:
        raise Unreadable(f"{name} isn't a date") from error


def _charge_day(payment: Answer) -> datetime:
    """When no event tells: the day on which the bank was to be charged."""
    if payment.get("charge_date"):
        return datetime.combine(day(payment, "charge_date"), time(), UTC)
    return instant(payment, "created_at")


def _as_won(dispute: Dispute) -> Dispute:
    return replace(dispute, state=DisputeState.WON)
