"""How kept cards and planned charges look."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from tallystick.payments.models import PaymentMethod, ScheduledCharge
from tallystick.staff import charging as words
from tallystick.staff.online import Online
from tallystick.staff.online import online as what_is_online
from tallystick.staff.templatetags.show import badge

register = template.Library()


@register.simple_tag
def charge_badge(charge: ScheduledCharge) -> SafeString:
    """Show where a planned charge stands."""
    return badge(*words.charge_state(charge))


@register.simple_tag
def online() -> Online:
    """Return whether customers can pay online, and keep cards. Inside `tenant.tx`; one query."""
    return what_is_online()


@register.filter
def method_name(method: PaymentMethod | None) -> str:
    """Name a card or account by brand and last four."""
    return words.method_name(method)


@register.filter
def decline_words(code: str) -> str:
    """Say why a card was refused."""
    return words.decline_words(code)
