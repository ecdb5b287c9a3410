"""What is done about a thread: done, later, read, whose it is, and who it is from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from tallystick.base import events, tenant
from tallystick.conversations._thread import locked
from tallystick.conversations.errors import NoSuchColleague
from tallystick.conversations.models import Conversation
from tallystick.customers.lock import NoSuchCustomer
from tallystick.customers.queries import customer
from tallystick.sellers.queries import members, seller

MORNING = time(8, 0)


def finish_conversation(*, seller_id: UUID, conversation_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Note a thread as done and read, and return whether it wasn't. An answer opens it again. Raises NoSuchConversation."""

    def finish(thread: Conversation) -> bool:
        changed, thread.state, thread.is_unread = thread.state != "done", "done", False
        thread.shown_at = thread.last_at
        return changed

    return _change(seller_id, conversation_id, actor_id, now, "conversation.done", finish)


def reopen_conversation(*, seller_id: UUID, conversation_id: UUID, now: datetime, actor_id: UUID | None = None) -> bool:
    """Put a thread that was done or put off back among the open ones, and return whether it was. Raises NoSuchConversation."""

    def reopen(thread: Conversation) -> bool:
        changed, thread.state, thread.shown_at = thread.state != "open", "open", thread.last_at
        return changed

    return _change(seller_id, conversation_id, actor_id, now, "", reopen)


def put_off_conversation(
    *, seller_id: UUID, conversation_id: UUID, until: date, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Hide a thread until 08:00 of a day in the seller's zone; it is open again then, or when an answer comes.

    Idempotent. Returns False, and changes nothing, for a morning that is over. Raises NoSuchConversation.
    """

    def put_off(thread: Conversation) -> bool:
        zone = ZoneInfo(seller(seller_id).time_zone)
        morning = datetime.combine(until, MORNING, zone)
        if morning <= now:
            return False
        thread.state, thread.shown_at, thread.is_unread = "later", morning, False
        return True

    return _change(seller_id, conversation_id, actor_id, now, "", put_off)


def mark_conversation(
    *, seller_id: UUID, conversation_id: UUID, unread: bool, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Mark a thread as read, or as unread again, and return whether it wasn't. Raises NoSuchConversation."""

    def mark(thread: Conversation) -> bool:
        changed, thread.is_unread = thread.is_unread != unread, unread
        return changed

    return _change(seller_id, conversation_id, actor_id, now, "", mark)


def assign_conversation(
    *, seller_id: UUID, conversation_id: UUID, assignee_id: UUID | None, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Give a thread to a member (by the person's id), or to nobody, and return whether it changed hands.

    Raises NoSuchConversation, NoSuchColleague for who isn't an active member.
    """

    def assign(thread: Conversation) -> bool:
        if assignee_id and assignee_id not in {row.user_id for row in members() if row.is_active}:
            raise NoSuchColleague(str(assignee_id))
        changed, thread.assignee_id = thread.assignee_id != assignee_id, assignee_id
        return changed

    return _change(seller_id, conversation_id, actor_id, now, "conversation.assigned" if assignee_id else "", assign)


def match_conversation(
    *, seller_id: UUID, conversation_id: UUID, customer_id: UUID, now: datetime, actor_id: UUID | None = None
) -> bool:
    """Say whose thread it is, and return whether that is news. Later mails from the address follow it, unless the
    address stands at a customer. Raises NoSuchConversation, NoSuchCustomer.
    """

    def match(thread: Conversation) -> bool:
        if customer(customer_id) is None:
            raise NoSuchCustomer(str(customer_id))
        changed, thread.customer_id = thread.customer_id != customer_id, customer_id
        thread.maybe_ids = []
        return changed

    return _change(seller_id, conversation_id, actor_id, now, "conversation.matched", match)


def _change(
    seller_id: UUID,
    conversation_id: UUID,
    actor_id: UUID | None,
    now: datetime,
    fact: str,
    change: Callable[[Conversation], bool],
) -> bool:
    """Change a locked thread, and record the fact when there is one and something changed."""
    with tenant.tx(seller_id, actor_id=actor_id):
        thread = locked(conversation_id)
        changed = change(thread)
        thread.save(update_fields=["state", "shown_at", "is_unread", "assignee_id", "customer_id", "maybe_ids"])
        if changed and fact:
            events.record(
                fact,
                seller_id=seller_id,
                subject_id=thread.id,
                customer_id=thread.customer_id,
                now=now,
                actor_id=actor_id,
                subject=thread.subject,
                assignee_id=str(thread.assignee_id or ""),
            )
        return changed
