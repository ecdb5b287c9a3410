"""The outbox: everything about to leave, why, and what a person may still do about it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tallystick.invoices.queries import planned_releases
from tallystick.messages.kinds import ALWAYS, KINDS
from tallystick.messages.models import Message
from tallystick.messages.queries import held_by_brake
from tallystick.messages.queries import outbox as waiting
from tallystick.messages.queue import cancel_message, hold_message, release_brake, release_message, send_now
from tallystick.payments.queries_charging import list_charges
from tallystick.reports.bounced import bounced
from tallystick.sellers.roles import CUSTOMERS, SELL, SETTINGS, VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.mail_words import skip_reason
from tallystick.staff.views.answer import go, page

PAGE_SIZE = 50
_OTHERS = {"reply": gettext_lazy("Answer"), "broadcast": gettext_lazy("Broadcast")}
MOST_AHEAD = 20
"""Planned charges and drafts shown below the emails; the lists of their own have all."""


@door(VIEW)
def outbox(request: StaffRequest) -> HttpResponse:
    """List what is about to leave, the next to go first."""
    cursor = request.GET.get("after", "")
    found = waiting(cursor=cursor, size=PAGE_SIZE)
    return page(
        request,
        "outbox",
        nav="outbox",
        rows=[
            (row, _label(row), skip_reason(row.reason) if _says_why(row) else "", row.kind in ALWAYS)
            for row in found.rows
        ],
        next=found.next_cursor,
        first_page=not cursor,
        held=held_by_brake(),
        releases=planned_releases(most=MOST_AHEAD) if not cursor else [],
        charges=list_charges("planned", cursor="", size=MOST_AHEAD).rows if not cursor else [],
        gone=[] if cursor else bounced(),
        may_edit=request.desk.may(CUSTOMERS),
        may_sell=request.desk.may(SELL),
        may_set=request.desk.may(SETTINGS),
    )


def _label(row: Message) -> str:
    label = _(KINDS[row.kind].label) if row.kind in KINDS else _OTHERS.get(row.kind, "")
    label = str(label or _("Invitation"))
    return _("%(what)s, as a text") % {"what": label} if row.channel == "sms" else label


def _says_why(row: Message) -> bool:
    return row.state == "held" or (row.state == "queued" and row.reason == "quiet_hours")


def _act(request: StaffRequest, was_done: bool, said: str) -> HttpResponse:
    if was_done:
        messages.success(request, said)
    else:
        messages.info(request, _("It had already gone out, or somebody was faster."))
    return go(request, "outbox")


@door(SELL, "POST")
def now(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Let one go at once."""
    return _act(request, send_now(**request.desk.acting(), message_id=message_id), _("Sending it now"))


@door(SELL, "POST")
def hold(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Keep one until somebody releases it."""
    return _act(request, hold_message(**request.desk.acting(), message_id=message_id), _("Held. It waits for you."))


@door(SELL, "POST")
def release(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Let a held one go when it is due."""
    done = release_message(**request.desk.acting(), message_id=message_id)
    return _act(request, done, _("Released. It goes out when it is due."))


@door(SELL, "POST")
def stop(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Take one out."""
    return _act(
        request, cancel_message(**request.desk.acting(), message_id=message_id), _("Stopped. Nothing was sent.")
    )


@door(SETTINGS, "POST")
def release_all(request: StaffRequest) -> HttpResponse:
    """Let everything go that the brake holds."""
    done = release_brake(**request.desk.acting())
    said = ngettext("%(n)d email is on its way", "%(n)d emails are on their way", done) % {"n": done}
    return _act(request, bool(done), said)
