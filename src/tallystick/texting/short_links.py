"""Short links: `/l/<code>` stands for a page's address. The code is a keyed digest of what it leads to; twelve letters."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection

from tallystick.base.ids import new_id
from tallystick.base.secrets import digest
from tallystick.texting.models import ShortLink

LENGTH = 12


@dataclass(frozen=True, slots=True)
class Target:
    """What a short link leads to: a kind of page (invoice, request, charge, leave), of which row, at which link version.

    Raising the row's version revokes it along with the long one."""

    kind: str
    row_id: UUID
    version: int

    @property
    def url(self) -> str:
        """The short address. It leads somewhere once `keep_short_link` was called."""
        return f"{settings.PUBLIC_URL}/l/{_code(self)}"


def keep_short_link(*, seller_id: UUID, target: Target) -> None:
    """Make the target's short address lead to it. Idempotent. Inside `tenant.tx`."""
    ShortLink.objects.get_or_create(
        code=_code(target),
        defaults={
            "id": new_id(),
            "seller_id": seller_id,
            "kind": target.kind,
            "row_id": target.row_id,
            "version": target.version,
        },
    )


def find_short_link(code: str) -> Target | None:
    """Return what a code stands for, or None. Works outside a tenant transaction; one query."""
    code = code.lower()
    if len(code) != LENGTH or not code.isascii() or not code.isalnum():
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, row_id, version FROM find_short_link(%s)", [code])
        row = cursor.fetchone()
    return Target(*row) if row else None


def _code(target: Target) -> str:
    made = digest("short-link", target.kind.encode(), target.row_id.bytes, target.version.to_bytes(4))
    return base64.b32encode(made).decode().lower()[:LENGTH]
