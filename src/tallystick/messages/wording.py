"""What our emails say unless staff say otherwise, and the placeholders they may use.

A placeholder is a name in a fixed list and stands for a plain text. There is no code, no loop, no attribute: filling
is one pass, and what is filled in is never read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

PLACEHOLDERS: Final[Mapping[str, str]] = {
    "greeting": gettext_noop("“Hello Aoife,” or “Hello,” when there is no first name"),
    "contact_first_name": gettext_noop("The first name of the person we write to"),
    "customer_name": gettext_noop("The customer"),
    "seller_name": gettext_noop("Your business"),
    "staff_name": gettext_noop("The member of staff who invites"),
    "number": gettext_noop("The document's number"),
    "amount": gettext_noop("The amount it is about, with its currency"),
    "total": gettext_noop("The whole document's total"),
    "open_amount": gettext_noop("What is left to pay"),
    "due_date": gettext_noop("The day it is due"),
    "days_overdue": gettext_noop("Days since it was due"),
    "issue_date": gettext_noop("The day it was issued"),
    "po_number": gettext_noop("The customer's order number"),
    "payment_method": gettext_noop("How it was paid"),
    "subscription": gettext_noop("The subscription's name"),
    "link": gettext_noop("A short link to the page, for text messages"),
}
"""Every name a template may use, with what it stands for (a text for staff, to be translated when shown)."""

_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class UnknownPlaceholder(ValueError):
    """A template uses a name that isn't in the list, or that this kind of message has no value for."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no placeholder {name!r}")
        self.name = name


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with every `{{ name }}` replaced, in one pass. Raises UnknownPlaceholder."""

    def value(hole: re.Match[str]) -> str:
        name = hole.group(1).strip()
        if name not in values:
            raise UnknownPlaceholder(name[:60])
        return values[name]

    return _HOLE.sub(value, template)


def greeting(first_name: str, language: str) -> str:
    """The first line of an email: with the name when there is one."""
    with translation.override(language):
        return _("Hello %(name)s,") % {"name": first_name} if first_name else _("Hello,")


def person_values(*, customer_name: str, attention: str, seller_name: str, language: str) -> dict[str, str]:
    """What the placeholders about people stand for, in every kind of message. `attention`: whom we write to, or empty."""
    first_name = attention.split(" ")[0]
    return {
        "customer_name": customer_name,
        "contact_first_name": first_name,
        "greeting": greeting(first_name, language),
        "seller_name": seller_name,
    }


def default_subject(kind: str, language: str) -> str:
    """The subject of a kind of message, with placeholders. Raises LookupError for an unknown kind."""
    return _said(kind, language, 0)


def default_body(kind: str, language: str) -> str:
    """The body of a kind of message, with placeholders. Raises LookupError for an unknown kind."""
    return _said(kind, language, 1)


def _said(kind: str, language: str, which: int) -> str:
    if kind not in _KINDS:
        raise LookupError(f"there is no default text for {kind!r}")
    with translation.override(language):
        return _KINDS[kind]()[which]


def _invoice() -> tuple[str, str]:
    return _("Invoice {{ number }} from {{ seller_name }}"), _(
        "{{ greeting }}\n\n"
        "here is invoice {{ number }} for {{ amount }}, due on {{ due_date }}. "
        "The PDF is attached, and you can review and pay it online.\n\n"
        "Thank you,\n{{ seller_name }}"
    )


def _receipt() -> tuple[str, str]:
    return _("Receipt {{ number }} from {{ seller_name }}"), _(
        "{{ greeting }}\n\n"
        "thank you, we received your payment of {{ amount }}. The receipt is attached.\n\n"
        "{{ seller_name }}"
    )


def _credit_note() -> tuple[str, str]:
    return _("Credit note {{ number }} from {{ seller_name }}"), _(
        "{{ greeting }}\n\n"
        "here is credit note {{ number }} for {{ amount }}. You don't need to do anything: "
        "we take it off what you owe us, or you can use it for your next invoice.\n\n"
        "{{ seller_name }}"
    )


def _invitation() -> tuple[str, str]:
    return _("Join {{ seller_name }} on Tallystick"), _(
        "{{ greeting }}\n\n"
        "{{ staff_name }} invited you to work on the accounts of {{ seller_name }}. "
        "Choose a password with the button below and you're in.\n\n"
        "If you didn't expect this, you can ignore it."
    )


def _charge_notice() -> tuple[str, str]:
    return _("{{ amount }} will be charged on {{ due_date }}"), _(
        "{{ greeting }}\n\n"
        "as agreed, we charge {{ amount }} for invoice {{ number }} to {{ payment_method }} on {{ due_date }}. "
        "You don't need to do anything. If another day or another card suits you better, change it below.\n\n"
        "{{ seller_name }}"
    )


def _charge_failed() -> tuple[str, str]:
    return _("Your payment for {{ number }} didn't go through"), _(
        "{{ greeting }}\n\n"
        "we tried to charge {{ amount }} for invoice {{ number }} to {{ payment_method }}, and the bank declined it. "
        "Nothing was charged. We try again on {{ due_date }}; if you'd rather use another card, you can change it "
        "below.\n\n"
        "{{ seller_name }}"
    )


def _charge_fell_back() -> tuple[str, str]:
    return _("Please pay {{ number }} another way"), _(
        "{{ greeting }}\n\n"
        "we couldn't charge {{ amount }} for invoice {{ number }} to {{ payment_method }}. Nothing was charged, and we "
        "won't try this card again. You can pay with the link below, by card or by bank transfer.\n\n"
        "{{ seller_name }}"
    )


def _refund() -> tuple[str, str]:
    return _("We refunded {{ amount }}"), _(
        "{{ greeting }}\n\n"
        "we gave back {{ amount }} of your payment {{ number }} ({{ payment_method }}). Banks take a few days to show "
        "it.\n\n"
        "{{ seller_name }}"
    )


def _card_expiring() -> tuple[str, str]:
    return _("Your card {{ payment_method }} expires soon"), _(
        "{{ greeting }}\n\n"
        "your card {{ payment_method }} expires at the end of {{ due_date }}, and a payment is planned on it. "
        "Please give us another one in time.\n\n"
        "{{ seller_name }}"
    )


def _payment_request() -> tuple[str, str]:
    return _("{{ amount }} to pay to {{ seller_name }}"), _(
        "{{ greeting }}\n\n"
        "here is what is open: {{ amount }}. You can pay everything, or choose what to pay, online.\n\n"
        "Thank you,\n{{ seller_name }}"
    )


def _reminder() -> tuple[str, str]:
    return _("Invoice {{ number }} is due on {{ due_date }}"), _(
        "{{ greeting }}\n\n"
        "a friendly reminder that {{ open_amount }} of invoice {{ number }} is due on {{ due_date }}. "
        "If you have paid it already, thank you; you can ignore this.\n\n"
        "{{ seller_name }}"
    )


def _late_reminder() -> tuple[str, str]:
    return _("Invoice {{ number }} was due on {{ due_date }}"), _(
        "{{ greeting }}\n\n"
        "{{ open_amount }} of invoice {{ number }} was due on {{ due_date }} and hasn't reached us yet. "
        "Please pay it, or reply to this email if something is wrong.\n\n"
        "{{ seller_name }}"
    )


def _thank_you() -> tuple[str, str]:
    return _("Thank you: invoice {{ number }} is paid"), _(
        "{{ greeting }}\n\nthank you, invoice {{ number }} over {{ total }} is paid in full.\n\n{{ seller_name }}"
    )


def _plan_onboarding() -> tuple[str, str]:
    return _("Your payment plan with {{ seller_name }}"), _(
        "{{ greeting }}\n\n"
        "here is the plan for paying {{ amount }} in parts. It begins once you have looked at it and agreed.\n\n"
        "{{ seller_name }}"
    )


def _estimate() -> tuple[str, str]:
    return _("Estimate {{ number }} from {{ seller_name }}"), _(
        "{{ greeting }}\n\n"
        "here is estimate {{ number }} for {{ amount }}. You can look at it online, accept it, or ask for a change.\n\n"
        "{{ seller_name }}"
    )


def _statement() -> tuple[str, str]:
    return _("Your statement from {{ seller_name }}"), _(
        "{{ greeting }}\n\nhere is your statement. {{ amount }} is open today.\n\n{{ seller_name }}"
    )


def _subscription_confirmation() -> tuple[str, str]:
    return _("You're subscribed to {{ subscription }}"), _(
        "{{ greeting }}\n\n"
        "you're subscribed to {{ subscription }} for {{ amount }}. You can change or end it with the button below.\n\n"
        "{{ seller_name }}"
    )


def _billed_soon() -> tuple[str, str]:
    return _("{{ subscription }} is billed on {{ due_date }}"), _(
        "{{ greeting }}\n\n"
        "on {{ due_date }} we bill {{ amount }} for {{ subscription }}. You don't need to do anything; "
        "to change or end it, use the button below.\n\n"
        "{{ seller_name }}"
    )


def _subscription_cancelled() -> tuple[str, str]:
    return _("{{ subscription }} has ended"), _(
        "{{ greeting }}\n\n"
        "your subscription to {{ subscription }} has ended, and nothing more is billed for it.\n\n"
        "{{ seller_name }}"
    )


_KINDS: Final[Mapping[str, Callable[[], tuple[str, str]]]] = {
    "invoice": _invoice,
    "receipt": _receipt,
    "credit_note": _credit_note,
    "invitation": _invitation,
    "charge_notice": _charge_notice,
    "charge_failed": _charge_failed,
    "charge_fell_back": _charge_fell_back,
    "refund": _refund,
    "card_expiring": _card_expiring,
    "payment_request": _payment_request,
    "reminder": _reminder,
    "late_reminder": _late_reminder,
    "thank_you": _thank_you,
    "plan_onboarding": _plan_onboarding,
    "estimate": _estimate,
    "statement": _statement,
    "subscription_confirmation": _subscription_confirmation,
    "billed_soon": _billed_soon,
    "subscription_cancelled": _subscription_cancelled,
}
