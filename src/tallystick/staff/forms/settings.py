"""Forms of the settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tallystick.base.brand import derive
from tallystick.core.errors import InvalidPattern
from tallystick.core.numbering import Pattern
from tallystick.gateways.port import Provider
from tallystick.sellers.models import BankAccount, Seller
from tallystick.sellers.settings import Business
from tallystick.staff.forms import choices
from tallystick.staff.forms.typed import Email, Line, Prose

WORDS = {
    "required": _("Fill this in."),
    "too_long": _("This is too long."),
    "control": _("This holds a character that can't be printed. Type it again instead of pasting it."),
    "country": _("Choose a country."),
    "currency": _("Choose a currency."),
    "email": _("This isn't an email address."),
    "phone": _("This can't be a phone number. Start with + and the country code, like +353 91 123456."),
    "time_zone": _("Choose a time zone."),
    "language": _("Choose a language."),
    "terms": _("Choose payment terms."),
    "percent": _("A percentage from 0 to 100."),
    "colour": _("A colour is # and six characters, like #0c5f78."),
    "iban_length": _("An IBAN of this country is shorter or longer. Check that none is missing."),
    "iban_format": _("This isn't an IBAN. It starts with two letters and two digits."),
    "iban_checksum": _("The check digits don't fit: a character is wrong or two are swapped."),
    "bic": _("A BIC has 8 or 11 letters and digits, like AIBKIE2D."),
    "host": _("Write the server's name alone, like smtp.example.com."),
    "port": _("A port is a number from 1 to 65535, mostly 587 or 465."),
    "security": _("Choose how the connection is protected."),
    "sender_address": _("This isn't an email address."),
    "region": _("Choose a region."),
    "per_minute": _("A number from 0 to 10,000."),
    "password": _("The server or user changed. Type the password again, so that it isn't sent to the wrong place."),
}
LOGO_WORDS = {
    "too_big": _("The picture is larger than 5 MB. Save it smaller, 600 pixels wide is plenty."),
    "svg": _("SVG files can carry programs, so they aren't taken. Save the logo as PNG."),
    "not_an_image": _("This isn't a picture we can read. Use a PNG, JPEG, WebP or GIF."),
    "too_many_pixels": _(
        "The picture has too many pixels to unpack safely. Save it smaller, 600 pixels wide is plenty."
    ),
}


class BusinessForm(forms.Form):
    """Names, address and manners of the business."""

    name = Line(label=_("Business name"), max_length=200, autocomplete="organization")
    legal_name = Line(
        label=_("Legal name"), max_length=200, required=False, help_text=_("When it differs, printed on documents.")
    )
    tax_id = Line(label=_("Tax ID"), max_length=40, required=False)
    company_no = Line(label=_("Company number"), max_length=60, required=False)
    street = Line(label=_("Street"), max_length=300, required=False, autocomplete="street-address")
    postcode = Line(label=_("Postcode"), max_length=20, required=False, autocomplete="postal-code")
    city = Line(label=_("City"), max_length=120, required=False, autocomplete="address-level2")
    region = Line(label=_("County or region"), max_length=120, required=False, autocomplete="address-level1")
    country = forms.ChoiceField(label=_("Country"), choices=choices.countries)
    email = Email(label=_("Email"), required=False, help_text=_("Answers to your emails come here."))
    phone = Line(label=_("Phone"), max_length=40, required=False, inputmode="tel", autocomplete="tel")
    currency = forms.ChoiceField(label=_("Currency"), choices=choices.currencies)
    language = forms.ChoiceField(label=_("Language"), choices=choices.languages)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=choices.time_zones, help_text=_("When a day ends, and a bill is late.")
    )
    terms = forms.ChoiceField(label=_("Payment terms"))
    terms_note = Prose(
        label=_("Note under the terms"),
        max_length=2000,
        required=False,
        rows=3,
        help_text=_("Printed on each invoice."),
    )
    partial_payments = forms.BooleanField(label=_("Customers may pay a part"), required=False)
    minimum_partial_percent = forms.IntegerField(
        label=_("Smallest part, in percent"),
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, keeps_own_terms: bool = False, **kwargs: Any) -> None:
        """Offer terms that aren't in the list when the seller has some."""
        super().__init__(*args, **kwargs)
        own = [("own", _("As agreed so far"))] if keeps_own_terms else []
        self.fields["terms"].choices = [*own, *choices.terms()]  # type: ignore[attr-defined]

    def business(self, own_terms: dict[str, Any]) -> Business:
        """Return what was typed as the verb takes it."""
        data = dict(self.cleaned_data)
        key = data.pop("terms")
        return Business(terms=own_terms if key == "own" else choices.read_terms_key(key), **data)


def business_fields(seller: Seller) -> dict[str, Any]:
    """Return a seller's fields as the form shows them."""
    names = BusinessForm.base_fields.keys() - {"terms"}
    return {**{name: getattr(seller, name) for name in names}, "terms": choices.terms_key(seller.terms) or "net:0"}


class BrandingForm(forms.Form):
    """Colour and logo."""

    brand = Line(
        label=_("Colour"),
        max_length=7,
        help_text=_("Leads on everything a customer sees. We adjust it where text on it would be hard to read."),
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        allow_empty_file=True,
        help_text=_("PNG, JPEG, WebP or GIF, up to 5 MB. It is shown 32 pixels high."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    remove_logo = forms.BooleanField(label=_("Remove the logo"), required=False)

    def clean_brand(self) -> str:
        """Accept a colour with or without its #."""
        text = "#" + str(self.cleaned_data["brand"]).removeprefix("#")
        try:
            derive(text)
        except ValueError:
            raise ValidationError(WORDS["colour"]) from None
        return text.lower()


class NumberingForm(forms.Form):
    """The patterns of the three series."""

    invoice = Line(label=_("Invoices"), max_length=40)
    credit_note = Line(label=_("Credit notes"), max_length=40)
    payment = Line(label=_("Receipts"), max_length=40)
    first = forms.IntegerField(
        label=_("First number of a new pattern"),
        min_value=1,
        max_value=10**9,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("Only for patterns without a year. One used before goes on where it stopped."),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse patterns that could repeat themselves."""
        data = super().clean() or self.cleaned_data
        for kind in ("invoice", "credit_note", "payment"):
            if kind in data:
                try:
                    Pattern.parse(data[kind])
                except InvalidPattern:
                    self.add_error(kind, pattern_words(data[kind]))
        return data


def pattern_words(pattern: str) -> str:
    """Say what is wrong with a pattern."""
    if "{number" not in pattern:
        return gettext("It needs {number}, or {number:5} for 00001.")
    if pattern.count("{number") > 1:
        return gettext("{number} may stand in it once.")
    return gettext(
        "Use letters, digits and - _ / . besides {year}, {yy}, {number} or {number:5}; it may not grow beyond 40 characters."
    )


class BankForm(forms.Form):
    """A bank account printed on invoices."""

    holder = Line(label=_("Account holder"), max_length=140)
    iban = Line(label=_("IBAN"), max_length=60)
    bic = Line(label=_("BIC"), max_length=11, required=False)
    bank_name = Line(label=_("Bank"), max_length=120, required=False)
    currency = forms.ChoiceField(label=_("Currency"), choices=choices.currencies)


def bank_fields(account: BankAccount) -> dict[str, Any]:
    """Return an account's fields as the form shows them."""
    spaced = " ".join(account.iban[at : at + 4] for at in range(0, len(account.iban), 4))
    return {**{name: getattr(account, name) for name in BankForm.base_fields}, "iban": spaced}


class GatewayForm(forms.Form):
    """An account at a payment provider; its fields are the provider's own, secrets never shown again."""

    label = Line(label=_("Name for your colleagues"), max_length=80)
    is_enabled = forms.BooleanField(label=_("Offer it to customers"), required=False)

    def __init__(self, *args: Any, provider: Provider, is_stored: bool, **kwargs: Any) -> None:
        """Add the provider's fields; a stored secret may stay empty."""
        super().__init__(*args, **kwargs)
        self.provider = provider
        for field in provider.fields:
            hint = gettext(field.help)
            if field.is_secret and is_stored:
                hint = gettext("Stored and never shown. Type a new one to replace it.")
            self.fields[f"config-{field.name}"] = Line(
                label=gettext(field.label),
                max_length=2000,
                required=not (field.is_secret and is_stored),
                help_text=hint,
                strip=True,
                **(
                    {"widget": forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})}
                    if field.is_secret
                    else {}
                ),
            )
        self.order_fields(["label", *(f"config-{field.name}" for field in provider.fields), "is_enabled"])

    def config(self) -> dict[str, str]:
        """Return the provider's settings as typed."""
        return {field.name: self.cleaned_data[f"config-{field.name}"] for field in self.provider.fields}


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = Email(label=_("Email"), autocomplete="off")
    role = forms.ChoiceField(label=_("Role"), choices=choices.roles, initial="sales")


class JoinForm(forms.Form):
    """A new person's name and password."""

    full_name = Line(label=_("Your name"), max_length=200, autocomplete="name")
    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. A few words you can remember are best."),
    )
