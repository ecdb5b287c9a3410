"""Vonage's webhooks: a receipt for a text we sent, or a text that came in; as a form, as JSON, or in the address."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from tallystick.sms.news import BadNews, BadProof, Reply, Report, e164, read_reply

_KINDS: Final = {
    "delivered": "delivered",
    "buffered": "delayed",
    "expired": "bounced_soft",
    "failed": "bounced_soft",
    "rejected": "rejected",
    "unknown": "",
    "accepted": "",
}
_HARD: Final = frozenset({"3", "6", "9"})
"""Receipt codes of a number that takes no texts: absent for good, an illegal number, an illegal handset."""
_MOST_FIELDS = 200


def hear_vonage(
    body: bytes, *, headers: Mapping[str, str], url: str, options: Mapping[str, str]
) -> tuple[Report | Reply, ...]:
    """Check the signature and read the call. Raises BadProof, BadNews."""
    fields = _fields(body, headers.get("content-type", ""))
    given, key = fields.pop("sig", "").lower(), options.get("signature_secret", "")
    if not key or not hmac.compare_digest(sign_vonage(fields, key).encode(), given.encode()):
        raise BadProof("the signature doesn't fit")
    number, name = e164(fields.get("msisdn", "")), fields.get("messageId", "")[:100]
    if "status" not in fields:
        if "text" not in fields:
            raise BadNews("neither a receipt nor a text")
        return (read_reply(number, fields["text"]),)
    status, code = fields["status"], fields.get("err-code", "")[:20]
    if status not in _KINDS:
        raise BadNews("an unknown status")
    kind = "bounced_hard" if status in {"failed", "rejected"} and code in _HARD else _KINDS[status]
    return (Report(provider_id=name, number=number, kind=kind, code=code, words=status),)


def sign_vonage(fields: Mapping[str, str], secret: str) -> str:
    """Return the signature by SHA-256 HMAC: over the sorted fields, in whose values & and = are _."""
    parts = (f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields))
    return hmac.digest(secret.encode(), "".join(parts).encode(), hashlib.sha256).hex()


def _fields(body: bytes, content_type: str) -> dict[str, str]:
    try:
        if "json" in content_type:
            told: Any = json.loads(body)
            if not isinstance(told, dict):
                raise BadNews("the body isn't an object")
            return {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_FIELDS))
    except (ValueError, RecursionError) as error:
        raise BadNews("neither a form nor JSON") from error
