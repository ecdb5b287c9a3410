"""When → what: everything the clock does by itself, on one page.

The sweeps below also run at once when a commit rings for them (`base.bell`); the timetable is what makes a lost hint
harmless. Times are cron with seconds last, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping

TIMETABLE: Mapping[str, str] = {
    "events": "* * * * * */10",
    "digests": "* * * * * 20",
    "broadcasts": "* * * * * */10",
    "messages": "* * * * * */10",
    "releases": "* * * * * 5",
    "inbox": "* * * * * */10",
    "mailboxes": "* * * * * 15",
    "incoming": "* * * * * */10",
    "attempts": "* * * * * */10",
    "charges": "* * * * * */20",
    "refunds": "* * * * * */10",
    "removals": "* * * * * 45",
    "disputes": "*/10 * * * *",
    "comparisons": "*/5 * * * *",
    "expiries": "15 6 * * *",
    "purges": "20 3 * * *",
    "reminders": "*/10 * * * *",
    "renderings": "* * * * * 30",
    "invariants": "*/15 * * * *",
}
