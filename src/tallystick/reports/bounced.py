"""Addresses that are written to no more though a customer's documents still go there: each needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from tallystick.customers.queries import Person, next_contacts

_FROM = """
FROM silenced_address s
JOIN message m ON m.seller_id = s.seller_id AND m.id = s.message_id
JOIN customer c ON c.seller_id = m.seller_id AND c.id = m.customer_id
WHERE s.silenced_at IS NOT NULL AND s.reason IN ('bounced', 'complained') AND c.archived_at IS NULL
  AND (EXISTS (SELECT 1 FROM contact p WHERE p.seller_id = c.seller_id AND p.customer_id = c.id
               AND lower(p.email) = s.address AND (p.gets_documents OR p.is_copied))
       OR lower(c.email) = s.address AND NOT EXISTS (SELECT 1 FROM contact p WHERE p.seller_id = c.seller_id
               AND p.customer_id = c.id AND p.email <> '' AND p.gets_documents))
"""
_BOUNCED = f"""
SELECT s.id, s.address, s.reason, s.words, s.silenced_at, m.id, c.id, c.name {_FROM}
  AND (%(customer)s::uuid IS NULL OR c.id = %(customer)s)
ORDER BY s.silenced_at DESC, s.id LIMIT %(most)s
"""
_WAITING = f"""
SELECT (SELECT count(*) {_FROM}),
       (SELECT count(*) FROM mailbox WHERE trouble <> ''),
       (SELECT count(*) FROM incoming_message WHERE state = 'failed')
"""


@dataclass(frozen=True, slots=True)
class MailWaits:
    """How many of each: addresses that bounced, mailboxes that can't be read, mails that couldn't be."""

    bounced: int
    troubled: int
    failed: int


def mail_waits() -> MailWaits:
    """Return what waits for a person about mail that came in. One query. Inside `tenant.tx`."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return MailWaits(*cursor.fetchone())


@dataclass(frozen=True, slots=True)
class Bounced:
    """One address: why it is silent, in the server's words, after which message, and who else is there."""

    id: UUID
    address: str
    reason: str
    words: str
    since: datetime
    message_id: UUID
    customer_id: UUID
    customer_name: str
    instead: Person | None


def bounced(*, customer_id: UUID | None = None, most: int = 50) -> list[Bounced]:
    """Return the addresses that need a person, of one customer or all, the latest first. Three queries at most.

    Inside `tenant.tx`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BOUNCED, {"customer": customer_id, "most": most})
        rows = cursor.fetchall()
    gone = {row[1] for row in rows}
    people = next_contacts([row[6] for row in rows], without=gone) if rows else {}
    return [Bounced(*(*row, people.get(row[6]))) for row in rows]
