"""Looking into mailboxes: a mail is kept and committed first, and marked as seen only then. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from tallystick.base import tenant
from tallystick.mail.folder import Folder, FolderTrouble, MailAccount, open_folder
from tallystick.mailboxes.keep import keep_mail
from tallystick.mailboxes.models import Mailbox
from tallystick.mailboxes.queries import account_of

LOOK_BACK: Final = timedelta(days=2)
"""When a server numbers its mail anew, what arrived this long before the last look is read again."""
MOST_AT_ONCE: Final = 200
AGAIN_AFTER_TROUBLE: Final = timedelta(minutes=15)


def due_mailboxes(*, at: datetime, most: int, seller_id: UUID | None = None) -> list[tuple[UUID, UUID]]:
    """Return (seller_id, id) of mailboxes to look into, the longest due first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seller_id, id FROM due_mailboxes(%s, %s, %s)", [at, most, seller_id])
        return [(row[0], row[1]) for row in cursor.fetchall()]


def poll_mailbox(*, seller_id: UUID, mailbox_id: UUID, now: datetime) -> int:
    """Keep what is new in a seller's mailbox and return how many mails that were.

    The first look only notes where the mailbox ends. Trouble is kept on the row and tried again a quarter of an hour
    later. Outside any transaction.
    """
    box = _claim(seller_id, mailbox_id, now)
    if box is None:
        return 0
    try:
        with open_folder(account_of(box)) as folder:
            kept = _read_new(box, folder, now)
    except FolderTrouble as trouble:
        _note(box, now, trouble=f"{trouble.step}: {trouble.words}"[:400])
        return 0
    return kept


def _claim(seller_id: UUID, mailbox_id: UUID, now: datetime) -> Mailbox | None:
    with tenant.tx(seller_id):
        due = Mailbox.objects.filter(id=mailbox_id, due_at__lte=now).select_for_update(skip_locked=True)
        box = due.first()
        if box:
            Mailbox.objects.filter(id=box.id).update(due_at=now + timedelta(minutes=box.every_minutes))
        return box


def _read_new(box: Mailbox, folder: Folder, now: datetime) -> int:
    if box.uid_validity is None:
        _note(box, now, uid_validity=folder.validity, last_uid=folder.next_uid - 1)
        return 0
    if box.uid_validity == folder.validity:
        uids = folder.after(box.last_uid)
    else:
        uids = folder.since(((box.checked_at or now) - LOOK_BACK).date())
    kept = 0
    for uid in uids[:MOST_AT_ONCE]:
        if fetched := folder.fetch(uid):
            with tenant.tx(box.seller_id):
                kept += keep_mail(seller_id=box.seller_id, raw=fetched.raw, source="imap", size=fetched.size, now=now)
                _note(box, now, uid_validity=folder.validity, last_uid=uid)
            folder.mark_seen([uid])
    if len(uids) > MOST_AT_ONCE:
        _note(box, now, due_at=now)
    else:
        _note(box, now, uid_validity=folder.validity)
    return kept


def _note(box: Mailbox, now: datetime, *, trouble: str = "", **state: object) -> None:
    """Keep how far we are, or what went wrong. A mailbox that was set up anew meanwhile keeps its own state."""
    with tenant.tx(box.seller_id):
        if trouble:
            state = {"due_at": now + AGAIN_AFTER_TROUBLE}
        same = Mailbox.objects.filter(id=box.id, host=box.host, folder=box.folder)
        same.update(checked_at=now, trouble=trouble, **state)


@dataclass(slots=True)
class Collected:
    """What came of a look into the installation's mailbox."""

    kept: int = 0
    unknown: int = 0


def poll_default(*, account: MailAccount, whose: Callable[[bytes], UUID | None], now: datetime) -> Collected:
    """Keep what is new in the installation's own mailbox for the seller it proves to be for.

    `whose` says for which seller a mail is, by our signature. What is nobody's is counted and left in the mailbox,
    marked as seen. Outside any transaction. Raises FolderTrouble.
    """
    found = Collected()
    with open_folder(account) as folder:
        for uid in folder.unseen()[:MOST_AT_ONCE]:
            if fetched := folder.fetch(uid):
                seller_id = whose(fetched.raw)
                if seller_id is None:
                    found.unknown += 1
                else:
                    found.kept += keep_mail(
                        seller_id=seller_id, raw=fetched.raw, source="imap", size=fetched.size, now=now
                    )
            folder.mark_seen([uid])
    return found
