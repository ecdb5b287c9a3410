"""Stripe's webhooks: the signature over the raw bytes, and what an event is about."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tallystick.gateways.port import BadSignature, MalformedWebhook, StaleWebhook, WebhookEvent
from tallystick.gateways.providers.stripe._reading import (
    ATTEMPT,
    KIND,
    METHOD,
    Unreadable,
    nested,
    our_id,
    ref,
    text,
    text_or_empty,
    uuid_or_none,
)
from tallystick.gateways.providers.stripe._transport import Json

TOLERANCE = timedelta(minutes=5)
WANTED = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.failed",
    "charge.refunded",
    "charge.succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "mandate.updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "payment_method.updated",
    "payout.created",
    "payout.failed",
    "payout.paid",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
)
"""The events we ask for. Losing one costs time, never truth: everything is looked up."""


def verify(*, secrets: Iterable[str], headers: Mapping[str, str], body: bytes, at: datetime) -> None:
    """Check the signature first, then the age. Several secrets let one be rotated.

    Raises MalformedWebhook (no such header), BadSignature, StaleWebhook (over five minutes either way).
    """
    given = {name.lower(): value for name, value in headers.items()}.get("stripe-signature")
    if given is None:
        raise MalformedWebhook("the header stripe-signature is missing")
    pairs = [each.strip().partition("=") for each in given.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    offered = [value.encode() for name, _, value in pairs if name == "v1"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12):
        raise MalformedWebhook("the signature carries no time")
    signed = stamps[0].encode() + b"." + body
    expected = [hmac.new(each.encode(), signed, hashlib.sha256).hexdigest().encode() for each in secrets]
    if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
        raise BadSignature("no secret of ours signed this")
    if abs(at.timestamp() - int(stamps[0])) > TOLERANCE.total_seconds():
        raise StaleWebhook("the signature is more than five minutes off")


def read_event(body: bytes) -> WebhookEvent:
    """A verified webhook body. Raises MalformedWebhook."""
    try:
        event: Any = json.loads(body)
        if not isinstance(event, dict):
            raise Unreadable("not an object")
        thing = nested(nested(event, "data") or {}, "object")
        if thing is None:
            raise Unreadable("an event about nothing")
        return _about(text(event, "id"), text(event, "type"), thing)
    except (ValueError, RecursionError) as error:
        raise MalformedWebhook(f"not an event of Stripe's: {error}") from error


def _about(event_id: str, kind: str, thing: Json) -> WebhookEvent:
    """Whose news it is. Refunds and disputes name the payment only."""
    what = text(thing, "object")
    if what == "checkout.session":
        attempt_id = uuid_or_none(text_or_empty(thing, "client_reference_id"))
        return WebhookEvent(event_id, kind, attempt_id, text(thing, "id"), ref(thing, "payment_intent") or None)
    if what == "payment_intent":
        own = text(thing, "id")
        is_ref = text_or_empty(nested(thing, "metadata") or {}, KIND) == METHOD
        return WebhookEvent(event_id, kind, our_id(thing, ATTEMPT), own if is_ref else None, own)
    if what == "setup_intent":
        return WebhookEvent(event_id, kind, our_id(thing, ATTEMPT), None)
    if what in {"charge", "refund", "dispute"}:
        payment = ref(thing, "payment_intent") or ref(thing, "charge") or text(thing, "id")
        return WebhookEvent(event_id, kind, our_id(thing, ATTEMPT), None, payment)
    if what == "payment_method":
        subject = "other" if kind == "payment_method.attached" else "method"
        return WebhookEvent(event_id, kind, None, text(thing, "id"), subject=subject)
    if what == "mandate":
        return WebhookEvent(event_id, kind, None, ref(thing, "payment_method") or None, subject="method")
    subject = "payout" if what == "payout" else "other"
    return WebhookEvent(event_id, kind, None, text_or_empty(thing, "id") or None, subject=subject)
