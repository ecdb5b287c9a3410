"""What the telephone on a page tells: a receipt, or an answer typed there."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from tallystick.sms.news import BadNews, BadProof, Reply, Report, e164, read_reply

SIGNATURE = "x-phone-signature"


def hear_sandbox(
    body: bytes, *, headers: Mapping[str, str], url: str, options: Mapping[str, str]
) -> tuple[Report | Reply, ...]:
    """Check the signature and read the call. Raises BadProof, BadNews."""
    key = options.get("secret", "")
    if not key or not hmac.compare_digest(sign_sandbox(body, key).encode(), headers.get(SIGNATURE, "").encode()):
        raise BadProof("the signature doesn't fit")
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadNews("the body isn't JSON") from None
    if not isinstance(told, dict):
        raise BadNews("the body isn't an object")
    if "text" in told:
        return (read_reply(e164(told.get("from", "")), str(told["text"])),)
    kind = str(told.get("kind", ""))
    if kind not in {"delivered", "bounced_soft", "bounced_hard"}:
        raise BadNews("an unknown kind")
    return (Report(provider_id=str(told.get("id", ""))[:100], number=e164(told.get("to", "")), kind=kind),)


def sign_sandbox(body: bytes, secret: str) -> str:
    """Return the signature of a call: HMAC-SHA256 over its body."""
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()
