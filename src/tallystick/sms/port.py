"""The door of the room: one text out, by whichever provider, and what it tells us."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tallystick.base import tx
from tallystick.sms.news import BadNews, BadProof, Reply, Report
from tallystick.sms.registry import provider
from tallystick.sms.text import BadText, SmsMisconfigured, SmsRefused, SmsUnavailable, Taken, Transport

__all__ = [
    "BadNews",
    "BadProof",
    "BadText",
    "Reply",
    "Report",
    "SmsMisconfigured",
    "SmsRefused",
    "SmsUnavailable",
    "Taken",
    "Transport",
    "can_be_answered",
    "check_options",
    "hear_texts",
    "is_sender",
    "send_sms",
]
MOST_LETTERS = 1530
"""Ten segments of plain letters: what every provider takes at once."""
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_SHORT = re.compile(r"\d{3,8}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def send_sms(text: str, *, to: str, sender: str, transport: Transport) -> Taken:
    """Hand a text to the provider. `to` is in E.164; `sender` a number, a name or what the provider calls its pool.

    Not repeatable: sent twice it is two texts. Raises SmsRefused (for good), SmsUnavailable (try again),
    SmsMisconfigured (try again once the settings are right), BadText, LookupError, InsideTransaction.
    """
    if not _E164.fullmatch(to):
        raise BadText("the number isn't in E.164")
    text = _CONTROL.sub("", text.replace("\r\n", "\n")).strip()
    if not text or len(text) > MOST_LETTERS:
        raise BadText(f"a text has 1 to {MOST_LETTERS} letters")
    tx.outside("sms.send_sms")
    return provider(transport.kind).send(text, to=to, sender=sender, transport=transport)


def hear_texts(
    body: bytes, *, headers: Mapping[str, str], url: str, kind: str, options: Mapping[str, str]
) -> tuple[Report | Reply, ...]:
    """Check that a call to `url` is the provider's and return what it says. Makes no call. Raises BadProof, BadNews."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return provider(kind).hear(body, headers=lowered, url=url, options=options)


def check_options(kind: str, options: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with pasted settings: field → stable word. Asks nobody. Raises LookupError."""
    return provider(kind).check(options)


def is_sender(text: str) -> bool:
    """Return whether a text may come from this: a number, a short code, a name of up to 11 letters, a Twilio service."""
    return any(shape.fullmatch(text) for shape in (_E164, _SHORT, _NAME, _SERVICE))


def can_be_answered(sender: str) -> bool:
    """Return whether people can answer a text from this: not when it comes from a name."""
    return any(shape.fullmatch(sender) for shape in (_E164, _SHORT, _SERVICE))
