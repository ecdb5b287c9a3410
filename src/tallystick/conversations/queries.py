"""Reads of the inbox."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Q

from tallystick.base.pages import Page, keyset_page
from tallystick.conversations.models import Conversation, ConversationFile, ConversationMail
from tallystick.customers.queries import customers_like, word_query

SHOWS: Final = ("open", "mine", "unassigned", "later", "done")
MOST_MAILS = 200
"""How many mails of a thread are shown; the newest."""


@dataclass(frozen=True, slots=True)
class ThreadFilter:
    """What the list shows: one of `SHOWS` for a person at a time, found by customer, subject or address."""

    show: str
    actor_id: UUID
    now: datetime
    text: str = ""
    customer_id: UUID | None = None


def list_threads(wanted: ThreadFilter, *, cursor: str, size: int) -> Page[Conversation]:
    """Return a page of threads with their customers: what moved last first, what comes back soonest first among later.

    One query, two when searched.
    """
    rows = Conversation.objects.filter(_shown(wanted)).select_related("customer").defer("search")
    if wanted.customer_id:
        rows = rows.filter(customer_id=wanted.customer_id)
    if wanted.text.strip():
        people = [row.id for row in customers_like(wanted.text, 50)]
        rows = rows.filter(Q(customer_id__in=people) | _matches(wanted.text))
    keys = ("shown_at", "id") if wanted.show == "later" else ("-shown_at", "-id")
    return keyset_page(rows, keys=keys, cursor=cursor, size=size)


def _shown(wanted: ThreadFilter) -> Q:
    is_open = Q(state="open") | Q(state="later", shown_at__lte=wanted.now)
    return {
        "mine": is_open & Q(assignee_id=wanted.actor_id),
        "unassigned": is_open & Q(assignee_id=None),
        "later": Q(state="later", shown_at__gt=wanted.now),
        "done": Q(state="done"),
    }.get(wanted.show, is_open)


def _matches(text: str) -> Q:
    words = word_query(text)
    return Q(search=words) if words else Q(pk__in=[])


def thread_counts(*, actor_id: UUID, now: datetime) -> dict[str, int]:
    """Return how many threads each list holds, but for those done. One query."""
    each = {show: Count("id", filter=_shown(ThreadFilter(show, actor_id, now))) for show in SHOWS if show != "done"}
    return Conversation.objects.exclude(state="done").aggregate(**each)


def unread_count() -> int:
    """Return how many threads nobody has read yet. One query, over the unread alone."""
    return Conversation.objects.filter(is_unread=True).count()


def conversation(conversation_id: UUID) -> Conversation | None:
    """Return one thread with its customer, or None."""
    return Conversation.objects.select_related("customer").filter(id=conversation_id).first()


def threads_of(customer_id: UUID, *, most: int = 5) -> list[Conversation]:
    """Return a customer's threads, the one that moved last first."""
    return list(Conversation.objects.filter(customer_id=customer_id).order_by("-last_at", "-id")[:most])


def mails_of(conversation_id: UUID) -> list[ConversationMail]:
    """Return what was said in a thread, oldest first, with our messages; the newest when there is very much."""
    rows = ConversationMail.objects.filter(conversation_id=conversation_id).select_related("message")
    return list(reversed(rows.order_by("-at", "-id")[:MOST_MAILS]))


def files_of(mail_ids: Sequence[UUID]) -> dict[UUID, list[ConversationFile]]:
    """Return the files of these mails without their bytes, those not kept among them. One query."""
    found: dict[UUID, list[ConversationFile]] = defaultdict(list)
    for row in ConversationFile.objects.filter(mail_id__in=mail_ids).defer("content").order_by("id"):
        found[row.mail_id].append(row)
    return found


def mail(conversation_id: UUID, mail_id: UUID) -> ConversationMail | None:
    """Return one mail of a thread with our message, or None."""
    rows = ConversationMail.objects.select_related("message")
    return rows.filter(id=mail_id, conversation_id=conversation_id).first()


def file(conversation_id: UUID, file_id: UUID) -> ConversationFile | None:
    """Return one file of a thread that was kept, or None."""
    return ConversationFile.objects.filter(id=file_id, mail__conversation_id=conversation_id, refused="").first()
