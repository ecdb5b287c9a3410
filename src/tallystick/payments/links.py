"""Links to payment requests (`/r/<token>`) and to charges that are planned (`/c/<token>`). See `base.links`."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db import connection

from tallystick.base.links import make_token

REQUEST, CHARGE = "request-link", "charge-link"


def request_url(request_id: UUID, version: int) -> str:
    """Return the address of a payment request's page."""
    return f"{settings.PUBLIC_URL}/r/{make_token(REQUEST, request_id, version)}"


def charge_url(charge_id: UUID, version: int) -> str:
    """Return the address where a customer changes a planned charge."""
    return f"{settings.PUBLIC_URL}/c/{make_token(CHARGE, charge_id, version)}"


def seller_of_request(request_id: UUID) -> UUID | None:
    """Return the seller a payment request belongs to, or None. Works outside a tenant transaction."""
    return _seller("SELECT seller_of_request(%s)", request_id)


def seller_of_scheduled_charge(charge_id: UUID) -> UUID | None:
    """Return the seller a planned charge belongs to, or None. Works outside a tenant transaction."""
    return _seller("SELECT seller_of_scheduled_charge(%s)", charge_id)


def _seller(statement: str, row_id: UUID) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [row_id])
        row = cursor.fetchone()
    return row[0] if row else None
