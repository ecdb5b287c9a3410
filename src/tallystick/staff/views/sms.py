"""Settings → SMS: which provider texts, from whom, a test, and when nobody is texted."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.sellers.roles import SETTINGS
from tallystick.sms.port import BadText, SmsMisconfigured, SmsRefused, SmsUnavailable
from tallystick.sms.services import SERVICES
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.sms import WORDS, QuietForm, SmsRouteForm, TestTextForm
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.settings import settings_page
from tallystick.texting.errors import BadSmsSettings
from tallystick.texting.hook import hook_address
from tallystick.texting.route import (
    offered_services,
    remove_sms_route,
    save_quiet_hours,
    save_sms_route,
    sms_options,
    sms_route,
)
from tallystick.texting.trial import send_test_text

KEY = "settings-sms"


@dataclass
class Shown:
    """What the page shows besides what is stored: forms that came back."""

    test: forms.Form | None = None
    quiet: forms.Form | None = None
    status: int = 200


@door(SETTINGS)
def sms(request: StaffRequest) -> HttpResponse:
    """Show how texts go out and the ways there are."""
    return _page(request, Shown())


@door(SETTINGS, "GET", "POST")
def sms_provider(request: StaffRequest, provider: str) -> HttpResponse:
    """Set up one provider."""
    if provider not in offered_services():
        raise Http404
    service, desk = SERVICES[provider], request.desk
    posted = request.POST if request.method == "POST" else None
    with tx(desk.seller_id, read_only=True):
        stored, route = sms_options(desk.seller_id, provider), sms_route(desk.seller_id)
        name = desk.seller.name
    initial = {one.name: stored.get(one.name, "") for one in service.fields if not one.is_secret}
    is_now = route is not None and route.kind == provider
    initial["sender"] = route.sender if route and is_now else name[:11].strip() if service.is_play else ""
    form = SmsRouteForm(posted, initial=initial, service=service, is_stored=is_now)
    if posted is not None and form.is_valid():
        try:
            sender = form.cleaned_data.get("sender", "")
            save_sms_route(**desk.acting(), kind=provider, sender=sender, options=form.options())
        except BadSmsSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Send a test to see that it works."))
            return go(request, KEY)
    return settings_page(
        request,
        "settings_sms_provider",
        KEY,
        status=200 if posted is None else REFUSED,
        form=form,
        service=service,
        label=_(service.label),
        hook_address=hook_address(desk.seller_id, provider) if service.hook_help else "",
        hook_help=_(service.hook_help) if service.hook_help else "",
    )


@door(SETTINGS, "POST")
def sms_test(request: StaffRequest) -> HttpResponse:
    """Text the number that was typed, and say in the provider's words when that fails."""
    form = TestTextForm(request.POST)
    if form.is_valid():
        try:
            number, taken = send_test_text(
                seller_id=request.desk.seller_id, to=form.cleaned_data["to"], language=get_language() or "en"
            )
        except BadText:
            form.add_error("to", _("This isn't a mobile number. Write it with its country, like +353 87 123 4567."))
        except SmsMisconfigured as error:
            form.add_error(None, _("The account wants attention. The provider said: %(words)s") % _said(error))
        except SmsUnavailable as error:
            form.add_error(None, _("No answer we can use. Try again later. %(words)s") % _said(error))
        except SmsRefused as error:
            form.add_error(None, _("It was refused. The provider said: %(words)s") % _said(error))
        else:
            said = {"to": number, "n": taken.segments}
            messages.success(request, _("The provider took a text to %(to)s (segments: %(n)d).") % said)
            return go(request, KEY)
    return _page(request, Shown(test=form, status=REFUSED))


def _said(error: Exception) -> dict[str, str]:
    return {"words": str(error)[:300]}


@door(SETTINGS, "POST")
def sms_quiet(request: StaffRequest) -> HttpResponse:
    """Change when nobody is texted."""
    form = QuietForm(request.POST)
    if not form.is_valid():
        return _page(request, Shown(quiet=form, status=REFUSED))
    save_quiet_hours(**request.desk.acting(), **form.cleaned_data)
    messages.success(request, _("Saved."))
    return go(request, KEY)


@door(SETTINGS, "POST")
def sms_off(request: StaffRequest) -> HttpResponse:
    """Text no more, forgetting keys."""
    remove_sms_route(**request.desk.acting())
    messages.success(request, _("Nothing is texted any more."))
    return go(request, KEY)


def _page(request: StaffRequest, shown: Shown) -> HttpResponse:
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        route = sms_route(desk.seller_id)
        phone = desk.seller.phone
    quiet = {"quiet_from": route.quiet_from, "quiet_until": route.quiet_until} if route else {}
    return settings_page(
        request,
        "settings_sms",
        KEY,
        status=shown.status,
        route=route,
        service=SERVICES[route.kind] if route else None,
        label=_(SERVICES[route.kind].label) if route else "",
        test=shown.test or TestTextForm(initial={"to": phone}),
        quiet=shown.quiet or QuietForm(initial=quiet),
        ways=[(name, _(SERVICES[name].label), _(SERVICES[name].about)) for name in offered_services()],
        phone_url=settings.ENV.phone_url,
    )
