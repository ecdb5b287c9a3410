"""Rules that must return no rows: run after every test, every 15 minutes in production, and by command.

Each is SQL over the current seller's rows; they look at the books from another side than the code that wrote them.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from tallystick.base import tenant

RULES: Mapping[str, str] = {
    "entries_balance": """
        SELECT e.id FROM journal_entry e LEFT JOIN journal_line l ON l.entry_id = e.id
        GROUP BY e.id, l.currency HAVING coalesce(sum(l.amount_minor), 1) <> 0 OR count(l.entry_id) < 2""",
    "lines_have_entries": """
        SELECT l.entry_id FROM journal_line l LEFT JOIN journal_entry e ON e.id = l.entry_id WHERE e.id IS NULL""",
    "balances_match_book": """
        SELECT b.customer_id FROM customer_balance b LEFT JOIN (
          SELECT customer_id, currency, sum(amount_minor) FILTER (WHERE account = 'receivable') AS receivable,
            -sum(amount_minor) FILTER (WHERE account = 'unapplied') AS unapplied
          FROM journal_line WHERE customer_id IS NOT NULL GROUP BY 1, 2) l USING (customer_id, currency)
        WHERE b.receivable_minor <> coalesce(l.receivable, 0) OR b.unapplied_minor <> coalesce(l.unapplied, 0)""",
    "receivable_is_open_items": """
        SELECT coalesce(b.customer_id, d.customer_id) FROM (
          SELECT customer_id, currency, receivable_minor FROM customer_balance) b
        FULL JOIN (SELECT d.customer_id, i.currency, sum(d.open_minor) AS open FROM due_item d
          JOIN invoice i ON i.id = d.invoice_id GROUP BY 1, 2) d USING (customer_id, currency)
        WHERE coalesce(b.receivable_minor, 0) <> coalesce(d.open, 0)""",
    "unapplied_is_payments_and_notes": """
        SELECT coalesce(b.customer_id, p.customer_id) FROM customer_balance b
        FULL JOIN (SELECT customer_id, currency, sum(rest) AS rest FROM (
            SELECT customer_id, currency, unapplied_minor AS rest FROM payment
            UNION ALL SELECT customer_id, currency, open_minor FROM invoice WHERE kind = 'credit_note') s
          GROUP BY 1, 2) p USING (customer_id, currency)
        WHERE coalesce(b.unapplied_minor, 0) <> coalesce(p.rest, 0)""",
    "due_items_make_the_total": """
        SELECT i.id FROM invoice i LEFT JOIN due_item d ON d.invoice_id = i.id
        WHERE i.number IS NOT NULL AND i.kind = 'invoice' GROUP BY i.id
        HAVING coalesce(sum(d.amount_minor), 0) <> i.total_minor OR coalesce(sum(d.open_minor), 0) <> i.open_minor""",
    "settled_is_allocated": """
        SELECT d.id FROM due_item d LEFT JOIN allocation a ON a.due_item_id = d.id
        GROUP BY d.id HAVING d.settled_minor <> coalesce(sum(a.amount_minor), 0)""",
    "payments_are_allocated": """
        SELECT p.id FROM payment p LEFT JOIN allocation a ON a.payment_id = p.id
        GROUP BY p.id HAVING p.allocated_minor <> coalesce(sum(a.amount_minor), 0)""",
    "numbers_have_no_gaps": """
        SELECT c.series_id FROM number_counter c JOIN number_series s ON s.id = c.series_id
        JOIN (SELECT series_id, number_period, count(*) AS n, min(number_index) AS first, max(number_index) AS last
          FROM invoice WHERE number IS NOT NULL GROUP BY 1, 2) i ON i.series_id = c.series_id AND i.number_period = c.period
        WHERE i.last - i.first + 1 <> i.n OR c.next <> i.last + 1""",
    "issued_has_entry": """
        SELECT i.id FROM invoice i LEFT JOIN journal_entry e ON e.source_id = i.id AND e.kind = i.kind || '.issued'
        WHERE i.number IS NOT NULL AND i.total_minor <> 0 AND e.id IS NULL""",
    "payment_has_entry": """
        SELECT p.id FROM payment p LEFT JOIN journal_entry e ON e.source_id = p.id AND e.kind = 'payment.received'
        WHERE e.id IS NULL""",
    "one_live_attempt": """
        SELECT invoice_id FROM attempt_invoice WHERE is_live GROUP BY 1 HAVING count(*) > 1""",
    "slot_is_live_with_attempt": """
        SELECT a.id FROM attempt_invoice s JOIN charge_attempt a ON a.id = s.attempt_id
        WHERE s.is_live <> (a.ended_at IS NULL)""",
    "succeeded_has_payment": """
        SELECT a.id FROM charge_attempt a LEFT JOIN payment p ON p.attempt_id = a.id
        WHERE a.state = 'succeeded' AND a.kind <> 'setup' AND p.id IS NULL""",
    "payment_has_number": "SELECT id FROM payment WHERE number IS NULL",
    "returned_is_refunds_and_disputes": """
        SELECT p.id FROM payment p
        LEFT JOIN (SELECT payment_id, sum(amount_minor - excess_minor) FILTER (WHERE state = 'succeeded') AS refunded,
            sum(amount_minor - excess_minor) FILTER (WHERE ended_at IS NULL) AS reserved
          FROM refund GROUP BY 1) r ON r.payment_id = p.id
        LEFT JOIN (SELECT payment_id, sum(held_minor) FILTER (WHERE closed_at IS NULL) AS held,
            sum(held_minor) FILTER (WHERE state = 'lost') AS lost FROM dispute GROUP BY 1) d ON d.payment_id = p.id
        WHERE p.refunded_minor <> coalesce(r.refunded, 0) OR p.refund_reserved_minor <> coalesce(r.reserved, 0)
          OR p.disputed_minor <> coalesce(d.held, 0) OR p.lost_minor <> coalesce(d.lost, 0)""",
    "refund_has_entry": """
        SELECT r.id FROM refund r LEFT JOIN journal_entry e ON e.source_id = r.id AND e.kind = 'refund.paid'
        WHERE (r.state = 'succeeded' AND e.id IS NULL) OR (r.state IN ('waiting', 'reserved', 'rejected') AND e.id IS NOT NULL)""",
    "dispute_has_entry": """
        SELECT d.id FROM dispute d LEFT JOIN journal_entry e ON e.source_id = d.id AND e.kind = 'dispute.opened'
        WHERE e.id IS NULL""",
    "disputed_is_held": """
        SELECT coalesce(b.currency, d.currency) FROM (SELECT currency, sum(amount_minor) AS booked FROM journal_line
            WHERE account = 'disputed' GROUP BY 1) b
        FULL JOIN (SELECT currency, sum(held_minor) FILTER (WHERE closed_at IS NULL) AS held FROM dispute GROUP BY 1) d
          USING (currency) WHERE coalesce(b.booked, 0) <> coalesce(d.held, 0)""",
    "charging_has_attempt": """
        SELECT c.id FROM scheduled_charge c LEFT JOIN charge_attempt a ON a.scheduled_charge_id = c.id
        WHERE c.state = 'charging' AND a.id IS NULL""",
    "charge_ends_paid": """
        SELECT c.id FROM scheduled_charge c WHERE c.state = 'done' AND NOT EXISTS (
          SELECT 1 FROM charge_attempt a WHERE a.scheduled_charge_id = c.id AND a.state = 'succeeded')""",
    "one_plan_per_due_item": """
        SELECT due_item_id FROM scheduled_charge WHERE ended_at IS NULL GROUP BY 1 HAVING count(*) > 1""",
    "kept_with_consent": "SELECT id FROM payment_method WHERE consent_text = ''",
    "payout_has_entry": """
        SELECT p.id FROM payout p LEFT JOIN journal_entry e ON e.source_id = p.id AND e.kind = 'payout.sent'
        WHERE e.id IS NULL AND p.amount_minor <> 0""",
    "fees_are_booked": """
        SELECT l.id FROM settlement_line l LEFT JOIN journal_entry e ON e.source_id = l.id AND e.kind = 'gateway.fee'
        WHERE l.fee_minor <> 0 AND e.id IS NULL""",
    "written_off_is_booked": """
        SELECT w.id FROM write_off w LEFT JOIN allocation a ON a.write_off_id = w.id GROUP BY w.id, w.amount_minor
        HAVING coalesce(sum(a.amount_minor) FILTER (WHERE a.amount_minor > 0), 0) <> w.amount_minor""",
    "issued_content_is_whole": """
        SELECT i.id FROM invoice i LEFT JOIN document_content d ON d.invoice_id = i.id
        WHERE i.number IS NOT NULL AND (d.content IS NULL OR NOT d.content ?& ARRAY['seller', 'customer', 'issued_on'])""",
    "content_agrees_with_row": """
        SELECT i.id FROM invoice i JOIN document_content d ON d.invoice_id = i.id
        WHERE (d.content -> 'totals' ->> 'total_minor')::bigint <> i.total_minor""",
    "lines_make_the_net": """
        SELECT i.id FROM invoice i JOIN document_content d ON d.invoice_id = i.id
        LEFT JOIN invoice_line l ON l.invoice_id = i.id GROUP BY i.id, d.content
        HAVING coalesce(sum(l.net_minor), 0) <> (d.content -> 'totals' ->> 'lines_minor')::bigint""",
}


def broken_rules(seller_id: UUID) -> dict[str, int]:
    """Return the rules that are broken for a seller, with how many rows break each; empty when all is well."""
    broken = {}
    with tenant.tx(seller_id, read_only=True), connection.cursor() as cursor:
        for name, rule in RULES.items():
            cursor.execute(f"SELECT count(*) FROM ({rule}) broken")
            if count := cursor.fetchone()[0]:
                broken[name] = count
    return broken
