"""Webhooks as hints.

PayPal signs with a certificate that has to be fetched, which a pure reader can't do. So nothing here is believed: a
webhook only names what to look up, and the look-up asks PayPal itself. A forged one costs us one such question. Its id
is a digest of its body, so that a forged copy can't take the place of the true one, and a repeated one counts once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from tallystick.gateways.port import BadSignature, MalformedWebhook, WebhookEvent
from tallystick.gateways.providers.paypal._orders import VOID
from tallystick.gateways.providers.paypal._reading import (
    Unreadable,
    linked_id,
    part,
    parts,
    text,
    text_or_empty,
    uuid_or_none,
)

EVENTS = (
    "CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED", "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED",
    "CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED",
    "VAULT.PAYMENT-TOKEN.CREATED", "VAULT.PAYMENT-TOKEN.DELETED",
)  # fmt: skip
_HEADERS = ("paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig", "paypal-cert-url")


def read_webhook(body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
    """Read one hint. Raises BadSignature when it doesn't even look like PayPal's, MalformedWebhook."""
    given = {name.lower(): value for name, value in headers.items()}
    if not all(given.get(name) for name in _HEADERS):
        raise BadSignature("this doesn't carry PayPal's headers")
    certificate = urlsplit(given["paypal-cert-url"])
    host = certificate.hostname or ""
    if certificate.scheme != "https" or not (host == "paypal.com" or host.endswith(".paypal.com")):
        raise BadSignature("the certificate isn't at PayPal")
    try:
        event = json.loads(body)
        if not isinstance(event, dict):
            raise Unreadable("the body isn't an object")
        return _read(event, hashlib.sha256(body).hexdigest())
    except (Unreadable, ValueError, RecursionError) as error:
        raise MalformedWebhook(str(error)) from error


def _read(event: dict[str, object], event_id: str) -> WebhookEvent:
    kind, resource = text(event, "event_type"), part(event, "resource")
    text(event, "id")
    match kind.split("."):
        case ["CHECKOUT", "ORDER", *_]:
            units = parts(resource, "purchase_units")
            custom_id = text_or_empty(units[0], "custom_id") if units else ""
            return _about_attempt(event_id, kind, custom_id, ref=text(resource, "id"))
        case ["CHECKOUT", *_]:
            return _about_attempt(event_id, kind, "", ref=text(resource, "order_id"))
        case ["PAYMENT", "CAPTURE", "REFUNDED" | "REVERSED"] | ["PAYMENT", "REFUND", _]:
            return _about_attempt(event_id, kind, "", charge_ref=linked_id(resource, "up"))
        case ["PAYMENT", "CAPTURE", _]:
            order = text_or_empty(part(part(resource, "supplementary_data"), "related_ids"), "order_id")
            custom_id = text_or_empty(resource, "custom_id")
            return _about_attempt(event_id, kind, custom_id, ref=order, charge_ref=text(resource, "id"))
        case ["CUSTOMER", "DISPUTE", _]:
            transactions = parts(resource, "disputed_transactions")
            if not transactions:
                raise Unreadable("a dispute of no transaction")
            charge_ref = text(transactions[0], "seller_transaction_id")
            return _about_attempt(event_id, kind, text_or_empty(transactions[0], "custom"), charge_ref=charge_ref)
        case ["VAULT", "PAYMENT-TOKEN", "DELETED"]:
            return WebhookEvent(event_id, kind, None, text(resource, "id"), subject="method")
    return WebhookEvent(event_id, kind, None, None, subject="other")


def _about_attempt(event_id: str, kind: str, custom_id: str, *, ref: str = "", charge_ref: str = "") -> WebhookEvent:
    attempt_id = uuid_or_none(custom_id.removeprefix(VOID))
    return WebhookEvent(event_id, kind, attempt_id, ref or None, charge_ref or None)
