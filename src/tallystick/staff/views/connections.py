"""Settings that reach outside: payment providers. Calls happen outside any transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.gateways.port import BadConfig, Provider
from tallystick.gateways.registry import PROVIDERS
from tallystick.payments.gateways import open_gateway, save_gateway_account, stored_config
from tallystick.payments.models import GatewayAccount
from tallystick.payments.queries import gateway_account, gateway_accounts
from tallystick.sellers.roles import BANK
from tallystick.staff.abilities import abilities
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.ids import made_id
from tallystick.staff.forms.settings import GatewayForm
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
