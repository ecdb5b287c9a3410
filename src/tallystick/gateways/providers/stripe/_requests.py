"""What we ask of Stripe, word for word: the same attempt always asks the same, or its key would clash."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from stripe.params import PaymentIntentCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from tallystick.gateways.port import ChargeRequest, SessionRequest
from tallystick.gateways.providers.stripe._currency import to_stripe
from tallystick.gateways.providers.stripe._finding import PAYMENT_PARTS
from tallystick.gateways.providers.stripe._reading import ATTEMPT, KIND, METHOD, PAGE, REFUND

_LOCALES = "bg cs da de el en es et fi fil fr hr hu id it ja ko lt lv ms mt nb nl pl pt ro ru sk sl sv th tr vi zh"
_NAME_CHARACTERS_MAX = 250
_LIFE_MIN, _LIFE_MAX = timedelta(minutes=30), timedelta(hours=23)
_STEP_S = 900


def page_request(request: SessionRequest, *, expires_at: int) -> SessionCreateParams:
    """A checkout session, for a payment or (amount 0) only to keep a method. Raises Unrepresentable."""
    metadata = {ATTEMPT: str(request.attempt_id), KIND: PAGE}
    name = request.description[:_NAME_CHARACTERS_MAX] or "Invoice"
    wanted: SessionCreateParams = {
        "client_reference_id": str(request.attempt_id),
        "metadata": metadata,
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "expires_at": expires_at,
        "locale": _locale(request.language),
    }
    if request.customer_ref:
        wanted["customer"] = request.customer_ref
    elif request.customer_email:
        wanted["customer_email"] = request.customer_email
    if request.saves_method and not request.customer_ref:
        wanted["customer_creation"] = "always"
    if request.amount_minor == 0 and request.saves_method:
        wanted["mode"] = "setup"
        wanted["currency"] = request.currency.lower()
        wanted["setup_intent_data"] = {"metadata": metadata, "description": name}
        return wanted
    wanted["mode"] = "payment"
    wanted["adaptive_pricing"] = {"enabled": False}
    wanted["line_items"] = [
        {
            "quantity": 1,
            "price_data": {
                "currency": request.currency.lower(),
                "unit_amount": to_stripe(request.amount_minor, request.currency),
                "product_data": {"name": name},
            },
        }
    ]
    wanted["payment_intent_data"] = {"metadata": metadata, "description": name}
    if request.saves_method:
        wanted["payment_intent_data"]["setup_future_usage"] = "off_session"
    return wanted


def page_ends_at(now: datetime, lifetime: timedelta) -> int:
    """When a page closes by itself, as Unix time. Stripe takes half an hour to a day.

    On the next quarter of an hour but one, so that a request sent again soon reads the same as the first one.
    """
    earliest = (now + min(max(lifetime, _LIFE_MIN), _LIFE_MAX)).timestamp()
    return (int(earliest) // _STEP_S + 2) * _STEP_S


def charge_request(request: ChargeRequest) -> PaymentIntentCreateParams:
    """A charge of a kept method, confirmed at once. Raises Unrepresentable."""
    wanted: PaymentIntentCreateParams = {
        "amount": to_stripe(request.amount_minor, request.currency),
        "currency": request.currency.lower(),
        "customer": request.customer_ref,
        "payment_method": request.method_ref,
        "confirm": True,
        "description": request.description[:_NAME_CHARACTERS_MAX] or "Invoice",
        "metadata": {ATTEMPT: str(request.attempt_id), KIND: METHOD},
        "expand": PAYMENT_PARTS,
    }
    if request.is_customer_present:
        wanted["automatic_payment_methods"] = {"enabled": True}
        wanted["return_url"] = request.return_url
    else:
        wanted["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        wanted["off_session"] = True
    return wanted


def refund_request(*, refund_id: UUID, charge_ref: str, amount_minor: int, currency: str) -> RefundCreateParams:
    """A refund of a payment, or of a charge that has none. Raises Unrepresentable."""
    wanted: RefundCreateParams = {
        "amount": to_stripe(amount_minor, currency),
        "metadata": {REFUND: str(refund_id)},
    }
    if charge_ref.startswith("pi_"):
        wanted["payment_intent"] = charge_ref
    else:
        wanted["charge"] = charge_ref
    return wanted


def _locale(language: str) -> str:
    short = language.partition("-")[0].lower()
    return short if short in _LOCALES.split() else "auto"
