"""Reports from Stripe's sessions, payment intents and set-up intents; without refunds and disputes, which it lists apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import Decline, Report, SavedMethod
from tallystick.gateways.providers.stripe._declines import AUTHENTICATION_REQUIRED, read_refusal
from tallystick.gateways.providers.stripe._methods import read_saved
from tallystick.gateways.providers.stripe._money import read_charge
from tallystick.gateways.providers.stripe._reading import (
    ATTEMPT,
    Unreadable,
    instant,
    nested,
    our_id,
    ref,
    text,
    text_or_empty,
)
from tallystick.gateways.providers.stripe._transport import Json

# Several sessions or intents for one attempt exist only when a key's life ended and it was sent again.
_RANK = (
    State.SUCCEEDED, State.PROCESSING, State.CANCELING, State.ACTION_REQUIRED, State.UNKNOWN, State.DECLINED,
    State.CANCELED,
)  # fmt: skip
_INTENTS: Mapping[str, State] = {
    "succeeded": State.SUCCEEDED,
    "processing": State.PROCESSING,
    "requires_action": State.ACTION_REQUIRED,
    "requires_payment_method": State.DECLINED,
    "canceled": State.CANCELED,
}
"""An intent that wants another method can't take money any more: only a confirmation by us could make it, and none is sent.

`requires_capture` and `requires_confirmation` are states that our requests never lead to; they aren't read."""
_NOT_CHARGED = Decline("not_charged", DeclineClass.TRY_LATER, "The payment wasn't completed.")
CONFIRM_FIRST = Decline(
    AUTHENTICATION_REQUIRED, DeclineClass.NEEDS_CUSTOMER, "The bank wants the payer to confirm this payment."
)


def read_session(session: Json, attempt_id: UUID) -> Report:
    """A checkout session with its intent expanded. Raises Unreadable, also when it belongs to another attempt."""
    if text_or_empty(session, "client_reference_id") != str(attempt_id):
        raise Unreadable("this session belongs to another attempt")
    name = {"payment": "payment_intent", "setup": "setup_intent"}.get(text(session, "mode"), "")
    intent = nested(session, name)
    if not name or (intent is None and ref(session, name)):
        raise Unreadable("a session of another mode, or its intent isn't expanded")
    status = text(session, "status")
    told = None if intent is None else _read_intent(intent, attempt_id)
    if status == "open":
        report = _while_open(session, told)
    elif status == "expired":
        report = _after_expiry(told)
    elif status == "complete" and told is not None:
        report = told
    else:
        raise Unreadable("a session that says neither open, complete nor expired")
    return replace(report, ref=text(session, "id"), expires_at=instant(session, "expires_at"))


def read_payment(intent: Json, attempt_id: UUID) -> Report:
    """A payment intent that charged a kept method. Raises Unreadable, also when it belongs to another attempt."""
    return replace(_read_intent(intent, attempt_id), ref=text(intent, "id"))


def most_binding(reports: Sequence[Report]) -> Report:
    """One report of several about the same attempt, with every charge of all of them."""
    first = min(reports, key=lambda report: _RANK.index(report.state))
    return replace(first, charges=tuple(charge for report in reports for charge in report.charges))


def _while_open(session: Json, told: Report | None) -> Report:
    """The payer may still try; the last refused try comes along. Paid or on its way counts before the page's own word."""
    if told is not None and told.state in {State.SUCCEEDED, State.PROCESSING}:
        return told
    last = told.decline if told is not None and told.decline is not _NOT_CHARGED else None
    return Report(State.ACTION_REQUIRED, action_url=text(session, "url"), decline=last)


def _after_expiry(told: Report | None) -> Report:
    """Closed; but what was under way in that moment decides, and is asked for again until it has ended."""
    if told is None or told.state is State.DECLINED:
        return Report(State.CANCELED)
    if told.state is State.ACTION_REQUIRED:
        return Report(State.CANCELING)
    return told


def _read_intent(intent: Json, attempt_id: UUID) -> Report:
    """A payment or set-up intent, its latest charge and its method expanded."""
    if our_id(intent, ATTEMPT) != attempt_id:
        raise Unreadable("this intent belongs to another attempt")
    state = _INTENTS.get(text(intent, "status"))
    if state is None:
        raise Unreadable("unknown intent status")
    if state is State.SUCCEEDED:
        return _succeeded(intent)
    url = _confirm_url(intent) if state is State.ACTION_REQUIRED else None
    return Report(state, action_url=url, decline=_read_error(intent) if state is State.DECLINED else None)


def _succeeded(intent: Json) -> Report:
    if text(intent, "object") == "setup_intent":
        return Report(State.SUCCEEDED, saved=_read_saved(intent, nested(intent, "latest_attempt")))
    charge = nested(intent, "latest_charge")
    if charge is None or charge.get("paid") is not True:
        raise Unreadable("the status and the charge disagree")
    kept = _read_saved(intent, charge) if text_or_empty(intent, "setup_future_usage") == "off_session" else None
    return Report(State.SUCCEEDED, charges=(read_charge(charge),), saved=kept)


def _read_saved(intent: Json, charged: Json | None) -> SavedMethod | None:
    method = nested(intent, "payment_method")
    if method is None:
        return None
    details = nested(charged or {}, "payment_method_details")
    return read_saved(customer_ref=ref(intent, "customer"), method=method, charged=details)


def _confirm_url(intent: Json) -> str | None:
    """Where the payer confirms; None when the bank's page can't be reached by a plain link."""
    redirect = nested(nested(intent, "next_action") or {}, "redirect_to_url") or {}
    return text_or_empty(redirect, "url") or None


def _read_error(intent: Json) -> Decline:
    error = nested(intent, "last_payment_error") or nested(intent, "last_setup_error")
    if error is None:
        return _NOT_CHARGED
    return read_refusal(
        code=text_or_empty(error, "code"),
        decline_code=text_or_empty(error, "decline_code"),
        advice_code=text_or_empty(error, "advice_code"),
        message=text_or_empty(error, "message"),
    )
