"""Reads of mailboxes and of what came in."""

from __future__ import annotations

from tallystick.base.secrets import unseal
from tallystick.mail.folder import MailAccount
from tallystick.mailboxes.models import IncomingMessage, Mailbox


def mailbox() -> Mailbox | None:
    """Return the seller's mailbox, or None. Inside `tenant.tx`."""
    return Mailbox.objects.first()


def account_of(box: Mailbox) -> MailAccount:
    """Return how to sign in to a mailbox."""
    login = unseal(box.sealed_login)
    return MailAccount(
        host=box.host,
        port=box.port,
        security=box.security,
        username=login["username"],
        password=login["password"],
        folder=box.folder,
    )


def latest_mail(*, most: int = 20) -> list[IncomingMessage]:
    """Return what came in lately, newest first, without the mails themselves. Inside `tenant.tx`; one query."""
    return list(IncomingMessage.objects.defer("raw", "digest").order_by("-received_at", "-id")[:most])


def plus_address() -> str:
    """Return the address that takes plus addresses and is read, or "" when the seller has none. Inside `tenant.tx`."""
    box = Mailbox.objects.filter(has_plus_addresses=True).first()
    return box.address if box else ""
