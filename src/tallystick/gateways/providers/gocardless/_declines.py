"""Why a bank sent a payment back, in GoCardless' words, and what that means for the next try."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.core.attempt import DeclineClass
from tallystick.gateways.port import Decline

_BY_CAUSE: Mapping[str, DeclineClass] = {
    "insufficient_funds": DeclineClass.TRY_LATER,
    "refer_to_payer": DeclineClass.TRY_LATER,
    "test_failure": DeclineClass.TRY_LATER,
    "other": DeclineClass.TRY_LATER,
    "bank_account_closed": DeclineClass.NEEDS_CUSTOMER,
    "bank_account_transferred": DeclineClass.NEEDS_CUSTOMER,
    "invalid_bank_details": DeclineClass.NEEDS_CUSTOMER,
    "direct_debit_not_enabled": DeclineClass.NEEDS_CUSTOMER,
    "authorisation_disputed": DeclineClass.NEVER_AGAIN,
    "mandate_cancelled": DeclineClass.NEEDS_CUSTOMER,
    "mandate_expired": DeclineClass.NEEDS_CUSTOMER,
    "customer_approval_denied": DeclineClass.NEEDS_CUSTOMER,
    "account_blocked_for_any_financial_transaction": DeclineClass.NEVER_AGAIN,
    "payment_stopped": DeclineClass.NEVER_AGAIN,
    "refund_requested": DeclineClass.NEVER_AGAIN,
}


def read_decline(details: Mapping[str, object]) -> Decline:
    """Why a payment failed, by the details of its event. A cause that isn't in the table may be tried later."""
    cause, text = details.get("cause"), details.get("description")
    code = cause if isinstance(cause, str) and cause else "failed"
    message = text if isinstance(text, str) and text else "The payment failed."
    return Decline(code, _BY_CAUSE.get(code, DeclineClass.TRY_LATER), message)
