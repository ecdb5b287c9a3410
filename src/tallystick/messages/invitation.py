"""The email that invites a person to work on a seller's accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import tenant
from tallystick.messages.email import render_notice
from tallystick.messages.models import Message
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.send import Prepared, Skip
from tallystick.messages.wording import default_body, default_subject, fill, greeting
from tallystick.sellers.queries import party_of_seller


def queue_invitation(
    *, seller_id: UUID, invitation_id: UUID, email: str, url: str, staff_name: str, language: str, now: datetime
) -> Message:
    """Queue the email for an invitation; `url` holds its secret. Idempotent by invitation."""
    with tenant.tx(seller_id):
        seller = party_of_seller(seller_id)
        values = {"seller_name": seller["name"], "staff_name": staff_name, "greeting": greeting("", language)}
        letter = Letter(
            id=invitation_id,
            dedupe_key=f"invitation:{invitation_id}",
            kind="invitation",
            recipients=[email],
            language=language,
            subject=fill(default_subject("invitation", language), values),
            body=fill(default_body("invitation", language), values),
            attach_pdf=False,
            payment_link=False,
            data={"url": url},
        )
        return queue_message(seller_id=seller_id, letter=letter, now=now)


def prepare_invitation_email(message: Message) -> Prepared | Skip:
    """Compose the invitation with its one button."""
    with tenant.tx(message.seller_id, read_only=True):
        seller = party_of_seller(message.seller_id)
    with translation.override(message.language):
        composed = render_notice(
            seller=seller,
            language=message.language,
            title=message.subject,
            body=message.body,
            button_url=message.data["url"],
            button_text=_("Accept the invitation"),
        )
    return Prepared(composed.html, composed.text)
