"""When a declined automatic charge is tried again, and when it isn't."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tallystick.core.attempt import DeclineClass


def retry_after(tries: int, klass: DeclineClass | None, days: Sequence[int]) -> timedelta | None:
    """Return how long after its first failure a charge that failed `tries` times (1 or more) goes again; None: never.

    `days` count from the first failure, in order, each later than the one before. Only what may work later is tried
    again: a card that is stolen or wants its owner's consent won't be helped by waiting, and networks fine sellers who
    insist. An expired one may: issuers renew the cards that merchants keep (ADR 0013). An unclassified failure counts as
    one that may work later.
    """
    if klass in {DeclineClass.NEEDS_CUSTOMER, DeclineClass.NEVER_AGAIN} or tries > len(days):
        return None
    return timedelta(days=days[tries - 1])


def is_schedule(days: Sequence[int]) -> bool:
    """Return whether days can be a retry schedule: rising, 1 to 60, at most 8 (card networks allow 15 tries in 30 days)."""
    return len(days) <= 8 and all(1 <= day <= 60 for day in days) and list(days) == sorted(set(days))
