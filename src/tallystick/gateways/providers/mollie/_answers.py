"""Reading what Mollie sends; strict, because money hangs on it. Anything odd is Unreadable, never a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from tallystick.core.attempt import State
from tallystick.core.dispute import DisputeState
from tallystick.core.errors import AmountTooLarge, UnknownCurrency
from tallystick.core.money import MAX_MINOR, exponent
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Charge, Dispute, Refund, Report, SavedMethod
from tallystick.gateways.providers.mollie._declines import read_decline

STATES = {
    "open": State.ACTION_REQUIRED,
    "pending": State.PROCESSING,
    "authorized": State.PROCESSING,
    "paid": State.SUCCEEDED,
    "failed": State.DECLINED,
    "canceled": State.CANCELED,
    "expired": State.CANCELED,
}
REFUND_STATES = {
    "queued": RefundState.PROCESSING,
    "pending": RefundState.PROCESSING,
    "processing": RefundState.PROCESSING,
    "refunded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
# Several payments for one attempt exist only when a key expired and was sent again; the most binding one speaks.
_RANK = (State.SUCCEEDED, State.PROCESSING, State.ACTION_REQUIRED, State.DECLINED, State.CANCELED)
_KINDS = {"creditcard": "card", "directdebit": "sepa_debit", "paypal": "wallet"}
_BRANDS = {"directdebit": "SEPA", "paypal": "PayPal"}
_AMOUNT = re.compile(r"[0-9]{1,16}(\.[0-9]{1,4})?")

Answer = Mapping[str, object]


class Unreadable(ValueError):
    """The answer doesn't have the documented shape."""


def read_payment(answer: Answer, attempt_id: UUID) -> Report:
    """One payment as a Report. Raises Unreadable, also when it belongs to another attempt."""
    if attempt_of(answer) != attempt_id:
        raise Unreadable("this payment belongs to another attempt")
    state = state_of(answer)
    amount_minor, _ = read_amount(answer, "amount")
    is_taken = state is State.SUCCEEDED and amount_minor > 0
    return Report(
        state=state,
        ref=text(answer, "id"),
        action_url=_checkout(answer) if state is State.ACTION_REQUIRED else None,
        charges=(read_charge(answer),) if is_taken else (),
        decline=read_decline(answer) if state is State.DECLINED else None,
        expires_at=_optional_instant(answer, "expiresAt") if state is State.ACTION_REQUIRED else None,
    )


def merge(reports: list[Report]) -> Report:
    """Several payments of one attempt as one Report with every charge. At least one is needed."""
    first = min(reports, key=lambda report: _RANK.index(report.state))
    return replace(first, charges=tuple(charge for report in reports for charge in report.charges))


def state_of(answer: Answer) -> State:
    """Where a payment stands. A recurring one needs no payer, so one that is open waits for a bank."""
    if answer.get("resource") != "payment":
        raise Unreadable("this isn't a payment")
    state = STATES.get(text(answer, "status"))
    if state is None:
        raise Unreadable("unknown payment status")
    is_recurring = answer.get("sequenceType") == "recurring"
    return State.PROCESSING if is_recurring and state is State.ACTION_REQUIRED else state


def attempt_of(answer: Answer) -> UUID | None:
    """The attempt that a payment names in its metadata; None when it isn't one of ours."""
    return _our_id(answer, "attempt_id")


def read_charge(payment: Answer) -> Charge:
    """What a paid payment took, with its refunds and chargebacks as far as they were embedded. Raises Unreadable."""
    amount_minor, currency = read_amount(payment, "amount")
    return Charge(
        ref=text(payment, "id"),
        amount_minor=amount_minor,
        currency=currency,
        at=instant(payment, "paidAt"),
        method_label=_label(payment),
        refunds=tuple(read_refund(each) for each in _embedded(payment, "refunds")),
        disputes=tuple(_read_chargeback(each) for each in _embedded(payment, "chargebacks")),
    )


def read_refund(answer: Answer) -> Refund:
    """One refund. Raises Unreadable."""
    state = REFUND_STATES.get(text(answer, "status"))
    if state is None:
        raise Unreadable("unknown refund status")
    amount_minor, currency = read_amount(answer, "amount")
    return Refund(
        ref=text(answer, "id"),
        refund_id=_our_id(answer, "refund_id"),
        state=state,
        amount_minor=amount_minor,
        currency=currency,
        at=instant(answer, "createdAt"),
    )


def _read_chargeback(answer: Answer) -> Dispute:
    """A chargeback has taken the money already; there is nothing to answer. It is won when it was reversed."""
    amount_minor, currency = read_amount(answer, "amount")
    reason = answer.get("reason")
    return Dispute(
        ref=text(answer, "id"),
        state=DisputeState.WON if answer.get("reversedAt") else DisputeState.LOST,
        amount_minor=amount_minor,
        currency=currency,
        reason=text(reason, "code") if isinstance(reason, Mapping) else "chargeback",
        opened_at=instant(answer, "createdAt"),
    )


def read_mandate(answer: Answer, customer_ref: str) -> SavedMethod | None:
    """A mandate as a saved method; None while it can't be charged. Raises Unreadable."""
    if answer.get("resource") != "mandate":
        raise Unreadable("this isn't a mandate")
    if text(answer, "status") != "valid":
        return None
    method, details = text(answer, "method"), answer.get("details")
    if not isinstance(details, Mapping):
        raise Unreadable("a mandate without details")
    is_card = method == "creditcard"
    expiry = _optional_date(details, "cardExpiryDate") if is_card else None
    return SavedMethod(
        ref=text(answer, "id"),
        customer_ref=customer_ref,
        kind=_KINDS.get(method, "wallet"),
        brand=_shown(details, "cardLabel") or "Card" if is_card else _BRANDS.get(method, method.capitalize()),
        last4=_shown(details, "cardNumber" if is_card else "consumerAccount")[-4:],
        expiry_month=expiry.month if expiry else 0,
        expiry_year=expiry.year if expiry else 0,
    )


def items(answer: Answer, name: str) -> list[Answer]:
    """The objects of a list. Raises Unreadable."""
    embedded = answer.get("_embedded")
    if not isinstance(embedded, Mapping):
        raise Unreadable("a list without its items")
    return _objects(embedded, name)


def next_from(answer: Answer) -> str:
    """Where the next page of a list starts; empty at the end. Raises Unreadable."""
    links = answer.get("_links")
    link = links.get("next") if isinstance(links, Mapping) else None
    if link is None:
        return ""
    found = re.search(r"[?&]from=([a-z]+_[A-Za-z0-9]+)", text(link, "href") if isinstance(link, Mapping) else "")
    if found is None:
        raise Unreadable("the next page has no start")
    return found.group(1)


def read_amount(answer: Answer, name: str) -> tuple[int, str]:
    """An amount as minor units and a currency. Raises Unreadable for more digits than the currency has."""
    amount = answer.get(name)
    if not isinstance(amount, Mapping):
        raise Unreadable(f"{name} isn't an amount")
    value, currency = text(amount, "value"), text(amount, "currency")
    try:
        minor = Decimal(value).scaleb(exponent(currency)) if _AMOUNT.fullmatch(value) else Decimal("NaN")
    except (UnknownCurrency, AmountTooLarge) as error:
        raise Unreadable(f"{name} isn't an amount") from error
    if not minor.is_finite() or minor != minor.to_integral_value() or minor > MAX_MINOR:
        raise Unreadable(f"{name} isn't an amount in {currency}")
    return int(minor), currency


def text(answer: Answer, name: str) -> str:
    """A text that may not be empty. Raises Unreadable."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} isn't a text")
    return value


def instant(answer: Answer, name: str) -> datetime:
    """An instant with its zone. Raises Unreadable."""
    try:
        value = datetime.fromisoformat(text(answer, name))
    except ValueError as error:
        raise Unreadable(f"{name} isn't an instant") from error
    if value.tzinfo is None:
        raise Unreadable(f"{name} has no zone")
    return value


def _checkout(answer: Answer) -> str | None:
    links = answer.get("_links")
    link = links.get("checkout") if isinstance(links, Mapping) else None
    return text(link, "href") if isinstance(link, Mapping) else None


def _label(payment: Answer) -> str:
    """What people may see of how it was paid: Visa 6787, iDEAL."""
    details = payment.get("details")
    details = details if isinstance(details, Mapping) else {}
    number = _shown(details, "cardNumber") or _shown(details, "consumerAccount")
    brand = _shown(details, "cardLabel") or _NAMES.get(
        _shown(payment, "method"), _shown(payment, "method").capitalize()
    )
    return f"{brand} {number[-4:]}".strip()


_NAMES = {"ideal": "iDEAL", "directdebit": "SEPA", "creditcard": "Card", "paypal": "PayPal", "kbc": "KBC", "eps": "eps"}


def _shown(answer: Answer, name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _embedded(payment: Answer, name: str) -> list[Answer]:
    embedded = payment.get("_embedded")
    if not isinstance(embedded, Mapping) or name not in embedded:
        return []
    return _objects(embedded, name)


def _objects(answer: Answer, name: str) -> list[Answer]:
    values = answer.get(name)
    if not isinstance(values, list) or not all(isinstance(each, Mapping) for each in values):
        raise Unreadable(f"{name} isn't a list of objects")
    return values


def _our_id(answer: Answer, name: str) -> UUID | None:
    metadata = answer.get("metadata")
    value = metadata.get(name) if isinstance(metadata, Mapping) else None
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _optional_instant(answer: Answer, name: str) -> datetime | None:
    return instant(answer, name) if answer.get(name) is not None else None


def _optional_date(answer: Answer, name: str) -> date | None:
    try:
        return date.fromisoformat(_shown(answer, name)) if answer.get(name) else None
    except ValueError as error:
        raise Unreadable(f"{name} isn't a date") from error
