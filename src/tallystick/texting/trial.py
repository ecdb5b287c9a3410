"""A test by a seller's way of texting."""

from __future__ import annotations

from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import tenant
from tallystick.sellers.queries import seller
from tallystick.sms.port import BadText, SmsMisconfigured, Taken, send_sms
from tallystick.texting.numbers import mobile_number
from tallystick.texting.route import sms_route


def send_test_text(*, seller_id: UUID, to: str, language: str) -> tuple[str, Taken]:
    """Text a number as typed, and return it in E.164 with the provider's answer; quiet hours or not: a person asked.

    Outside any transaction. Raises BadText for a number that isn't a mobile one, and what `sms.port.send_sms` raises.
    """
    with tenant.tx(seller_id, read_only=True):
        business, route = seller(seller_id), sms_route(seller_id)
    number = mobile_number(to, business.country)
    if not number:
        raise BadText("that isn't a mobile number")
    if route is None:
        raise SmsMisconfigured("no SMS provider is set up")
    with translation.override(language):
        text = _("%(seller)s: this is a test. If you can read it, texting works.") % {"seller": business.name}
    return number, send_sms(text, to=number, sender=route.sender, transport=route.transport)
