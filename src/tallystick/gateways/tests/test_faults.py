"""What the adapter reports while the sandbox misbehaves, and how the truth is found again."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from tallystick.core.attempt import State
from tallystick.gateways.port import NOT_FOUND
from tallystick.gateways.providers.sandbox.server.faults import FAULTS, WIRE
from tallystick.gateways.tests.opening import open_session
from tallystick.gateways.tests.sandbox_process import SandboxProcess

GOOD = "4242424242424242"
BEFORE = [name for name, each in FAULTS.items() if each.place == WIRE and name.endswith("_before")]
AFTER = [name for name, each in FAULTS.items() if each.place == WIRE and name.endswith("_after")]


@pytest.fixture
def attempt_id() -> UUID:
    return uuid4()


def arm(sandbox: SandboxProcess, kind: str, attempt_id: UUID, **params: object) -> None:
    if kind.startswith("hang"):
        params["seconds"] = 1
    sandbox.fault(kind, client_reference=str(attempt_id), **params)


@pytest.mark.parametrize("kind", [*BEFORE, "conflict"])
def test_before_the_effect(sandbox: SandboxProcess, attempt_id: UUID, kind: str) -> None:
    arm(sandbox, kind, attempt_id)
    report = open_session(sandbox.gateway(timeout_s=0.5), attempt_id)
    assert (report.state, report.ref, report.was_sent, report.is_missing) == (State.UNKNOWN, None, True, False)
    gateway = sandbox.gateway()
    assert gateway.look_up(attempt_id=attempt_id, ref=None) == NOT_FOUND
    if not kind.startswith("hang"):
        assert open_session(gateway, attempt_id).state is State.ACTION_REQUIRED


@pytest.mark.parametrize("kind", AFTER)
def test_after_the_effect(sandbox: SandboxProcess, attempt_id: UUID, kind: str) -> None:
    arm(sandbox, kind, attempt_id)
    assert open_session(sandbox.gateway(timeout_s=0.5), attempt_id).state is State.UNKNOWN
    gateway = sandbox.gateway()
    found = gateway.look_up(attempt_id=attempt_id, ref=None)
    assert found.state is State.ACTION_REQUIRED and found.ref
    again = open_session(gateway, attempt_id)
    assert again == found or (kind.startswith("hang") and again.state is State.UNKNOWN)


@pytest.mark.parametrize("kind", BEFORE + AFTER)
def test_a_look_up_that_fails_says_nothing(sandbox: SandboxProcess, attempt_id: UUID, kind: str) -> None:
    ref = open_session(sandbox.gateway(), attempt_id).ref
    for each in (ref, None):
        arm(sandbox, kind, attempt_id, operation="look_up")
        report = sandbox.gateway(timeout_s=0.5).look_up(attempt_id=attempt_id, ref=each)
        assert (report.state, report.is_missing) == (State.UNKNOWN, False)


@pytest.mark.parametrize(
    ("kind", "after"),
    [*((kind, State.ACTION_REQUIRED) for kind in BEFORE), *((kind, State.CANCELED) for kind in AFTER)],
)
def test_expire_with_a_lost_answer(sandbox: SandboxProcess, attempt_id: UUID, kind: str, after: State) -> None:
    ref = str(open_session(sandbox.gateway(), attempt_id).ref)
    arm(sandbox, kind, attempt_id, operation="expire_session")
    assert sandbox.gateway(timeout_s=0.5).expire_session(attempt_id=attempt_id, ref=ref).state is State.UNKNOWN
    assert sandbox.gateway().look_up(attempt_id=attempt_id, ref=ref).state is after


@pytest.mark.parametrize("kind", AFTER)
def test_payment_with_a_lost_answer(sandbox: SandboxProcess, attempt_id: UUID, kind: str) -> None:
    opened = open_session(sandbox.gateway(), attempt_id)
    arm(sandbox, kind, attempt_id, operation="pay")
    with suppress(httpx.RemoteProtocolError):
        sandbox.pay(opened.action_url, GOOD)
    assert sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref).state is State.SUCCEEDED


def test_outage(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    gateway = sandbox.gateway()
    opened = open_session(gateway, attempt_id)
    sandbox.fault("outage", seconds=600)
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.UNKNOWN
    assert gateway.check() == [f"The sandbox at {sandbox.url} doesn't answer. Is it running?"]
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.payer.get(str(opened.action_url))
    sandbox.advance(601)
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.ACTION_REQUIRED


def test_lookup_lag(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    gateway = sandbox.gateway()
    sandbox.fault("lookup_lag", client_reference=str(attempt_id), seconds=60)
    ref = open_session(gateway, attempt_id).ref
    assert gateway.look_up(attempt_id=attempt_id, ref=None).is_missing
    assert gateway.look_up(attempt_id=attempt_id, ref=ref).state is State.ACTION_REQUIRED
    sandbox.advance(60)
    assert gateway.look_up(attempt_id=attempt_id, ref=None).ref == ref


def test_expire_refused_then_granted(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    gateway = sandbox.gateway()
    ref = str(open_session(gateway, attempt_id).ref)
    sandbox.fault("expire_refused", client_reference=str(attempt_id))
    assert gateway.expire_session(attempt_id=attempt_id, ref=ref).state is State.UNKNOWN
    assert gateway.look_up(attempt_id=attempt_id, ref=ref).state is State.ACTION_REQUIRED
    assert gateway.expire_session(attempt_id=attempt_id, ref=ref).state is State.CANCELED


@pytest.mark.parametrize("pays", [False, True])
def test_expire_confirmed_later(sandbox: SandboxProcess, attempt_id: UUID, pays: bool) -> None:
    gateway = sandbox.gateway()
    opened = open_session(gateway, attempt_id)
    sandbox.fault("expire_lag", client_reference=str(attempt_id), seconds=30)
    assert gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref)).state is State.CANCELING
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.CANCELING
    if pays:
        sandbox.pay(opened.action_url, GOOD)
    sandbox.advance(31)
    expected = State.SUCCEEDED if pays else State.CANCELED
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is expected


def test_charged_after_expiry(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    gateway = sandbox.gateway()
    ref = str(open_session(gateway, attempt_id).ref)
    sandbox.fault("charge_after_expiry", client_reference=str(attempt_id), seconds=10)
    assert gateway.expire_session(attempt_id=attempt_id, ref=ref).state is State.CANCELED
    sandbox.advance(11)
    report = gateway.look_up(attempt_id=attempt_id, ref=ref)
    assert (report.state, len(report.charges)) == (State.SUCCEEDED, 1)
    assert sandbox.events(attempt_id) == ["session.expired", "charge.succeeded", "session.completed"]


@pytest.mark.parametrize(
    ("kind", "params", "taken"),
    [
        ("other_amount", {}, [(303_216, "EUR")]),
        ("other_amount", {"amount_minor": 5}, [(5, "EUR")]),
        ("other_currency", {"currency": "RON"}, [(303_316, "RON")]),
        ("double_charge", {}, [(303_316, "EUR"), (303_316, "EUR")]),
    ],
)
def test_money_is_what_the_gateway_took(
    sandbox: SandboxProcess, attempt_id: UUID, kind: str, params: dict[str, object], taken: list[tuple[int, str]]
) -> None:
    gateway = sandbox.gateway()
    opened = open_session(gateway, attempt_id)
    sandbox.fault(kind, client_reference=str(attempt_id), **params)
    sandbox.pay(opened.action_url, GOOD)
    report = gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert report.state is State.SUCCEEDED
    assert [(each.amount_minor, each.currency) for each in report.charges] == taken
    assert len({each.ref for each in report.charges}) == len(taken)


def test_a_fault_lasts_its_times_and_spares_others(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    gateway = sandbox.gateway()
    sandbox.fault("error_500_before", client_reference=str(attempt_id), times=2)
    assert open_session(gateway, uuid4()).state is State.ACTION_REQUIRED
    states = [open_session(gateway, attempt_id).state for _ in range(3)]
    assert states == [State.UNKNOWN, State.UNKNOWN, State.ACTION_REQUIRED]
    [fault] = sandbox.payer.get(f"{sandbox.url}/faults").json()["faults"]
    assert (fault["hits"], fault["remaining"]) == (2, 0)


@pytest.mark.parametrize(
    "body", [{"kind": "nonsense"}, {"kind": "drop_after", "seconds": 3}, {"kind": "drop_after", "operation": "x"}, {}]
)
def test_a_misspelt_fault_is_refused(sandbox: SandboxProcess, body: dict[str, object]) -> None:
    assert sandbox.payer.post(f"{sandbox.url}/faults", json=body).status_code == 400


def test_levers_are_out_of_a_browsers_reach(sandbox: SandboxProcess) -> None:
    assert sandbox.payer.post(f"{sandbox.url}/clock", content='{"advance_s": 9}').status_code == 415


def test_two_payers_at_once_pay_once(sandbox: SandboxProcess, attempt_id: UUID) -> None:
    opened = open_session(sandbox.gateway(), attempt_id)
    barrier = threading.Barrier(16)

    def pay() -> None:
        barrier.wait()
        sandbox.pay(opened.action_url, GOOD)

    payers = [threading.Thread(target=pay) for _ in range(16)]
    for each in payers:
        each.start()
    for each in payers:
        each.join()
    assert len(sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref).charges) == 1


def test_there_are_enough_ways_to_misbehave(sandbox: SandboxProcess) -> None:
    """At least twenty kinds, and each of them is one that a test here switches on by name or by place."""
    assert len(sandbox.payer.get(f"{sandbox.url}/faults").json()["known"]) == len(FAULTS) >= 20
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    by_place = {*BEFORE, *AFTER}
    assert [kind for kind in FAULTS if kind not in by_place and f'"{kind}"' not in sources] == []
