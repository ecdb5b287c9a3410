"""The one lock: every money transaction first locks its customers."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection


class NoSuchCustomer(LookupError):
    """No such customer at this seller."""


def lock_customers(customer_ids: Iterable[UUID]) -> None:
    """Lock customers FOR NO KEY UPDATE in ascending id, in a statement of its own, for the rest of the transaction.

    NO KEY, because plain FOR UPDATE would block every insert that names the customer. A statement that locks and reads
    at once would read the snapshot from before the wait; so read afterwards. Raises NoSuchCustomer.
    """
    wanted = sorted(set(customer_ids))
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [wanted])
        if cursor.rowcount != len(wanted):
            raise NoSuchCustomer("a customer in this transaction does not exist")
