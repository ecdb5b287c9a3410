"""Asking a mail service for something at an address of its own."""

from __future__ import annotations

from tallystick.base import http
from tallystick.mail.envelope import MailUnavailable


def fetch(url: str) -> bytes:
    """Return what stands at an address. Raises MailUnavailable for anything but 200, InsideTransaction."""
    try:
        answer = http.send(http.Request("GET", url), timeout_s=5)
    except http.HttpUnavailable as error:
        raise MailUnavailable(str(error)) from error
    if answer.status != 200:
        raise MailUnavailable(f"{answer.status} where the service should have answered")
    return answer.body
