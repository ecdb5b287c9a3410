"""The forms of a broadcast and of a saved list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _

from tallystick.broadcasts.audience import Audience
from tallystick.broadcasts.lists import MOST_NAME
from tallystick.broadcasts.models import Broadcast
from tallystick.broadcasts.save import Sketch
from tallystick.broadcasts.wording import MOST_BODY, MOST_SMS, MOST_SUBJECT, Said, read_words
from tallystick.staff.forms.ids import read_id
from tallystick.staff.forms.segments import counting
from tallystick.staff.forms.typed import Line, Prose

WORDS = {
    "required": _("Fill this in."),
    "too_long": _("This is too long."),
    "taken": _("Another list has this name."),
    "way": _("Choose email, text, or both."),
    "range": _("From 0 to 3650 days."),
    "placeholder": _("There is a placeholder here that doesn't exist. Choose one of those below."),
    "no_provider": _("Nothing can be texted yet: set up SMS first."),
    "past": _("This time has gone by."),
}
"""What is wrong with a broadcast, by the verbs' stable words."""
Choices = Sequence[tuple[str, str]]


class BroadcastForm(forms.Form):
    """A broadcast: to whom, by which way, and what it says in each language."""

    name = Line(label=_("Name"), help_text=_("For you only. Customers don't see it."), max_length=80)
    kind = forms.ChoiceField(
        label=_("To"),
        choices=[("filter", _("Everyone who fits")), ("list", _("A saved list")), ("one", _("One customer"))],
        widget=forms.RadioSelect,
    )
    customer = forms.ChoiceField(label=_("Customer"), required=False)
    saved_list = forms.ChoiceField(label=_("List"), required=False)
    is_owing = forms.BooleanField(label=_("With an open balance"), required=False)
    overdue_days = forms.IntegerField(
        label=_("Overdue by at least so many days"),
        help_text=_("0: not asked."),
        initial=0,
        min_value=0,
        max_value=3650,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), WORDS["range"]),
    )
    currency = forms.ChoiceField(label=_("Currency"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    by_email = forms.BooleanField(label=_("By email"), required=False)
    by_sms = forms.BooleanField(label=_("By text message"), required=False)
    is_transactional = forms.BooleanField(
        label=_("It is about their own business with you"),
        help_text=_(
            "A delay of their order, a new bank account. Without this it is news or advertising: it carries a way to "
            "unsubscribe, and who did is left out."
        ),
        required=False,
    )

    def __init__(self, *args: Any, offers: Mapping[str, Choices], spoken: str, **kwargs: Any) -> None:
        """Offer what there is to choose from; `spoken` is the language that stands in for all others."""
        super().__init__(*args, **kwargs)
        self.spoken = spoken
        for name, choices in offers.items():
            nothing = gettext("Any") if name in _FILTER else "—"
            cast(forms.ChoiceField, self.fields[name]).choices = [("", nothing), *choices]
        for code, _name in settings.LANGUAGES:
            self._add_words(code)

    def _add_words(self, code: str) -> None:
        attrs = {"lang": code, "dir": "auto", "spellcheck": "true"}
        self.fields[f"subject_{code}"] = Line(label=gettext("Subject"), max_length=MOST_SUBJECT, required=False)
        self.fields[f"body_{code}"] = Prose(label=gettext("Message"), max_length=MOST_BODY, rows=8, required=False)
        self.fields[f"sms_{code}"] = Prose(label=gettext("Text message"), max_length=MOST_SMS, rows=3, required=False)
        for field in ("subject", "body", "sms"):
            self.fields[f"{field}_{code}"].widget.attrs |= attrs
        self.fields[f"sms_{code}"].widget.attrs |= counting()

    @property
    def languages(self) -> list[tuple[str, str, list[Any]]]:
        """Each language with its fields, the one that stands in for all others first."""
        codes = sorted((code for code, _name in settings.LANGUAGES), key=lambda code: code != self.spoken)
        return [
            (
                code,
                get_language_info(code)["name_local"].capitalize(),
                [self[f"{field}_{code}"] for field in ("subject", "body", "sms")],
            )
            for code in codes
        ]

    @staticmethod
    def fields_of(row: Broadcast) -> dict[str, Any]:
        """What the form starts with for a draft."""
        audience = Audience.read(row.audience)
        fields = {name: getattr(row, name) for name in ("name", "by_email", "by_sms", "is_transactional")}
        fields |= {name: getattr(audience, name) for name in ("kind", *_FILTER)}
        fields |= {"customer": str(audience.customer_id or ""), "saved_list": str(audience.list_id or "")}
        for code, said in read_words(row.words).items():
            fields |= {f"subject_{code}": said.subject, f"body_{code}": said.body, f"sms_{code}": said.sms}
        return fields

    def sketch(self) -> Sketch:
        """The broadcast as written."""
        typed = self.cleaned_data
        audience = Audience(
            kind=typed["kind"],
            customer_id=read_id(typed["customer"]),
            list_id=read_id(typed["saved_list"]),
            **{name: typed[name] for name in _FILTER},
        )
        return Sketch(
            name=typed["name"],
            by_email=typed["by_email"],
            by_sms=typed["by_sms"],
            is_transactional=typed["is_transactional"],
            audience=audience,
            words={code: self._said(code) for code, _name in settings.LANGUAGES},
        )

    def _said(self, code: str) -> Said:
        """The words as typed; those of a way that isn't chosen stay for when it is."""
        texts = (self.cleaned_data[f"{field}_{code}"] for field in ("subject", "body", "sms"))
        return Said(*(text.replace("\r\n", "\n").strip() for text in texts))


_FILTER = ("is_owing", "overdue_days", "currency", "language", "country")


class SendForm(forms.Form):
    """When a broadcast goes: empty is now."""

    due_at = forms.DateTimeField(
        label=_("Later"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        error_messages={"invalid": _("Choose a day and a time.")},
    )

    def moment(self, zone: str) -> datetime | None:
        """The time as typed, in the seller's zone."""
        typed: datetime | None = self.cleaned_data["due_at"]
        return typed.replace(tzinfo=ZoneInfo(zone)) if typed else None


class ListForm(forms.Form):
    """A saved list: its name, and who is ticked."""

    name = Line(label=_("Name"), max_length=MOST_NAME)

    @staticmethod
    def ticked(posted: Any) -> list[UUID]:
        """The customers that were ticked."""
        return [found for text in posted.getlist("customer") if (found := read_id(text))]
