"""Settings, Mailbox: where bounces and replies come in, a test step by step, and what came in lately."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.mailboxes.intake import intake_secret, renew_secret
from tallystick.mailboxes.keep import retry_mail
from tallystick.mailboxes.models import IncomingMessage, Mailbox
from tallystick.mailboxes.queries import account_of, latest_mail
from tallystick.mailboxes.queries import mailbox as stored_mailbox
from tallystick.mailboxes.save import InvalidMailbox, remove_mailbox, save_mailbox
from tallystick.mailboxes.try_out import Trial, try_mailbox
from tallystick.sellers.roles import SETTINGS
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.mailbox import MAILBOX_WORDS, MailboxForm, mailbox_fields
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.settings import settings_page

SECTION = "settings-mailbox"


@door(SETTINGS, "GET", "POST")
def mailbox(request: StaffRequest) -> HttpResponse:
    """Show the mailbox and what came in, and set it."""
    box = _stored(request)
    posted = request.POST if request.method == "POST" else None
    form = MailboxForm(posted, initial=mailbox_fields(box))
    if posted is not None and form.is_valid():
        try:
            save_mailbox(**request.desk.acting(), details=form.details())
        except InvalidMailbox as error:
            show_problems(form, error.problems, MAILBOX_WORDS)
        else:
            messages.success(request, _("Saved. Try it out to see that it works."))
            return go(request, SECTION)
    return _page(request, box, form, status=REFUSED if posted is not None else 200)


@door(SETTINGS, "POST")
def test(request: StaffRequest) -> HttpResponse:
    """Try the stored mailbox out and say which step failed."""
    box = _stored(request)
    if box is None:
        return go(request, SECTION)
    trial = try_mailbox(account=account_of(box))
    return _page(request, box, MailboxForm(initial=mailbox_fields(box)), trial=trial)


@door(SETTINGS, "POST")
def remove(request: StaffRequest) -> HttpResponse:
    """Read it no more."""
    remove_mailbox(**request.desk.acting())
    messages.success(request, _("The mailbox is read no more. What came in stays."))
    return go(request, SECTION)


@door(SETTINGS, "POST")
def secret(request: StaffRequest) -> HttpResponse:
    """Make a new secret for mail that is posted here."""
    if renew_secret(**request.desk.acting()):
        messages.success(request, _("There is a new secret. The old one opens nothing any more."))
    return go(request, SECTION)


@door(SETTINGS, "POST")
def retry(request: StaffRequest, incoming_id: UUID) -> HttpResponse:
    """Take up a mail again that couldn't be read."""
    if not retry_mail(**request.desk.acting(), incoming_id=incoming_id):
        raise Http404
    messages.success(request, _("Trying again now"))
    return go(request, SECTION)


def _stored(request: StaffRequest) -> Mailbox | None:
    with tx(request.desk.seller_id, read_only=True):
        return stored_mailbox()


def _page(
    request: StaffRequest, box: Mailbox | None, form: MailboxForm, *, trial: Trial | None = None, status: int = 200
) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        came = [(row, _became(row)) for row in latest_mail()]
    step, _separator, words = (box.trouble if box else "").partition(": ")
    return settings_page(
        request,
        "settings_mailbox",
        SECTION,
        status=status,
        form=form,
        box=box,
        trouble=(step_word(step), words) if step else None,
        steps=[step_word(each) for each in trial.worked] if trial else (),
        failed=(step_word(trial.failed), trial.words) if trial and trial.failed else None,
        trial=trial,
        came=came,
        bounce_address=settings.BOUNCE_ADDRESS,
        intake_url=f"{settings.PUBLIC_URL}/hooks/mail/{box.id}" if box else "",
        intake_secret=intake_secret(box) if box else "",
    )


def step_word(step: str) -> str:
    """Name a step of reading a mailbox."""
    return {
        "connect": _("Reach the server"),
        "tls": _("Secure the connection"),
        "sign_in": _("Sign in"),
        "folder": _("Open the folder"),
        "read": _("Read"),
    }.get(step, step)


def _became(row: IncomingMessage) -> tuple[str, str]:
    return {
        "waiting": ("processing", _("Being read")),
        "bounced": ("sent", _("About an email of yours")),
        "unverified": ("void", _("Not proved to be about yours: nothing came of it")),
        "kept": ("open", _("Kept")),
        "failed": ("failed", _("Couldn't be read")),
    }[row.state]
