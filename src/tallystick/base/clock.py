"""The only clock. An instant is UTC; a business date is a date in the seller's zone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_simulated: ContextVar[datetime | None] = ContextVar("simulated_now", default=None)


def now() -> datetime:
    """Return the current instant in UTC, or the simulated one inside `at`."""
    return _simulated.get() or datetime.now(UTC)


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
