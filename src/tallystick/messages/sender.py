"""In whose name, from which address and by which way a message goes, and its envelope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from tallystick.mail.mark import REF_HEADER, make_mark, tag_address
from tallystick.mail.port import DkimKey, Envelope, Transport
from tallystick.mailboxes.queries import plus_address
from tallystick.messages.models import Message
from tallystick.messages.prepared import Prepared
from tallystick.sellers.mail_route import mail_route
from tallystick.sellers.queries import seller


@dataclass(frozen=True, slots=True)
class Sender:
    """A seller as the sender of email. `bounces_to` is where its bounces go (empty: nowhere of ours)."""

    name: str
    reply_to: str
    address: str
    transport: Transport
    bounces_to: str


def sender_of(seller_id: UUID) -> Sender:
    """Return how a seller sends now. Inside `tenant.tx`; three queries at most."""
    owner, route = seller(seller_id), mail_route()
    address, transport = route or (settings.DEFAULT_FROM_EMAIL, default_transport())
    return Sender(owner.name, owner.email, address, transport, _bounces_to(route))


def envelope(message: Message, prepared: Prepared, sender: Sender, now: datetime) -> Envelope:
    """Return the message as it goes out, with our mark on it."""
    mark = make_mark(message.id)
    return Envelope(
        message_id=message.message_id,
        sender_name=sender.name,
        sender_address=sender.address,
        reply_to=sender.reply_to,
        to=tuple(message.recipients),
        cc=tuple(message.copies),
        subject=message.subject,
        text=prepared.text,
        html=prepared.html,
        attachments=prepared.attachments,
        language=message.language,
        return_path=tag_address(sender.bounces_to, mark) if sender.bounces_to else "",
        sent_at=now,
        reference=str(message.id),
        headers={**prepared.headers, REF_HEADER: mark},
        is_automatic=prepared.is_automatic,
    )


def default_transport() -> Transport:
    """Return the operator's own route, for sellers without one."""
    return Transport(
        kind="smtp",
        host=settings.EMAIL_HOST,
        port=settings.EMAIL_PORT,
        username=settings.EMAIL_HOST_USER,
        password=settings.EMAIL_HOST_PASSWORD,
        use_tls=settings.EMAIL_USE_TLS,
        use_ssl=settings.EMAIL_USE_SSL,
        timeout_s=settings.EMAIL_TIMEOUT,
        dkim=_dkim_key(),
    )


def _bounces_to(route: tuple[str, Transport] | None) -> str:
    """Return the address that a message's mark is added to; a service takes its bounces itself. Inside `tenant.tx`."""
    if route is None:
        return str(settings.BOUNCE_ADDRESS)
    return plus_address() if route[1].kind == "smtp" else ""


def _dkim_key() -> DkimKey | None:
    key = settings.DKIM_PRIVATE_KEY
    return DkimKey(domain=settings.DKIM_DOMAIN, selector=settings.DKIM_SELECTOR, private_key=key) if key else None
