"""The only clock. An instant is UTC; a business date is a date in the seller's zone.

A demo's clock may be ahead of the wall: a file holds by how many days, and every process of the demo reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

_simulated: ContextVar[datetime | None] = ContextVar("simulated_now", default=None)


def now() -> datetime:
    """Return the current instant in UTC, or the simulated one inside `at`."""
    return _simulated.get() or datetime.now(UTC) + _ahead()


def wall() -> datetime:
    """Return what the wall clock says, in UTC: for judging how fresh a signature of somebody else is."""
    return datetime.now(UTC)


def let_days_pass(days: int) -> None:
    """Put a demo's clock ahead by so many more days. Does nothing elsewhere."""
    if settings.CLOCK_FILE:
        settings.CLOCK_FILE.write_text(str(_ahead().days + days))


def _ahead() -> timedelta:
    if not settings.CLOCK_FILE:
        return timedelta(0)
    try:
        return timedelta(days=int(settings.CLOCK_FILE.read_text()))
    except (OSError, ValueError):
        return timedelta(0)


def business_date(instant: datetime, zone: str) -> date:
    """Return the calendar date of `instant` in the IANA time zone `zone`."""
    return instant.astimezone(ZoneInfo(zone)).date()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Run the enclosed code on a simulated clock that stands at `instant` (aware)."""
    token = _simulated.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _simulated.reset(token)
