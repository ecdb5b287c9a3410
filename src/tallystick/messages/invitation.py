"""The email that invites a person to work on a seller's accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import tenant
from tallystick.messages.email import render_notice
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared, Skip
from tallystick.messages.queue import Letter, queue_message
from tallystick.messages.wording import default_body, default_subject, fill, greeting
from tallystick.sellers.members import invitation_url
from tallystick.sellers.queries import open_invitation, party_of_seller


def queue_invitation(*, seller_id: UUID, invitation_id: UUID, now: datetime) -> Message | None:
    """Queue the email of an open invitation, in the inviter's language. Idempotent; None when it is closed already."""
    with tenant.tx(seller_id):
        invitation = open_invitation(invitation_id)
        if invitation is None:
            return None
        language = invitation.invited_by.language
        values = {
            "seller_name": party_of_seller(seller_id)["name"],
            "staff_name": invitation.invited_by.get_full_name(),
            "greeting": greeting("", language),
        }
        letter = Letter(
            id=invitation_id,
            dedupe_key=f"invitation:{invitation_id}",
            kind="invitation",
            recipients=[invitation.email],
            language=language,
            subject=fill(default_subject("invitation", language), values),
            body=fill(default_body("invitation", language), values),
            attach_pdf=False,
            payment_link=False,
        )
        return queue_message(seller_id=seller_id, letter=letter, now=now)


def prepare_invitation_email(message: Message) -> Prepared | Skip:
    """Compose the invitation with its one button; a closed one isn't sent."""
    with tenant.tx(message.seller_id, read_only=True):
        seller, invitation = party_of_seller(message.seller_id), open_invitation(message.id)
    if invitation is None:
        return Skip("withdrawn")
    with translation.override(message.language):
        composed = render_notice(
            seller=seller,
            language=message.language,
            title=message.subject,
            body=message.body,
            button_url=invitation_url(message.id),
            button_text=_("Accept the invitation"),
        )
    return Prepared(composed.html, composed.text)
