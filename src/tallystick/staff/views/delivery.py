"""Settings → Email: which way mail goes out, tests that name what fails, what DNS says, how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.mail.advice import Advice, Finding, advise, look_up
from tallystick.mail.dkim_key import public_record
from tallystick.mail.port import BadEnvelope, Step, Transport
from tallystick.mail.services import SERVICES, Service
from tallystick.messages.sender import default_transport
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.mail_hook import hook_address
from tallystick.sellers.mail_pace import set_pace
from tallystick.sellers.mail_route import (
    mail_route,
    mail_settings,
    remove_mail_route,
    save_mail_route,
    save_mail_service,
    service_options,
    typed_route,
)
from tallystick.sellers.mail_test import rehearse_mail
from tallystick.sellers.roles import SETTINGS
from tallystick.staff.delivery import shown_entries, shown_steps
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.delivery import PaceForm, RouteForm, SelectorForm, ServiceForm, TestMailForm
from tallystick.staff.forms.settings import WORDS
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.settings import settings_page

SMTP = "smtp"


@dataclass
class Shown:
    """What the page shows besides what is stored: a form that came back, the steps of a test, what DNS said."""

    test: forms.Form | None = None
    pace: forms.Form | None = None
    selector: forms.Form | None = None
    steps: Sequence[Step] = ()
    findings: Sequence[Finding] = field(default_factory=tuple)
    status: int = 200


@door(SETTINGS)
def email(request: StaffRequest) -> HttpResponse:
    """Show which way mail goes out and the ways there are."""
    return _page(request, Shown())


@door(SETTINGS, "POST")
def email_default(request: StaffRequest) -> HttpResponse:
    """Use the default route again."""
    remove_mail_route(**request.desk.acting())
    messages.success(request, _("Your mail goes through the default server again."))
    return go(request, "settings-email")


@door(SETTINGS, "POST")
def email_pace(request: StaffRequest) -> HttpResponse:
    """Say how many messages a minute may go."""
    form = PaceForm(request.POST)
    if not form.is_valid():
        return _page(request, Shown(pace=form, status=REFUSED))
    set_pace(**request.desk.acting(), per_minute=form.cleaned_data["per_minute"])
    messages.success(request, _("Saved."))
    return go(request, "settings-email")


@door(SETTINGS, "POST")
def email_test(request: StaffRequest) -> HttpResponse:
    """Send a test the way mail goes out now, and show how each step went."""
    form = TestMailForm(request.POST)
    steps = _rehearse(request, form, _route(request)) if form.is_valid() else ()
    return _page(request, Shown(test=form, steps=steps, status=_status(steps)))


@door(SETTINGS, "POST")
def email_dns(request: StaffRequest) -> HttpResponse:
    """Ask DNS about the entries of the sender's domain, and show what it says."""
    form = SelectorForm(request.POST)
    if not form.is_valid():
        return _page(request, Shown(selector=form, status=REFUSED))
    advices = _advices(*_route(request), form.cleaned_data["selector"])
    return _page(request, Shown(selector=form, findings=look_up(advices)))


@door(SETTINGS, "GET", "POST")
def email_route(request: StaffRequest, route: str) -> HttpResponse:
    """Set up one way of sending: an own server, or a service."""
    if route == SMTP:
        return _server(request)
    if route not in SERVICES:
        raise Http404
    return _service(request, SERVICES[route])


@door(SETTINGS, "POST")
def email_trial(request: StaffRequest) -> HttpResponse:
    """Test a server as it was typed, before it is saved; everything typed stays."""
    form, to = RouteForm(request.POST), TestMailForm(request.POST)
    form.keep_password()
    steps: tuple[Step, ...] = ()
    if form.is_valid() and to.is_valid():
        try:
            route = typed_route(
                seller_id=request.desk.seller_id,
                server=form.server(),
                sender_address=form.cleaned_data["sender_address"],
            )
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            steps = _rehearse(request, to, route)
    return _server_page(request, form, to, steps, status=_status(steps))


def _server(request: StaffRequest) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = RouteForm(posted, initial=_stored_server(request))
    if posted is not None and form.is_valid():
        try:
            save_mail_route(**request.desk.acting(), **form.cleaned_data)
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Send a test to see that it works."))
            return go(request, "settings-email")
    return _server_page(request, form, _test_form(request), (), status=200 if posted is None else REFUSED)


def _server_page(
    request: StaffRequest, form: RouteForm, test: TestMailForm, steps: Sequence[Step], *, status: int
) -> HttpResponse:
    return settings_page(
        request,
        "settings_email_server",
        "settings-email",
        status=status,
        form=form,
        test=test,
        steps=shown_steps(steps),
    )


def _service(request: StaffRequest, service: Service) -> HttpResponse:
    posted, desk = request.POST if request.method == "POST" else None, request.desk
    with tx(desk.seller_id, read_only=True):
        stored, row = service_options(service.name), mail_settings()
    initial = {one.name: stored.get(one.name, "") for one in service.fields if not one.is_secret}
    sender = row.sender_address if row else ""
    form = ServiceForm(posted, initial={**initial, "sender_address": sender}, service=service, is_stored=bool(stored))
    if posted is not None and form.is_valid():
        try:
            save_mail_service(
                **desk.acting(),
                kind=service.name,
                sender_address=form.cleaned_data["sender_address"],
                options=form.options(),
            )
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Send a test to see that it works."))
            return go(request, "settings-email")
    return settings_page(
        request,
        "settings_email_service",
        "settings-email",
        status=200 if posted is None else REFUSED,
        form=form,
        service=service,
        hook_address=hook_address(desk.seller_id, service.name),
        hook_help=_(service.hook_help),
    )


def _stored_server(request: StaffRequest) -> dict[str, Any]:
    """The server as the form shows it; the sender of another route may stay."""
    with tx(request.desk.seller_id, read_only=True):
        row, route = mail_settings(), mail_route()
    if row is None or route is None:
        return {}
    if row.kind != SMTP:
        return {"sender_address": row.sender_address}
    names = ("sender_address", "host", "port", "security")
    return {**{name: getattr(row, name) for name in names}, "username": route[1].username}


def _route(request: StaffRequest) -> tuple[str, Transport]:
    """The sender and the way that mail goes out now."""
    with tx(request.desk.seller_id, read_only=True):
        own = mail_route()
    return own or (settings.DEFAULT_FROM_EMAIL, default_transport())


def _rehearse(request: StaffRequest, form: TestMailForm, route: tuple[str, Transport]) -> tuple[Step, ...]:
    """Send the test; an address that no server could be told is an error of its field."""
    desk, to = request.desk, form.cleaned_data["to"]
    try:
        steps = rehearse_mail(
            seller_id=desk.seller_id, to=to, route=route, language=get_language() or "en", now=desk.now
        )
    except BadEnvelope:
        form.add_error("to", _("Mail servers can't be told this address, or that of the sender."))
        return ()
    if steps[-1].state == "ok":
        messages.success(request, _("Sent to %(to)s. Look into that mailbox, and its spam folder.") % {"to": to})
    return steps


def _status(steps: Sequence[Step]) -> int:
    """A test that didn't go through is a form that comes back."""
    return 200 if steps and steps[-1].state == "ok" else REFUSED


def _advices(sender: str, transport: Transport, selector: str = "") -> tuple[Advice, ...]:
    key = transport.dkim
    return advise(
        domain=key.domain if key else sender.rpartition("@")[2],
        kind=transport.kind,
        host=transport.host,
        selector=key.selector if key else selector,
        dkim_record=public_record(key.private_key) if key else "",
    )


def _test_form(request: StaffRequest) -> TestMailForm:
    """To oneself, unless somebody else was typed in already."""
    return TestMailForm(initial={"to": request.POST.get("to", request.user.email)})  # type: ignore[union-attr]


def _page(request: StaffRequest, shown: Shown) -> HttpResponse:
    sender, transport = _route(request)
    with tx(request.desk.seller_id, read_only=True):
        row = mail_settings()
    kind = row.kind if row else "default"
    asked = shown.selector.cleaned_data.get("selector", "") if shown.selector and shown.selector.is_bound else ""
    advices = _advices(sender, transport, asked)
    pace = shown.pace or PaceForm(initial={"per_minute": row.per_minute if row else 0})
    return settings_page(
        request,
        "settings_email",
        "settings-email",
        status=shown.status,
        kind=kind,
        way=SERVICES[kind].label if kind in SERVICES else transport.host,
        sender=sender,
        domain=sender.rpartition("@")[2],
        test=shown.test or _test_form(request),
        pace=pace,
        selector=shown.selector or SelectorForm(),
        asks_selector=transport.dkim is None and not (kind in SERVICES and SERVICES[kind].selector),
        steps=shown_steps(shown.steps),
        entries=shown_entries(advices, shown.findings),
        was_checked=bool(shown.findings),
        services=SERVICES.values(),
    )
