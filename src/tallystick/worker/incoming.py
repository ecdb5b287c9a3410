"""What is made of mail that came in: news about a message of ours, or something for people to read."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from tallystick.base import clock, tenant
from tallystick.conversations.receive import receive_mail
from tallystick.mail.folder import MailAccount
from tallystick.mail.incoming import IncomingMail
from tallystick.mail.parse import parse_mail
from tallystick.mailboxes.keep import finish_mail, lease_mail, postpone_mail
from tallystick.mailboxes.poll import poll_default
from tallystick.messages.hear import hear_reports, message_meant, seller_of_message, whose_mail

log = logging.getLogger(__name__)


def hear_mail(*, seller_id: UUID, incoming_id: UUID, now: datetime) -> str:
    """Act on one kept mail and return what it was: bounced, unverified (a report that proves nothing) or kept. Idempotent.

    What is no news of a message of ours is filed in the inbox, for people. A failure is kept with the mail and tried
    again; it holds up no other.
    """
    raw = lease_mail(seller_id=seller_id, incoming_id=incoming_id, now=now)
    if raw is None:
        return ""
    try:
        mail = parse_mail(raw)
        message_id = message_meant(mail)
        if message_id and seller_of_message(message_id) != seller_id:
            message_id = None
        with tenant.tx(seller_id):
            state = _act(seller_id, incoming_id, mail, message_id, now)
            finish_mail(
                seller_id=seller_id,
                incoming_id=incoming_id,
                state=state,
                from_address=mail.from_address,
                subject=mail.subject,
                message_id=message_id,
            )
    except Exception as error:
        postpone_mail(seller_id=seller_id, incoming_id=incoming_id, error=repr(error))
        raise
    return state


def _act(seller_id: UUID, incoming_id: UUID, mail: IncomingMail, message_id: UUID | None, now: datetime) -> str:
    if mail.reports and message_id:
        at = min(mail.sent_at or now, now)
        if hear_reports(seller_id=seller_id, message_id=message_id, reports=mail.reports, at=at, now=now):
            return "bounced"
    source_id = f"incoming:{incoming_id}"
    receive_mail(seller_id=seller_id, source_id=source_id, mail=mail, answers=message_id, now=now)
    return "unverified" if mail.reports else "kept"


def poll_own_mailbox(account: MailAccount) -> int:
    """Look into the installation's own mailbox and return how many mails were kept; what is nobody's is said in the log."""
    found = poll_default(account=account, whose=whose_mail, now=clock.now())
    if found.unknown:
        log.warning("%d mails in the installation's mailbox carry no mark of ours and were left there", found.unknown)
    return found.kept
