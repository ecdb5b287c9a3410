"""The dashboard's figures against a few invoices and payments worked out by hand."""

from __future__ import annotations

from datetime import date

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.catalog.rates import make_default_rate
from tallystick.ledger.queries import why_balance
from tallystick.payments.record import record_payment
from tallystick.reports.audit import audit_page
from tallystick.reports.balance import explain
from tallystick.reports.dashboard import dashboard
from tallystick.reports.status import backlogs
from tallystick.testing.world import World


def pay(world: World, amount_minor: int, on: date) -> None:
    record_payment(
        payment_id=new_id(),
        customer_id=world.nora,
        method="transfer",
        amount_minor=amount_minor,
        currency="EUR",
        received_on=on,
        **world.acting(),
    )


def test_outstanding_by_lateness_and_money_by_month(world: World) -> None:
    world.invoice(terms={"kind": "net", "days": 5})
    world.invoice(terms={"kind": "net", "days": 60})
    pay(world, 1000, date(2026, 2, 9))
    pay(world, 500, date(2026, 2, 11))
    pay(world, 2000, date(2026, 3, 9))
    with tenant.tx(world.seller_id):
        now = dashboard(on=world.today, currency="EUR")
        later = dashboard(on=date(2026, 4, 20), currency="EUR")
    [aging] = now.outstanding
    assert (aging.currency, aging.total_minor) == ("EUR", 2 * 17300 - 3500)
    assert [b.amount_minor for b in aging.buckets] == [31100, 0, 0, 0, 0]
    assert [b.amount_minor for b in later.outstanding[0].buckets] == [17300, 0, 13800, 0, 0]
    assert sum(later.outstanding[0].share(b) for b in later.outstanding[0].buckets) == 100
    assert [(c.now_minor, c.before_minor, c.change_percent) for c in now.collected] == [(2000, 1000, 100)]
    assert [(a.amount_minor, a.count) for a in now.due_next] == [(13800, 1)]
    assert now.attention.unsent == 2


def test_the_same_days_of_a_shorter_month(world: World) -> None:
    with tenant.tx(world.seller_id):
        figures = dashboard(on=date(2026, 3, 31), currency="EUR")
        january = dashboard(on=date(2026, 1, 15), currency="EUR")
    assert (figures.since_before, figures.until_before) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (january.since_before, january.until_before) == (date(2025, 12, 1), date(2025, 12, 15))


def test_nothing_is_nothing_and_nobody_elses(world: World, outsider: World) -> None:
    world.invoice()
    with tenant.tx(outsider.seller_id):
        figures = dashboard(on=outsider.today, currency="EUR")
    assert (figures.outstanding, figures.collected, figures.credit) == ((), (), ())


def test_a_balance_is_explained_event_by_event(world: World) -> None:
    world.invoice()
    pay(world, 20000, world.today)
    with tenant.tx(world.seller_id):
        steps = explain(why_balance(world.nora, currency="EUR"))
    assert [(s.kind, s.change_minor, s.moved_minor, s.running_minor) for s in steps] == [
        ("invoice.issued", 17300, 0, 17300),
        ("payment.received", -20000, 0, -2700),
        ("credit.allocated", 0, 17300, -2700),
    ]


def test_the_audit_log_shows_old_and_new(world: World) -> None:
    make_default_rate(seller_id=world.seller_id, rate_id=world.rates["standard"], actor_id=world.alice.id)
    with tenant.tx(world.seller_id):
        [entry, *_rest], _cursor = audit_page(table="tax_rate", size=1)
    assert (entry.actor_id, entry.action, entry.name) == (world.alice.id, "changed", "VAT 23%")
    assert [(c.field, c.old, c.new) for c in entry.changes] == [("is_default", False, True)]


def test_backlogs_count_what_is_due(world: World) -> None:
    world.invoice()
    with tenant.tx(world.seller_id):
        waiting = {b.sweeper: b.waiting for b in backlogs(at=world.now)}
    assert waiting == {"events": 1, "messages": 0, "attempts": 0, "inbox": 0, "incoming": 0}
