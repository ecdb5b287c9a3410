"""Setting up a seller's mailbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.bell import ring
from tallystick.base.ids import new_id
from tallystick.base.inputs import is_email
from tallystick.base.secrets import seal, unseal
from tallystick.mailboxes.models import Mailbox

SECURITY: Final = ("tls", "starttls", "none")
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")
"""What IMAP takes inside quotes: a line break would begin another command."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class InvalidMailbox(ValueError):
    """A mailbox can't be read that way; `problems` is field → reason, the field's own name but for `password`."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the problems for the door."""
        super().__init__(", ".join(problems))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxDetails:
    """What a person types. An empty password keeps the stored one."""

    address: str
    has_plus_addresses: bool
    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str
    every_minutes: int


def save_mailbox(*, seller_id: UUID, details: MailboxDetails, now: datetime, actor_id: UUID | None = None) -> None:
    """Read this mailbox from now on; what lay in it before stays unread. Raises InvalidMailbox.

    A stored password goes only to the server it was given for: with another host, port or user it has to be typed again.
    """
    _check(details)
    with tenant.tx(seller_id, actor_id=actor_id):
        known = Mailbox.objects.select_for_update().first()
        password = details.password or _stored_password(known, details)
        is_same = known is not None and (known.host, known.folder) == (details.host, details.folder)
        values = {
            "address": details.address,
            "has_plus_addresses": details.has_plus_addresses,
            "host": details.host,
            "port": details.port,
            "security": details.security,
            "sealed_login": seal({"username": details.username, "password": password}),
            "folder": details.folder,
            "every_minutes": details.every_minutes,
            "due_at": now,
            "trouble": "",
            **({} if is_same else {"uid_validity": None, "last_uid": 0, "checked_at": None}),
        }
        Mailbox.objects.update_or_create(
            seller_id=seller_id, defaults=values, create_defaults={"id": new_id(), "seller_id": seller_id, **values}
        )
        _tell(seller_id, details.host, now, actor_id)
        ring("mailboxes")


def remove_mailbox(*, seller_id: UUID, now: datetime, actor_id: UUID | None = None) -> None:
    """Read the mailbox no more; mail that was kept stays. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        if Mailbox.objects.all().delete()[0]:
            _tell(seller_id, "", now, actor_id)


def _check(details: MailboxDetails) -> None:
    fits = {
        "address": is_email(details.address),
        "host": bool(_HOST.fullmatch(details.host)),
        "port": 1 <= details.port <= 65535,
        "security": details.security in SECURITY,
        "username": len(details.username) <= 254 and bool(_ONE_LINE.fullmatch(details.username)),
        "password": not details.password or bool(_ONE_LINE.fullmatch(details.password)),
        "folder": len(details.folder) <= 200 and bool(_ONE_LINE.fullmatch(details.folder)),
        "every_minutes": 1 <= details.every_minutes <= 1440,
    }
    problems = {name: name for name, is_good in fits.items() if not is_good}
    if problems:
        raise InvalidMailbox(problems)


def _stored_password(known: Mailbox | None, details: MailboxDetails) -> str:
    """Return the password kept for this server and user. Raises InvalidMailbox when there is none."""
    login = unseal(known.sealed_login) if known else {}
    is_same = known and (known.host, known.port, login.get("username")) == (
        details.host,
        details.port,
        details.username,
    )
    if not is_same or not login.get("password"):
        raise InvalidMailbox({"password": "password"})
    return login["password"]


def _tell(seller_id: UUID, host: str, now: datetime, actor_id: UUID | None) -> None:
    events.record(
        "seller.mailbox_changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id, host=host
    )
