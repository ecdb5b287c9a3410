"""The replies a seller says often: the list, one of them, and forgetting it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.conversations.errors import BadSavedReply
from tallystick.conversations.saved_replies import PLACEHOLDERS as NAMES
from tallystick.conversations.saved_replies import forget_reply, replies_for, save_reply
from tallystick.conversations.saved_replies import saved_replies as kept_replies
from tallystick.messages.wording import PLACEHOLDERS
from tallystick.sellers.roles import ANSWER
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.answer import SavedReplyForm
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.views.answer import REFUSED, go, page


@door(ANSWER, "GET", "POST")
def replies(request: StaffRequest) -> HttpResponse:
    """List the seller's own replies, and add one."""
    with tx(request.desk.seller_id, read_only=True):
        spoken = request.desk.seller.language
    return _form(request, None, {"spoken": spoken})


@door(ANSWER, "GET", "POST")
def reply(request: StaffRequest, reply_id: UUID) -> HttpResponse:
    """Change one."""
    with tx(request.desk.seller_id, read_only=True):
        row = next((each for each in kept_replies() if each.id == reply_id), None)
    if row is None:
        raise Http404
    return _form(request, reply_id, {"name": row.name, "spoken": row.language, "body": row.body})


@door(ANSWER, "POST")
def forget(request: StaffRequest, reply_id: UUID) -> HttpResponse:
    """Forget one."""
    if forget_reply(**request.desk.acting(), reply_id=reply_id):
        messages.success(request, _("Removed"))
    return go(request, "saved-replies")


def _form(request: StaffRequest, reply_id: UUID | None, initial: dict[str, Any]) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = SavedReplyForm(posted, initial=initial)
    new_reply_id = reply_id or made_id(request.POST, "reply_id")
    if posted is not None and form.is_valid():
        try:
            save_reply(
                **request.desk.acting(),
                reply_id=new_reply_id,
                name=tidy_text(form.cleaned_data["name"]),
                language=form.cleaned_data["spoken"],
                body=tidy_text(form.cleaned_data["body"]),
            )
        except BadSavedReply as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved"))
            return go(request, "saved-replies")
    with tx(request.desk.seller_id, read_only=True):
        own = kept_replies()
        house = [] if own else replies_for(initial.get("spoken", "en"))
    return page(
        request,
        "saved_replies",
        status=REFUSED if form.errors else 200,
        nav="inbox",
        form=form,
        reply_id=new_reply_id,
        is_new=reply_id is None,
        own=[(row, get_language_info(row.language)["name_local"].capitalize()) for row in own],
        house=house,
        placeholders=[(name, _("Your own name") if name == "staff_name" else _(PLACEHOLDERS[name])) for name in NAMES],
    )
