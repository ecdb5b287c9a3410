"""What the machinery still has to do for a seller, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

SWEEPERS = ("events", "messages", "attempts", "inbox", "incoming")
_WAITING = """
SELECT 'events' AS sweeper, count(*), min(due_at), max(tries) FROM event WHERE done_at IS NULL AND due_at <= %(at)s
UNION ALL SELECT 'messages', count(*), min(due_at), max(tries) FROM message
  WHERE state IN ('queued', 'sending') AND due_at <= %(at)s
UNION ALL SELECT 'attempts', count(*), min(due_at), max(tries) FROM charge_attempt
  WHERE state IN ('reserved', 'sent', 'action_required', 'processing', 'unknown', 'canceling') AND due_at <= %(at)s
UNION ALL SELECT 'inbox', count(*), min(due_at), max(tries) FROM inbound_event WHERE done_at IS NULL AND due_at <= %(at)s
UNION ALL SELECT 'incoming', count(*), min(due_at), max(tries) FROM incoming_message
  WHERE state = 'waiting' AND due_at <= %(at)s
"""
_TROUBLE = """
SELECT at, kind, tries, last_error FROM event WHERE done_at IS NULL AND last_error <> ''
UNION ALL SELECT received_at, kind, tries, last_error FROM inbound_event WHERE done_at IS NULL AND last_error <> ''
UNION ALL SELECT received_at, source, tries, last_error FROM incoming_message
  WHERE state = 'waiting' AND last_error <> ''
ORDER BY 1 LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one sweeper has due: how much, since when, and the most tries on one of them."""

    sweeper: str
    waiting: int
    oldest_due_at: datetime | None
    most_tries: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fact, webhook or mail whose handling failed and will be tried again."""

    at: datetime
    kind: str
    tries: int
    last_error: str


def backlogs(*, at: datetime) -> list[Backlog]:
    """Return what is due now, per sweeper. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"at": at})
        return [Backlog(name, count, oldest, tries or 0) for name, count, oldest, tries in cursor.fetchall()]


def troubles(*, most: int = 20) -> list[Trouble]:
    """Return what failed and waits for another try, oldest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLE, {"most": most})
        return [Trouble(*row) for row in cursor.fetchall()]
