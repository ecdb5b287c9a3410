"""A service's webhook: is it really theirs, and what does it say? anymail knows the formats, we keep what is of use."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from anymail.exceptions import AnymailConfigurationError, AnymailError, AnymailWebhookValidationFailure
from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from django.http import HttpRequest

from tallystick.mail.news import BadNews, BadProof, Heard, News, NoProof
from tallystick.mail.providers.esp.sns import HOST, check_sns

TOLERANCE = timedelta(minutes=5)
_SUBSCRIBE = re.compile(rf"https://{HOST}/\?[!-~]{{1,2000}}")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_KINDS = {
    "deferred": "delayed",
    "delivered": "delivered",
    "opened": "opened",
    "complained": "complained",
    "rejected": "rejected",
    "failed": "rejected",
}
_UNREADABLE = (
    AnymailError,
    AnymailConfigurationError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What anymail raises over a body that nobody expected."""


def hear_esp(request: HttpRequest, *, kind: str, options: Mapping[str, str], password: str, at: datetime) -> Heard:
    """Check that a call is the service's and return what it says. `password` is `user:password` as we gave it out.

    Makes no call but for Amazon's certificate, once. Raises NoProof, BadProof, BadNews, MailUnavailable when that can't be
    had now, InsideTransaction.
    """
    view = _view(kind, options, password)
    try:
        if kind == "resend":
            _check_signature(request, options.get("signing_secret", ""), at)
        else:
            _read(request)
            view.run_validators(request)
        body = _read(request)
        if kind == "amazon_ses":
            check_sns(body, at=at)
        if kind == "amazon_ses" and body.get("Type") == "SubscriptionConfirmation":
            return Heard((), _subscribe_url(body))
        found = tuple(filter(None, (_news(event, kind) for event in view.parse_events(request))))
    except AnymailWebhookValidationFailure as error:
        if kind != "mailgun" and "Authorization" not in request.headers:
            raise NoProof(str(error)) from None
        raise BadProof(str(error)) from None
    except _UNREADABLE as error:
        raise BadNews(f"{type(error).__name__} in the body") from None
    return Heard(found)


def _view(kind: str, options: Mapping[str, str], password: str) -> Any:
    """anymail's view of a service with this seller's secret; only its reading is used."""
    if kind == "postmark":
        return PostmarkTrackingWebhookView(webhook_secret=password)
    if kind == "brevo":
        return BrevoTrackingWebhookView(webhook_secret=password)
    if kind == "amazon_ses":
        return AmazonSESTrackingWebhookView(webhook_secret=password, auto_confirm_sns_subscriptions=False)
    if kind == "resend":
        return ResendTrackingWebhookView(webhook_secret=password)
    key = options.get("webhook_signing_key")
    if not key:
        raise BadProof("no signing key is stored")
    return MailgunTrackingWebhookView(webhook_signing_key=key)


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadNews("the body isn't JSON") from None
    if not isinstance(body, dict):
        raise BadNews("the body isn't a JSON object")
    return body


def _check_signature(request: HttpRequest, secret: str, at: datetime) -> None:
    """Check a Svix signature, `v1,<base64>` over id, timestamp and body. Raises BadProof."""
    name, stamp = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        signed_at = datetime.fromtimestamp(int(stamp), UTC)
    except (binascii.Error, ValueError, OverflowError, OSError):
        raise BadProof("no key, or no timestamp") from None
    if not key or abs(at - signed_at) > TOLERANCE:
        raise BadProof("no key, or signed too long ago")
    made = base64.b64encode(hmac.digest(key, f"{name}.{stamp}.".encode() + request.body, hashlib.sha256)).decode()
    given = request.headers.get("svix-signature", "").split()
    if not any(hmac.compare_digest(f"v1,{made}".encode(), one.encode()) for one in given):
        raise BadProof("the signature doesn't fit")


def _subscribe_url(body: Mapping[str, Any]) -> str:
    url = str(body.get("SubscribeURL", ""))
    if not _SUBSCRIBE.fullmatch(url):
        raise BadNews("the address to confirm at isn't Amazon's")
    return url


def _news(event: Any, kind: str) -> News | None:
    """What an event means to us; None for what isn't about delivery."""
    said = event.esp_event
    meaning = _KINDS.get(event.event_type, "")
    if event.event_type == "bounced":
        meaning = "bounced_soft" if _is_soft(said, kind) else "bounced_hard"
    elif kind == "amazon_ses" and said.get("eventType") == "DeliveryDelay":
        meaning = "delayed"
    if not meaning or not isinstance(event.recipient, str) or (meaning == "opened" and _is_machine(event, kind)):
        return None
    words = str(event.mta_response or event.description or "")
    status = _STATUS.search(words)
    return News(
        kind=meaning,
        reference=_reference(event.metadata),
        provider_id=str(event.message_id or ""),
        recipient=event.recipient,
        code=status[0] if status else "",
        words=words,
        at=event.timestamp if isinstance(event.timestamp, datetime) and event.timestamp.tzinfo else None,
    )


def _reference(metadata: Any) -> str:
    given = metadata.get("message", "") if isinstance(metadata, Mapping) else ""
    try:
        return str(UUID(str(given)))
    except ValueError:
        return ""


def _is_soft(said: Mapping[str, Any], kind: str) -> bool:
    """Whether the address may work another day: the service's own word for it."""
    if kind == "postmark":
        return bool(said.get("Type") == "SoftBounce")
    if kind == "brevo":
        return bool(said.get("event") == "soft_bounce")
    if kind == "amazon_ses":
        return bool(said.get("bounce", {}).get("bounceType") != "Permanent")
    if kind == "resend":
        return said.get("data", {}).get("bounce", {}).get("type") in {"Transient", "Undetermined"}
    return bool(said.get("event-data", {}).get("severity") == "temporary")


def _is_machine(event: Any, kind: str) -> bool:
    """Whether a scanner or a mail program's own fetching opened it: no sign of a person."""
    said = event.esp_event
    if kind == "brevo":
        return "proxy" in str(said.get("event"))
    if kind == "mailgun":
        return bool(said.get("event-data", {}).get("client-info", {}).get("bot"))
    return str(event.user_agent or "").strip() == "Mozilla/5.0"
