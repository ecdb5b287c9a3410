"""Forms about items and tax rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.catalog.models import Item, TaxRate
from tallystick.staff.forms import choices
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.typed import Line, Number


class ItemForm(forms.Form):
    """Something sold again and again."""

    code = Line(
        label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("Typed on an invoice, it fills the line.")
    )
    name = Line(label=gettext_lazy("Name"), max_length=300)
    detail = Line(
        label=gettext_lazy("Detail"), max_length=300, required=False, help_text=gettext_lazy("A second line, smaller.")
    )
    unit_price = Number(
        label=gettext_lazy("Price"), help_text=gettext_lazy("Without tax, for one. Up to six decimals.")
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=choices.currencies)
    unit = Line(
        label=gettext_lazy("Unit"), max_length=20, required=False, help_text=gettext_lazy("Like hour, piece or kg.")
    )
    tax_rate_id = forms.ChoiceField(label=gettext_lazy("Tax rate"), required=False)

    def __init__(self, *args: Any, rates: Sequence[TaxRate], **kwargs: Any) -> None:
        """Offer the seller's rates."""
        super().__init__(*args, **kwargs)
        offered = [("", _("The usual one")), *((str(rate.id), rate.name) for rate in rates)]
        self.fields["tax_rate_id"].choices = offered  # type: ignore[attr-defined]

    def clean_unit_price(self) -> Any:
        """Refuse a negative price."""
        price = self.cleaned_data["unit_price"]
        if price is not None and price < 0:
            raise ValidationError(_("A price is never negative. Give a discount on the invoice instead."))
        return price

    def clean_tax_rate_id(self) -> UUID | None:
        """Return the rate's id, or None."""
        return UUID(self.cleaned_data["tax_rate_id"]) if self.cleaned_data["tax_rate_id"] else None


def item_fields(item: Item) -> dict[str, Any]:
    """Return an item's fields as the form shows them."""
    names = ("code", "name", "detail", "currency", "unit", "tax_rate_id")
    return {**{name: getattr(item, name) for name in names}, "unit_price": plain_number(item.unit_price)}


class RateForm(forms.Form):
    """A tax rate."""

    name = Line(label=gettext_lazy("Name"), max_length=60, help_text=gettext_lazy("As printed, like VAT 23%."))
    category = forms.ChoiceField(label=gettext_lazy("Kind"), choices=choices.tax_categories)
    percent = Number(label=gettext_lazy("Percent"))
    note = Line(
        label=gettext_lazy("Legal note"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Printed on invoices that use it, as the law asks for exemptions."),
    )
    is_default = forms.BooleanField(label=gettext_lazy("New lines start with this rate"), required=False)


def rate_fields(rate: TaxRate) -> dict[str, Any]:
    """Return a rate's fields as the form shows them."""
    names = ("name", "category", "note", "is_default")
    return {**{name: getattr(rate, name) for name in names}, "percent": plain_number(rate.percent)}
