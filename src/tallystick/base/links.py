"""Links that prove themselves: a token is a row's id and a 192-bit keyed digest of purpose, id and version.

Nothing is stored. A token is derivable again for every reminder, and revoked by raising the row's version.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from uuid import UUID

from tallystick.base.secrets import digest

_MAC_BYTES = 24


def make_token(purpose: str, row_id: UUID, version: int) -> str:
    """Return the token for a row at a link version: 54 URL-safe characters."""
    return base64.urlsafe_b64encode(row_id.bytes + _mac(purpose, row_id, version)).decode().rstrip("=")


def read_token(token: str) -> tuple[UUID, bytes] | None:
    """Return the id a token names and its digest, or None when it isn't a token at all. Proves nothing yet."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return (UUID(bytes=raw[:16]), raw[16:]) if len(raw) == 16 + _MAC_BYTES else None


def is_current(purpose: str, row_id: UUID, version: int, mac: bytes) -> bool:
    """Return whether the digest was made for this purpose and row at this version. Constant time."""
    return hmac.compare_digest(_mac(purpose, row_id, version), mac)


def was_ever(purpose: str, row_id: UUID, version: int, mac: bytes) -> bool:
    """Return whether the digest belonged to an earlier version: a revoked link, whose holder may ask for a fresh one."""
    return any(is_current(purpose, row_id, old, mac) for old in range(1, version))


def _mac(purpose: str, row_id: UUID, version: int) -> bytes:
    return digest(purpose, row_id.bytes, version.to_bytes(4))[:_MAC_BYTES]
