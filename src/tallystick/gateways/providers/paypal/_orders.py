"""Orders: what we ask for, and what the answers mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from tallystick.core.attempt import State
from tallystick.core.refund import RefundState
from tallystick.gateways.port import Charge, Refund, Report, SavedMethod
from tallystick.gateways.providers.paypal import _declines
from tallystick.gateways.providers.paypal._reading import (
    Unreadable,
    instant,
    link,
    linked_id,
    money,
    part,
    parts,
    text,
    text_or_empty,
    uuid_or_none,
)

APPROVAL_LIFETIME = timedelta(hours=6)
"""How long PayPal lets the payer approve an order."""
VOID = "void-"
"""Put before our id in an order that we gave up: whoever reads it captures nothing any more."""
REFUND_STATES = {
    "COMPLETED": RefundState.SUCCEEDED,
    "PENDING": RefundState.PROCESSING,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.FAILED,
}
_TAKEN = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
_CAPTURES = _TAKEN | {"PENDING", "DECLINED", "FAILED"}
_WAITING = frozenset({"CREATED", "SAVED", "PAYER_ACTION_REQUIRED", "APPROVED"})
_LOCALE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


def write_order(
    *, attempt_id: UUID, amount: Mapping[str, str], description: str, wallet: Mapping[str, object]
) -> dict[str, object]:
    """The order of one attempt: its id is the custom id, and the invoice id, which PayPal lets be paid only once."""
    unit = {
        "custom_id": str(attempt_id),
        "invoice_id": str(attempt_id),
        "description": description[:127],
        "amount": amount,
    }
    return {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": wallet}}


def write_experience(*, return_url: str, language: str = "") -> dict[str, object]:
    """How PayPal's page looks and where it leads back to. eCheques, which take days, aren't offered."""
    wanted: dict[str, object] = {
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "return_url": return_url,
        "cancel_url": return_url,
    }
    return wanted | ({"locale": language} if _LOCALE.fullmatch(language) else {})


def read_order(order: dict[str, object], attempt_id: UUID) -> Report:
    """What an order says, captures nothing. Raises Unreadable, also when it belongs to another attempt."""
    unit, is_void = _own_unit(order, attempt_id)
    ref, status = text(order, "id"), text(order, "status")
    if status in _WAITING:
        if is_void:
            return Report(State.CANCELED, ref=ref)
        return Report(
            State.ACTION_REQUIRED,
            ref=ref,
            action_url=link(order, "payer-action", "approve"),
            expires_at=instant(order, "create_time") + APPROVAL_LIFETIME,
        )
    if status == "VOIDED":
        return Report(State.CANCELED, ref=ref)
    if status != "COMPLETED":
        raise Unreadable("unknown order status")
    return _read_paid(order, ref, unit)


def is_approved(order: dict[str, object], attempt_id: UUID) -> bool:
    """Whether the payer agreed, nothing was captured, and we still want it. Raises Unreadable."""
    _, is_void = _own_unit(order, attempt_id)
    return order.get("status") == "APPROVED" and not is_void


def read_wallet(wallet: dict[str, object]) -> tuple[str, str]:
    """What may be shown of a PayPal account: a label, and the end of the name before the @. Raises Unreadable."""
    tail = text_or_empty(wallet, "email_address").partition("@")[0][-4:]
    return (f"PayPal ···· {tail}" if tail else "PayPal"), tail


def _own_unit(order: dict[str, object], attempt_id: UUID) -> tuple[dict[str, object], bool]:
    units = parts(order, "purchase_units")
    if len(units) != 1:
        raise Unreadable("an order of ours has one purchase unit")
    custom_id = text(units[0], "custom_id")
    if custom_id.removeprefix(VOID) != str(attempt_id):
        raise Unreadable("this order belongs to another attempt")
    return units[0], custom_id.startswith(VOID)


def _read_paid(order: dict[str, object], ref: str, unit: dict[str, object]) -> Report:
    payments = part(unit, "payments")
    captures = parts(payments, "captures")
    states = {text(each, "status") for each in captures}
    if not captures or not states <= _CAPTURES:
        raise Unreadable("a completed order without captures that we know")
    wallet = part(part(order, "payment_source"), "paypal")
    label, _ = read_wallet(wallet)
    refunds: dict[str, list[Refund]] = {}
    for each in parts(payments, "refunds"):
        refunds.setdefault(linked_id(each, "up"), []).append(read_refund(each))
    charges = tuple(
        _read_charge(each, label, tuple(refunds.get(text(each, "id"), ())))
        for each in captures
        if each["status"] in _TAKEN
    )
    if charges:
        return Report(State.SUCCEEDED, ref=ref, charges=charges, saved=_read_saved(wallet))
    if "PENDING" in states:
        return Report(State.PROCESSING, ref=ref)
    return Report(State.DECLINED, ref=ref, decline=_declines.FAILED)


def _read_charge(capture: dict[str, object], label: str, refunds: tuple[Refund, ...]) -> Charge:
    amount, currency = money(capture, "amount")
    return Charge(text(capture, "id"), amount, currency, instant(capture, "create_time"), label, refunds)


def read_refund(refund: dict[str, object]) -> Refund:
    """A refund; without our id when somebody made it at PayPal. Raises Unreadable."""
    state = REFUND_STATES.get(text(refund, "status"))
    if state is None:
        raise Unreadable("unknown refund status")
    amount, currency = money(refund, "amount")
    return Refund(
        ref=text(refund, "id"),
        refund_id=uuid_or_none(refund.get("custom_id")),
        state=state,
        amount_minor=amount,
        currency=currency,
        at=instant(refund, "create_time"),
    )


def _read_saved(wallet: dict[str, object]) -> SavedMethod | None:
    """The kept wallet, once PayPal finished keeping it."""
    vault = part(part(wallet, "attributes"), "vault")
    if not vault or vault.get("status", "VAULTED") != "VAULTED":
        return None
    return write_saved(text(vault, "id"), text_or_empty(part(vault, "customer"), "id"), wallet)


def write_saved(ref: str, customer_ref: str, wallet: dict[str, object]) -> SavedMethod:
    """A kept wallet. Raises Unreadable."""
    _, tail = read_wallet(wallet)
    return SavedMethod(ref=ref, customer_ref=customer_ref, kind="wallet", brand="PayPal", last4=tail)
