"""For whoever runs this: what waits, what failed, what to try again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _

from tallystick.messages.queries import failed_messages
from tallystick.messages.queue import retry_message
from tallystick.payments.queries import unknown_attempts
from tallystick.reports.status import backlogs, troubles
from tallystick.sellers.roles import OPERATE
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.views.answer import go
from tallystick.staff.views.settings import settings_page

LATE_AFTER_S = 120


@door(OPERATE)
def status(request: StaffRequest) -> HttpResponse:
    """Show the oldest due work per sweeper, payments with an unknown outcome, and mail that failed."""
    words = {
        "events": (_("News"), _("Reactions to what happened: receipts, payment states")),
        "messages": (_("Outbox"), _("Emails to send")),
        "attempts": (_("Charge attempts"), _("Payments to ask the provider about")),
        "inbox": (_("Inbox"), _("Webhooks that arrived")),
        "incoming": (_("Incoming mail"), _("Bounces and replies to read")),
    }
    now = request.desk.now
    rows = [
        (*words[b.sweeper], b, bool(b.oldest_due_at and (now - b.oldest_due_at).total_seconds() > LATE_AFTER_S))
        for b in backlogs(at=now)
    ]
    return settings_page(
        request,
        "status",
        "status",
        rows=rows,
        is_late=any(row[3] for row in rows),
        troubles=troubles(),
        attempts=unknown_attempts(),
        failed=failed_messages(),
    )


@door(OPERATE, "POST")
def retry(request: StaffRequest, message_id: UUID) -> HttpResponse:
    """Put a failed email back into the outbox."""
    if retry_message(**request.desk.acting(), message_id=message_id):
        messages.success(request, _("Trying again now"))
    else:
        messages.info(request, _("It isn't waiting for a retry any more."))
    return go(request, "status")
