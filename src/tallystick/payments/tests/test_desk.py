"""The allocation desk: money moved, credit applied by reference and age, small rests closed."""

from __future__ import annotations

from uuid import UUID

import pytest

from tallystick.base.ids import new_id
from tallystick.payments.desk import apply_credit_of, move_allocation, write_off
from tallystick.payments.errors import NotAllocated, NotSmall
from tallystick.payments.models import Allocation, Payment
from tallystick.payments.record import record_payment
from tallystick.payments.tests.stage import Stage


def received(stage: Stage, amount_minor: int, wanted: dict[UUID, int] | None = None, **given: str) -> Payment:
    return record_payment(
        payment_id=new_id(),
        customer_id=stage.world.nora,
        method="transfer",
        amount_minor=amount_minor,
        currency="EUR",
        received_on=stage.world.today,
        wanted=wanted,
        **given,  # type: ignore[arg-type]
        **stage.world.acting(),
    )


def today(stage: Stage) -> dict[str, object]:
    return {**stage.world.acting(), "today": stage.world.today}


def test_an_allocation_moves_to_another_invoice_and_back(stage: Stage) -> None:
    one, two = stage.world.invoice(), stage.world.invoice()
    payment = received(stage, 17300, {one: 17300})
    [row] = stage.rows(Allocation, payment_id=payment.id)
    assert move_allocation(allocation_id=row.id, to_invoice_id=two, **today(stage)) == 17300
    assert (stage.open_minor(one), stage.open_minor(two)) == (17300, 0)
    with pytest.raises(NotAllocated):
        move_allocation(allocation_id=row.id, to_invoice_id=two, **today(stage))
    standing = [a for a in stage.rows(Allocation, payment_id=payment.id) if a.invoice_id == two]
    move_allocation(allocation_id=standing[0].id, to_invoice_id=None, **today(stage))
    assert stage.row(Payment, payment.id).unapplied_minor == 17300


def test_credit_goes_to_what_its_reference_names_then_to_the_oldest(stage: Stage) -> None:
    received(stage, 10000, {}, reference="payment for LP-2")
    received(stage, 5000, {})
    one, two = stage.world.invoice(), stage.world.invoice()
    moved = apply_credit_of(customer_id=stage.world.nora, **today(stage))
    assert moved == 15000
    assert (stage.open_minor(one), stage.open_minor(two)) == (12300, 7300)
    assert apply_credit_of(customer_id=stage.world.nora, **today(stage)) == 0


def test_b18_a_short_payment_is_written_off_within_the_threshold(stage: Stage) -> None:
    invoice_id = stage.world.invoice()
    received(stage, 17000)
    write_off_id = new_id()
    for _ in range(2):
        amount = write_off(write_off_id=write_off_id, invoice_id=invoice_id, reason="bank fee", **today(stage))
    assert amount == 300
    assert stage.open_minor(invoice_id) == 0
    assert stage.booked("write_off") == {"EUR": 300}


def test_more_than_the_threshold_needs_someone_who_may(stage: Stage) -> None:
    invoice_id = stage.world.invoice()
    with pytest.raises(NotSmall) as refused:
        write_off(write_off_id=new_id(), invoice_id=invoice_id, reason="gone", **today(stage))
    assert refused.value.most_minor == 500
    write_off(write_off_id=new_id(), invoice_id=invoice_id, reason="insolvent", may_be_large=True, **today(stage))
    assert stage.open_minor(invoice_id) == 0
