"""How a text of a broadcast ends: with the way not to get any more."""

from __future__ import annotations

from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.texting.route import sms_route
from tallystick.texting.short_links import Target, keep_short_link


def text_with_exit(text: str, *, seller_id: UUID, recipient_id: UUID, language: str) -> str:
    """Add how to end such texts: by answering where somebody hears it, else by a short link. Inside `tenant.tx`."""
    route = sms_route(seller_id)
    with translation.override(language):
        if route and route.hears:
            way_out = _("Reply STOP to end.")
        else:
            target = Target("leave", recipient_id, 1)
            keep_short_link(seller_id=seller_id, target=target)
            way_out = _("To end: %(url)s") % {"url": target.url}
    return f"{text}\n{way_out}"
