"""One text through apprise. Only providers whose host is their own: an address can't be pointed into our network."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from apprise import Apprise, AppriseAsset, LogCapture, NotifyFormat

from tallystick.core.segments import size_of
from tallystick.sms.text import SmsMisconfigured, SmsUnavailable, Taken, Transport

HOLE: Final = "{to}"
SCHEMES: Final = frozenset(
    {
        "bulksms",
        "bulkvs",
        "burstsms",
        "clicksend",
        "d7sms",
        "httpsms",
        "msg91",
        "plivo",
        "seven",
        "sinch",
        "smsmgr",
        "sns",
    }
)
_EXAMPLE: Final = "+353871234567"
_LINE = re.compile(r"[^\x20-\x7e]+")


def check_apprise(options: Mapping[str, str]) -> dict[str, str]:
    """Name what can't be right: no place for the number, a scheme we don't take, what apprise can't read."""
    url = options.get("url", "")
    if url.count(HOLE) != 1:
        return {"url": "hole"}
    if not url.isascii() or urlsplit(url).scheme.lower() not in SCHEMES:
        return {"url": "scheme"}
    return {} if _open(url, _EXAMPLE) else {"url": "url"}


def send_apprise(text: str, *, to: str, sender: str, transport: Transport) -> Taken:
    """Send it. Raises SmsMisconfigured for an address that can't be read, else SmsUnavailable: apprise says only yes or no.

    The sender is a part of the address, so `sender` isn't used.
    """
    url = transport.options["url"]
    if check_apprise(transport.options):
        raise SmsMisconfigured("apprise can't read the address")
    way = _open(url, to)
    assert way
    with LogCapture(level=logging.WARNING) as log:  # type: ignore[no-untyped-call]
        took = way.notify(body=text, body_format=NotifyFormat.TEXT)
        words = _LINE.sub(" ", log.getvalue())[:300] if log else ""
    if not took:
        raise SmsUnavailable(f"{urlsplit(url).scheme}: {words or 'it was not taken'}")
    return Taken("", size_of(text).segments)


def _open(url: str, number: str) -> Apprise | None:
    """The one way an address names, to one number; None when it names none, or several."""
    found = Apprise(asset=AppriseAsset(async_mode=False, secure_logging=True))
    is_known = found.add(url.replace(HOLE, quote(number, safe="+")))
    return found if is_known and len(found) == 1 else None
