"""Forms about customers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from tallystick.customers.details import ContactDetails, Details
from tallystick.customers.models import Contact, Customer
from tallystick.staff.forms import choices
from tallystick.staff.forms.typed import Email, Line, Prose

WORDS = {
    "required": _("Fill this in."),
    "too_long": _("This is too long."),
    "control": _("This holds a character that can't be printed. Type it again instead of pasting it."),
    "email": _("This isn't an email address."),
    "phone": _("This can't be a phone number. Start with + and the country code, like +353 91 123456."),
    "country": _("Choose a country."),
    "currency": _("Choose a currency."),
    "number_taken": _("Another customer has this number."),
    "tax_length": _("A tax ID of this country is shorter or longer. Check the number of digits."),
    "tax_format": _("A tax ID of this country looks different. Check letters and digits."),
    "tax_checksum": _("The check digit doesn't fit: a digit is wrong or two are swapped."),
    "tax_component": _("Part of this tax ID isn't in use. Check it once more."),
}


class CustomerForm(forms.Form):
    """A customer's own fields; contacts are a formset beside it."""

    name = Line(label=_("Name"), max_length=200, autocomplete="organization")
    number = Line(
        label=_("Customer number"), max_length=40, required=False, help_text=_("Left empty, the next one is used.")
    )
    email = Email(label=_("Email"), required=False, help_text=_("Used when no contact gets documents."))
    phone = Line(label=_("Phone"), max_length=40, required=False, inputmode="tel", autocomplete="tel")
    attention = Line(label=_("For the attention of"), max_length=200, required=False)
    street = Line(label=_("Street"), max_length=300, required=False, autocomplete="street-address")
    postcode = Line(label=_("Postcode"), max_length=20, required=False, autocomplete="postal-code")
    city = Line(label=_("City"), max_length=120, required=False, autocomplete="address-level2")
    region = Line(label=_("County or region"), max_length=120, required=False, autocomplete="address-level1")
    country = forms.ChoiceField(
        label=_("Country"), choices=choices.countries, error_messages={"required": WORDS["country"]}
    )
    tax_id = Line(label=_("Tax ID"), max_length=40, required=False, help_text=_("VAT number, printed on invoices."))
    tax_id_as_typed = forms.BooleanField(label=_("Keep this tax ID as typed"), required=False)
    currency = forms.ChoiceField(label=_("Currency"), choices=choices.currencies)
    language = forms.ChoiceField(
        label=_("Language"), choices=choices.languages, help_text=_("Of everything this customer gets.")
    )
    terms = forms.ChoiceField(label=_("Payment terms"), required=False)
    payment_links = forms.BooleanField(
        label=_("Enable payment links"),
        required=False,
        initial=True,
        help_text=_("Off: nothing this customer gets has a link or button to pay, whatever else is chosen."),
    )
    note = Prose(
        label=_("Note"), max_length=20_000, required=False, rows=3, help_text=_("Only your colleagues see it.")
    )

    def __init__(self, *args: Any, keeps_own_terms: bool = False, is_online: bool = True, **kwargs: Any) -> None:
        """Offer agreed terms that aren't in the list when the customer has some. The switch for payment links does
        nothing until a payment provider is connected: until then it is greyed out, and stays as it is (C3).
        """
        super().__init__(*args, **kwargs)
        own = [("own", _("As agreed with this customer"))] if keeps_own_terms else []
        self.fields["terms"].choices = [("", _("As usual")), *own, *choices.terms()]  # type: ignore[attr-defined]
        links = self.fields["payment_links"]
        links.disabled = not is_online
        if links.disabled:
            links.widget.attrs |= {"aria-disabled": "true", "aria-describedby": "no-gateway"}

    def clean_payment_links(self) -> bool:
        """Return the switch; a form that doesn't show it, as that of another program, leaves it as it is (C7)."""
        is_shown = "payment_links_shown" in self.data
        kept = self.get_initial_for_field(self.fields["payment_links"], "payment_links")
        return bool(self.cleaned_data["payment_links"] if is_shown else kept)

    def details(
        self, customer_id: UUID, contacts: tuple[ContactDetails, ...], own_terms: dict[str, Any] | None
    ) -> Details:
        """Return what was typed as the verb takes it."""
        data = dict(self.cleaned_data)
        data.pop("tax_id_as_typed")
        key = data.pop("terms")
        terms = own_terms if key == "own" else choices.read_terms_key(key) if key else None
        return Details(id=customer_id, terms=terms, contacts=contacts, **data)


def customer_fields(customer: Customer) -> dict[str, Any]:
    """Return a customer's fields as the form shows them."""
    names = CustomerForm.base_fields.keys() - {"terms", "tax_id_as_typed"}
    return {**{name: getattr(customer, name) for name in names}, "terms": choices.terms_key(customer.terms)}


class ContactForm(forms.Form):
    """A person at the customer."""

    id = forms.UUIDField(required=False, widget=forms.HiddenInput)
    name = Line(label=_("Name"), max_length=200, required=False)
    email = Email(label=_("Email"), required=False, autocomplete="off")
    phone = Line(label=_("Phone"), max_length=40, required=False, inputmode="tel")
    gets_documents = forms.BooleanField(label=_("Gets documents"), required=False, initial=True)
    is_copied = forms.BooleanField(label=_("Copied"), required=False)
    remove = forms.BooleanField(label=_("Remove"), required=False)

    @property
    def is_used(self) -> bool:
        """Whether the row holds a person to keep."""
        data = self.cleaned_data
        return not data.get("remove") and bool(data.get("name") or data.get("email") or data.get("phone"))

    def details(self) -> ContactDetails:
        """Return what was typed as the verb takes it; a contact without a name is called by the address."""
        data = self.cleaned_data
        return ContactDetails(
            name=data["name"] or data["email"].partition("@")[0],
            email=data["email"],
            phone=data["phone"],
            gets_documents=data["gets_documents"],
            is_copied=data["is_copied"],
            id=data["id"],
        )


ContactForms = forms.formset_factory(ContactForm, extra=2, max_num=40, absolute_max=60, validate_max=True)


def contact_fields(contacts: list[Contact]) -> list[dict[str, Any]]:
    """Return contacts as the formset shows them."""
    names = ("id", "name", "email", "phone", "gets_documents", "is_copied")
    return [{name: getattr(contact, name) for name in names} for contact in contacts]
