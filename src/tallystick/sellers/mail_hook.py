"""Where a service tells a seller what became of its mail: an address that nobody can guess, and a password."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tallystick.base.links import is_current, make_token, read_token
from tallystick.base.secrets import digest
from tallystick.mail.services import SERVICES

USER = "tally"


def hook_address(seller_id: UUID, kind: str) -> str:
    """Return the address to paste at a service, its password inside where that is how the service proves itself."""
    url = f"{settings.PUBLIC_URL}/hooks/mail/{kind}/{make_token(_purpose(kind), seller_id, 1)}"
    if SERVICES[kind].hook != "password":
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f"{hook_password(seller_id, kind)}@{parts.netloc}").geturl()


def hook_password(seller_id: UUID, kind: str) -> str:
    """Return `user:password` as the service has to give it."""
    secret = digest("mail-hook-password", seller_id.bytes, kind.encode())[:24]
    return f"{USER}:{base64.urlsafe_b64encode(secret).decode()}"


def seller_of_hook(kind: str, token: str) -> UUID | None:
    """Return whose address this is, or None when it is nobody's. Asks no database."""
    named = read_token(token) if kind in SERVICES else None
    if named is None or not is_current(_purpose(kind), named[0], 1, named[1]):
        return None
    return named[0]


def _purpose(kind: str) -> str:
    return f"mail-hook-{kind}"
