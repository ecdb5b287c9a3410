"""GoCardless' webhooks: signed as a whole, with up to a few hundred events in each."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from tallystick.gateways.port import BadSignature, MalformedWebhook, WebhookEvent
from tallystick.gateways.providers.gocardless import _answers

_METHOD_ENDS = frozenset({"blocked", "cancelled", "consumed", "expired", "failed", "replaced", "suspended_by_payer"})


def read(*, secrets: Iterable[str], body: bytes, headers: Mapping[str, str]) -> tuple[WebhookEvent, ...]:
    """Check the signature, then read every event. Raises BadSignature and MalformedWebhook."""
    lowered = {name.lower(): value for name, value in headers.items()}
    given = lowered.get("webhook-signature")
    if not given:
        raise MalformedWebhook("the header webhook-signature is missing")
    expected = [hmac.new(each.encode(), body, hashlib.sha256).hexdigest().encode() for each in secrets]
    if not any(hmac.compare_digest(mine, given.strip().encode()) for mine in expected):
        raise BadSignature("no secret of ours signed this")
    try:
        content = json.loads(body)
        events = tuple(_read_event(each) for each in content["events"])
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise MalformedWebhook("the body isn't a list of events") from error
    if not events:
        raise MalformedWebhook("the body has no events")
    return events


def _read_event(event: Mapping[str, object]) -> WebhookEvent:
    event_id, action = _answers.text(event, "id"), _answers.text(event, "action")
    resource = _answers.text(event, "resource_type")
    attempt_id = _answers.our_id({"metadata": event.get("resource_metadata")}, "attempt_id")
    kind = f"{resource}.{action}"
    match resource:
        case "payments":
            ref = _answers.link(event, "payment")
            return WebhookEvent(event_id, kind, attempt_id, ref=ref, charge_ref=ref)
        case "billing_requests":
            return WebhookEvent(event_id, kind, attempt_id, ref=_answers.link(event, "billing_request"))
        case "refunds":
            return WebhookEvent(
                event_id, kind, attempt_id, ref=None, charge_ref=_answers.link(event, "payment") or None
            )
        case "mandates" if action in _METHOD_ENDS:
            return WebhookEvent(event_id, kind, None, ref=_answers.link(event, "mandate"), subject="method")
        case "payouts":
            return WebhookEvent(event_id, kind, None, ref=_answers.link(event, "payout"), subject="payout")
    return WebhookEvent(event_id, kind, None, None, subject="other")
