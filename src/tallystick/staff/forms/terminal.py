"""Forms of the terminal: an amount to charge, and an address for its link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.staff.forms.typed import Email, Line, Number, to_minor_exactly


class AmountForm(forms.Form):
    """How much, in what currency, and what for."""

    amount = Number(label=gettext_lazy("Amount"))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    description = Line(
        label=gettext_lazy("What for"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("The customer reads this on the payment page and the receipt."),
    )

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        """Offer these currencies."""
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units."""
        data = super().clean() or self.cleaned_data
        amount, currency = data.get("amount"), data.get("currency")
        if amount is None or not currency:
            return data
        try:
            data["amount_minor"] = to_minor_exactly(amount, currency)
        except ValidationError as error:
            self.add_error("amount", error)
            return data
        if data["amount_minor"] <= 0:
            self.add_error("amount", _("An amount to charge is above zero."))
        return data


class AddressForm(forms.Form):
    """Where the link goes."""

    email = Email(label=gettext_lazy("Send the link to"))
