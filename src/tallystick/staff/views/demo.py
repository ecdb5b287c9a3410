"""In the demo a visitor may let a day pass, and watch what happens by itself."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _

from tallystick.base import clock, tenant
from tallystick.base.bell import ring
from tallystick.sellers.roles import OPERATE
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.views.answer import go

RUNG: Final = ("releases", "reminders", "charges", "refunds", "expiries", "digests", "messages", "events")
"""The sweeps that a new day concerns; those with an hour of their own in the timetable would wait for it on the wall."""


@door(OPERATE, "POST")
def day(request: StaffRequest) -> HttpResponse:
    """Put the demo's clock ahead by a day and wake the worker. Outside a demo nothing happens."""
    if settings.CLOCK_FILE is None:
        return go(request, "today")
    clock.let_days_pass(1)
    with tenant.tx(request.desk.seller_id, read_only=True):
        for sweep in RUNG:
            ring(sweep)
    messages.success(request, _("A day has passed. What was due happens in the next seconds."))
    return go(request, "today")
