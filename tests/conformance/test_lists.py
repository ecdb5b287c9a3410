"""The provider's own lists: what it took, what moved, what it paid out. The daily comparison stands on them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tallystick.base.ids import new_id
from tests.conformance.acts import AMOUNT, every_charge, every_movement, levers, look, need, pay_page
from tests.conformance.stage import Stage


def test_every_charge_is_listed_with_its_attempt(stage: Stage) -> None:
    """D18: each charge once, with the attempt it belongs to, oldest first."""
    need(stage, "lists_charges")
    paid = []
    for _ in range(3):
        paid.append(pay_page(stage))
        stage.advance(60)
    listed = every_charge(stage)
    assert [attempt for attempt, _ in listed] == [attempt for attempt, _ in paid]
    assert [each.ref for _, each in listed] == [report.charges[0].ref for _, report in paid]
    assert {each.amount_minor for _, each in listed} == {AMOUNT}


def test_the_list_pages(stage: Stage) -> None:
    """D18: more than one page, none lost and none twice between them."""
    need(stage, "lists_charges")
    make_charges = getattr(stage, "make_charges", None)
    if make_charges is None:
        pytest.skip("has no lever to make many charges at once")
    count = 230
    make_charges(count)
    listed = [each.ref for _, each in every_charge(stage)]
    assert len(listed) == len(set(listed)) == count
    assert set(listed) == {each.ref for each in stage.truth().charges}


def test_only_what_is_new(stage: Stage) -> None:
    """D18: a list since an instant leaves out what lies before it."""
    need(stage, "lists_charges")
    pay_page(stage)
    stage.advance(86_400 * 10)
    _, new = pay_page(stage)
    listed = [each.ref for _, each in every_charge(stage, since_s=86_400)]
    assert new.charges[0].ref in listed
    assert len(listed) == 1


def test_an_old_charge_comes_back_with_its_refund_or_dispute(stage: Stage) -> None:
    """D2, D18: what happens later to an old charge is news of today."""
    need(stage, "lists_charges")
    attempt_id, paid = pay_page(stage)
    other_id, other = pay_page(stage)
    stage.advance(86_400 * 10)
    refund_id, taken = new_id(), paid.charges[0]
    stage.gateway.refund(
        refund_id=refund_id, attempt_id=attempt_id, charge_ref=taken.ref, amount_minor=1_000, currency="EUR"
    )
    can_dispute = stage.gateway.capabilities.disputes and "dispute" not in stage.unsupported
    if can_dispute:
        stage.dispute(other.charges[0].ref)
    listed = dict(every_charge(stage, since_s=86_400))
    assert [each.refund_id for each in listed[attempt_id].refunds] == [refund_id]
    assert listed[attempt_id] == look(stage, attempt_id, paid).charges[0]
    if can_dispute:
        assert len(listed[other_id].disputes) == 1


def _busy(stage: Stage) -> None:
    """Charges, a refund, a dispute won and one lost."""
    attempt_id, first = pay_page(stage)
    _, second = pay_page(stage)
    stage.gateway.refund(
        refund_id=new_id(), attempt_id=attempt_id, charge_ref=first.charges[0].ref, amount_minor=700, currency="EUR"
    )
    if stage.gateway.capabilities.disputes and "dispute" not in stage.unsupported:
        stage.dispute(second.charges[0].ref)
        stage.dispute(second.charges[0].ref, "won")
        _, third = pay_page(stage)
        stage.dispute(third.charges[0].ref)
        stage.dispute(third.charges[0].ref, "lost")
    stage.advance(stage.settles_after_s)


def test_movements_sum_to_the_balance(stage: Stage) -> None:
    """D18: every movement, less its fee and less the payouts, is what the provider holds."""
    need(stage, "settlements")
    _busy(stage)
    held: Counter[str] = Counter()
    for page in every_movement(stage):
        for line in page.lines:
            held[line.currency] += line.amount_minor - line.fee_minor
        for payout in page.payouts:
            held[payout.currency] -= payout.amount_minor if payout.state != "failed" else 0
    assert dict(held) == dict(stage.gateway.balances()) == dict(stage.truth().balance)


def test_what_isnt_available_yet_is_held_too(stage: Stage) -> None:
    """D18: the balance counts from the moment the money was taken."""
    need(stage, "settlements")
    pay_page(stage)
    assert dict(stage.gateway.balances()) == dict(stage.truth().balance) != {}


def test_movements_name_what_they_are_about(stage: Stage) -> None:
    """D18: charges, refunds and disputes can be matched with ours."""
    need(stage, "settlements")
    _busy(stage)
    lines = [line for page in every_movement(stage) for line in page.lines]
    assert len({line.ref for line in lines}) == len(lines)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    known = {each.ref for each in stage.truth().charges}
    by_kind: dict[str, list[str]] = {}
    for line in lines:
        by_kind.setdefault(line.kind, []).append(line.source_ref)
        if line.kind in {"charge", "refund", "dispute", "dispute_reversal"}:
            assert line.charge_ref in known, line
    assert set(by_kind["charge"]) == known
    assert set(by_kind["refund"]) == {each.ref for each in stage.truth().refunds}
    assert all(line.amount_minor < 0 for line in lines if line.kind in {"refund", "dispute"})
    if stage.gateway.capabilities.disputes and "dispute" not in stage.unsupported:
        assert set(by_kind["dispute"]) == {each.ref for each in stage.truth().disputes}
        assert len(by_kind["dispute_reversal"]) == 1


def test_a_payout_names_its_movements(stage: Stage) -> None:
    """D18: what went to the bank is the sum of what it is made of."""
    need(stage, "settlements")
    levers(stage, "payout")
    pay_page(stage)
    pay_page(stage)
    stage.payout()
    pages = every_movement(stage)
    (payout,) = {each.ref: each for page in pages for each in page.payouts}.values()
    assert (payout.state, payout.currency) == ("in_transit", "EUR")
    inside = {line.ref: line for page in pages for line in page.lines if line.payout_ref == payout.ref}
    assert sum(line.amount_minor - line.fee_minor for line in inside.values()) == payout.amount_minor
    assert stage.gateway.balances().get("EUR", 0) == 0
    assert payout.arrives_on >= (stage.now() - timedelta(days=1)).date()
    stage.advance(86_400 * 4)
    arrived = [each for page in every_movement(stage) for each in page.payouts if each.ref == payout.ref]
    assert arrived[-1].state == "paid"
