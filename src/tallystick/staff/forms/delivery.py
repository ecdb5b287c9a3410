"""Forms of Settings → Email: a mail server, a service, how fast, where a test goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tallystick.mail.services import Service
from tallystick.sellers.mail_pace import MOST_PER_MINUTE
from tallystick.sellers.mail_route import Server
from tallystick.staff.forms.typed import Email, Line, Port, StoredPassword


class RouteForm(forms.Form):
    """The seller's own mail server, and whom to send a test before it is saved."""

    sender_address = Email(label=_("Sender"), help_text=_("The address your invoices come from."))
    host = Line(label=_("Server"), max_length=255, placeholder="smtp.example.com")
    port = Port(initial=587, refusal=_("A port is a number from 1 to 65535, mostly 587 or 465."))
    security = forms.ChoiceField(
        label=_("Protection"),
        choices=[("starttls", _("STARTTLS, mostly port 587")), ("tls", _("TLS, mostly port 465")), ("none", _("None"))],
    )
    username = Line(label=_("User"), max_length=200, required=False)
    password = StoredPassword()

    def keep_password(self) -> None:
        """Show what was typed as a password again: after a test it hasn't been saved yet."""
        self.fields["password"].widget.render_value = True

    def server(self) -> Server:
        """Return the server as typed."""
        data = self.cleaned_data
        return Server(data["host"], data["port"], data["security"], data["username"], data["password"])


class ServiceForm(forms.Form):
    """A service's own fields; stored secrets are never shown again and may stay empty."""

    sender_address = Email(
        label=_("Sender"), help_text=_("The address your invoices come from. The service has to know it or its domain.")
    )

    def __init__(self, *args: Any, service: Service, is_stored: bool, **kwargs: Any) -> None:
        """Add the fields of the service."""
        super().__init__(*args, **kwargs)
        self.service = service
        for one in service.fields:
            if one.choices:
                choices = [(value, gettext(label)) for value, label in one.choices]
                field: forms.Field = forms.ChoiceField(
                    label=gettext(one.label), choices=choices, help_text=gettext(one.help)
                )
            else:
                is_kept = one.is_secret and is_stored
                field = Line(
                    label=gettext(one.label),
                    max_length=500,
                    required=one.is_required and not is_kept,
                    help_text=gettext("Stored and never shown. Type a new one to replace it.")
                    if is_kept
                    else gettext(one.help),
                    **({"widget": _secret()} if one.is_secret else {}),
                )
            self.fields[one.name] = field
        self.order_fields([*(one.name for one in service.fields), "sender_address"])

    def options(self) -> dict[str, str]:
        """Return the service's settings as typed."""
        return {one.name: self.cleaned_data[one.name] for one in self.service.fields}


def _secret() -> forms.PasswordInput:
    return forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})


class PaceForm(forms.Form):
    """How many messages a minute."""

    per_minute = forms.IntegerField(
        label=_("Messages per minute"),
        min_value=0,
        max_value=MOST_PER_MINUTE,
        help_text=_("0 is no limit. Your provider says how many it takes; what is over it goes a minute later."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class TestMailForm(forms.Form):
    """Where a test goes."""

    to = Email(label=_("Send a test to"))


class SelectorForm(forms.Form):
    """The name of the DKIM key, where only the provider knows it."""

    selector = forms.RegexField(
        label=_("Name of the DKIM key"),
        regex=r"^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,3}$",
        required=False,
        help_text=_("What stands before ._domainkey in the entry that your provider gave you."),
        error_messages={"invalid": _("Only the part before ._domainkey, like s1 or 20261128pm.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
