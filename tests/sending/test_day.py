"""What a visitor of the demo sees when they let a day pass."""

from __future__ import annotations

from tallystick.staff.views.demo import RUNG
from tallystick.worker.timetable import TIMETABLE

TIDY = {"purges"}
"""Daily work that nobody outside notices."""


def test_a_day_that_passes_in_the_demo_does_all_daily_work() -> None:
    daily = {sweep for sweep, cron in TIMETABLE.items() if len(cron.split()) == 5 and cron.split()[1] != "*"}
    assert "expiries" in daily, "it reads"
    assert daily - TIDY <= set(RUNG)
    assert set(RUNG) <= set(TIMETABLE)
