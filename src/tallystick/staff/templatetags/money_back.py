"""How refunds, disputes, settlement lines, payouts and breaks look."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from tallystick.base.ids import new_id
from tallystick.payments.models import Break, Dispute, Payout, Refund
from tallystick.staff import money_back as words
from tallystick.staff.templatetags.show import badge

register = template.Library()


@register.simple_tag
def fresh_id() -> str:
    """Return a new id for a form to carry, so that a second click does nothing more."""
    return str(new_id())


@register.simple_tag
def refund_badge(refund: Refund) -> SafeString:
    """Show where a refund stands."""
    return badge(*words.refund_state(refund))


@register.filter
def refund_note(refund: Refund) -> str:
    """Say what there is to know of a refund's state."""
    return words.refund_note(refund)


@register.filter
def refund_way(refund: Refund) -> str:
    """Say how a refund goes back."""
    return words.refund_method(refund.method, refund.gateway_account.label if refund.gateway_account else "")


@register.filter
def refund_reason(refund: Refund) -> str:
    """Say why a refund was made."""
    return words.refund_reason(refund.reason)


@register.simple_tag
def dispute_badge(dispute: Dispute) -> SafeString:
    """Show where a dispute stands."""
    return badge(*words.dispute_state(dispute))


@register.filter
def dispute_reason(dispute: Dispute) -> str:
    """Say why the payer's bank wants the money back."""
    return words.dispute_reason(dispute.reason)


@register.filter
def line_kind(kind: str) -> str:
    """Name a movement at a provider."""
    return words.line_kind(kind)


@register.simple_tag
def payout_badge(payout: Payout) -> SafeString:
    """Show where a payout stands."""
    return badge(*words.payout_state(payout))


@register.simple_tag
def break_told(row: Break) -> dict[str, Any]:
    """Return what doesn't match, what to do next and both sides' figures."""
    (what, then), (there, here) = words.break_words(row.kind), words.break_figures(row)
    return {"what": what, "then": then, "there": there, "here": here}
