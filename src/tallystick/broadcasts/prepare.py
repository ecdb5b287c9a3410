"""How a broadcast's message looks, and whether it may still go."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tallystick.broadcasts.models import Broadcast
from tallystick.broadcasts.reach import SMS, unsubscribed
from tallystick.broadcasts.save import STOPPED
from tallystick.broadcasts.unsubscribe import leave_url
from tallystick.messages.email import Composed, render_notice
from tallystick.messages.logo import logo_cid, logo_part
from tallystick.messages.models import Message
from tallystick.messages.prepared import Composer, Prepared, Skip
from tallystick.sellers.queries import logo_of, party_of_seller


def gather_broadcasts(messages: Sequence[Message]) -> Composer:
    """Read what messages of broadcasts are made of, and return what composes each. Inside `tenant.tx`; four queries."""
    rows = Broadcast.objects.in_bulk({message.document_id for message in messages})
    gone = unsubscribed({message.recipients[0].lower() for message in messages})
    seller_id = messages[0].seller_id
    party, logo = party_of_seller(seller_id), logo_of(seller_id)

    def compose(message: Message) -> Prepared | Skip:
        assert message.document_id
        is_gone = message.recipients[0].lower() in gone
        return _compose(message, rows[message.document_id], is_gone=is_gone, party=party, logo=logo)

    return compose


def _compose(
    message: Message, row: Broadcast, *, is_gone: bool, party: dict[str, object], logo: bytes | None
) -> Prepared | Skip:
    """Composer one message; not once its broadcast was stopped, or the recipient has left meanwhile."""
    if row.state == "stopped":
        return Skip(STOPPED)
    if is_gone and not row.is_transactional:
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
