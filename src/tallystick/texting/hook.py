"""Where an SMS provider tells a seller what became of its texts: an address that nobody can guess, behind a signature."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from tallystick.base.links import is_current, make_token, read_token
from tallystick.sms.services import SERVICES


def hook_address(seller_id: UUID, kind: str) -> str:
    """Return the address to paste at a provider."""
    return f"{settings.PUBLIC_URL}/hooks/sms/{kind}/{make_token(_purpose(kind), seller_id, 1)}"


def seller_of_hook(kind: str, token: str) -> UUID | None:
    """Return whose address this is, or None when it is nobody's. Asks no database."""
    named = read_token(token) if kind in SERVICES and SERVICES[kind].tells else None
    if named is None or not is_current(_purpose(kind), named[0], 1, named[1]):
        return None
    return named[0]


def _purpose(kind: str) -> str:
    return f"sms-hook-{kind}"
