"""Payment links: `/p/<token>`. Nothing is stored: a token is the document's id and a 192-bit keyed digest of id and version.

Derivable again for every reminder, revoked by raising the document's `link_version`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from uuid import UUID

from django.conf import settings
from django.db import connection

from tallystick.base.secrets import digest

_MAC_BYTES = 24


def link_token(invoice_id: UUID, version: int) -> str:
    """Return the token for a document at a link version: 54 URL-safe characters."""
    mac = digest("pay-link", invoice_id.bytes, version.to_bytes(4))[:_MAC_BYTES]
    return base64.urlsafe_b64encode(invoice_id.bytes + mac).decode().rstrip("=")


def link_url(invoice_id: UUID, version: int) -> str:
    """Return the address of the document's payment page."""
    return f"{settings.PUBLIC_URL}/p/{link_token(invoice_id, version)}"


def read_token(token: str) -> tuple[UUID, bytes] | None:
    """Return the document id a token names and its digest, or None when it isn't a token at all. Proves nothing yet."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return (UUID(bytes=raw[:16]), raw[16:]) if len(raw) == 16 + _MAC_BYTES else None


def is_current(invoice_id: UUID, version: int, mac: bytes) -> bool:
    """Return whether the digest was made for this document at this link version. Constant time."""
    return hmac.compare_digest(digest("pay-link", invoice_id.bytes, version.to_bytes(4))[:_MAC_BYTES], mac)


def was_ever(invoice_id: UUID, version: int, mac: bytes) -> bool:
    """Return whether the digest belonged to an earlier version: a revoked link, whose holder may ask for a fresh one."""
    return any(is_current(invoice_id, old, mac) for old in range(1, version))


def seller_of_invoice(invoice_id: UUID) -> UUID | None:
    """Return the seller a document belongs to, or None. Works outside a tenant transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_of_invoice(%s)", [invoice_id])
        row = cursor.fetchone()
    return row[0] if row else None
