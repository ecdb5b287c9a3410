"""What people type: fields that keep it, refuse what no keyboard makes, and say in plain words what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.base.inputs import CONTROL, is_email
from tallystick.core.errors import CoreError
from tallystick.core.money import exponent, to_minor
from tallystick.staff.forms.numbers import BadNumber, read_number

_LINE_BREAK = re.compile(r"[\r\n\t]")
_ABSURD = 10**15
_MISSING = {"required": gettext_lazy("Fill this in.")}


class Prose(forms.CharField):
    """Text of several lines."""

    def __init__(self, **options: Any) -> None:
        """Take CharField's options, and `autocomplete`, `inputmode`, `rows` for the widget."""
        attrs: dict[str, Any] = {"autocomplete": "off"}
        for name in ("autocomplete", "inputmode", "rows", "placeholder"):
            if name in options:
                attrs[name] = options.pop(name)
        options.setdefault("widget", self.default_widget(attrs=attrs))
        options["error_messages"] = {**_MISSING, **options.get("error_messages", {})}
        super().__init__(**options)
        self.validators = [v for v in self.validators if "ProhibitNull" not in type(v).__name__]

    default_widget: type[forms.Widget] = forms.Textarea

    def to_python(self, value: Any) -> str:
        """Refuse control characters."""
        text = str(super().to_python(value) or "")
        if CONTROL.search(text):
            raise ValidationError(
                _("This holds a character that can't be printed. Type it again instead of pasting it.")
            )
        return text


class Line(Prose):
    """Text of one line."""

    default_widget = forms.TextInput

    def to_python(self, value: Any) -> str:
        """Turn pasted line breaks into spaces."""
        return super().to_python(_LINE_BREAK.sub(" ", value) if isinstance(value, str) else value)


class Email(Line):
    """An email address."""

    def __init__(self, **options: Any) -> None:
        """Ask for the keyboard with the @."""
        super().__init__(**{"max_length": 254, "inputmode": "email", "autocomplete": "email", **options})

    def to_python(self, value: Any) -> str:
        """Return it in lower case."""
        text = super().to_python(value).lower()
        if text and not is_email(text):
            raise ValidationError(_("“%(text)s” isn't an email address.") % {"text": text})
        return text


class Number(Line):
    """A number as the reader's language writes it."""

    def __init__(self, **options: Any) -> None:
        """Ask for the keyboard with digits."""
        super().__init__(**{"max_length": 40, "inputmode": "decimal", **options})

    def clean(self, value: Any) -> Decimal | None:
        """Return the number, or None for an empty field that isn't required."""
        text = str(super().clean(value))
        if not text:
            return None
        try:
            return read_number(text)
        except BadNumber as error:
            raise ValidationError(str(error)) from None


class Day(Line):
    """A date."""

    default_widget = forms.DateInput

    def __init__(self, **options: Any) -> None:
        """Show the browser's own calendar."""
        options.setdefault("widget", forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"))
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        """Show a date the way the browser's field wants it."""
        return value.isoformat() if isinstance(value, date) else value

    def clean(self, value: Any) -> date | None:
        """Return the date, or None for an empty field that isn't required."""
        text = str(super().clean(value))
        if not text:
            return None
        try:
            found = parse_date(text)
        except ValueError:
            found = None
        if found is None:
            raise ValidationError(
                _("“%(text)s” isn't a day of the calendar. Write it like 2026-11-30.") % {"text": text}
            )
        return found


def to_minor_exactly(amount: Decimal, currency: str) -> int:
    """Return an amount in minor units. Raises ValidationError when it has more decimals than the currency, or is absurd."""
    digits = exponent(currency)
    if abs(amount) >= _ABSURD:
        raise ValidationError(_("That is more than can be booked."))
    if amount != amount.quantize(Decimal(1).scaleb(-digits)):
        raise ValidationError(
            _("%(currency)s has %(digits)d decimals.") % {"currency": currency, "digits": digits}
            if digits
            else _("%(currency)s has no decimals.") % {"currency": currency}
        )
    try:
        return to_minor(amount, currency)
    except CoreError:
        raise ValidationError(_("That is more than can be booked.")) from None


def show_problems(form: forms.Form, problems: Mapping[str, str], words: Mapping[str, Any]) -> None:
    """Put what a verb refused at the fields it named; what the form has no field for is an error of the whole form."""
    for field, reason in problems.items():
        text = str(words.get(reason, _("This can't stand as it is.")))
        form.add_error(field if field in form.fields else None, text)


class Port(forms.IntegerField):
    """The port of a server; `refusal` says what a port is."""

    def __init__(self, *, refusal: Any, **options: Any) -> None:
        """Take IntegerField's options."""
        widget = forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
        words = {"min_value": refusal, "max_value": refusal}
        super().__init__(
            label=gettext_lazy("Port"), min_value=1, max_value=65535, widget=widget, error_messages=words, **options
        )


class StoredPassword(Line):
    """A password that is kept: never shown again, and left empty the stored one stays."""

    def __init__(self) -> None:
        """Nothing differs from one to the other."""
        super().__init__(
            label=gettext_lazy("Password"),
            max_length=500,
            required=False,
            strip=False,
            widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
            help_text=gettext_lazy("Stored encrypted and never shown. Left empty, the stored one stays."),
        )
