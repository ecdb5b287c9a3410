"""Money recorded by staff, credit notes, voids: works, refuses, twice, outsider."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from tallystick.base import tenant
from tallystick.base.ids import new_id
from tallystick.core.errors import OverAllocated
from tallystick.customers.lock import NoSuchCustomer
from tallystick.invoices import queries as invoices
from tallystick.invoices.duplicate import draft_credit_note, duplicate_invoice
from tallystick.invoices.errors import NotVoidable, OverCredited
from tallystick.ledger.queries import balances_of, trial_balance, why_balance
from tallystick.payments.allocate import allocate_payment
from tallystick.payments.models import Payment
from tallystick.payments.record import record_payment
from tallystick.payments.start import start_charge
from tallystick.payments.void import void_invoices
from tallystick.testing.world import World
from tallystick.worker.sweeps import sweep_events


def record(world: World, amount_minor: int, **given: object) -> Payment:
    arguments = {
        "payment_id": new_id(),
        "customer_id": world.nora,
        "method": "transfer",
        "amount_minor": amount_minor,
        "currency": "EUR",
        "received_on": world.today,
        **world.acting(),
        **given,
    }
    return record_payment(**arguments)


def left(world: World, invoice_id: UUID) -> int:
    with tenant.tx(world.seller_id):
        return invoices.invoice(invoice_id).open_minor


def test_b18_a_transfer_over_several_invoices_oldest_first(world: World) -> None:
    first, second = world.invoice(), world.invoice()
    record(world, 20000)
    assert (left(world, first), left(world, second)) == (0, 17300 + 17300 - 20000)


def test_typed_amounts_go_where_they_were_typed(world: World) -> None:
    first, second = world.invoice(), world.invoice()
    payment = record(world, 20000, wanted={second: 17300, first: 1000})
    assert (left(world, first), left(world, second)) == (16300, 0)
    with tenant.tx(world.seller_id):
        assert Payment.objects.get(id=payment.id).unapplied_minor == 1700


def test_excess_becomes_credit_and_can_be_used_later(world: World) -> None:
    world.invoice()
    payment = record(world, 30000)
    assert payment.flag == "overpaid"
    second = world.invoice()
    moved = allocate_payment(payment_id=payment.id, wanted=None, today=world.today, **world.acting())
    assert (moved, left(world, second)) == (12700, 4600)


def test_recording_twice_books_once(world: World) -> None:
    world.invoice()
    payment_id = new_id()
    record(world, 17300, payment_id=payment_id)
    record(world, 17300, payment_id=payment_id)
    with tenant.tx(world.seller_id):
        assert Payment.objects.count() == 1


def test_a_wish_beyond_what_is_owed_is_refused_and_books_nothing(world: World) -> None:
    invoice_id = world.invoice()
    with pytest.raises(OverAllocated):
        record(world, 20000, wanted={invoice_id: 17301})
    with tenant.tx(world.seller_id):
        assert not Payment.objects.exists()


def test_an_outsiders_customer_is_unknown(world: World, outsider: World) -> None:
    with pytest.raises(NoSuchCustomer):
        record(world, 100, customer_id=outsider.nora)


def test_a_whole_credit_note_closes_the_invoice(world: World) -> None:
    invoice_id, note_id = world.invoice(), new_id()
    draft_credit_note(
        invoice_id=invoice_id, credit_note_id=note_id, quantities=None, reason="Wrong paper", **world.acting()
    )
    [note] = world.issue(note_id)
    assert (note.number, note.total_minor) == ("CN-2026-0001", 17300)
    sweep_events(world.seller_id)
    assert left(world, invoice_id) == left(world, note_id) == 0
    with tenant.tx(world.seller_id):
        assert balances_of([world.nora])[world.nora] == []
        assert {row.balance_minor for row in trial_balance()} == {0}


def test_a_part_credit_on_a_paid_invoice_stays_as_credit(world: World) -> None:
    invoice_id, note_id = world.invoice(), new_id()
    record(world, 17300)
    draft_credit_note(
        invoice_id=invoice_id, credit_note_id=note_id, quantities={1: Decimal(2)}, reason="", **world.acting()
    )
    world.issue(note_id)
    sweep_events(world.seller_id)
    with tenant.tx(world.seller_id):
        [balance] = balances_of([world.nora])[world.nora]
        assert (balance.receivable_minor, balance.unapplied_minor) == (0, 2460)


def test_credit_notes_cannot_exceed_their_invoice(world: World) -> None:
    invoice_id, note_id = world.invoice(), new_id()
    draft_credit_note(invoice_id=invoice_id, credit_note_id=note_id, quantities=None, reason="", **world.acting())
    world.issue(note_id)
    with pytest.raises(OverCredited):
        draft_credit_note(
            invoice_id=invoice_id, credit_note_id=new_id(), quantities={2: Decimal(1)}, reason="", **world.acting()
        )


def test_void_reverses_the_entry_and_keeps_the_number(world: World) -> None:
    invoice_id = world.invoice()
    for _ in range(2):
        void_invoices(invoice_ids=[invoice_id], reason="Duplicate", today=world.today, **world.acting())
    with tenant.tx(world.seller_id):
        row = invoices.invoice(invoice_id)
        assert (row.number, row.open_minor) == ("LP-1", 0)
        assert invoices.status(row, on=world.today) == "void"
        assert {r.balance_minor for r in trial_balance()} == {0}


def test_void_is_refused_while_money_is_on_it_or_on_its_way(world: World, card: UUID) -> None:
    paid, paying = world.invoice(), world.invoice()
    record(world, 100, wanted={paid: 100})
    start_charge(
        invoice_id=paying,
        gateway_account_id=card,
        amount_minor=None,
        attempt_id=new_id(),
        language="en",
        **world.acting(),
    )
    for invoice_id, reason in ((paid, "paid"), (paying, "paying"), (world.draft(), "draft")):
        with pytest.raises(NotVoidable) as refused:
            void_invoices(invoice_ids=[invoice_id], reason="", today=world.today, **world.acting())
        assert refused.value.reason == reason


def test_a_duplicate_is_a_draft_with_the_same_total(world: World) -> None:
    invoice_id, copy_id = world.invoice(po_number="PO-1"), new_id()
    duplicate_invoice(invoice_id=invoice_id, new_invoice_id=copy_id, **world.acting())
    with tenant.tx(world.seller_id):
        copy = invoices.invoice(copy_id)
        assert (copy.number, copy.po_number, copy.total_minor) == (None, "", 17300)


def test_why_says_every_step_of_a_balance(world: World) -> None:
    world.invoice()
    record(world, 5000)
    with tenant.tx(world.seller_id):
        steps = why_balance(world.nora, currency="EUR")
    assert [s.kind for s in steps] == ["invoice.issued", "payment.received", "credit.allocated", "credit.allocated"]
    assert steps[-1].running_minor == 12300
