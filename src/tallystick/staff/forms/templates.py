"""The form of a message's template."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.messages.kinds import Kind
from tallystick.messages.message_templates import (
    MOST_BODY,
    MOST_BUTTON,
    MOST_SMS,
    MOST_SUBJECT,
    BadTemplate,
    Switch,
    Words,
    check_words,
)
from tallystick.messages.triggers import AUTOMATIC, BOUNDS, Triggers
from tallystick.staff.forms.segments import counting
from tallystick.staff.forms.typed import Line, Prose


def _whole(label: Any, help_text: Any, *, bounds: tuple[int, int], refusal: Any) -> forms.IntegerField:
    words = dict.fromkeys(("min_value", "max_value", "invalid"), refusal) | {"required": gettext_lazy("Fill this in.")}
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=bounds[0],
        max_value=bounds[1],
        error_messages=words,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class TriggersForm(forms.Form):
    """Which documents go out when they are issued, and how long after."""

    invoice = forms.BooleanField(label=gettext_lazy("Invoices"), required=False)
    credit_note = forms.BooleanField(label=gettext_lazy("Credit notes"), required=False)
    delay_minutes = _whole(
        gettext_lazy("Minutes to wait"),
        gettext_lazy("From 0 to 60. Until then you can stop it; sending by hand or marking as sent stops it too."),
        bounds=BOUNDS["delay_minutes"],
        refusal=gettext_lazy("From 0 to 60 minutes."),
    )
    brake_factor = _whole(
        gettext_lazy("Hold and ask above so many times the usual"),
        gettext_lazy("The busiest of the last 30 days counts as usual. Fifty a day always go."),
        bounds=BOUNDS["brake_factor"],
        refusal=gettext_lazy("From 1 to 100 times."),
    )
    remind_before_days = _whole(
        gettext_lazy("Days before it is due"),
        gettext_lazy("0 for never. To whom it was sent before, at 08:00."),
        bounds=BOUNDS["remind_before_days"],
        refusal=gettext_lazy("From 0 to 60 days."),
    )
    remind_late_days = _whole(
        gettext_lazy("Days after it was due"),
        gettext_lazy("0 for never. One that is more than three days late isn't sent any more."),
        bounds=BOUNDS["remind_late_days"],
        refusal=gettext_lazy("From 0 to 60 days."),
    )
    is_digest = forms.BooleanField(
        label=gettext_lazy("One email a day per customer"),
        help_text=gettext_lazy(
            "What was issued that day goes together, at 17:00. A customer with one document gets its own email."
        ),
        required=False,
    )

    @staticmethod
    def fields_of(kept: Triggers) -> dict[str, Any]:
        """What the form starts with."""
        chosen = {kind: kind in kept.auto_kinds for kind in AUTOMATIC}
        return {**chosen, **{name: getattr(kept, name) for name in (*BOUNDS, "is_digest")}}

    def triggers(self) -> Triggers:
        """The triggers as set."""
        chosen = frozenset(kind for kind in AUTOMATIC if self.cleaned_data[kind])
        return Triggers(chosen, **{name: self.cleaned_data[name] for name in (*BOUNDS, "is_digest")})


class TemplateForm(forms.Form):
    """What a kind of message says in one language; and, for all languages, whether it goes out and with its PDF."""

    is_on = forms.BooleanField(
        label=gettext_lazy("Send it by itself"),
        help_text=gettext_lazy("Off: nothing of this kind goes out."),
        required=False,
    )
    attach_pdf = forms.BooleanField(label=gettext_lazy("Attach PDF"), required=False)
    subject = Line(label=gettext_lazy("Subject"), max_length=MOST_SUBJECT)
    body = Prose(label=gettext_lazy("Message"), max_length=MOST_BODY, rows=12)
    button = Line(label=gettext_lazy("Button"), max_length=MOST_BUTTON, required=False)
    sms = Prose(
        label=gettext_lazy("Text message"),
        help_text=gettext_lazy(
            "Goes along when it goes by itself, to customers with a mobile number. Left empty, none goes."
        ),
        max_length=MOST_SMS,
        rows=3,
        required=False,
    )

    def __init__(self, *args: Any, kind: Kind, language: str, default_button: str, **kwargs: Any) -> None:
        """Offer what this kind has: its words are written in `language`."""
        super().__init__(*args, **kwargs)
        self.kind, self.language = kind, language
        for name in ("subject", "body", "button", "sms"):
            self.fields[name].widget.attrs |= {"lang": language, "dir": "auto", "spellcheck": "true"}
        if kind.pdf:
            self.fields["attach_pdf"].help_text = _(kind.pdf)
        else:
            del self.fields["attach_pdf"]
        if not (kind.is_optional and kind.is_automatic):
            del self.fields["is_on"]
        elif kind.name in AUTOMATIC:
            text = _("Off: nothing of this kind goes out by itself. By hand you can still send it.")
            self.fields["is_on"].help_text = text
        if kind.takes_text:
            self.fields["sms"].widget.attrs |= counting()
        else:
            del self.fields["sms"]
        if not kind.button:
            del self.fields["button"]
        else:
            said = _("Left empty it says “%(text)s”.") % {"text": default_button}
            self.fields["button"].help_text = said

    def clean(self) -> dict[str, Any]:
        """Refuse what could never be filled, at the field, with the nearest name there is."""
        if not self.errors:
            try:
                check_words(self.kind.name, self.language, self.words())
            except BadTemplate as error:
                self.add_error(error.field if error.field in self.fields else None, explain(error))
        return self.cleaned_data

    def words(self) -> Words:
        """The words as typed."""
        typed = self.cleaned_data
        body = typed["body"].replace("\r\n", "\n").strip()
        sms = typed.get("sms", "").replace("\r\n", "\n").strip()
        return Words(typed["subject"].strip(), body, typed.get("button", "").strip(), sms)

    def switch(self) -> Switch:
        """The switch as set; what the kind doesn't offer stays as it is."""
        return Switch(is_on=self.cleaned_data.get("is_on", True), attach_pdf=bool(self.cleaned_data.get("attach_pdf")))


def explain(error: BadTemplate) -> str:
    """Say what is wrong with a template, in the reader's words."""
    if error.why == "placeholder":
        hole = "{{ %s }}"
        if error.nearest:
            return _("There is no %(name)s here. Did you mean %(nearest)s?") % {
                "name": hole % error.name,
                "nearest": hole % error.nearest,
            }
        return _("There is no %(name)s here. Choose one of the placeholders below.") % {"name": hole % error.name}
    return _("This is too long.") if error.why == "too_long" else _("Fill this in.")
