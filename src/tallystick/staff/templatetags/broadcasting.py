"""How broadcasts look in lists."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tallystick.staff.templatetags.show import badge, letter_badge

register = template.Library()


@register.simple_tag
def ways(broadcast: Any) -> str:
    """Say by which ways a broadcast goes."""
    said = [_("Email")] if broadcast.by_email else []
    return " · ".join([*said, _("Text")] if broadcast.by_sms else said)


@register.simple_tag
def broadcast_badge(broadcast: Any) -> SafeString:
    """Show where a broadcast is."""
    states = {
        "draft": ("draft", _("Draft")),
        "scheduled": ("scheduled", _("Planned")),
        "running": ("processing", _("On its way")),
        "done": ("sent", _("In the outbox or sent")),
        "stopped": ("void", _("Stopped")),
    }
    return badge(*states.get(broadcast.state, ("sent", broadcast.state)))


@register.simple_tag
def recipient_badge(recipient: Any, message: Any) -> SafeString:
    """Show what became of one recipient: what was heard, else where the message is, else why there is none."""
    if message is None:
        left_out = recipient.state == "left_out"
        return badge("void", _("Left out")) if left_out else badge("scheduled", _("Waiting to go"))
    heard = {
        "delivered": ("accepted", _("Delivered")),
        "opened": ("accepted", _("Opened")),
        "bounced": ("failed", _("Bounced")),
        "delayed": ("disputed", _("Delayed")),
    }
    if message.state == "sent" and message.outcome in heard:
        return badge(*heard[message.outcome])
    return letter_badge(message)
