"""Payment links of documents: `/p/<token>`. See `base.links`."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import connection

from tallystick.base import links

PURPOSE = "pay-link"


def link_token(invoice_id: UUID, version: int) -> str:
    """Return the token for a document at a link version."""
    return links.make_token(PURPOSE, invoice_id, version)


def link_url(invoice_id: UUID, version: int) -> str:
    """Return the address of the document's payment page."""
    return f"{settings.PUBLIC_URL}/p/{link_token(invoice_id, version)}"


def is_current(invoice_id: UUID, version: int, mac: bytes) -> bool:
    """Return whether the digest was made for this document at this link version."""
    return links.is_current(PURPOSE, invoice_id, version, mac)


def was_ever(invoice_id: UUID, version: int, mac: bytes) -> bool:
    """Return whether the digest belonged to an earlier version."""
    return links.was_ever(PURPOSE, invoice_id, version, mac)


def seller_of_invoice(invoice_id: UUID) -> UUID | None:
    """Return the seller a document belongs to, or None. Works outside a tenant transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_of_invoice(%s)", [invoice_id])
        row = cursor.fetchone()
    return row[0] if row else None
