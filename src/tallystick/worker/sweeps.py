"""Sweepers: each finds what is due in domain rows and does it, one row per transaction, safe beside any number of others."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings

from tallystick.base import clock, events, inbox, tenant
from tallystick.base.invariants import broken_rules
from tallystick.broadcasts.prepare import gather_broadcasts
from tallystick.broadcasts.run import due_broadcasts, run_broadcast
from tallystick.conversations.reply import prepare_reply_email
from tallystick.invoices.queries import unrendered
from tallystick.invoices.release import due_releases, release_invoices
from tallystick.invoices.render import render_invoice
from tallystick.invoices.send import gather_documents
from tallystick.mail.folder import MailAccount
from tallystick.mail.port import keep_connections
from tallystick.mailboxes.keep import due_mail
from tallystick.mailboxes.poll import due_mailboxes, poll_mailbox
from tallystick.mailboxes.purge import purge_mail
from tallystick.messages.claim import due_messages
from tallystick.messages.invitation import prepare_invitation_email
from tallystick.messages.prepared import Gather, alone
from tallystick.messages.send import MOST, send_messages
from tallystick.payments.compare import compare_account, due_comparisons
from tallystick.payments.digest import due_digests, send_digest
from tallystick.payments.hear import hear_event
from tallystick.payments.methods import due_removals, forget_at_gateway
from tallystick.payments.notices import (
    prepare_charge_email,
    prepare_expiry_email,
    prepare_refund_email,
    queue_expiry_notice,
)
from tallystick.payments.queries import expiring_methods
from tallystick.payments.receipts import prepare_receipt_email
from tallystick.payments.refund import due_refunds, resolve_refund
from tallystick.payments.reminders import due_reminders, gather_reminders, queue_reminder
from tallystick.payments.run import due_charges, run_scheduled_charge
from tallystick.payments.send_request import prepare_request_email
from tallystick.payments.sweep import ask_about_dispute, due_attempts, due_disputes, resolve_attempt
from tallystick.sellers.queries import all_sellers, seller
from tallystick.worker.incoming import hear_mail, poll_own_mailbox
from tallystick.worker.switchboard import react

log = logging.getLogger(__name__)
BATCH = 100

GATHER: Mapping[str, Gather] = {
    "invoice": gather_documents,
    "credit_note": gather_documents,
    "thank_you": gather_documents,
    "receipt": alone(prepare_receipt_email),
    "invitation": alone(prepare_invitation_email),
    "charge_notice": alone(prepare_charge_email),
    "charge_failed": alone(prepare_charge_email),
    "charge_fell_back": alone(prepare_charge_email),
    "refund": alone(prepare_refund_email),
    "card_expiring": alone(prepare_expiry_email),
    "payment_request": alone(prepare_request_email),
    "reminder": gather_reminders,
    "late_reminder": gather_reminders,
    "reply": alone(prepare_reply_email),
    "broadcast": gather_broadcasts,
}
"""Message kind → who composes it."""


def sweep_events(seller_id: UUID | None = None) -> int:
    """Hand undone facts to the switchboard: a seller's facts together, and one by one when that fails."""
    now, by_seller = clock.now(), defaultdict(list)
    for owner, event_id in events.due(at=now, most=BATCH, seller_id=seller_id):
        by_seller[owner].append(event_id)
    done = 0
    for owner, ids in by_seller.items():
        try:
            done += _react(owner, ids, now)
        except Exception:  # one bad fact must not hold up the others
            log.exception("facts of %s: one by one", owner)
            done += sum(_react_alone(owner, event_id, now) for event_id in ids)
    return done


def _react(seller_id: UUID, ids: list[UUID], now: datetime) -> int:
    with tenant.tx(seller_id):
        facts = events.claim(ids)
        for fact in facts:
            react(fact, now)
        events.finish([fact.id for fact in facts], now=now)
    return len(facts)


def _react_alone(seller_id: UUID, event_id: UUID, now: datetime) -> int:
    try:
        return _react(seller_id, [event_id], now)
    except Exception as error:
        log.exception("fact %s", event_id)
        with tenant.tx(seller_id):
            events.postpone(event_id, until=now + timedelta(minutes=5), error=repr(error))
        return 0


def sweep_releases(seller_id: UUID | None = None) -> int:
    """Issue drafts whose day has begun: a seller's together, and one by one when that fails."""
    now, by_seller = clock.now(), defaultdict(list)
    for owner, invoice_id in due_releases(at=now, seller_id=seller_id):
        by_seller[owner].append(invoice_id)
    done = 0
    for owner, ids in by_seller.items():
        with tenant.tx(owner, read_only=True):
            today = clock.business_date(now, seller(owner).time_zone)
        release = partial(release_invoices, seller_id=owner, now=now, today=today)
        if _quietly(partial(release, invoice_ids=ids)):
            done += len(ids)
        else:
            done += sum(_quietly(partial(release, invoice_ids=[invoice_id])) for invoice_id in ids)
    return done


def sweep_digests(seller_id: UUID | None = None) -> int:
    """Put one email in the place of several to the same customer, where their seller wants that."""
    now, done = clock.now(), 0
    for owner in [seller_id] if seller_id else all_sellers():
        for customer_id in due_digests(seller_id=owner, now=now):
            done += _quietly(partial(send_digest, seller_id=owner, customer_id=customer_id, now=now))
    return done


def sweep_broadcasts(seller_id: UUID | None = None) -> int:
    """Begin broadcasts whose time has come, and put their next batches into the outbox."""
    return _each(seller_id, due_broadcasts, run_broadcast, "broadcast_id")


def sweep_messages(seller_id: UUID | None = None) -> int:
    """Send what waits in the outbox, a few of a seller's together, over connections that stay open for the batch; one by
    one when that fails."""
    done, by_seller = 0, defaultdict(list)
    for owner, message_id in due_messages(at=clock.now(), most=BATCH, seller_id=seller_id):
        by_seller[owner].append(message_id)
    with keep_connections():
        for owner, ids in by_seller.items():
            for first in range(0, len(ids), MOST):
                few = ids[first : first + MOST]
                if _send(owner, few):
                    done += len(few)
                else:
                    done += sum(_send(owner, [message_id]) for message_id in few)
    return done


def _send(seller_id: UUID, ids: list[UUID]) -> int:
    return _quietly(partial(send_messages, seller_id=seller_id, message_ids=ids, gather=GATHER, now=clock.now()))


def sweep_attempts(seller_id: UUID | None = None) -> int:
    """Ask gateways about charges nobody waits for any more."""
    return _each(seller_id, due_attempts, resolve_attempt, "attempt_id")


def sweep_charges(seller_id: UUID | None = None) -> int:
    """Give notice of automatic charges, and charge what is due."""
    return _each(seller_id, due_charges, run_scheduled_charge, "charge_id")


def sweep_refunds(seller_id: UUID | None = None) -> int:
    """Order refunds that were agreed, and ask about those nobody told us the end of."""
    return _each(seller_id, due_refunds, resolve_refund, "refund_id")


def sweep_disputes(seller_id: UUID | None = None) -> int:
    """Ask about open disputes."""
    return _each(seller_id, due_disputes, ask_about_dispute, "dispute_id")


def sweep_removals(seller_id: UUID | None = None) -> int:
    """Have gateways forget the cards that were removed here."""
    return _each(seller_id, due_removals, forget_at_gateway, "method_id")


def sweep_comparisons(seller_id: UUID | None = None) -> int:
    """Compare each gateway account with the book, once a day and after each payout."""
    return _each(seller_id, due_comparisons, compare_account, "account_id")


def sweep_expiries(seller_id: UUID | None = None) -> int:
    """Tell customers whose card expires while a payment is planned on it."""
    now, done = clock.now(), 0
    for owner in [seller_id] if seller_id else all_sellers():
        with tenant.tx(owner, read_only=True):
            expiring = expiring_methods(on=clock.business_date(now, seller(owner).time_zone))
        for method_id in expiring:
            done += _quietly(partial(queue_expiry_notice, seller_id=owner, method_id=method_id, now=now))
    return done


def sweep_reminders(seller_id: UUID | None = None) -> int:
    """Put the reminders of today and tomorrow into the outbox."""
    now, done = clock.now(), 0
    for owner in [seller_id] if seller_id else all_sellers():
        for reminder in due_reminders(seller_id=owner, now=now):
            done += _quietly(partial(queue_reminder, seller_id=owner, reminder=reminder, now=now))
    return done


def sweep_inbox(seller_id: UUID | None = None) -> int:
    """Act on webhooks that were kept but not acted on."""
    return _each(seller_id, inbox.due, hear_event, "inbound_id")


def sweep_mailboxes(seller_id: UUID | None = None) -> int:
    """Keep what is new in the mailboxes: each seller's, and the installation's own."""
    done = _each(seller_id, due_mailboxes, poll_mailbox, "mailbox_id")
    if seller_id is None and settings.ENV.imap_host:
        _quietly(lambda: poll_own_mailbox(own_account()))
    return done


def own_account() -> MailAccount:
    """Return the mailbox behind the bounce address of the default mail route."""
    env = settings.ENV
    return MailAccount(
        host=env.imap_host,
        port=env.imap_port,
        security=env.imap_security,
        username=env.imap_user,
        password=env.imap_password.get_secret_value(),
        folder=env.imap_folder,
    )


def sweep_incoming(seller_id: UUID | None = None) -> int:
    """Act on mail that was kept."""
    return _each(seller_id, due_mail, hear_mail, "incoming_id")


def sweep_purges(seller_id: UUID | None = None) -> int:
    """Let go of incoming mail as it came, after its days."""
    before, done = clock.now() - timedelta(days=settings.ENV.incoming_days), 0
    for owner in [seller_id] if seller_id else all_sellers():
        done += _quietly(partial(purge_mail, seller_id=owner, before=before))
    return done


def sweep_renderings(seller_id: UUID | None = None) -> int:
    """Render documents that have no stored PDF yet, newest first."""
    done = 0
    for owner in [seller_id] if seller_id else all_sellers():
        with tenant.tx(owner, read_only=True):
            waiting = unrendered(most=BATCH)
        for invoice_id in waiting:
            done += _quietly(partial(render_invoice, seller_id=owner, invoice_id=invoice_id, now=clock.now()))
    return done


def check_invariants(seller_id: UUID | None = None) -> int:
    """Run every invariant for every seller; a broken one is an error in the log and on the status page."""
    found = 0
    for owner in [seller_id] if seller_id else all_sellers():
        for rule, count in broken_rules(owner).items():
            log.error("invariant %s broken for seller %s: %d rows", rule, owner, count)
            found += count
    return found


def _each(
    seller_id: UUID | None, due: Callable[..., list[tuple[UUID, UUID]]], verb: Callable[..., object], row: str
) -> int:
    """Do the verb on a batch of what is due now, of one seller or of all; `row` is what the verb calls the row's id.

    Each row has the time of its own turn: a lease that was counted from the beginning of a slow batch would end early.
    """
    return sum(
        _quietly(partial(verb, seller_id=owner, now=clock.now(), **{row: row_id}))
        for owner, row_id in due(at=clock.now(), most=BATCH, seller_id=seller_id)
    )


def _quietly(work: Callable[[], object]) -> int:
    """Do one row's work; a failure is logged and leaves the row due again."""
    try:
        work()
    except Exception:
        log.exception("a swept row failed; it stays due")
        return 0
    return 1


SWEEPS: Mapping[str, Callable[[UUID | None], int]] = {
    "events": sweep_events,
    "releases": sweep_releases,
    "digests": sweep_digests,
    "broadcasts": sweep_broadcasts,
    "messages": sweep_messages,
    "attempts": sweep_attempts,
    "charges": sweep_charges,
    "refunds": sweep_refunds,
    "disputes": sweep_disputes,
    "removals": sweep_removals,
    "comparisons": sweep_comparisons,
    "expiries": sweep_expiries,
    "reminders": sweep_reminders,
    "inbox": sweep_inbox,
    "mailboxes": sweep_mailboxes,
    "incoming": sweep_incoming,
    "purges": sweep_purges,
    "renderings": sweep_renderings,
    "invariants": check_invariants,
}


DRAINED = (
    "releases",
    "inbox",
    "incoming",
    "attempts",
    "refunds",
    "charges",
    "removals",
    "reminders",
    "events",
    "digests",
    "broadcasts",
    "messages",
)
"""What a quiet moment finishes: all but what is asked again by the clock, whatever was found."""


def drain(seller_id: UUID, *, rounds: int = 50) -> None:
    """Run the sweeps of one seller until nothing is left: for tests, the demo and the time machine."""
    for _ in range(rounds):
        if not sum(SWEEPS[name](seller_id) for name in DRAINED):
            return
