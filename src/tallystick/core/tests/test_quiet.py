"""Quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from tallystick.core.quiet import after_quiet

DUBLIN, NEW_YORK, HONOLULU = (ZoneInfo(name) for name in ("Europe/Dublin", "America/New_York", "Pacific/Honolulu"))
NIGHT = {"begins": time(20), "ends": time(8)}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ("2026-01-10T12:00", "2026-01-10T12:00"),
        ("2026-01-10T19:59", "2026-01-10T19:59"),
        ("2026-01-10T20:00", "2026-01-11T08:00"),
        ("2026-01-11T03:00", "2026-01-11T08:00"),
        ("2026-01-11T08:00", "2026-01-11T08:00"),
        ("2026-07-10T21:00", "2026-07-11T07:00"),
        ("2026-03-28T23:00", "2026-03-29T07:00"),
    ],
)
def test_across_midnight_in_its_zone(at: str, wanted: str) -> None:
    """The last one sleeps through the night in which the clocks go forward."""
    assert after_quiet(utc(at), [DUBLIN], **NIGHT) == utc(wanted)


def test_within_a_day_and_never() -> None:
    noon = {"begins": time(12), "ends": time(14)}
    assert after_quiet(utc("2026-01-10T12:30"), [DUBLIN], **noon) == utc("2026-01-10T14:00")
    assert after_quiet(utc("2026-01-10T03:00"), [DUBLIN], **noon) == utc("2026-01-10T03:00")
    assert after_quiet(utc("2026-01-10T03:00"), [DUBLIN], begins=time(8), ends=time(8)) == utc("2026-01-10T03:00")


def test_of_several_zones_none_is_woken() -> None:
    found = after_quiet(utc("2026-01-10T14:00"), [NEW_YORK, HONOLULU], **NIGHT)
    assert found == utc("2026-01-10T18:00"), "eight in Honolulu, one in New York"


def test_where_a_day_has_no_such_time_the_first_zone_counts() -> None:
    nearly_all = {"begins": time(10), "ends": time(8)}
    assert after_quiet(utc("2026-01-10T14:00"), [NEW_YORK, HONOLULU], **nearly_all) == utc("2026-01-10T14:00")
