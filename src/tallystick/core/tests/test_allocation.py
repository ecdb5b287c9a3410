"""Allocation: nothing over-paid, nothing lost."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.allocation import Allocation, OpenItem, Share, allocate, allocate_exact
from tallystick.core.errors import InvalidAllocation, InvalidAmount, OverAllocated

JANUARY, FEBRUARY, MARCH = (
    OpenItem(UUID(int=3), date(2026, 1, 31), 100),
    OpenItem(UUID(int=2), date(2026, 2, 28), 200),
    OpenItem(UUID(int=1), date(2026, 3, 31), 300),
)
ITEMS = [MARCH, JANUARY, FEBRUARY]
STRANGER = UUID(int=99)


def shares(allocation: Allocation) -> list[tuple[int, int]]:
    return [(share.id.int, share.amount_minor) for share in allocation.shares]


def test_a17_a_payment_goes_to_its_invoice_and_the_rest_is_credit() -> None:
    assert allocate(250, ITEMS, first=[FEBRUARY.id]) == Allocation((Share(FEBRUARY.id, 200),), 50)


def test_a17_preferred_items_are_paid_in_the_order_given() -> None:
    allocation = allocate(350, ITEMS, first=[MARCH.id, STRANGER, JANUARY.id, MARCH.id])
    assert shares(allocation) == [(1, 300), (3, 50)]
    assert allocation.rest_minor == 0


def test_a17_spilling_goes_on_with_the_oldest() -> None:
    assert shares(allocate(450, ITEMS, first=[MARCH.id], spill=True)) == [(1, 300), (3, 100), (2, 50)]


def test_a17_items_due_on_one_day_are_paid_by_id() -> None:
    twins = [OpenItem(UUID(int=at), date(2026, 1, 1), 10) for at in (7, 5, 6)]
    assert shares(allocate(25, twins, spill=True)) == [(5, 10), (6, 10), (7, 5)]


def test_a17_without_a_preference_money_stays_credit() -> None:
    assert allocate(450, ITEMS) == Allocation((), 450)


def test_a17_settled_items_take_nothing() -> None:
    settled = OpenItem(UUID(int=4), date(2025, 1, 1), 0)
    assert shares(allocate(50, [settled, *ITEMS], first=[settled.id], spill=True)) == [(3, 50)]


def test_an_item_listed_twice_is_refused() -> None:
    with pytest.raises(InvalidAllocation):
        allocate(1, [JANUARY, JANUARY])


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(InvalidAmount):
        allocate(-1, ITEMS)
    for wanted, amount_minor in (({JANUARY.id: -1}, 10), ({}, -1)):
        with pytest.raises(InvalidAmount):
            allocate_exact(wanted, ITEMS, amount_minor=amount_minor)


def test_b18_staff_may_allocate_the_whole_amount() -> None:
    assert allocate_exact({JANUARY.id: 100}, ITEMS, amount_minor=100) == Allocation((Share(JANUARY.id, 100),), 0)
    assert allocate_exact({}, ITEMS, amount_minor=0) == Allocation((), 0)


def test_b18_staff_get_exactly_what_they_typed() -> None:
    wanted = {MARCH.id: 30, FEBRUARY.id: 0, JANUARY.id: 100}
    assert allocate_exact(wanted, ITEMS, amount_minor=150) == Allocation(
        (Share(MARCH.id, 30), Share(JANUARY.id, 100)), 20
    )


@pytest.mark.parametrize(
    ("wanted", "amount_minor"),
    [({JANUARY.id: 101}, 500), ({JANUARY.id: 100, FEBRUARY.id: 1}, 100), ({STRANGER: 1}, 100)],
    ids=["more than open", "more than received", "unknown item"],
)
def test_b18_staff_cannot_over_allocate(wanted: dict[UUID, int], amount_minor: int) -> None:
    with pytest.raises(OverAllocated):
        allocate_exact(wanted, ITEMS, amount_minor=amount_minor)


open_items = st.lists(
    st.builds(OpenItem, st.uuids(), st.dates(), st.integers(0, 10**6)), max_size=8, unique_by=lambda item: item.id
)


@given(st.integers(0, 10**7), open_items, st.booleans(), st.data())
def test_allocation_conserves_money(amount_minor: int, items: list[OpenItem], spill: bool, data: st.DataObject) -> None:
    first = data.draw(st.lists(st.sampled_from([STRANGER, *[item.id for item in items]]), max_size=5))
    allocation = allocate(amount_minor, items, first=first, spill=spill)
    open_minor = {item.id: item.open_minor for item in items}
    given_minor = {share.id: share.amount_minor for share in allocation.shares}
    assert sum(given_minor.values()) + allocation.rest_minor == amount_minor
    assert len(given_minor) == len(allocation.shares)
    assert all(0 < minor <= open_minor[id_] for id_, minor in given_minor.items())
    reachable = set(open_minor) if spill else set(open_minor) & set(first)
    assert set(given_minor) <= reachable
    if allocation.rest_minor:
        assert all(given_minor.get(id_, 0) == open_minor[id_] for id_ in reachable)


@given(open_items, st.data())
def test_an_exact_allocation_repeats_the_wish(items: list[OpenItem], data: st.DataObject) -> None:
    wanted = {item.id: data.draw(st.integers(0, item.open_minor)) for item in items}
    allocation = allocate_exact(wanted, items, amount_minor=sum(wanted.values()) + 7)
    assert {share.id: share.amount_minor for share in allocation.shares} == {i: w for i, w in wanted.items() if w}
    assert allocation.rest_minor == 7
