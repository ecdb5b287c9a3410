"""What Stripe's refusals mean for the next try.

A code nobody knows is `needs_customer`: nothing is charged again by itself against a refusal we don't understand, and
a person hears of it. The issuer's advice, where there is one, is heard first.
"""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.core.attempt import DeclineClass
from tallystick.gateways.port import Decline

AUTHENTICATION_REQUIRED = "authentication_required"

_TRY_LATER = """
    approve_with_id call_issuer card_declined card_velocity_exceeded do_not_honor duplicate_transaction generic_decline
    insufficient_funds issuer_not_available no_action_taken not_permitted processing_error reenter_transaction
    security_violation service_not_allowed transaction_not_allowed try_again_later withdrawal_count_limit_exceeded
    payment_intent_payment_attempt_failed payment_method_provider_decline payment_method_provider_timeout
    payment_method_microdeposit_failed account_invalid account_information_mismatch platform_api_key_expired
    testmode_charges_only payment_method_not_available amount_limit_exceeded expired_card
"""
_NEEDS_CUSTOMER = """
    authentication_required authentication_not_handled bank_account_unusable bank_account_unverified
    bank_account_bad_routing_numbers card_not_supported currency_not_supported incorrect_address
    incorrect_cvc incorrect_number incorrect_pin incorrect_zip invalid_account invalid_bank_account_iban invalid_cvc
    invalid_expiry_month invalid_expiry_year invalid_number invalid_pin invalid_mandate_reference_prefix_format
    mandate_invalid mobile_device_authentication_required new_account_information_available no_account
    offline_pin_required online_or_offline_pin_required payment_intent_authentication_failure
    payment_intent_mandate_invalid payment_intent_payment_attempt_expired payment_method_customer_decline
    payment_method_unexpected_state payment_method_unactivated pin_try_exceeded resource_missing
    setup_attempt_failed setup_intent_authentication_failure setup_intent_mandate_invalid
    setup_intent_setup_attempt_expired testmode_decline live_mode_test_card
"""
_NEVER_AGAIN = """
    account_closed bank_account_declined bank_account_restricted debit_not_authorized do_not_try_again fraudulent
    highest_risk_level invalid_amount lost_card merchant_blacklist payment_method_restricted pickup_card restricted_card
    revocation_of_all_authorizations revocation_of_authorization rule stolen_card stop_payment_order
    amount_too_large amount_too_small
"""
CLASSES: Mapping[str, DeclineClass] = {
    **dict.fromkeys(_TRY_LATER.split(), DeclineClass.TRY_LATER),
    **dict.fromkeys(_NEEDS_CUSTOMER.split(), DeclineClass.NEEDS_CUSTOMER),
    **dict.fromkeys(_NEVER_AGAIN.split(), DeclineClass.NEVER_AGAIN),
}
_ADVICE = {
    "confirm_card_data": DeclineClass.NEEDS_CUSTOMER,
    "do_not_try_again": DeclineClass.NEVER_AGAIN,
}


def read_refusal(*, code: str, decline_code: str, advice_code: str, message: str) -> Decline:
    """One refused charge. The issuer's code says more than Stripe's `card_declined`, so it is the one kept."""
    known = decline_code or code or "card_declined"
    if AUTHENTICATION_REQUIRED in {code, decline_code}:
        known = AUTHENTICATION_REQUIRED
    klass = CLASSES.get(known, DeclineClass.NEEDS_CUSTOMER)
    if klass is DeclineClass.TRY_LATER:
        klass = _ADVICE.get(advice_code, klass)
    return Decline(known, klass, message)


def read_bad_request(*, code: str, message: str) -> Decline:
    """A request that Stripe refused as such: sending the same again is no use, unless its code says more."""
    return Decline(code or "invalid_request", CLASSES.get(code, DeclineClass.NEVER_AGAIN), message)
