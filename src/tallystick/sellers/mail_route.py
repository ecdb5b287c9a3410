"""The seller's own way of sending mail."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.base.inputs import is_email
from tallystick.base.secrets import seal, unseal
from tallystick.mail.port import Envelope, Transport, deliver
from tallystick.sellers import _check
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.models import MailRoute
from tallystick.sellers.queries import seller

SECURITY = ("starttls", "tls", "none")


def mail_route() -> tuple[str, Transport] | None:
    """Return the seller's own sender address and SMTP transport, or None when the default route serves."""
    route = MailRoute.objects.first()
    if route is None:
        return None
    login = unseal(route.sealed_login)
    transport = Transport(
        kind="smtp",
        host=route.host,
        port=route.port,
        username=login.get("username", ""),
        password=login.get("password", ""),
        use_tls=route.security == "starttls",
        use_ssl=route.security == "tls",
        timeout_s=60,
    )
    return route.sender_address, transport


def save_mail_route(
    *,
    seller_id: UUID,
    host: str,
    port: int,
    security: str,
    sender_address: str,
    username: str = "",
    password: str = "",
    now: datetime,
    actor_id: UUID | None = None,
) -> None:
    """Send through the seller's own server from now on. An empty password keeps the stored one. Raises InvalidSettings.

    A stored password goes only to the server it was given for: with another host, port or user it has to be typed again.
    """
    host, sender_address = host.strip().lower(), sender_address.strip().lower()
    tests = {
        "host": _check.is_host(host),
        "port": 1 <= port <= 65535,
        "security": security in SECURITY,
        "sender_address": is_email(sender_address),
    }
    problems = {name: name for name, fits in tests.items() if not fits}
    if problems:
        raise InvalidSettings(problems)
    with tenant.tx(seller_id, actor_id=actor_id):
        known = MailRoute.objects.select_for_update().first()
        if known and username and not password:
            login = unseal(known.sealed_login)
            if (known.host, known.port, login.get("username")) != (host, port, username):
                raise InvalidSettings({"password": "password"})
            password = login.get("password", "")
        values = {
            "host": host,
            "port": port,
            "security": security,
            "sender_address": sender_address,
            "sealed_login": seal({"username": username, "password": password}),
        }
        MailRoute.objects.update_or_create(
            seller_id=seller_id, defaults=values, create_defaults={"id": new_id(), **values}
        )
        events.record(
            "seller.mail_route_changed",
            seller_id=seller_id,
            subject_id=seller_id,
            now=now,
            actor_id=actor_id,
            host=host,
        )


def remove_mail_route(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Send through the default route again. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        if MailRoute.objects.all().delete()[0]:
            events.record(
                "seller.mail_route_changed",
                seller_id=seller_id,
                subject_id=seller_id,
                now=now,
                actor_id=actor_id,
                host="",
            )


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
    with translation.override(language):
        subject = subject or _("Test from %(seller)s") % {"seller": business.name}
        text = text or _("This is a test. If you can read it, email from %(sender)s works.") % {"sender": sender}
    deliver(
        Envelope(
            message_id=f"<{new_id()}@{sender.rpartition('@')[2]}>",
            sender_name=business.name,
            sender_address=sender,
            reply_to=business.email,
            to=(to,),
            subject=subject,
            text=text,
            html=html,
            sent_at=now,
            language=language,
        ),
        transport=transport,
    )
    return sender
