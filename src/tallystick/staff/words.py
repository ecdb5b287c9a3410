"""Amounts, days and states as text in the reader's language; `templatetags.show` dresses them for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from babel import Locale
from babel.dates import format_date
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from tallystick.invoices.queries import overdue_days, status
from tallystick.pdf import formats

Data = Mapping[str, Any]
"""What a fact holds."""
Words = tuple[str, str, str, str]
"""An entry of a timeline: icon, tone, sentence, what to add in small."""


def reader_locale() -> Locale:
    """Return the locale of the person reading this page."""
    return formats.locale_for(get_language() or "en")


def money_text(amount_minor: int, currency: str) -> str:
    """Return an amount as plain text in the reader's language: `€1,860.00`."""
    return formats.money(amount_minor, currency, reader_locale())


def day_text(on: date, today: date) -> str:
    """Return a date as staff read it: `Tue 24 Nov`, with the year only when it isn't this one."""
    locale = reader_locale()
    pattern = "EEE d MMM" if on.year == today.year else "d MMM y"
    return str(format_date(on, pattern, locale=locale))


def distance_text(on: date, today: date) -> str:
    """Return how far a date is: `in 5 days`, `today`, `12 days ago`."""
    days = (on - today).days
    if not days:
        return _("today")
    if days > 0:
        return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}
    return ngettext("%(days)d day ago", "%(days)d days ago", -days) % {"days": -days}


def invoice_state(row: Any, today: date) -> tuple[str, str]:
    """Return the shape and the words of a document's state on a business date."""
    state = status(row, on=today)
    if row.kind == "credit_note" and state not in {"draft", "void"}:
        return ("credit", _("Credit")) if row.open_minor else ("credit", _("Credit, used"))
    if state == "overdue":
        late = overdue_days(row, on=today)
        return "overdue", ngettext("Overdue %(days)d day", "Overdue %(days)d days", late) % {"days": late}
    if state == "draft":
        if row.release_at and row.issue_on > today:
            return "scheduled", _("Planned for %(day)s") % {"day": day_text(row.issue_on, today)}
        if row.issue_on and row.issue_on > today:
            return "draft", _("Draft for %(day)s") % {"day": day_text(row.issue_on, today)}
        return "draft", _("Draft")
    words = {"void": _("Cancelled"), "paid": _("Paid"), "part": _("Part paid")}
    if state in words:
        return state, words[state]
    return _waiting(row, state, today)


def _waiting(row: Any, state: str, today: date) -> tuple[str, str]:
    """Say of an issued, unpaid, not late document when it is due, or that nobody has sent it."""
    if state == "issued":
        return "sent", _("Issued, not sent")
    left = (row.due_on - today).days if row.due_on else 99
    if left == 0:
        return "due", _("Due today")
    if left <= 7:
        return "due", ngettext("Due in %(days)d day", "Due in %(days)d days", left) % {"days": left}
    return ("opened", _("Opened")) if state == "viewed" else ("sent", _("Sent"))


def names(people: Sequence[str]) -> str:
    """Join a few addresses: `a@x, b@x and 2 more`."""
    shown, rest = list(people[:2]), len(people) - 2
    if rest <= 0:
        return ", ".join(shown)
    return ngettext("%(shown)s and %(rest)d more", "%(shown)s and %(rest)d more", rest) % {
        "shown": ", ".join(shown),
        "rest": rest,
    }
