"""How a broadcast's message looks, and whether it may still go."""

from __future__ import annotations

from uuid import UUID

from tallystick.base import tenant
from tallystick.broadcasts.models import Broadcast
from tallystick.broadcasts.reach import SMS, unsubscribed
from tallystick.broadcasts.save import STOPPED
from tallystick.broadcasts.unsubscribe import leave_url
from tallystick.messages.email import Composed, render_notice
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.models import Message
from tallystick.messages.send import Prepared, Skip
from tallystick.sellers.queries import logo_of, party_of_seller


def prepare_broadcast(message: Message) -> Prepared | Skip:
    """Compose one message of a broadcast; not once it was stopped, or the recipient has left meanwhile."""
    assert message.document_id
    with tenant.tx(message.seller_id, read_only=True):
        row = Broadcast.objects.get(id=message.document_id)
        gone = unsubscribed({message.recipients[0].lower()})
        party, logo = party_of_seller(message.seller_id), logo_of(message.seller_id)
    if row.state == "stopped":
        return Skip(STOPPED)
    if gone and not row.is_transactional:
        return Skip("unsubscribed")
    if message.channel == SMS:
        return Prepared("", message.body)
    url = "" if row.is_transactional else leave_url(UUID(message.data["recipient_id"]))
    composed = broadcast_email(
        party, language=message.language, subject=message.subject, body=message.body, leave=url, logo=logo
    )
    headers = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if url else {}
    return Prepared(composed.html, composed.text, logo_part(logo), headers=headers)


def broadcast_email(
    party: dict[str, object], *, language: str, subject: str, body: str, leave: str, logo: bytes | None = None
) -> Composed:
    """The email of a broadcast: staff's words, and a way to unsubscribe below them where there is one."""
    return render_notice(
        seller=party,
        language=language,
        title=subject,
        body=body,
        leave_url=leave,
        logo_cid=logo_cid(logo),
    )
