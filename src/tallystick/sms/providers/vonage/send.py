"""One text through Vonage's SMS API, and its answer as one of our errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from tallystick.base import http
from tallystick.core.segments import size_of
from tallystick.sms.text import SmsMisconfigured, SmsRefused, SmsUnavailable, Taken, Transport

API: Final = "https://rest.nexmo.com"
_LATER: Final = frozenset({"1", "5", "10"})
"""Throttled, an error of theirs, too many connections."""
_NUMBER: Final = frozenset({"3", "6", "7", "12", "22", "33"})
"""Codes that blame the number or the text."""
_KEY = re.compile(r"[0-9A-Za-z]{4,40}")


def check_vonage(options: Mapping[str, str]) -> dict[str, str]:
    """Name what can't be right before anybody asks Vonage."""
    return {} if _KEY.fullmatch(options.get("api_key", "")) else {"api_key": "api_key"}


def send_vonage(text: str, *, to: str, sender: str, transport: Transport) -> Taken:
    """Send it. Raises SmsRefused, SmsUnavailable, SmsMisconfigured.

    Of a text in several parts, each with an answer of its own, the first refusal is the answer.
    """
    form = {
        "api_key": transport.options["api_key"],
        "api_secret": transport.options["api_secret"],
        "from": sender.removeprefix("+"),
        "to": to.removeprefix("+"),
        "text": text,
        "type": "text" if size_of(text).encoding == "GSM-7" else "unicode",
    }
    if transport.report_url:
        form["callback"] = transport.report_url
    request = http.Request(
        "POST",
        f"{transport.options.get('api_url') or API}/sms/json",
        {"Content-Type": "application/x-www-form-urlencoded"},
        urlencode(form).encode(),
    )
    try:
        answer = http.send(request, timeout_s=transport.timeout_s)
        parts: Any = answer.read_json().get("messages")
    except http.HttpUnavailable as error:
        raise SmsUnavailable(f"Vonage: {error}", may_have_left=error.sent) from error
    except http.BadJson as error:
        raise SmsUnavailable(f"Vonage: {answer.status} without an answer we can read") from error
    if answer.status in {401, 403}:
        raise SmsMisconfigured(f"Vonage: {answer.status}")
    if answer.status != 200 or not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise SmsUnavailable(f"Vonage: {answer.status}")
    if not parts:
        raise SmsUnavailable("Vonage: it says nothing about the text")
    for part in parts:
        if str(part.get("status")) != "0":
            raise _refusal(str(part.get("status")), " ".join(str(part.get("error-text") or "").split())[:300])
    return Taken(str(parts[0].get("message-id") or ""), len(parts))


def _refusal(code: str, words: str) -> SmsRefused | SmsUnavailable:
    if code in _NUMBER:
        return SmsRefused(code, words)
    if code in _LATER:
        return SmsUnavailable(f"Vonage: {code} {words}")
    return SmsMisconfigured(f"Vonage: {code} {words}")
