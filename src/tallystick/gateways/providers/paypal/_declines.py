"""What PayPal's refusals mean."""

from __future__ import annotations

from tallystick.core.attempt import DeclineClass
from tallystick.gateways.port import Decline

_LATER, _CUSTOMER, _NEVER = DeclineClass.TRY_LATER, DeclineClass.NEEDS_CUSTOMER, DeclineClass.NEVER_AGAIN
_REFUSALS = {
    "INSTRUMENT_DECLINED": (_LATER, "PayPal or the bank behind it refused the payment."),
    "TRANSACTION_REFUSED": (_LATER, "PayPal refused the payment."),
    "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED": (_CUSTOMER, "Too many tries for this payment."),
    "PAYER_CANNOT_PAY": (_CUSTOMER, "The payer can't pay with this PayPal account."),
    "PAYER_ACTION_REQUIRED": (_CUSTOMER, "The payer has to confirm the payment at PayPal."),
    "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING": (_CUSTOMER, "The payer has to choose another way to pay at PayPal."),
    "CARD_EXPIRED": (_LATER, "The card behind the PayPal account has expired."),
    "PAYER_ACCOUNT_RESTRICTED": (_NEVER, "The payer's PayPal account is restricted."),
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED": (_NEVER, "The payer's PayPal account is locked or closed."),
    "AGREEMENT_ALREADY_CANCELLED": (_CUSTOMER, "The payer has ended the agreement at PayPal."),
    "BILLING_AGREEMENT_NOT_FOUND": (_CUSTOMER, "The PayPal account isn't kept any more."),
    "TOKEN_ID_NOT_FOUND": (_CUSTOMER, "The PayPal account isn't kept any more."),
    "INVALID_VAULT_ID": (_CUSTOMER, "The PayPal account isn't kept any more."),
}
RETRIED_AT_PAYPAL = frozenset({"INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"})
"""After these the payer may go back to the same order and choose another way to pay."""


def read_decline(issue: str) -> Decline | None:
    """A documented refusal of a payment; None for an issue that says nothing definite about it."""
    if issue not in _REFUSALS:
        return None
    klass, message = _REFUSALS[issue]
    return Decline(issue.lower(), klass, message)


def refuse(code: str, message: str) -> Decline:
    """A request that PayPal can't take as it is, so that nothing was begun."""
    return Decline(code, _NEVER, message)


NEEDS_CUSTOMER = Decline("authentication_required", _CUSTOMER, "PayPal wants the payer to confirm this payment.")
"""The payer isn't there, and PayPal asks for them."""
FAILED = Decline("capture_declined", _LATER, "PayPal or the bank behind it refused the payment.")
"""A capture that was made and didn't go through."""
