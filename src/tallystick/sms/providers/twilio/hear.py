"""Twilio's webhooks: a status of a text we sent, or a text that came in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from tallystick.sms.news import BadNews, BadProof, Reply, Report, e164, read_reply

_HARD: Final = frozenset({"30005", "30006", "30011", "21211", "21614"})
"""Codes of a number that takes no texts: unknown, a landline."""
_REJECTED: Final = frozenset({"30002", "30004", "30007", "30034"})
_STOPPED: Final = "21610"
_MOST_FIELDS = 200


def hear_twilio(
    body: bytes, *, headers: Mapping[str, str], url: str, options: Mapping[str, str]
) -> tuple[Report | Reply, ...]:
    """Check the signature over `url` and the form, and read it. Raises BadProof, BadNews."""
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise BadNews("the body isn't a form") from None
    key = options.get("auth_token", "")
    given = headers.get("x-twilio-signature", "")
    if not key or not hmac.compare_digest(sign_twilio(url, dict(fields), key).encode(), given.encode()):
        raise BadProof("the signature doesn't fit")
    return (_read(dict(fields)),)


def sign_twilio(url: str, form: Mapping[str, str], auth_token: str) -> str:
    """Return the signature Twilio puts on a call: HMAC-SHA1 over the address and the sorted fields."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


def _read(form: Mapping[str, str]) -> Report | Reply:
    status = form.get("MessageStatus", "")
    if not status:
        if "Body" not in form:
            raise BadNews("neither a status nor a text")
        return read_reply(e164(form.get("From", "")), form["Body"])
    code = form.get("ErrorCode", "")[:20]
    return Report(
        provider_id=form.get("MessageSid", "")[:100],
        number=e164(form.get("To", "")),
        kind=_kind(status, code),
        code=code,
        words=form.get("ErrorMessage", "")[:300] or status[:40],
        is_stopped=code == _STOPPED,
    )


def _kind(status: str, code: str) -> str:
    """What a status means to us; empty while it is only on its way."""
    if status in {"delivered", "read"}:
        return "delivered"
    if status not in {"undelivered", "failed", "canceled"}:
        return ""
    if code in _HARD:
        return "bounced_hard"
    return "rejected" if code in _REJECTED or code == _STOPPED else "bounced_soft"
