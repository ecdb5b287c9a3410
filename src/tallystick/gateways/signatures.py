"""Webhook signatures in the manner of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tallystick.gateways.port import BadSignature, MalformedWebhook, StaleWebhook

SECRET_PREFIX = "whsec_"  # noqa: S105
TOLERANCE = timedelta(minutes=5)


def read_secret(secret: str) -> bytes:
    """The key inside `whsec_<base64>`. Raises ValueError unless it holds at least 24 bytes."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a webhook secret starts with {SECRET_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("the webhook secret isn't base64") from error
    if len(key) < 24:
        raise ValueError("the webhook secret is too short")
    return key


def sign(*, key: bytes, event_id: str, timestamp_s: int, body: bytes) -> str:
    """One signature, as it stands in the `webhook-signature` header."""
    digest = hmac.new(key, f"{event_id}.{timestamp_s}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify(*, keys: Iterable[bytes], headers: Mapping[str, str], body: bytes, at: datetime) -> str:
    """Check the signature first, then the age; returns the event id. Several keys let a secret be rotated.

    Raises MalformedWebhook (headers missing), BadSignature, StaleWebhook (over five minutes either way).
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        event_id = lowered["webhook-id"]
        stamp = lowered["webhook-timestamp"]
        given = lowered["webhook-signature"]
    except KeyError as error:
        raise MalformedWebhook(f"the header {error.args[0]} is missing") from None
    if not (event_id and stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise MalformedWebhook("the id is empty or the timestamp isn't a number")
    offered = [each.encode() for each in given.split(" ") if each]
    expected = [sign(key=key, event_id=event_id, timestamp_s=int(stamp), body=body).encode() for key in keys]
    if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
        raise BadSignature("no secret of ours signed this")
    if abs(at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise StaleWebhook("the signature is more than five minutes off")
    return event_id
