"""Settings that reach outside: payment providers and the mail server. Calls happen outside any transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.gateways.port import BadConfig, Provider
from tallystick.gateways.registry import PROVIDERS
from tallystick.mail.port import BadEnvelope, MailMisconfigured, MailRefused, MailUnavailable
from tallystick.messages.send import default_transport
from tallystick.payments.gateways import open_gateway, save_gateway_account, stored_config
from tallystick.payments.models import GatewayAccount
from tallystick.payments.queries import gateway_account, gateway_accounts
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.mail_route import mail_route, remove_mail_route, save_mail_route
from tallystick.sellers.mail_test import send_test_mail
from tallystick.sellers.roles import BANK, SETTINGS
from tallystick.staff.abilities import abilities
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.settings import WORDS, GatewayForm, RouteForm, TestMailForm
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.settings import settings_page


def _offered() -> list[Provider]:
    """The providers one can choose; the sandbox only where one runs."""
    return [each for each in PROVIDERS.values() if each.name != "sandbox" or settings.ENV.sandbox_url]


@door(BANK)
def gateways(request: StaffRequest) -> HttpResponse:
    """List the accounts at payment providers."""
    rows = [
        (row, PROVIDERS[row.provider].label if row.provider in PROVIDERS else row.provider)
        for row in gateway_accounts()
    ]
    return settings_page(request, "settings_gateways", "settings-gateways", rows=rows, providers=_offered())


@door(BANK, "GET", "POST")
def gateway_new(request: StaffRequest, provider: str) -> HttpResponse:
    """Add an account at a provider."""
    found = next((each for each in _offered() if each.name == provider), None)
    if found is None:
        raise Http404
    initial: dict[str, Any] = {"label": found.label, "is_enabled": True}
    if found.name == "sandbox":
        initial["config-api_url"] = settings.ENV.sandbox_url
    return _gateway_form(request, found, None, initial)


@door(BANK, "GET", "POST")
def gateway(request: StaffRequest, account_id: UUID) -> HttpResponse:
    """Change an account at a provider."""
    with tx(request.desk.seller_id, read_only=True):
        row = gateway_account(account_id)
    if row is None or row.provider not in PROVIDERS:
        raise Http404
    found, stored = PROVIDERS[row.provider], stored_config(row)
    initial: dict[str, Any] = {"label": row.label, "is_enabled": row.is_enabled}
    initial.update({f"config-{f.name}": stored.get(f.name, "") for f in found.fields if not f.is_secret})
    return _gateway_form(request, found, row, initial)


def _gateway_form(
    request: StaffRequest, provider: Provider, row: GatewayAccount | None, initial: dict[str, Any]
) -> HttpResponse:
    posted = request.POST if request.method == "POST" else None
    form = GatewayForm(posted, initial=initial, provider=provider, is_stored=row is not None)
    account_id = row.id if row else made_id(request.POST)
    if posted is not None and form.is_valid():
        try:
            save_gateway_account(
                **request.desk.acting(),
                account_id=account_id,
                provider=provider.name,
                label=form.cleaned_data["label"],
                config=form.config(),
                is_enabled=form.cleaned_data["is_enabled"],
            )
        except BadConfig as error:
            name = f"config-{error.field}"
            form.add_error(name if name in form.fields else None, str(error))
        else:
            _say_check(request, account_id)
            return go(request, "settings-gateway", account_id)
    return settings_page(
        request,
        "settings_gateway",
        "settings-gateways",
        status=REFUSED if posted is not None else 200,
        form=form,
        provider=provider,
        account=row,
        made_id=account_id,
        webhook_url=f"{settings.PUBLIC_URL}/hooks/{provider.name}/{account_id}",
        abilities=abilities(provider.capabilities),
    )


@door(BANK, "POST")
def gateway_check(request: StaffRequest, account_id: UUID) -> HttpResponse:
    """Ask the provider whether the settings work."""
    _say_check(request, account_id)
    return go(request, "settings-gateway", account_id)


def _say_check(request: StaffRequest, account_id: UUID) -> None:
    with tx(request.desk.seller_id, read_only=True):
        row = gateway_account(account_id)
    if row is None:
        raise Http404
    wrong = open_gateway(row).check()
    for text in wrong:
        messages.warning(request, _("Saved. %(problem)s") % {"problem": text})
    if not wrong:
        messages.success(request, _("Saved, and the provider accepts it."))


@door(SETTINGS, "GET", "POST")
def email(request: StaffRequest) -> HttpResponse:
    """Show which server sends the mail, and set one's own."""
    route = _route(request)
    posted = request.POST if request.method == "POST" else None
    form = RouteForm(posted, initial=_route_fields(route) or {"sender_address": ""})
    if posted is not None and form.is_valid():
        try:
            save_mail_route(**request.desk.acting(), **form.cleaned_data)
        except InvalidSettings as error:
            show_problems(form, error.problems, WORDS)
        else:
            messages.success(request, _("Saved. Send a test to see that it works."))
            return go(request, "settings-email")
    return _email_page(request, route, form, TestMailForm(initial={"to": request.user.email}), bad=posted is not None)  # type: ignore[union-attr]


def _route(request: StaffRequest) -> Any:
    with tx(request.desk.seller_id, read_only=True):
        return mail_route()


def _route_fields(route: Any) -> dict[str, Any]:
    if route is None:
        return {}
    sender, transport = route
    security = "starttls" if transport.use_tls else "tls" if transport.use_ssl else "none"
    return {
        "sender_address": sender,
        "host": transport.host,
        "port": transport.port,
        "security": security,
        "username": transport.username,
    }


def _email_page(request: StaffRequest, route: Any, form: RouteForm, test: TestMailForm, *, bad: bool) -> HttpResponse:
    sender = route[0] if route else settings.DEFAULT_FROM_EMAIL
    return settings_page(
        request,
        "settings_email",
        "settings-email",
        status=REFUSED if bad else 200,
        form=form,
        test=test,
        has_route=route is not None,
        sender=sender,
        domain=sender.rpartition("@")[2],
        default_host=settings.EMAIL_HOST,
    )


@door(SETTINGS, "POST")
def email_default(request: StaffRequest) -> HttpResponse:
    """Use the default route again."""
    remove_mail_route(**request.desk.acting())
    messages.success(request, _("Your mail goes through the default server again."))
    return go(request, "settings-email")


@door(SETTINGS, "POST")
def email_test(request: StaffRequest) -> HttpResponse:
    """Send a test and say in the mail server's words when it fails."""
    route = _route(request)
    test = TestMailForm(request.POST)
    if test.is_valid():
        to, desk = test.cleaned_data["to"], request.desk
        default = (settings.DEFAULT_FROM_EMAIL, default_transport())
        try:
            send_test_mail(
                seller_id=desk.seller_id, to=to, default=default, language=get_language() or "en", now=desk.now
            )
        except MailMisconfigured as error:
            test.add_error("to", _("The server wants other settings: %(words)s") % {"words": str(error)[:300]})
        except (MailRefused, MailUnavailable, BadEnvelope) as error:
            test.add_error("to", _("It didn't go out. The server said: %(words)s") % {"words": str(error)[:300]})
        else:
            messages.success(request, _("Sent to %(to)s. Look into that mailbox, and its spam folder.") % {"to": to})
            return go(request, "settings-email")
    form = RouteForm(initial=_route_fields(route))
    return _email_page(request, route, form, test, bad=True)
