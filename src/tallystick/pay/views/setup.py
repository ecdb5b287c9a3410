"""Keeping a card without paying: from the customer's tick to the provider's page, for every link that asks for one."""

from __future__ import annotations

from uuid import UUID

from django.core.signing import BadSignature

from tallystick.pay.door import AskRequest, PlanRequest
from tallystick.pay.forms import read_attempt
from tallystick.pay.views.charge import address_of
from tallystick.payments.collect import send_charge
from tallystick.payments.consent import Consent, consent_text
from tallystick.payments.errors import PaymentError
from tallystick.payments.methods import start_setup


class NotBegun(Exception):
    """No page was opened: the customer didn't agree (`consent`), or this link can't (`page`)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def begin_setup(request: AskRequest | PlanRequest, **behind: UUID) -> UUID:
    """Have the provider open the page where a card is typed, and return the attempt. `behind`: what the link is about.

    Raises NotBegun. Idempotent by the attempt that came with the form.
    """
    counter = request.counter
    try:
        attempt_id = read_attempt(request.POST, counter.page.id)
        way_id = UUID(request.POST.get("way", ""))
    except (BadSignature, ValueError):
        raise NotBegun("page") from None
    if not counter.page.has_links:
        raise NotBegun("page")
    if not request.POST.get(f"keep-{way_id}"):
        raise NotBegun("consent")
    try:
        start_setup(
            seller_id=counter.seller_id,
            attempt_id=attempt_id,
            customer_id=counter.page.customer_id,
            gateway_account_id=way_id,
            consent=Consent(consent_text(counter.face.seller_name, counter.language), address_of(request)),
            language=counter.language,
            return_url=request.build_absolute_uri(counter.url("return")),
            now=counter.now,
            **behind,
        )
    except PaymentError:
        raise NotBegun("page") from None
    send_charge(seller_id=counter.seller_id, attempt_id=attempt_id, now=counter.now)
    return attempt_id
