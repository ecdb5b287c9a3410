"""Kept cards and planned charges in plain words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.core.brake import scaled
from tallystick.payments.models import ScheduledCharge
from tallystick.payments.rules import Rules
from tallystick.staff.words import money_text


def method_name(method: Any) -> str:
    """Name a card or account: `Visa ···· 4242, expires 12/34`."""
    if method is None:
        return ""
    name = f"{method.brand or _('Account')} ···· {method.last4}"
    if not method.expiry_year:
        return name
    when = f"{method.expiry_month:02d}/{method.expiry_year % 100:02d}"
    return _("%(card)s, expires %(when)s") % {"card": name, "when": when}


def decline_words(code: str) -> str:
    """Say a provider's reason for refusing in plain words; an unknown one stays as the provider gave it."""
    return {
        "expired_card": _("expired card"),
        "stolen_card": _("reported stolen"),
        "lost_card": _("reported lost"),
        "insufficient_funds": _("not enough money on it"),
        "authentication_required": _("the bank wants the customer to confirm it"),
    }.get(code, code.replace("_", " "))


def charge_state(charge: ScheduledCharge) -> tuple[str, str]:
    """Return the shape and the words of a planned charge's state."""
    return {
        "proposed": ("draft", _("No card yet")),
        "waiting": ("scheduled", _("Waiting for an event")),
        "scheduled": ("scheduled", _("Planned")),
        "charging": ("due", _("Being charged")),
        "retrying": ("overdue", _("Tried again")),
        "parked": ("overdue", _("Stopped")),
        "done": ("paid", _("Charged")),
        "fallen_back": ("void", _("Link sent instead")),
        "canceled": ("void", _("Cancelled")),
    }.get(charge.state, ("draft", charge.state))


def why_stopped(charge: ScheduledCharge, kept: Rules) -> str:
    """Say why a planned charge stands still, or why it ended as it did, with the figures of the rule; or ""."""
    cap = money_text(scaled(kept.customer_minor_a_day, charge.currency), charge.currency)
    floor = money_text(scaled(kept.run_floor_minor, charge.currency), charge.currency)
    stopped = {
        "customer_charges": ngettext(
            "More than %(count)d automatic charge for this customer on one day.",
            "More than %(count)d automatic charges for this customer on one day.",
            kept.customer_charges_a_day,
        )
        % {"count": kept.customer_charges_a_day},
        "customer_amount": _("More than %(amount)s for this customer on one day.") % {"amount": cap},
        "run": _("The day's charges would pass %(amount)s and %(factor)d times what is usual.")
        % {"amount": floor, "factor": kept.run_factor},
        "no_address": _("There is no email address to send the notice to."),
        "method": _("The card or account can't be used any more."),
        "paid": _("It was paid before."),
        "autopay_ended": _("Automatic payment was stopped."),
        "staff": _("A colleague took it off the plan."),
        "released": _("Someone looked at it and lets it run."),
    }
    if not charge.reason or charge.reason in stopped:
        return stopped.get(charge.reason, "")
    return _("Declined: %(reason)s") % {"reason": decline_words(charge.reason)}
