"""One after the other: what is filed in a seller's inbox looks first whether it is there."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('inbox ' || %s, 0))"


def in_turn(seller_id: UUID) -> None:
    """Wait until nobody else files anything for this seller; held until the transaction ends. Inside `tenant.tx`."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [str(seller_id)])
