"""Why Mollie says a payment failed, and what that means for the next try."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.core.attempt import DeclineClass
from tallystick.gateways.port import Decline

_BY_CODE: Mapping[str, DeclineClass] = {
    "authentication_abandoned": DeclineClass.NEEDS_CUSTOMER,
    "authentication_failed": DeclineClass.NEEDS_CUSTOMER,
    "authentication_required": DeclineClass.NEEDS_CUSTOMER,
    "authentication_unavailable_acs": DeclineClass.TRY_LATER,
    "card_declined": DeclineClass.TRY_LATER,
    "card_expired": DeclineClass.TRY_LATER,
    "inactive_card": DeclineClass.NEEDS_CUSTOMER,
    "insufficient_funds": DeclineClass.TRY_LATER,
    "invalid_cvv": DeclineClass.NEEDS_CUSTOMER,
    "invalid_card_holder_name": DeclineClass.NEEDS_CUSTOMER,
    "invalid_card_number": DeclineClass.NEEDS_CUSTOMER,
    "invalid_card_type": DeclineClass.NEEDS_CUSTOMER,
    "possible_fraud": DeclineClass.NEVER_AGAIN,
    "refused_by_issuer": DeclineClass.TRY_LATER,
    "unknown_reason": DeclineClass.TRY_LATER,
    # Reason codes of SEPA direct debit (ISO 20022).
    "AC01": DeclineClass.NEEDS_CUSTOMER,
    "AC04": DeclineClass.NEVER_AGAIN,
    "AC06": DeclineClass.NEVER_AGAIN,
    "AC13": DeclineClass.NEVER_AGAIN,
    "AG01": DeclineClass.NEEDS_CUSTOMER,
    "AM04": DeclineClass.TRY_LATER,
    "MD01": DeclineClass.NEVER_AGAIN,
    "MD06": DeclineClass.NEVER_AGAIN,
    "MD07": DeclineClass.NEVER_AGAIN,
    "MS02": DeclineClass.NEEDS_CUSTOMER,
    "MS03": DeclineClass.TRY_LATER,
    "SL01": DeclineClass.NEEDS_CUSTOMER,
}


def read_decline(payment: Mapping[str, object]) -> Decline:
    """Why this failed payment failed. A reason that isn't in the table may be tried later."""
    details, reason = _object(payment, "details"), _object(payment, "statusReason")
    code = _first(details.get("failureReason"), details.get("bankReasonCode"), reason.get("code"), "failed")
    message = _first(
        details.get("failureMessage"), details.get("bankReason"), reason.get("message"), "The payment failed."
    )
    return Decline(code, _BY_CODE.get(code, DeclineClass.TRY_LATER), message)


def _object(payment: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = payment.get(name)
    return value if isinstance(value, Mapping) else {}


def _first(*values: object) -> str:
    return next(value for value in values if isinstance(value, str) and value)
