"""Forms about money received."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.invoices.models import Invoice
from tallystick.staff.forms import choices
from tallystick.staff.forms.typed import Day, Line, Number, Prose, to_minor_exactly
from tallystick.staff.words import money_text


class WishesForm(forms.Form):
    """One amount per open invoice: how much of the money it gets."""

    def __init__(self, *args: Any, invoices: Sequence[Invoice], **kwargs: Any) -> None:
        """Make a field for each invoice, named by its id."""
        super().__init__(*args, **kwargs)
        self.invoices = invoices
        for invoice in invoices:
            label = _("Amount for %(number)s in %(currency)s") % {
                "number": invoice.number,
                "currency": invoice.currency,
            }
            self.fields[f"for-{invoice.id}"] = Number(label=label, required=False)

    def rows(self) -> list[tuple[Invoice, Any]]:
        """Return each invoice with its field, for the template."""
        return [(invoice, self[f"for-{invoice.id}"]) for invoice in self.invoices]

    def wishes(self, currency: str) -> dict[UUID, int] | None:
        """Return the amounts typed, in minor units by invoice, or None when none was. Adds an error to wrong ones."""
        found: dict[UUID, int] = {}
        for invoice in self.invoices:
            name = f"for-{invoice.id}"
            amount = self.cleaned_data.get(name)
            if not amount:
                continue
            try:
                found[invoice.id] = self._checked(invoice, amount, currency)
            except ValidationError as error:
                self.add_error(name, error)
        return found or None

    def _checked(self, invoice: Invoice, amount: Decimal, currency: str) -> int:
        if invoice.currency != currency:
            text = _("This invoice is in %(theirs)s, the payment in %(ours)s.")
            raise ValidationError(text % {"theirs": invoice.currency, "ours": currency})
        minor = to_minor_exactly(amount, currency)
        if minor < 0:
            raise ValidationError(_("An amount here is never negative."))
        if minor > invoice.open_minor:
            text = _("Only %(open)s is open on this invoice.")
            raise ValidationError(text % {"open": money_text(invoice.open_minor, currency)})
        return minor


class PaymentForm(WishesForm):
    """Money that arrived by hand, and what it pays."""

    amount = Number(label=gettext_lazy("Amount received"))
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    method = forms.ChoiceField(label=gettext_lazy("How it came"), choices=choices.methods)
    received_on = Day(label=gettext_lazy("Received on"))
    reference = Line(
        label=gettext_lazy("Reference"),
        max_length=140,
        required=False,
        help_text=gettext_lazy("As on the statement or cheque."),
    )
    note = Prose(label=gettext_lazy("Note"), max_length=2000, required=False, rows=2)

    def __init__(self, *args: Any, currencies: Sequence[str], today: date, **kwargs: Any) -> None:
        """Offer the currencies the customer owes in."""
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["currency"].choices = [(code, code) for code in currencies]  # type: ignore[attr-defined]

    def own_fields(self) -> list[Any]:
        """Return the fields that aren't amounts for invoices."""
        return [self[name] for name in ("amount", "currency", "method", "received_on", "reference", "note")]

    def clean_received_on(self) -> Any:
        """Refuse a day that hasn't come."""
        found = self.cleaned_data["received_on"]
        if found > self.today:
            raise ValidationError(_("That day hasn't come yet."))
        return found

    def clean(self) -> dict[str, Any]:
        """Turn the amounts into minor units and hold them against each other."""
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
            self.add_error("amount", _("An amount received is above zero."))
            return data
        data["wanted"] = self.wishes(currency)
        over = sum((data["wanted"] or {}).values()) - data["amount_minor"]
        if over > 0:
            text = _("The amounts below add up to %(over)s more than was received.")
            self.add_error("amount", text % {"over": money_text(over, currency)})
        return data
