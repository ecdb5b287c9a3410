"""The guards: take any one away and a test here fails."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction

from tallystick.base import clock, events, inbox, tenant
from tallystick.base.http import Request, send
from tallystick.base.ids import new_id
from tallystick.base.models import Event, InboundEvent
from tallystick.base.rows import insert_rows
from tallystick.base.tenant import WrongSeller
from tallystick.base.tx import InsideTransaction
from tallystick.core.postings import Posting
from tallystick.invoices.models import Invoice
from tallystick.ledger.post import ENTRY, LINE, Entry, post_entries
from tallystick.testing.world import World
from tallystick.worker import sweeps

TENANT_TABLES = """
SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'seller_id'
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""

MISREAD = """
SELECT p.proname, c.table_name, c.column_name FROM pg_proc p, unnest(p.proargnames[:p.pronargs]) AS argument
JOIN information_schema.columns c ON c.column_name = argument
WHERE p.proowner = 'tallystick_sweep'::regrole AND p.prosrc ~ ('(FROM|JOIN) ' || c.table_name || '\\M')
AND p.prosrc ~ ('[^.$]\\m' || argument || '\\M')
"""


def test_every_tenant_table_has_forced_row_security_and_a_policy(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TENANT_TABLES)
        tables = dict(cursor.fetchall())
        cursor.execute("SELECT DISTINCT tablename FROM pg_policies WHERE policyname = 'own_rows'")
        guarded = {row[0] for row in cursor.fetchall()}
    assert len(tables) > 20
    assert [name for name, forced in tables.items() if not forced] == []
    assert set(tables) | {"seller"} == guarded


def test_every_reference_between_tenant_tables_names_the_seller(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND array_length(conkey, 1) = 1"
            " AND conrelid::regclass::text IN (SELECT c.relname FROM pg_class c JOIN pg_attribute a"
            "   ON a.attrelid = c.oid AND a.attname = 'seller_id')"
            " AND confrelid::regclass::text <> 'user_account'"
        )
        assert cursor.fetchall() == []


def test_the_application_owns_nothing_and_bypasses_nothing(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("tallystick_app", False, False)
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = 'tallystick_app'::regrole")
        assert cursor.fetchone() == (0,)


def test_no_function_across_sellers_takes_a_column_for_its_argument(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proowner = 'tallystick_sweep'::regrole")
        assert cursor.fetchone()[0] > 15
        cursor.execute(MISREAD)
        assert cursor.fetchall() == []


def test_a_fact_whose_reaction_failed_comes_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[datetime] = []

    def fail_once(fact: events.Fact, now: datetime) -> None:
        tried.append(now)
        if len(tried) < 3:  # together with the others, then alone
            raise RuntimeError("not today")

    with tenant.tx(world.seller_id):
        Event.objects.update(done_at=world.now)
        events.record("order.completed", seller_id=world.seller_id, subject_id=new_id(), now=world.now)
    monkeypatch.setattr(sweeps, "react", fail_once)
    for minutes, tries in ((0, 2), (4, 2), (6, 3), (7, 3)):
        with clock.at(world.now + timedelta(minutes=minutes)):
            sweeps.sweep_events(world.seller_id)
        assert len(tried) == tries, f"after {minutes} minutes"
    with tenant.tx(world.seller_id):
        assert not Event.objects.filter(done_at__isnull=True).exists()


def test_nothing_is_seen_without_a_seller_or_across_sellers(world: World, outsider: World) -> None:
    invoice_id = world.invoice()
    assert not Invoice.objects.filter(id=invoice_id).exists()
    with tenant.tx(outsider.seller_id):
        assert not Invoice.objects.filter(id=invoice_id).exists()
        assert Invoice.objects.filter(id=invoice_id).update(notes="mine") == 0


def test_a_row_cannot_be_written_for_another_seller(world: World, outsider: World) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), tenant.tx(world.seller_id):
        insert_rows(
            "number_series",
            {"id": "uuid", "seller_id": "uuid", "kind": "text", "pattern": "text", "is_default": "boolean"},
            [(new_id(), outsider.seller_id, "x", "X-{number}", False)],
        )


def test_transactions_of_two_sellers_do_not_nest(world: World, outsider: World) -> None:
    with pytest.raises(WrongSeller), tenant.tx(world.seller_id), tenant.tx(outsider.seller_id):
        pass


def test_read_only_transactions_refuse_to_write(world: World) -> None:
    draft = world.draft()
    with pytest.raises(InternalError, match="read-only"), tenant.tx(world.seller_id, read_only=True):
        Invoice.objects.filter(id=draft).update(notes="scanned")


def test_nothing_outside_inside(world: World) -> None:
    with pytest.raises(InsideTransaction), tenant.tx(world.seller_id):
        send(Request("GET", "http://127.0.0.1:9/"))


def entry(world: World, *postings: Posting) -> Entry:
    return Entry(new_id(), "test", new_id(), new_id(), world.nora, "EUR", world.today, postings)


def test_the_book_refuses_what_does_not_balance(world: World) -> None:
    for postings in ((Posting("a", 1),), (Posting("a", 1), Posting("b", -2))):
        with pytest.raises(IntegrityError, match="sum to zero"), tenant.tx(world.seller_id):
            post_entries([entry(world, *postings)], seller_id=world.seller_id, now=world.now)


def test_the_book_refuses_empty_entries_late_lines_and_change(world: World) -> None:
    good = entry(world, Posting("a", 1), Posting("b", -1))
    with tenant.tx(world.seller_id):
        post_entries([good], seller_id=world.seller_id, now=world.now)
    with pytest.raises(IntegrityError, match="sum to zero"), tenant.tx(world.seller_id):
        empty = (new_id(), world.seller_id, "x", new_id(), new_id(), world.today, world.now)
        insert_rows("journal_entry", ENTRY, [empty])
    with pytest.raises(IntegrityError, match="gains no lines"), tenant.tx(world.seller_id):
        late = [(good.id, n, world.seller_id, "a", None, "EUR", n - 4) for n in (3, 5)]
        insert_rows("journal_line", LINE, late)
    for change in ("UPDATE journal_line SET amount_minor = 2", "DELETE FROM journal_entry", "TRUNCATE journal_line"):
        with (
            pytest.raises((IntegrityError, ProgrammingError)),
            tenant.tx(world.seller_id),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)


def test_even_the_owner_cannot_change_the_book(database: str, world: World) -> None:
    world.invoice()
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("RESET ROLE")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            cursor.execute("DELETE FROM journal_line")
        cursor.execute("SET ROLE tallystick_app")


def test_posting_twice_is_refused(world: World) -> None:
    once = entry(world, Posting("a", 1), Posting("b", -1))
    again = Entry(new_id(), once.kind, once.source_id, once.subject_id, world.nora, "EUR", world.today, once.postings)
    with pytest.raises(IntegrityError, match="journal_entry_once"), tenant.tx(world.seller_id):
        post_entries([once, again], seller_id=world.seller_id, now=world.now)


def test_a_webhook_is_kept_once(world: World) -> None:
    given = {
        "gateway_account_id": new_id(),
        "event_id": "evt_1",
        "kind": "x",
        "reference": "",
        "attempt_id": None,
        "body": b"{}",
        **world.acting(),
    }
    assert [inbox.keep(**given) for _ in range(3)] == [True, False, False]
    with tenant.tx(world.seller_id):
        assert InboundEvent.objects.count() == 1
