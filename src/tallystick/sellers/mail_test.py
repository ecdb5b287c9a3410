"""A test by a seller's way of sending mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.mail.port import Envelope, Step, Transport, deliver, rehearse
from tallystick.sellers.mail_route import mail_route
from tallystick.sellers.models import Seller
from tallystick.sellers.queries import seller

PATIENCE_S = 10
"""How long each step of a test may take; a person waits for it."""


def send_test_mail(
    *,
    seller_id: UUID,
    to: str,
    default: tuple[str, Transport],
    language: str,
    now: datetime,
    subject: str = "",
    text: str = "",
    html: str = "",
) -> str:
    """Send one email by the seller's own route, else by `default` (sender, transport), and return the sender's address.

    It says that it is a test unless `subject`, `text` and `html` say something else.

    Outside any transaction. Raises what `mail.port.deliver` raises, in the mail server's words.
    """
    with tenant.tx(seller_id, read_only=True):
        business, route = seller(seller_id), mail_route()
    sender, transport = route or default
    envelope = _test(business, sender, to, language, now)
    envelope = replace(envelope, subject=subject or envelope.subject, text=text or envelope.text, html=html)
    deliver(envelope, transport=transport)
    return sender


def rehearse_mail(
    *, seller_id: UUID, to: str, route: tuple[str, Transport], language: str, now: datetime
) -> tuple[Step, ...]:
    """Send a test by a route (sender, transport), step by step, and say how each step went.

    Outside any transaction. Raises BadEnvelope for an address that can't be one.
    """
    with tenant.tx(seller_id, read_only=True):
        business = seller(seller_id)
    sender, transport = route
    patient = replace(transport, timeout_s=min(transport.timeout_s, PATIENCE_S))
    return rehearse(_test(business, sender, to, language, now), transport=patient)


def _test(business: Seller, sender: str, to: str, language: str, now: datetime) -> Envelope:
    with translation.override(language):
        subject = _("Test from %(seller)s") % {"seller": business.name}
        text = _("This is a test. If you can read it, email from %(sender)s works.") % {"sender": sender}
    return Envelope(
        message_id=f"<{new_id()}@{sender.rpartition('@')[2]}>",
        sender_name=business.name,
        sender_address=sender,
        reply_to=business.email,
        to=(to,),
        subject=subject,
        text=text,
        sent_at=now,
        language=language,
    )
