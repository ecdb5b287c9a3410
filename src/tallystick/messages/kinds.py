"""The kinds of message a seller has a template for (E19), with the defaults that hold until somebody changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop

_PERSON = ("greeting", "contact_first_name", "customer_name", "seller_name")
_DOCUMENT = (*_PERSON, "number", "amount", "total", "open_amount", "due_date", "issue_date", "po_number")
_CHARGE = (*_PERSON, "number", "amount", "due_date", "payment_method")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. Texts are message ids, to be translated when shown.

    `placeholders`: the names its words may use, which are those its sender fills. `button`: the default text, empty
    without a button. `pdf`: what is attached, empty for nothing. `is_on`: whether it goes out by itself before anybody
    decided. Not `is_optional`: customers agreed to be told, so it can't be switched off. Not `is_automatic`: only people
    send it. Not `is_sent`: nothing sends it yet. `takes_text`: a text message may go with it.
    """

    name: str
    label: str
    used_when: str
    placeholders: tuple[str, ...]
    button: str = ""
    pdf: str = ""
    is_on: bool = True
    is_optional: bool = True
    is_automatic: bool = True
    is_sent: bool = True
    takes_text: bool = False

    @property
    def sms_placeholders(self) -> tuple[str, ...]:
        """The names that its text message may use."""
        return (*self.placeholders, "link")


_ALL = (
    Kind(
        "invoice",
        gettext_noop("New invoice"),
        gettext_noop("An open invoice is sent for the first time"),
        _DOCUMENT,
        gettext_noop("Make Payment"),
        gettext_noop("The invoice"),
        takes_text=True,
    ),
    Kind(
        "reminder",
        gettext_noop("Invoice reminder"),
        gettext_noop("It was sent already and isn't due yet"),
        _DOCUMENT,
        gettext_noop("Make Payment"),
        gettext_noop("The invoice"),
        takes_text=True,
    ),
    Kind(
        "late_reminder",
        gettext_noop("Late payment reminder"),
        gettext_noop("It is past due"),
        (*_DOCUMENT, "days_overdue"),
        gettext_noop("Make Payment"),
        gettext_noop("The invoice"),
        takes_text=True,
    ),
    Kind(
        "thank_you",
        gettext_noop("Thank you"),
        gettext_noop("An invoice is paid in full"),
        _DOCUMENT,
        "",
        gettext_noop("The invoice"),
        is_on=False,
        takes_text=True,
    ),
    Kind(
        "plan_onboarding",
        gettext_noop("Payment plan onboarding"),
        gettext_noop("A new payment plan waits for the customer's approval"),
        (*_PERSON, "number", "amount"),
        gettext_noop("Review plan"),
        is_on=False,
        is_sent=False,
    ),
    Kind(
        "credit_note",
        gettext_noop("Credit note"),
        gettext_noop("A credit note is sent"),
        _DOCUMENT,
        gettext_noop("View credit note"),
        gettext_noop("The credit note"),
        takes_text=True,
    ),
    Kind(
        "estimate",
        gettext_noop("Estimate"),
        gettext_noop("An estimate is sent"),
        _DOCUMENT,
        gettext_noop("View estimate"),
        gettext_noop("The estimate"),
        is_sent=False,
    ),
    Kind(
        "receipt",
        gettext_noop("Payment receipt"),
        gettext_noop("A payment arrived"),
        (*_PERSON, "number", "amount"),
        "",
        gettext_noop("The receipt, then each invoice it paid on its own page"),
        takes_text=True,
    ),
    Kind(
        "refund",
        gettext_noop("Refund"),
        gettext_noop("A charge was given back"),
        (*_PERSON, "number", "amount", "payment_method"),
        "",
        gettext_noop("The receipt, then each invoice it paid on its own page"),
        takes_text=True,
    ),
    Kind(
        "charge_failed",
        gettext_noop("Failed automatic payment"),
        gettext_noop("An automatic charge failed and is tried again"),
        _CHARGE,
        gettext_noop("Update payment information"),
        takes_text=True,
    ),
    Kind(
        "statement",
        gettext_noop("Statement"),
        gettext_noop("A statement is sent"),
        (*_PERSON, "amount"),
        gettext_noop("View statement"),
        gettext_noop("The statement"),
        is_sent=False,
    ),
    Kind(
        "subscription_confirmation",
        gettext_noop("Subscription confirmation"),
        gettext_noop("A customer is enrolled in a subscription"),
        (*_PERSON, "subscription", "amount"),
        gettext_noop("Manage subscription"),
        is_on=False,
        is_sent=False,
    ),
    Kind(
        "billed_soon",
        gettext_noop("Billed soon"),
        gettext_noop("Some days before a subscription is billed"),
        (*_PERSON, "subscription", "amount", "due_date"),
        gettext_noop("Manage subscription"),
        is_on=False,
        is_sent=False,
    ),
    Kind(
        "subscription_cancelled",
        gettext_noop("Subscription cancelled"),
        gettext_noop("A subscription ends"),
        (*_PERSON, "subscription"),
        is_on=False,
        is_sent=False,
    ),
    Kind(
        "charge_notice",
        gettext_noop("Notice before an automatic charge"),
        gettext_noop("Some days before an agreed charge"),
        _CHARGE,
        gettext_noop("Change or postpone"),
        is_optional=False,
        takes_text=True,
    ),
    Kind(
        "charge_fell_back",
        gettext_noop("Automatic payment given up"),
        gettext_noop("An automatic charge failed for the last time"),
        _CHARGE,
        gettext_noop("Make Payment"),
        takes_text=True,
    ),
    Kind(
        "card_expiring",
        gettext_noop("Card expires soon"),
        gettext_noop("A kept card expires while a payment is planned on it"),
        (*_PERSON, "payment_method", "due_date"),
        gettext_noop("Update payment information"),
    ),
    Kind(
        "payment_request",
        gettext_noop("Payment link"),
        gettext_noop("Links for several invoices or a balance are sent"),
        (*_PERSON, "amount"),
        gettext_noop("Make Payment"),
        gettext_noop("The list, with the invoices"),
        is_automatic=False,
        takes_text=True,
    ),
)
ALWAYS: Final = frozenset(kind.name for kind in _ALL if not kind.is_optional)
"""Kinds that are neither switched off, nor held, nor stopped: what they announce would happen all the same."""
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _ALL}
"""Every kind with a template, in the order they are shown: the fourteen of E19, then ours."""
