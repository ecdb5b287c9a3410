"""A text to the telephone on a page."""

from __future__ import annotations

import json

from tallystick.base import http
from tallystick.sms.text import SmsRefused, SmsUnavailable, Taken, Transport


def send_sandbox(text: str, *, to: str, sender: str, transport: Transport) -> Taken:
    """Show it on the page. Raises SmsRefused when that number doesn't exist there, SmsUnavailable while the page is away."""
    told = {
        "to": to,
        "from": sender,
        "text": text,
        "report_url": transport.report_url,
        "secret": transport.options.get("secret", ""),
    }
    request = http.Request(
        "POST",
        f"{transport.options['api_url']}/send",
        {"Content-Type": "application/json"},
        json.dumps(told).encode(),
    )
    try:
        answer = http.send(request, timeout_s=transport.timeout_s)
        said = answer.read_json()
    except http.HttpUnavailable as error:
        raise SmsUnavailable(f"sandbox phone: {error}", may_have_left=error.sent) from error
    except http.BadJson as error:
        raise SmsUnavailable(f"sandbox phone: {error}") from error
    if answer.status == 422:
        raise SmsRefused("no_such_number", str(said.get("error", ""))[:200])
    if answer.status != 200:
        raise SmsUnavailable(f"sandbox phone: {answer.status}")
    return Taken(str(said["id"]), int(str(said["segments"])))
