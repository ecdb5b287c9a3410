"""What is done about a thread: done, later, read or not, whose it is."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tallystick.conversations.errors import NoSuchColleague, NoSuchConversation
from tallystick.conversations.work import (
    assign_conversation,
    finish_conversation,
    mark_conversation,
    match_conversation,
    put_off_conversation,
    reopen_conversation,
)
from tallystick.customers.lock import NoSuchCustomer
from tallystick.sellers.roles import ANSWER
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import read_id
from tallystick.staff.views.answer import go
from tallystick.staff.words import day_text


@door(ANSWER, "POST")
def done(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Be through with a thread."""
    try:
        finish_conversation(**request.desk.acting(), conversation_id=conversation_id)
    except NoSuchConversation:
        raise Http404 from None
    messages.success(request, _("Done"), extra_tags=_reopening(request, conversation_id))
    return _on(request)


@door(ANSWER, "POST")
def reopen(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Put a thread back among the open ones."""
    try:
        reopen_conversation(**request.desk.acting(), conversation_id=conversation_id)
    except NoSuchConversation:
        raise Http404 from None
    messages.success(request, _("Open again"))
    return go(request, "thread", conversation_id)


@door(ANSWER, "POST")
def later(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Put a thread off to a morning."""
    desk, until = request.desk, _day(request.POST.get("until", ""))
    try:
        was_put_off = until is not None and put_off_conversation(
            **desk.acting(), conversation_id=conversation_id, until=until
        )
    except NoSuchConversation:
        raise Http404 from None
    if until is None or not was_put_off:
        messages.info(request, _("Choose a day after today. Nothing was changed."))
        return go(request, "thread", conversation_id)
    text = _("Back in the inbox on %(day)s at 08:00") % {"day": day_text(until, desk.today)}
    messages.success(request, text, extra_tags=_reopening(request, conversation_id))
    return _on(request)


@door(ANSWER, "POST")
def read(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Note a thread as read: its page says so once somebody looks at it."""
    return _mark(request, conversation_id, is_unread=False)


@door(ANSWER, "POST")
def unread(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Note a thread as unread again."""
    return _mark(request, conversation_id, is_unread=True)


def _mark(request: StaffRequest, conversation_id: UUID, *, is_unread: bool) -> HttpResponse:
    try:
        mark_conversation(**request.desk.acting(), conversation_id=conversation_id, unread=is_unread)
    except NoSuchConversation:
        raise Http404 from None
    return _on(request)


@door(ANSWER, "POST")
def assign(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Give a thread to a colleague, or to nobody."""
    wanted = request.POST.get("assignee", "")
    try:
        assign_conversation(
            **request.desk.acting(), conversation_id=conversation_id, assignee_id=read_id(wanted) if wanted else None
        )
    except NoSuchConversation:
        raise Http404 from None
    except NoSuchColleague:
        messages.info(request, _("This person doesn't work here any more. Nothing was changed."))
    return go(request, "thread", conversation_id)


@door(ANSWER, "POST")
def match(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Say which customer a thread is with."""
    customer_id = read_id(request.POST.get("customer", ""))
    try:
        if customer_id is not None:
            match_conversation(**request.desk.acting(), conversation_id=conversation_id, customer_id=customer_id)
    except (NoSuchConversation, NoSuchCustomer):
        raise Http404 from None
    if customer_id is not None:
        messages.success(request, _("Later mails from this address come here too."))
    return go(request, "thread", conversation_id)


def _on(request: StaffRequest) -> HttpResponse:
    """Go on in the list one came from."""
    target = request.POST.get("next", "")
    answer, home = go(request, "inbox"), reverse("inbox", args=[request.desk.place.slug])
    if target.startswith(home) and url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        answer["Location"] = target
    return answer


def _reopening(request: StaffRequest, conversation_id: UUID) -> str:
    return reverse("thread-reopen", args=[request.desk.place.slug, conversation_id])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
