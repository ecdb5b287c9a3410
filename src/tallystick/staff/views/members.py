"""Who works here; and the page behind an invitation link, which is for people who don't yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tallystick.base import clock
from tallystick.base.tenant import tx
from tallystick.sellers import members as verbs
from tallystick.sellers.errors import (
    AlreadyMember,
    InvalidSettings,
    InvitationClosed,
    LastAdmin,
    NoSuchMember,
    SignInFirst,
    UnknownRole,
)
from tallystick.sellers.queries import members as all_members
from tallystick.sellers.queries import open_invitations, seller_of_invitation
from tallystick.sellers.roles import MEMBERS
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.choices import role_name, roles
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.settings import WORDS, InviteForm, JoinForm
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.settings import settings_page

_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin"}
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@door(MEMBERS, "GET", "POST")
def members(request: StaffRequest) -> HttpResponse:
    """List the people, and invite one."""
    posted = request.POST if request.method == "POST" else None
    form = InviteForm(posted)
    if posted is not None and form.is_valid():
        try:
            verbs.invite_member(**request.desk.acting(), invitation_id=made_id(request.POST), **form.cleaned_data)
        except AlreadyMember:
            form.add_error("email", _("This person works here already."))
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            text = _("Invited. The email to %(email)s is on its way; the link works for ten days.")
            messages.success(request, text % {"email": form.cleaned_data["email"]})
            return go(request, "members")
    return _members_page(request, form, bad=posted is not None)


def _members_page(request: StaffRequest, form: InviteForm, *, bad: bool) -> HttpResponse:
    from_rooms = _people(request)
    return settings_page(
        request,
        "members",
        "members",
        status=REFUSED if bad else 200,
        form=form,
        roles=roles(),
        made_id=made_id(request.POST),
        **from_rooms,
    )


def _people(request: StaffRequest) -> dict[str, Any]:
    with tx(request.desk.seller_id, read_only=True):
        return {
            "members": all_members(),
            "invitations": [
                (one, role_name(one.role), one.expires_at <= request.desk.now) for one in open_invitations()
            ],
        }


@door(MEMBERS, "POST")
def role(request: StaffRequest, member_id: UUID) -> HttpResponse:
    """Give a member another role."""
    try:
        verbs.change_role(**request.desk.acting(), member_id=member_id, role=request.POST.get("role", ""))
    except (NoSuchMember, UnknownRole):
        raise Http404 from None
    except LastAdmin:
        messages.error(request, _("Nobody else is an administrator. Make someone else one first."))
    else:
        messages.success(request, _("Role changed"))
    return go(request, "members")


@door(MEMBERS, "POST")
def deactivate(request: StaffRequest, member_id: UUID) -> HttpResponse:
    """Close a member's door."""
    try:
        verbs.deactivate_member(**request.desk.acting(), member_id=member_id)
    except NoSuchMember:
        raise Http404 from None
    except LastAdmin:
        messages.error(request, _("Nobody else is an administrator. Make someone else one first."))
    else:
        messages.success(request, _("They can't open this business any more"))
    return go(request, "members")


@door(MEMBERS, "POST")
def reactivate(request: StaffRequest, member_id: UUID) -> HttpResponse:
    """Let a former member in again."""
    try:
        verbs.reactivate_member(**request.desk.acting(), member_id=member_id)
    except NoSuchMember:
        raise Http404 from None
    messages.success(request, _("They can sign in here again"))
    return go(request, "members")


@door(MEMBERS, "POST")
def withdraw(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    """Close an invitation before it is accepted."""
    verbs.withdraw_invitation(**request.desk.acting(), invitation_id=invitation_id)
    messages.success(request, _("Withdrawn. The link doesn't work any more."))
    return go(request, "members")


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, invitation_id: UUID, secret: str) -> HttpResponse:
    """Show what an invitation offers; only the button's POST accepts it, as mail scanners open every link."""
    seller_id = seller_of_invitation(invitation_id)
    try:
        if seller_id is None:
            raise InvitationClosed("unknown")
        offer = verbs.read_invitation(seller_id=seller_id, invitation_id=invitation_id, secret=secret, now=clock.now())
        form = JoinForm(request.POST if request.method == "POST" and not offer.has_account else None)
        if request.method == "POST" and (offer.has_account or form.is_valid()):
            user_id = request.user.id if request.user.is_authenticated else None
            person = verbs.accept_invitation(
                seller_id=seller_id,
                invitation_id=invitation_id,
                secret=secret,
                now=clock.now(),
                user_id=user_id,
                language=get_language() or "en",
                **({} if offer.has_account else form.cleaned_data),
            )
            if not offer.has_account:
                login(request, person, backend=_BACKEND)
            return redirect("today", offer.slug)
    except InvitationClosed as closed:
        return _closed(request, closed.reason)
    except SignInFirst:
        messages.info(request, _("Sign in as %(email)s first.") % {"email": offer.email})
    except ValidationError as weak:
        form.add_error("password", weak)
    except InvalidSettings as error:
        show_problems(form, error.problems, WORDS)
    return _private(
        render(
            request, "staff/invitation.html", _offered(request, offer, form), status=200 if not form.errors else REFUSED
        )
    )


def _offered(request: HttpRequest, offer: verbs.Offer, form: JoinForm) -> dict[str, Any]:
    email = request.user.email if request.user.is_authenticated else ""
    return {
        "offer": offer,
        "role": role_name(offer.role),
        "form": form,
        "signed_in_as": email,
        "is_invited": email == offer.email,
        "path": request.path,
    }


def _closed(request: HttpRequest, reason: str) -> HttpResponse:
    text = {
        "expired": _("Invitations work for ten days. Ask for a new one."),
        "withdrawn": _("It was withdrawn. Ask for a new one if that was a mistake."),
        "accepted": _("It has been used. Sign in with your email address and password."),
    }.get(reason, _("Check that the whole address from the email is in your browser's address bar."))
    context = {"title": _("This invitation doesn't open anything"), "text": text}
    return _private(render(request, "error.html", context, status=404 if reason == "unknown" else 410))


def _private(response: HttpResponse) -> HttpResponse:
    for name, value in _PRIVATE.items():
        response.headers[name] = value
    return response
