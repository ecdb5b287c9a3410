"""A service's refusal as one of our errors: is it the message, the account or the moment?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from anymail.exceptions import AnymailError

from tallystick.mail.envelope import MailMisconfigured, MailRefused, MailUnavailable, Refusal

_ACCOUNT_STATUS = frozenset({401, 402, 403, 404})
_LATER_STATUS = frozenset({408, 409, 425, 429})
_ACCOUNT_WORDS = re.compile(
    r"sender signature|not verified|isn't verified|not confirmed|unverified|sender (is|you used|address)|not allowed to send"
    r"|pending approval|api.?key|domain not found|not a verified|paused|suspended",
    re.IGNORECASE,
)
_RECIPIENT_WORDS = re.compile(
    r"recipient|\bto['`\"]* (parameter|field)|valid ['`\"]*to\b|\bin to\b|'to'", re.IGNORECASE
)
_AMAZON_ACCOUNT = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccountSuspendedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "SendingPausedException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_AMAZON_LATER = frozenset({"LimitExceededException", "Throttling", "ThrottlingException", "TooManyRequestsException"})

REFUSED = 550
"""What SMTP would say: the services' own codes mean other things there."""

Trouble = MailRefused | MailUnavailable


def read_refusal(error: AnymailError, recipients: Sequence[str]) -> Trouble:
    """Return what to raise for an answer that wasn't a yes."""
    words = words_of(error)
    if isinstance(error.response, Mapping):
        return _amazon(error.response, words, recipients)
    status = error.status_code
    if status is None or 200 <= status < 400:
        return MailUnavailable(words)
    if status in _ACCOUNT_STATUS:
        return MailMisconfigured(words)
    if status in _LATER_STATUS or status >= 500:
        return MailUnavailable(words)
    return _refused(words, recipients)


def words_of(error: AnymailError) -> str:
    """Return what the service said, on one line: its status and its message, else what anymail says."""
    response: Any = error.response
    if isinstance(response, Mapping):
        told = response.get("Error", {})
        return _one_line(f"{told.get('Code', '')}: {told.get('Message', '')}")
    said = _message(getattr(response, "text", "") or "")
    parts = [str(error.status_code or ""), said or " ".join(str(each) for each in error.args)]
    return _one_line(" ".join(filter(None, parts)) or type(error).__name__)


def _amazon(response: Mapping[str, Any], words: str, recipients: Sequence[str]) -> Trouble:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    if code in _AMAZON_ACCOUNT or status in {401, 403}:
        return MailMisconfigured(words)
    if code in _AMAZON_LATER or status in _LATER_STATUS or status >= 500:
        return MailUnavailable(words)
    return _refused(words, recipients)


def _refused(words: str, recipients: Sequence[str]) -> Trouble:
    """For good, unless the words are about the account: then the message is fine.

    A recipient is to blame only when the words say so and there is just one: what is wrong with a message says nothing
    about an address.
    """
    if _ACCOUNT_WORDS.search(words):
        return MailMisconfigured(words)
    to_blame = recipients if len(recipients) == 1 and _RECIPIENT_WORDS.search(words) else ()
    return MailRefused(REFUSED, words, tuple(Refusal(one, REFUSED, words) for one in to_blame))


def _message(text: str) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return text[:300]
    if isinstance(told, Mapping):
        for name in ("message", "Message", "error"):
            if isinstance(told.get(name), str):
                return str(told[name])
    return text[:300]


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
