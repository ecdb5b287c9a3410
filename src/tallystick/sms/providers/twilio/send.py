"""One text through Twilio's Messages API, and its answer as one of our errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from tallystick.base import http
from tallystick.core.segments import size_of
from tallystick.sms.text import SmsMisconfigured, SmsRefused, SmsUnavailable, Taken, Transport

API: Final = "https://api.twilio.com"
STOPPED: Final = frozenset({"21610"})
_NUMBER: Final = frozenset({"21211", "21217", "21265", "21610", "21612", "21614", "21617", "30006", "30410"})
"""Codes that blame the number or the text, for good."""
_SID = re.compile(r"AC[0-9a-fA-F]{32}")


def check_twilio(options: Mapping[str, str]) -> dict[str, str]:
    """Name what can't be right before anybody asks Twilio."""
    return {} if _SID.fullmatch(options.get("account_sid", "")) else {"account_sid": "account_sid"}


def send_twilio(text: str, *, to: str, sender: str, transport: Transport) -> Taken:
    """Send it. Raises SmsRefused, SmsUnavailable, SmsMisconfigured."""
    sid, token = transport.options["account_sid"], transport.options["auth_token"]
    known = base64.b64encode(f"{sid}:{token}".encode()).decode()
    form = {"To": to, "Body": text, "MessagingServiceSid" if sender.startswith("MG") else "From": sender}
    if transport.report_url:
        form["StatusCallback"] = transport.report_url
    request = http.Request(
        "POST",
        f"{transport.options.get('api_url') or API}/2010-04-01/Accounts/{sid}/Messages.json",
        {"Authorization": f"Basic {known}", "Content-Type": "application/x-www-form-urlencoded"},
        urlencode(form).encode(),
    )
    try:
        answer = http.send(request, timeout_s=transport.timeout_s)
        said = answer.read_json()
    except http.HttpUnavailable as error:
        raise SmsUnavailable(f"Twilio: {error}", may_have_left=error.sent) from error
    except http.BadJson as error:
        raise _account(answer.status) from error
    if answer.status in {200, 201}:
        counted = str(said.get("num_segments") or "")
        return Taken(str(said.get("sid") or ""), int(counted) if counted.isdecimal() else size_of(text).segments)
    raise _refusal(answer.status, str(said.get("code") or ""), " ".join(str(said.get("message") or "").split())[:300])


def _account(status: int) -> SmsUnavailable:
    if status in {401, 403, 404}:
        return SmsMisconfigured(f"Twilio: {status}")
    return SmsUnavailable(f"Twilio: {status} without an answer we can read")


def _refusal(status: int, code: str, words: str) -> SmsRefused | SmsUnavailable:
    if status == 429 or status >= 500:
        return SmsUnavailable(f"Twilio: {code or status} {words}")
    if code in _NUMBER:
        return SmsRefused(code, words, is_stopped=code in STOPPED)
    return SmsMisconfigured(f"Twilio: {code or status} {words}")
