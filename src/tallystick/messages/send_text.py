"""A text message on its way: who is silenced is left alone, its short link leads somewhere, and the provider has it."""

from __future__ import annotations

from datetime import datetime

from tallystick.base import tenant
from tallystick.messages.models import Message
from tallystick.messages.outcomes import silence_address, silenced
from tallystick.sms.port import SmsMisconfigured, SmsRefused, Taken, send_sms
from tallystick.texting.route import sms_route
from tallystick.texting.short_links import Target, keep_short_link


class TextSkipped(Exception):
    """Why it isn't texted, as a stable word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def hand_over_text(message: Message, *, link: Target | None, now: datetime) -> Taken:
    """Give a text to the provider and return its answer. Outside any transaction.

    Who answered STOP, to us or to the provider, is texted no more. Raises TextSkipped and what `sms.port.send_sms`
    raises.
    """
    [number] = message.recipients
    with tenant.tx(message.seller_id):
        route = sms_route(message.seller_id)
        if silenced([number]):
            raise TextSkipped("silenced_number")
        if link:
            keep_short_link(seller_id=message.seller_id, target=link)
    if route is None:
        raise SmsMisconfigured("no SMS provider is set up")
    try:
        return send_sms(message.body, to=number, sender=route.sender, transport=route.transport)
    except SmsRefused as refused:
        if refused.is_stopped:
            silence_address(
                seller_id=message.seller_id,
                address=number,
                reason="stopped",
                words=refused.text,
                message_id=message.id,
                now=now,
            )
        raise
