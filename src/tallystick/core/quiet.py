"""Quiet hours: when nobody's telephone should ring."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

_MOST_ROUNDS = 60


def after_quiet(at: datetime, zones: Sequence[tzinfo], *, begins: time, ends: time) -> datetime:
    """Return `at`, or when the quiet hours it falls into are over, UTC.

    Quiet from `begins` until `ends`, mostly across midnight; never when the two are the same. Of several zones, of which
    one is right and nobody knows which, it is quiet while it is quiet in any; where that leaves no time of a day, the
    first zone counts.
    """
    if begins == ends or not zones:
        return at
    found = at
    for _round in range(_MOST_ROUNDS):
        later = max(_end(found, zone, begins, ends) for zone in zones)
        if later == found:
            return found if found == at else found.astimezone(UTC)
        found = later
    return _end(at, zones[0], begins, ends).astimezone(UTC)


def _end(at: datetime, zone: tzinfo, begins: time, ends: time) -> datetime:
    """When the quiet hours of one zone that `at` falls into are over; `at` when it falls into none."""
    local = at.astimezone(zone)
    clock = local.time()
    if begins < ends:
        is_quiet, day = begins <= clock < ends, local.date()
    else:
        is_quiet = clock >= begins or clock < ends
        day = local.date() + timedelta(days=1) if clock >= begins else local.date()
    return max(at, datetime.combine(day, ends, zone).astimezone(UTC)) if is_quiet else at
