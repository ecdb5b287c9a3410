"""A thread as its page shows it: each thing said with who said it, its files, and what can be done about a bounce."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from tallystick.conversations.models import Conversation, ConversationFile, ConversationMail
from tallystick.conversations.queries import files_of, mails_of
from tallystick.customers.queries import contacts_of
from tallystick.messages.kinds import KINDS
from tallystick.messages.models import Message
from tallystick.sellers.queries import names_of
from tallystick.staff.forms.answer import why_not_kept

_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
LOOKED_THROUGH = 20_000
"""How much of a mail is looked through for another address."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said. `who` wrote it; `icon` stands in for a person's letters on what went by itself."""

    mail: ConversationMail
    who: str
    icon: str = ""
    files: Sequence[ConversationFile] = ()
    refused: Sequence[tuple[str, str]] = ()
    """(name, why it wasn't kept)."""
    words: str = ""
    instead: str = ""
    instead_from: ConversationMail | None = None
    went_to: Sequence[str] = field(default_factory=list)
    can_stop: bool = False

    @property
    def address(self) -> str:
        """Whom a notice is about."""
        return self.mail.to[0] if self.mail.to else ""


def said_in(thread: Conversation) -> list[Said]:
    """Return what was said in a thread, oldest first. Inside `tenant.tx`; four queries at most."""
    mails = mails_of(thread.id)
    files = files_of([mail.id for mail in mails])
    people = names_of({mail.by_id for mail in mails if mail.by_id})
    known = _addresses_on_file(thread) if any(mail.direction == "notice" for mail in mails) else []
    return [_said(mail, mails, files.get(mail.id, []), people, known) for mail in mails]


def _said(
    mail: ConversationMail,
    mails: Sequence[ConversationMail],
    files: Sequence[ConversationFile],
    people: Mapping[UUID, str],
    known: Sequence[str],
) -> Said:
    kept = [file for file in files if not file.refused]
    refused = [(file.name, why_not_kept(file.refused)) for file in files if file.refused]
    if mail.direction == "notice":
        instead, origin = _another_address(mail, mails, known)
        return Said(
            mail,
            "",
            words=bounce_words(mail),
            instead=instead,
            instead_from=origin,
            went_to=_sent_again(mail, mails),
        )
    if mail.direction == "in":
        return Said(mail, mail.from_name or mail.from_address or _("Somebody"), files=kept, refused=refused)
    message = mail.message
    by = people.get(mail.by_id, "") if mail.by_id else ""
    is_waiting = message is not None and message.kind == "reply" and message.state in {"queued", "held"}
    who = by or _kind_words(message)
    return Said(mail, who, icon="" if by else "bell-ring", files=kept, can_stop=is_waiting)


def _kind_words(message: Message | None) -> str:
    return _(KINDS[message.kind].label) if message and message.kind in KINDS else _("Email")


def bounce_words(mail: ConversationMail) -> str:
    """Say what a mail server's code means, in our words: about an address, never about servers."""
    address, code = mail.to[0] if mail.to else "", mail.code
    if mail.is_hard and code not in {"5.1.2", "5.4.4"}:
        text = _("%(address)s doesn't exist any more.")
    elif code in {"5.1.2", "5.4.4"}:
        text = _("There is no mail at the domain of %(address)s.")
    elif code.endswith("2.2"):
        text = _("The mailbox of %(address)s is full.")
    elif code in {"5.2.3", "5.3.4"}:
        text = _("The email is too big for %(address)s.")
    elif code[2:].startswith("7"):
        text = _("The email was refused as unwanted by those who look after %(address)s.")
    elif code.startswith("4"):
        text = _("%(address)s can't be reached for now.")
    else:
        text = _("The email didn't reach %(address)s.")
    return text % {"address": address}


def _another_address(
    notice: ConversationMail, mails: Sequence[ConversationMail], known: Sequence[str]
) -> tuple[str, ConversationMail | None]:
    """Return where to send instead: an address they wrote of lately, or from, else another one on file."""
    gone = {mail.to[0] for mail in mails if mail.direction == "notice" and mail.is_hard and mail.to}
    gone.add(notice.to[0] if notice.to else "")
    for mail in reversed([mail for mail in mails if mail.direction == "in" and not mail.is_automatic]):
        for found in (*_ADDRESS.findall(mail.text[:LOOKED_THROUGH]), mail.from_address):
            if found and found.lower().rstrip(".") not in gone:
                return found.lower().rstrip("."), mail
    return next((address for address in known if address.lower() not in gone), ""), None


def _sent_again(notice: ConversationMail, mails: Sequence[ConversationMail]) -> list[str]:
    key = f"instead:{notice.message_id}:"
    rows = [mail.message for mail in mails if mail.message and mail.message.dedupe_key.startswith(key)]
    return [row.recipients[0] for row in rows if row.recipients]


def _addresses_on_file(thread: Conversation) -> list[str]:
    if not thread.customer_id or not thread.customer:
        return []
    people = [person.email for person in contacts_of(thread.customer_id)]
    return [address for address in (*people, thread.customer.email) if address]
