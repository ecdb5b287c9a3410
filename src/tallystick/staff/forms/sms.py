"""Forms of Settings → SMS: a provider, a test, quiet hours."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tallystick.sms.services import SmsService
from tallystick.staff.forms.typed import Line

WORDS = {
    "required": _("Fill this in."),
    "control": _("Plain letters and digits only, as the provider shows it."),
    "account_sid": _("An Account SID is AC and 32 more letters and digits."),
    "api_key": _("An API key is some letters and digits."),
    "sender": _("A number like +353871234567, a name of up to 11 letters, or the SID of a messaging service."),
    "hole": _("Write {to} once, where the number belongs."),
    "scheme": _("This can't be used for texts here. The guide lists the providers that can."),
    "url": _("Apprise can't read this address. Look up how it writes your provider's."),
}
"""What is wrong with a setting, by the verbs' stable words."""


class SmsRouteForm(forms.Form):
    """A provider's own fields; stored secrets are never shown again and may stay empty."""

    def __init__(self, *args: Any, service: SmsService, is_stored: bool, **kwargs: Any) -> None:
        """Add the fields of the provider."""
        super().__init__(*args, **kwargs)
        self.service = service
        for one in service.fields:
            is_kept = one.is_secret and is_stored
            self.fields[one.name] = Line(
                label=gettext(one.label),
                max_length=500,
                required=not is_kept,
                help_text=gettext("Stored and never shown. Type a new one to replace it.")
                if is_kept
                else gettext(one.help),
                **({"widget": _secret()} if one.is_secret else {}),
            )
        if service.has_sender:
            self.fields["sender"] = Line(
                label=gettext("Sender"),
                max_length=40,
                required=not service.is_play,
                help_text=gettext(
                    "The number you have there. In many countries a name of up to 11 letters works too; nobody can answer "
                    "a name, so nobody can answer STOP."
                ),
            )

    def options(self) -> dict[str, str]:
        """Return the provider's settings as typed."""
        return {one.name: self.cleaned_data[one.name] for one in self.service.fields}


def _secret() -> forms.PasswordInput:
    return forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})


class TestTextForm(forms.Form):
    """Where a test goes."""

    to = Line(
        label=_("Send a test to"),
        max_length=40,
        help_text=_("Your own mobile number, like +353 87 123 4567."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )


class QuietForm(forms.Form):
    """When nobody is texted."""

    quiet_from = forms.TimeField(
        label=_("Nobody is texted from"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": _("Fill this in."), "invalid": _("A time like 20:00.")},
    )
    quiet_until = forms.TimeField(
        label=_("until"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": _("Fill this in."), "invalid": _("A time like 08:00.")},
    )
