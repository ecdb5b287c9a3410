"""What the provider lists and holds: every movement, payouts, and the sum that must be the balance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tallystick.gateways.port import Listed, NoAnswer, Payout, SettlementLine
from tallystick.gateways.providers.sandbox.gateway import SandboxGateway
from tallystick.gateways.tests.opening import charge_method
from tallystick.gateways.tests.sandbox_process import SandboxProcess

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def name() -> str:
    """An account of its own."""
    return f"books-{uuid4().hex}"


def all_charges(gateway: SandboxGateway, since: datetime = LONG_AGO) -> Iterator[Listed]:
    cursor = ""
    while True:
        page = gateway.list_charges(since=since, cursor=cursor)
        yield from page.charges
        if not (cursor := page.cursor):
            return


def all_movements(gateway: SandboxGateway, since: datetime = LONG_AGO) -> tuple[list[SettlementLine], list[Payout]]:
    lines: list[SettlementLine] = []
    payouts: list[Payout] = []
    cursor = ""
    while True:
        page = gateway.list_settlements(since=since, cursor=cursor)
        lines += page.lines
        payouts += page.payouts
        if not (cursor := page.cursor):
            return lines, payouts


def assert_sums(gateway: SandboxGateway) -> int:
    """The balance is the sum of all lines less the payouts; returns it."""
    lines, payouts = all_movements(gateway)
    assert len({line.ref for line in lines}) == len(lines)
    held = sum(line.amount_minor - line.fee_minor for line in lines) - sum(each.amount_minor for each in payouts)
    assert gateway.balances() == {"EUR": held}
    return held


def test_the_balance_is_always_the_sum_of_its_lines(sandbox: SandboxProcess, name: str) -> None:
    gateway = sandbox.gateway(name)
    assert gateway.balances() == {}
    method = sandbox.save_card(name=name)
    attempt_ids = [uuid4() for _ in range(4)]
    charges = [charge_method(gateway, each, method, amount_minor=10_000).charges[0] for each in attempt_ids]
    assert assert_sums(gateway) == 4 * (10_000 - 165)

    def give_back(at: int, amount: int) -> None:
        gateway.refund(
            refund_id=uuid4(),
            attempt_id=attempt_ids[at],
            charge_ref=charges[at].ref,
            amount_minor=amount,
            currency="EUR",
        )

    give_back(0, 4_000)
    sandbox.fault("refund_fails_later", client_reference=str(attempt_ids[1]))
    give_back(1, 10_000)
    sandbox.fault("refund_fails", client_reference=str(attempt_ids[1]))
    give_back(1, 10_000)
    assert assert_sums(gateway) == 4 * (10_000 - 165) - 14_000
    won, lost = sandbox.dispute(charges[2].ref), sandbox.dispute(charges[3].ref)
    assert assert_sums(gateway) == 4 * (10_000 - 165) - 14_000 - 2 * 11_500
    sandbox.close_dispute(won, "won", name=name)
    sandbox.close_dispute(lost, "lost", name=name)
    sandbox.advance(21)
    held = assert_sums(gateway)
    assert held == 4 * (10_000 - 165) - 4_000 - 11_500 - 1_500
    lines, _ = all_movements(gateway)
    assert [line.kind for line in lines] == [
        *["charge"] * 4, "refund", "refund", "dispute", "dispute", "dispute_reversal", "refund_failure",
    ]  # fmt: skip
    assert {line.charge_ref for line in lines} == {each.ref for each in charges}
    assert {line.source_ref for line in lines if line.kind == "charge"} == {each.ref for each in charges}
    assert len(sandbox.payout()) >= 1
    assert assert_sums(gateway) == 0
    lines, [payout] = all_movements(gateway)
    assert (payout.amount_minor, payout.currency, payout.state) == (held, "EUR", "in_transit")
    assert {line.payout_ref for line in lines} == {payout.ref}
    give_back(0, 6_000)
    assert assert_sums(gateway) == -6_000
    sandbox.payout()
    assert assert_sums(gateway) == -6_000


def test_daily_payouts_of_what_is_two_days_old(sandbox: SandboxProcess, name: str) -> None:
    gateway, method = sandbox.gateway(name), sandbox.save_card(name=name)
    charge_method(gateway, uuid4(), method, amount_minor=10_000)
    sandbox.advance(2 * 86400 - 60)
    assert all_movements(gateway)[1] == []
    sandbox.advance(86400 + 60)
    [line], [payout] = all_movements(gateway)
    assert (payout.state, payout.amount_minor, line.payout_ref) == ("in_transit", 9_835, payout.ref)
    sandbox.advance(86400)
    [payout] = all_movements(gateway)[1]
    assert payout.state == "paid"
    events = sandbox.call("GET", "/v1/events", name=name).json()["events"]
    assert events[-1]["kind"] == "payout.paid" and events[-1]["data"] == {"payout": payout.ref}


def test_only_what_changed_since_and_page_by_page(sandbox: SandboxProcess, name: str) -> None:
    gateway, method = sandbox.gateway(name), sandbox.save_card(name=name)
    attempt_ids = [uuid4() for _ in range(205)]
    first = charge_method(gateway, attempt_ids[0], method).charges[0]
    for each in attempt_ids[1:]:
        charge_method(gateway, each, method, amount_minor=100)
    assert [listed.attempt_id for listed in all_charges(gateway)] == attempt_ids
    assert len(gateway.list_charges(since=LONG_AGO).charges) == 100
    assert len(all_movements(gateway)[0]) == 205
    sandbox.advance(60)
    since = first.at + timedelta(seconds=55)
    assert list(all_charges(gateway, since)) == []
    sandbox.dispute(first.ref)
    [changed] = all_charges(gateway, since)
    assert changed.attempt_id == attempt_ids[0] and len(changed.charge.disputes) == 1
    assert [line.kind for line in all_movements(gateway, since)[0]] == ["dispute"]


def test_a_charge_that_is_listed_nowhere(sandbox: SandboxProcess, name: str) -> None:
    gateway, attempt_id = sandbox.gateway(name), uuid4()
    sandbox.fault("settlement_missing", client_reference=str(attempt_id))
    charge_method(gateway, attempt_id, sandbox.save_card(name=name), amount_minor=10_000)
    assert len(gateway.look_up(attempt_id=attempt_id, ref=None).charges) == 1
    assert (list(all_charges(gateway)), all_movements(gateway)) == ([], ([], []))
    assert gateway.balances() == {"EUR": 9_835}
    assert sandbox.truth(name=name)["charges"][0]["is_hidden"] == 1


def test_a_charge_nobody_here_made(sandbox: SandboxProcess, name: str) -> None:
    gateway, attempt_id = sandbox.gateway(name), uuid4()
    sandbox.fault("charge_unknown", client_reference=str(attempt_id))
    charge_method(gateway, attempt_id, sandbox.save_card(name=name), amount_minor=10_000)
    assert [listed.attempt_id for listed in all_charges(gateway)] == [attempt_id, None]
    assert len(gateway.look_up(attempt_id=attempt_id, ref=None).charges) == 1
    assert_sums(gateway)


@pytest.mark.parametrize("kind", ["drop_before", "error_500_before", "error_429_before", "malformed_before"])
@pytest.mark.parametrize("operation", ["list_charges", "list_settlements", "balances"])
def test_no_answer(sandbox: SandboxProcess, name: str, kind: str, operation: str) -> None:
    gateway = sandbox.gateway(name)
    sandbox.fault(kind, operation=operation)
    ask = {
        "list_charges": lambda: gateway.list_charges(since=LONG_AGO),
        "list_settlements": lambda: gateway.list_settlements(since=LONG_AGO),
        "balances": gateway.balances,
    }[operation]
    with pytest.raises(NoAnswer):
        ask()
    ask()


def test_a_cursor_that_makes_no_sense(sandbox: SandboxProcess, name: str) -> None:
    with pytest.raises(NoAnswer):
        sandbox.gateway(name).list_charges(since=LONG_AGO, cursor="tomorrow")
