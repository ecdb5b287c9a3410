"""The frame around staff pages: the sidebar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django import template
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from tallystick.sellers.roles import AUDIT, CHARGE, LEDGER, OPERATE, SETTINGS, VIEW
from tallystick.staff.door import Desk

register = template.Library()

RARE = ("charges", "catalog")
"""Places that a phone's bar has no room for: they are in the person's menu there."""


class Place(NamedTuple):
    """One entry of the sidebar."""

    key: str
    url: str
    icon: str
    label: str
    held: int | None


@register.inclusion_tag("staff/_sidebar.html", takes_context=True)
def sidebar(context: template.Context) -> dict[str, Any]:
    """Show where one can go; entries the role doesn't include are left out."""
    request = context["request"]
    desk: Desk = request.desk
    main = [
        ("today", "sun", _("Today"), None, VIEW),
        ("inbox", "inbox", _("Inbox"), desk.unread, VIEW),
        ("invoices", "receipt-text", _("Open invoices"), desk.counts["open"], VIEW),
        ("customers", "users", _("Customers"), None, VIEW),
        ("payments", "landmark", _("Payments"), None, VIEW),
        ("charges", "calendar-clock", _("Planned charges"), None, VIEW),
        ("terminal", "credit-card", _("Terminal"), None, CHARGE),
        ("broadcasts", "megaphone", _("Broadcasts"), None, VIEW),
        ("catalog", "package", _("Catalog"), None, VIEW),
    ]
    back = [
        ("payouts", "banknote-arrow-down", _("Payouts"), None, LEDGER),
        ("ledger", "book-open", _("Ledger"), None, LEDGER),
        ("audit", "scroll-text", _("Audit log"), None, AUDIT),
    ]
    foot = [("outbox", "mail", _("Outbox"), None, VIEW), ("settings", "settings", _("Settings"), None, SETTINGS)]
    return {
        "request": request,
        "desk": desk,
        "user": request.user,
        "nav": context.get("nav", ""),
        "main": _places(desk, main),
        "rare": RARE,
        "back": _places(desk, back),
        "foot": _places(desk, foot),
        "others": [_elsewhere(place.slug, place.name) for place in desk.places if place.slug != desk.place.slug],
        "can_move_clock": bool(settings.CLOCK_FILE) and desk.may(OPERATE),
        "theme": request.COOKIES.get("theme", "auto"),
    }


def _places(desk: Desk, wanted: Sequence[tuple[str, str, str, int | None, str]]) -> list[Place]:
    return [
        Place(key, url, icon, label, held)
        for key, icon, label, held, permission in wanted
        if desk.may(permission) and (url := _address(key, desk.place.slug))
    ]


def _elsewhere(slug: str, name: str) -> tuple[str, str]:
    return _address("today", slug) or _address("invoices", slug), name


def _address(name: str, slug: str) -> str:
    try:
        return reverse(name, args=[slug])
    except NoReverseMatch:
        return ""
