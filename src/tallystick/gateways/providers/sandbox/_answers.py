"""Reading what the sandbox sends; strict, because money hangs on it. Anything odd is Unreadable, never a guess."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from tallystick.core.attempt import DeclineClass, State
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways.port import (
    NOT_FOUND,
    Charge,
    ChargePage,
    Decline,
    Dispute,
    Listed,
    Payout,
    Refund,
    RefundReport,
    Report,
    SavedMethod,
    SettlementLine,
    SettlementPage,
    WebhookEvent,
)

STATES = {
    "open": State.ACTION_REQUIRED,
    "canceling": State.CANCELING,
    "processing": State.PROCESSING,
    "paid": State.SUCCEEDED,
    "saved": State.SUCCEEDED,
    "failed": State.DECLINED,
    "expired": State.CANCELED,
}
_REFUNDS = {each.value: each for each in (RefundState.PROCESSING, RefundState.SUCCEEDED, RefundState.FAILED)}
_LINES = frozenset({"charge", "refund", "refund_failure", "dispute", "dispute_reversal", "fee", "adjustment"})
_PAYOUTS = frozenset({"in_transit", "paid", "failed"})
_SUBJECTS = {
    "session": ("attempt", "session"),
    "charge": ("attempt", "session"),
    "refund": ("attempt", "session"),
    "dispute": ("attempt", "session"),
    "method": ("method", "method"),
    "payout": ("payout", "payout"),
}
# Several sessions for one attempt exist only when a key expired and was sent again; the most binding one speaks.
_RANK = (State.SUCCEEDED, State.PROCESSING, State.CANCELING, State.ACTION_REQUIRED, State.DECLINED, State.CANCELED)


class Unreadable(ValueError):
    """The answer doesn't have the documented shape."""


def read_session(answer: dict[str, object], attempt_id: UUID) -> Report:
    """One session as a Report. Raises Unreadable, also when it belongs to another attempt."""
    if _text(answer, "client_reference") != str(attempt_id):
        raise Unreadable("this session belongs to another attempt")
    status = _text(answer, "status")
    state = STATES.get(status)
    if state is None:
        raise Unreadable("unknown session status")
    charges = tuple(_read_charge(each) for each in _objects(answer, "charges"))
    if (status == "paid") != bool(charges):
        raise Unreadable("the status and the charges disagree")
    return Report(
        state=state,
        ref=_text(answer, "ref"),
        action_url=_text(answer, "url") if state is State.ACTION_REQUIRED else None,
        charges=charges,
        decline=_read_decline(answer),
        expires_at=_instant(answer, "expires_at"),
        saved=_read_method(answer),
    )


def read_sessions(answer: dict[str, object], attempt_id: UUID) -> Report:
    """A look-up by our id: NOT_FOUND, or one Report with every charge of every session. Raises Unreadable."""
    reports = [read_session(each, attempt_id) for each in _objects(answer, "sessions")]
    if not reports:
        return NOT_FOUND
    first = min(reports, key=lambda report: _RANK.index(report.state))
    return Report(
        state=first.state,
        ref=first.ref,
        action_url=first.action_url,
        charges=tuple(charge for report in reports for charge in report.charges),
        decline=first.decline,
        expires_at=first.expires_at,
        saved=first.saved,
    )


def read_refund(answer: dict[str, object], refund_id: UUID, charge_ref: str) -> RefundReport:
    """The answer to an order for a refund. Raises Unreadable, also when it is about another refund."""
    refund = _read_refund(answer)
    if refund.refund_id != refund_id or _text(answer, "charge") != charge_ref:
        raise Unreadable("this is another refund")
    return RefundReport(refund.state, refund.ref, _text(answer, "message", may_be_empty=True))


def read_charges(answer: dict[str, object]) -> ChargePage:
    """A page of the list of charges. Raises Unreadable."""
    listed = tuple(Listed(_reference(each), _read_charge(each)) for each in _objects(answer, "charges"))
    return ChargePage(listed, _text(answer, "cursor", may_be_empty=True))


def read_settlements(answer: dict[str, object]) -> SettlementPage:
    """A page of movements; those that are payouts come apart. Raises Unreadable."""
    lines: list[SettlementLine] = []
    payouts: list[Payout] = []
    for each in _objects(answer, "movements"):
        if each.get("kind") == "payout":
            payouts.append(_read_payout(each))
        else:
            lines.append(_read_line(each))
    return SettlementPage(tuple(lines), tuple(payouts), _text(answer, "cursor", may_be_empty=True))


def read_balances(answer: dict[str, object]) -> Mapping[str, int]:
    """What is held, by currency. Raises Unreadable."""
    held = answer.get("balances")
    if not isinstance(held, dict) or not all(_is_currency(code) for code in held):
        raise Unreadable("balances aren't by currency")
    return {code: _integer(held, code) for code in held}


def read_removal(answer: dict[str, object], method_ref: str) -> bool:
    """Whether this method is gone. Raises Unreadable."""
    if _text(answer, "ref") != method_ref or answer.get("is_removed") is not True:
        raise Unreadable("this is no confirmation")
    return True


def read_event(event_id: str, body: bytes) -> WebhookEvent:
    """A verified webhook body. Raises Unreadable."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body isn't JSON") from error
    if not isinstance(event, dict) or event.get("id") != event_id:
        raise Unreadable("the body and the header name different events")
    data = event.get("data")
    if not isinstance(data, dict):
        raise Unreadable("the event has no data")
    kind = _text(event, "kind")
    subject, name = _SUBJECTS.get(kind.partition(".")[0], ("other", "session"))
    return WebhookEvent(
        id=event_id,
        kind=kind,
        attempt_id=_reference(data),
        ref=_text(data, name) if name in data else None,
        charge_ref=_text(data, "charge") if "charge" in data else None,
        subject=subject,
    )


def read_error(body: bytes) -> tuple[str, str]:
    """The code and the message of an error answer; empty when it isn't one."""
    try:
        error = json.loads(body)["error"]
        return _text(error, "code"), _text(error, "message")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", ""


def _read_charge(answer: dict[str, object]) -> Charge:
    return Charge(
        ref=_text(answer, "ref"),
        amount_minor=_positive(answer),
        currency=_currency(answer),
        at=_instant(answer, "at"),
        method_label=_text(answer, "method_label"),
        refunds=tuple(_read_refund(each) for each in _objects(answer, "refunds")),
        disputes=tuple(_read_dispute(each) for each in _objects(answer, "disputes")),
    )


def _read_refund(answer: dict[str, object]) -> Refund:
    """A refund; a `refund_id` that isn't one of our ids was given by somebody else."""
    state = _REFUNDS.get(_text(answer, "status"))
    if state is None:
        raise Unreadable("unknown refund status")
    return Refund(
        ref=_text(answer, "ref"),
        refund_id=_uuid_or_none(answer.get("refund_id")),
        state=state,
        amount_minor=_positive(answer),
        currency=_currency(answer),
        at=_instant(answer, "at"),
    )


def _read_dispute(answer: dict[str, object]) -> Dispute:
    try:
        state = DisputeState(_text(answer, "status"))
    except ValueError as error:
        raise Unreadable("unknown dispute status") from error
    return Dispute(
        ref=_text(answer, "ref"),
        state=state,
        amount_minor=_positive(answer),
        currency=_currency(answer),
        reason=_text(answer, "reason"),
        opened_at=_instant(answer, "at"),
        evidence_due_at=_instant(answer, "evidence_due_at"),
    )


def _read_method(answer: dict[str, object]) -> SavedMethod | None:
    method = answer.get("saved_method")
    if method is None:
        return None
    if not isinstance(method, dict):
        raise Unreadable("a saved method that isn't an object")
    month, year = _integer(method, "expiry_month"), _integer(method, "expiry_year")
    if not (1 <= month <= 12 and 2000 <= year < 2100):
        raise Unreadable("a card without an expiry date")
    return SavedMethod(
        ref=_text(method, "ref"),
        customer_ref=_text(method, "customer"),
        kind=_text(method, "kind"),
        brand=_text(method, "brand"),
        last4=_text(method, "last4"),
        expiry_month=month,
        expiry_year=year,
    )


def _read_line(answer: dict[str, object]) -> SettlementLine:
    kind = _text(answer, "kind")
    if kind not in _LINES:
        raise Unreadable("unknown kind of movement")
    return SettlementLine(
        ref=_text(answer, "ref"),
        kind=kind,
        amount_minor=_integer(answer, "amount_minor"),
        fee_minor=_integer(answer, "fee_minor"),
        currency=_currency(answer),
        at=_instant(answer, "at"),
        source_ref=_text(answer, "source"),
        charge_ref="" if answer.get("charge") is None else _text(answer, "charge"),
        payout_ref="" if answer.get("payout") is None else _text(answer, "payout"),
    )


def _read_payout(answer: dict[str, object]) -> Payout:
    """A payout leaves the balance, so its movement is below zero."""
    amount, state = -_integer(answer, "amount_minor"), _text(answer, "state")
    if amount <= 0 or state not in _PAYOUTS:
        raise Unreadable("a payout of nothing, or in no known state")
    try:
        arrives_on = date.fromisoformat(_text(answer, "arrives_on"))
    except ValueError as error:
        raise Unreadable("arrives_on isn't a date") from error
    return Payout(_text(answer, "payout"), amount, _currency(answer), state, arrives_on)


def _read_decline(answer: dict[str, object]) -> Decline | None:
    decline = answer.get("decline")
    if decline is None:
        return None
    if not isinstance(decline, dict):
        raise Unreadable("a decline that isn't an object")
    try:
        klass = DeclineClass(_text(decline, "class"))
    except ValueError as error:
        raise Unreadable("unknown decline class") from error
    return Decline(_text(decline, "code"), klass, _text(decline, "message"))


def _objects(answer: dict[str, object], name: str) -> list[dict[str, object]]:
    values = answer.get(name)
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise Unreadable(f"{name} isn't a list of objects")
    return values


def _text(answer: dict[str, object], name: str, *, may_be_empty: bool = False) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not (value or may_be_empty):
        raise Unreadable(f"{name} isn't a text")
    return value


def _integer(answer: dict[str, object], name: str) -> int:
    value = answer.get(name)
    if type(value) is not int:
        raise Unreadable(f"{name} isn't a whole number")
    return value


def _positive(answer: dict[str, object]) -> int:
    amount = _integer(answer, "amount_minor")
    if amount <= 0:
        raise Unreadable("an amount that isn't above zero")
    return amount


def _currency(answer: dict[str, object]) -> str:
    value = _text(answer, "currency")
    if not _is_currency(value):
        raise Unreadable("currency isn't a code of three capitals")
    return value


def _is_currency(value: str) -> bool:
    return len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()


def _instant(answer: dict[str, object], name: str) -> datetime:
    try:
        value = datetime.fromisoformat(_text(answer, name))
    except ValueError as error:
        raise Unreadable(f"{name} isn't an instant") from error
    if value.tzinfo is None:
        raise Unreadable(f"{name} has no zone")
    return value


def _reference(answer: dict[str, object]) -> UUID | None:
    """Our attempt's id; None when there is no reference. Raises Unreadable for one that isn't ours."""
    reference = answer.get("client_reference")
    if reference is None:
        return None
    attempt_id = _uuid_or_none(reference)
    if attempt_id is None:
        raise Unreadable("client_reference isn't one of our ids")
    return attempt_id


def _uuid_or_none(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
