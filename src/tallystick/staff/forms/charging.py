"""Forms about planned charges and the rules they follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.core.money import to_decimal
from tallystick.payments.models import PaymentMethod
from tallystick.payments.rules import Rules
from tallystick.staff.charging import method_name
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.typed import Day, Line, Number, to_minor_exactly

HUNDREDTHS = "EUR"
"""Rules keep amounts in hundredths, whatever the currency."""
AMOUNTS = ("write_off_minor", "refund_approval_minor", "customer_minor_a_day", "run_floor_minor")


class DayForm(forms.Form):
    """Another day for a charge."""

    until = Day(label=gettext_lazy("Charge it on"))


class CardForm(forms.Form):
    """One of the customer's kept cards."""

    method = forms.ChoiceField(
        label=gettext_lazy("Card or account"), error_messages={"invalid_choice": gettext_lazy("Choose a kept card.")}
    )

    def __init__(self, *args: Any, methods: Sequence[PaymentMethod], **kwargs: Any) -> None:
        """Offer these cards by last four."""
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [(str(each.id), method_name(each)) for each in methods]  # type: ignore[attr-defined]

    def clean_method(self) -> UUID:
        """Return the card's id."""
        return UUID(self.cleaned_data["method"])


def _count(label: Any, help_text: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(label=label, help_text=help_text, min_value=0, max_value=10_000, widget=widget)


class RulesForm(forms.Form):
    """How the seller charges and gives back by itself."""

    notice_days = _count(
        gettext_lazy("Days of notice"),
        gettext_lazy("How long before an automatic charge the customer is told. Usually 3. 0: no notice."),
    )
    postpone_days = _count(
        gettext_lazy("Days a customer may postpone"),
        gettext_lazy("Once per charge, from the notice. Usually 7. 0: not at all."),
    )
    retry_days = Line(
        label=gettext_lazy("Try again after days"),
        max_length=60,
        required=False,
        help_text=gettext_lazy(
            "Counted from the first failure. Usually 1, 3, 5, 7. Empty: not tried again, the customer gets a link."
        ),
    )
    requests_take_parts = forms.BooleanField(
        label=gettext_lazy("Customers may pay a part of a link for several invoices"), required=False
    )
    write_off_minor = Number(
        label=gettext_lazy("Small rest that may be written off"),
        help_text=gettext_lazy("In your currency. Usually 5.00. Above it only those who keep the books may."),
    )
    refund_approval_minor = Number(
        label=gettext_lazy("Refunds above this need a second person"),
        help_text=gettext_lazy("In your currency. Usually 1,000.00. 0: always."),
    )
    customer_charges_a_day = _count(
        gettext_lazy("Automatic charges per customer and day"),
        gettext_lazy("One more stops and asks a person. Usually 5. 0: no limit."),
    )
    customer_minor_a_day = Number(
        label=gettext_lazy("Amount per customer and day"),
        help_text=gettext_lazy("More stops and asks a person. Usually 0: no limit."),
    )
    run_factor = _count(
        gettext_lazy("Times the usual day"),
        gettext_lazy("A day that would charge more than so many times the usual stops. Usually 3."),
    )
    run_floor_minor = Number(
        label=gettext_lazy("A day's charges never stop below"),
        help_text=gettext_lazy("In your currency. Usually 10,000.00. Protects small days from false alarms."),
    )

    def clean_retry_days(self) -> tuple[int, ...]:
        """Return the days as numbers."""
        text = self.cleaned_data["retry_days"].replace(";", ",")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if any(not (part.isascii() and part.isdigit() and len(part) <= 3) for part in parts):
            raise ValidationError(_("Write days with commas between them, like 1, 3, 5, 7."))
        return tuple(int(part) for part in parts)

    def clean(self) -> dict[str, Any]:
        """Turn amounts into hundredths."""
        data = super().clean() or {}
        for name in AMOUNTS:
            if data.get(name) is None:
                continue
            try:
                data[name] = to_minor_exactly(data[name], HUNDREDTHS)
            except ValidationError as error:
                self.add_error(name, error)
            else:
                if not 0 <= data[name] < 2**40:
                    self.add_error(name, _("An amount here is 0 or more, and no larger than can be booked."))
        return data

    def rules(self) -> Rules:
        """Return what was typed as the verb takes it."""
        return Rules(**{name: self.cleaned_data[name] for name in asdict(Rules())})


def rules_fields(kept: Rules) -> dict[str, Any]:
    """Return the rules in force as the form shows them."""
    values = asdict(kept)
    amounts = {name: plain_number(to_decimal(values[name], HUNDREDTHS)) for name in AMOUNTS}
    return {**values, **amounts, "retry_days": ", ".join(str(day) for day in kept.retry_days)}
