"""The mailbox that bounces and replies come to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tallystick.mailboxes.models import Mailbox
from tallystick.mailboxes.queries import account_of
from tallystick.mailboxes.save import MailboxDetails
from tallystick.staff.forms.settings import WORDS
from tallystick.staff.forms.typed import Email, Line, Port, StoredPassword

MAILBOX_WORDS = {
    **WORDS,
    "address": WORDS["email"],
    "host": _("Write the server's name alone, like imap.example.com."),
    "port": _("A port is a number from 1 to 65535, mostly 993 or 143."),
    "username": WORDS["required"],
    "folder": WORDS["required"],
    "every_minutes": _("From 1 to 1440 minutes."),
    "password": _("Type the password. It is asked for again when the server or user changes."),
}


class MailboxForm(forms.Form):
    """Where it is, and how to sign in."""

    address = Email(label=_("Address"), help_text=_("The mailbox's own. Bounces come back to it."))
    has_plus_addresses = forms.BooleanField(
        label=_("The server delivers address+anything to it"),
        required=False,
        help_text=_(
            "Then each email gets a return address of its own, and bounces are matched even when they return nothing."
        ),
    )
    host = Line(label=_("Server"), max_length=255, placeholder="imap.example.com")
    port = Port(initial=993, refusal=MAILBOX_WORDS["port"])
    security = forms.ChoiceField(
        label=_("Protection"),
        choices=[("tls", _("TLS, mostly port 993")), ("starttls", _("STARTTLS, mostly port 143")), ("none", _("None"))],
    )
    username = Line(label=_("User"), max_length=254)
    password = StoredPassword()
    folder = Line(label=_("Folder"), max_length=200, initial="INBOX")
    every_minutes = forms.IntegerField(
        label=_("Minutes between two looks"),
        initial=5,
        min_value=1,
        max_value=1440,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"min_value": MAILBOX_WORDS["every_minutes"], "max_value": MAILBOX_WORDS["every_minutes"]},
    )

    def details(self) -> MailboxDetails:
        """Return what was typed."""
        typed = dict(self.cleaned_data)
        return MailboxDetails(**{**typed, "address": typed["address"].lower(), "host": typed["host"].strip().lower()})


def mailbox_fields(box: Mailbox | None) -> dict[str, Any]:
    """Return what the form starts with."""
    if box is None:
        return {}
    names = ("address", "has_plus_addresses", "host", "port", "security", "folder", "every_minutes")
    return {**{name: getattr(box, name) for name in names}, "username": account_of(box).username}
