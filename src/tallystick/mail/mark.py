"""Our own mark on a message: its id, signed. It stands in the return path and in a header, and comes back in a bounce.

Mail servers may fold the case of an address and cut its local part at 64 characters: 42 letters and digits survive both.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from tallystick.base.secrets import digest

REF_HEADER: Final = "X-Tallystick-Ref"
LENGTH: Final = 42
_MAC_BYTES: Final = 10
_TAGGED = re.compile(rf"[^@+]{{1,20}}\+([a-z2-7]{{{LENGTH}}})@[^@]+", re.IGNORECASE)


def make_mark(message_id: UUID) -> str:
    """Return the mark of a message: its id and an 80-bit keyed digest of it, in lower-case base32."""
    return base64.b32encode(message_id.bytes + _mac(message_id)).decode().rstrip("=").lower()


def read_mark(mark: str) -> UUID | None:
    """Return the message a mark was made for, or None when we didn't make it. Letter case doesn't matter."""
    if len(mark) != LENGTH:
        return None
    try:
        raw = base64.b32decode(mark.upper() + "=" * (-LENGTH % 8))
    except (binascii.Error, ValueError):
        return None
    message_id, mac = UUID(bytes=raw[:16]), raw[16:]
    return message_id if hmac.compare_digest(mac, _mac(message_id)) else None


def tag_address(address: str, mark: str) -> str:
    """Return `bounce+<mark>@…` for `bounce@…`."""
    local, _, domain = address.partition("@")
    return f"{local}+{mark}@{domain}"


def marked_message(addresses: Iterable[str]) -> UUID | None:
    """Return the message that the first address with a good mark names, or None."""
    tags = (_TAGGED.fullmatch(address) for address in addresses)
    return next((found for tag in tags if tag and (found := read_mark(tag[1]))), None)


def _mac(message_id: UUID) -> bytes:
    return digest("mail-mark", message_id.bytes)[:_MAC_BYTES]
