"""Keys, look-ups, credentials, charges, refunds; and a server that is killed."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from tallystick.base import tx
from tallystick.core.attempt import State
from tallystick.gateways.port import BadConfig
from tallystick.gateways.registry import PROVIDERS, UnknownProvider, build_gateway, provider
from tallystick.gateways.tests.opening import open_session
from tallystick.gateways.tests.sandbox_process import SECRET, SandboxProcess

GOOD = "4242424242424242"


def test_the_same_key_gets_the_same_answer(sandbox: SandboxProcess) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    first = open_session(gateway, attempt_id)
    sandbox.pay(first.action_url, GOOD)
    assert open_session(gateway, attempt_id) == first
    assert gateway.look_up(attempt_id=attempt_id, ref=None).state is State.SUCCEEDED


def test_the_same_key_with_other_parameters(sandbox: SandboxProcess) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    first = open_session(gateway, attempt_id)
    assert open_session(gateway, attempt_id, amount_minor=1).state is State.UNKNOWN
    assert gateway.look_up(attempt_id=attempt_id, ref=None).ref == first.ref


@pytest.mark.parametrize("how", ["clock", "fault"])
def test_a_key_dies(sandbox: SandboxProcess, how: str) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    first = open_session(gateway, attempt_id)
    sandbox.pay(first.action_url, GOOD)
    if how == "clock":
        sandbox.advance(24 * 3600 - 60)
        assert open_session(gateway, attempt_id).ref == first.ref
        sandbox.advance(61)
    else:
        sandbox.fault("key_expired", client_reference=str(attempt_id))
    second = open_session(gateway, attempt_id)
    assert second.state is State.ACTION_REQUIRED and second.ref != first.ref
    found = gateway.look_up(attempt_id=attempt_id, ref=None)
    assert (found.state, found.ref, len(found.charges)) == (State.SUCCEEDED, first.ref, 1)
    sandbox.pay(second.action_url, GOOD)
    assert len(gateway.look_up(attempt_id=attempt_id, ref=None).charges) == 2


def test_the_same_key_while_the_first_still_runs(sandbox: SandboxProcess) -> None:
    attempt_id = uuid4()
    sandbox.fault("hang_after", client_reference=str(attempt_id), seconds=1)
    first = Thread(target=lambda: open_session(sandbox.gateway(), attempt_id))
    first.start()
    time.sleep(0.3)
    body = {"client_reference": str(attempt_id)}
    answer = sandbox.call("POST", "/v1/sessions", key=str(attempt_id), body=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_in_use")
    first.join()


def test_not_found_and_other_peoples_sessions(sandbox: SandboxProcess) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    ref = str(open_session(gateway, attempt_id).ref)
    assert gateway.look_up(attempt_id=uuid4(), ref=None).is_missing
    assert gateway.look_up(attempt_id=uuid4(), ref="cs_none").is_missing
    assert gateway.expire_session(attempt_id=uuid4(), ref="cs_none").is_missing
    assert sandbox.gateway("stranger").look_up(attempt_id=attempt_id, ref=ref).is_missing
    assert sandbox.gateway("stranger").look_up(attempt_id=attempt_id, ref=None).is_missing
    mixed_up = gateway.look_up(attempt_id=uuid4(), ref=ref)
    assert (mixed_up.state, mixed_up.is_missing, mixed_up.ref) == (State.UNKNOWN, False, None)


def test_only_the_gateways_own_not_found_counts(sandbox: SandboxProcess) -> None:
    """A proxy, or a wrong address, also says 404: that tells nothing about the session."""
    config = {"api_url": f"{sandbox.url}/elsewhere", "secret_key": "sk_sandbox_x", "webhook_secret": SECRET}
    lost = build_gateway("sandbox", config)
    for report in (
        lost.look_up(attempt_id=uuid4(), ref=None),
        lost.look_up(attempt_id=uuid4(), ref="cs_1"),
        lost.expire_session(attempt_id=uuid4(), ref="cs_1"),
        open_session(lost, uuid4()),
    ):
        assert (report.state, report.is_missing) == (State.UNKNOWN, False)


def test_a_request_that_makes_no_sense_is_refused_for_good(sandbox: SandboxProcess) -> None:
    report = open_session(sandbox.gateway(), uuid4(), currency="XYZ")
    assert report.state is State.DECLINED
    assert report.decline is not None and report.decline.code == "invalid_request"


def test_surely_not_sent(sandbox: SandboxProcess) -> None:
    gateway = build_gateway(
        "sandbox", {"api_url": "http://127.0.0.1:1", "secret_key": "sk_sandbox_x", "webhook_secret": SECRET}
    )
    report = open_session(gateway, uuid4())
    assert (report.state, report.was_sent) == (State.UNKNOWN, False)


def test_never_inside_a_transaction(sandbox: SandboxProcess) -> None:
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        sandbox.gateway().look_up(attempt_id=uuid4(), ref=None)


def test_check(sandbox: SandboxProcess) -> None:
    gateway = sandbox.gateway("checked")
    [problem] = gateway.check()
    assert "webhook address" in problem
    sandbox.call("PUT", "/v1/webhook", name="checked", body={"url": "http://127.0.0.1:9/hooks", "secret": SECRET})
    assert gateway.check() == []
    [problem] = sandbox.gateway("not.a.key").check()
    assert "doesn't accept" in problem


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "api_url"),
        ({"api_url": "127.0.0.1:80"}, "api_url"),
        ({"api_url": "http://x", "secret_key": "sk_live_1"}, "secret_key"),
        ({"api_url": "http://x", "secret_key": "sk_sandbox_1"}, "webhook_secret"),
        ({"api_url": "http://x", "secret_key": "sk_sandbox_1", "webhook_secret": "whsec_c2hvcnQ="}, "webhook_secret"),
    ],
)
def test_settings_that_cannot_work(config: dict[str, str], field: str) -> None:
    with pytest.raises(BadConfig) as caught:
        build_gateway("sandbox", config)
    assert caught.value.field == field


def test_registry() -> None:
    assert all(provider(name).name == name for name in PROVIDERS)
    with pytest.raises(UnknownProvider):
        provider("nobody")


def test_secrets_stay_out_of_reprs(sandbox: SandboxProcess) -> None:
    assert "sk_sandbox" not in repr(sandbox.gateway())


def test_charges_refunds_and_disputes(sandbox: SandboxProcess) -> None:
    gateway, attempt_id = sandbox.gateway("books"), uuid4()
    opened = open_session(gateway, attempt_id)
    sandbox.pay(opened.action_url, GOOD)
    [charge] = gateway.look_up(attempt_id=attempt_id, ref=opened.ref).charges
    refunds = f"/v1/charges/{charge.ref}/refunds"

    first = sandbox.call("POST", refunds, name="books", key="r1", body={"amount_minor": 3316})
    assert sandbox.call("POST", refunds, name="books", key="r1", body={"amount_minor": 3316}).json() == first.json()
    assert sandbox.call("POST", refunds, name="books", key="r2", body={"amount_minor": 300_001}).status_code == 400
    assert sandbox.call("POST", refunds, name="books", key="r3", body={"amount_minor": 300_000}).status_code == 201
    for _ in range(2):
        sandbox.call("POST", f"/v1/charges/{charge.ref}/dispute", name="books")

    listed = sandbox.call("GET", "/v1/charges?since=2020-01-01T00:00:00Z", name="books").json()
    [shown] = listed["charges"]
    assert (shown["ref"], shown["client_reference"]) == (charge.ref, str(attempt_id))
    assert (shown["refunded_minor"], len(shown["refunds"]), shown["is_disputed"]) == (303_316, 2, True)
    assert listed["cursor"] == ""
    assert sandbox.events(attempt_id, name="books")[2:] == ["charge.refunded", "charge.refunded", "charge.disputed"]


def test_its_days_pass_with_the_demos(tmp_path: Path) -> None:
    ahead = tmp_path / "clock"
    sandbox = SandboxProcess(tmp_path / "truth.sqlite3", "--days-ahead", str(ahead))
    gateway, attempt_id = sandbox.gateway(), uuid4()
    ahead.write_text("3")
    sandbox.pay(open_session(gateway, attempt_id).action_url, GOOD)
    [charge] = gateway.look_up(attempt_id=attempt_id, ref=None).charges
    assert charge.at > datetime.now(UTC) + timedelta(days=2)
    assert sandbox.stop() == 0


def test_killed_and_started_again(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path / "truth.sqlite3")
    gateway, paid, open_, late = sandbox.gateway(), uuid4(), uuid4(), uuid4()
    sandbox.pay(open_session(gateway, paid).action_url, GOOD)
    before = open_session(gateway, open_)
    sandbox.pay(open_session(gateway, late).action_url, "4000000000002206")
    sandbox.advance(5)
    truth = gateway.look_up(attempt_id=paid, ref=None)
    sandbox.kill()
    assert gateway.look_up(attempt_id=paid, ref=None).state is State.UNKNOWN
    sandbox.start()
    assert gateway.look_up(attempt_id=paid, ref=None) == truth
    assert open_session(gateway, open_) == before
    sandbox.advance(16)
    assert gateway.look_up(attempt_id=late, ref=None).state is State.SUCCEEDED
    assert sandbox.stop() == 0


def test_killed_in_the_middle_of_everything(tmp_path: Path) -> None:
    """Whoever got an answer before the kill finds exactly that afterwards."""
    sandbox = SandboxProcess(tmp_path / "truth.sqlite3")
    gateway = sandbox.gateway()
    seen = {}

    def work() -> None:
        while True:
            attempt_id = uuid4()
            report = open_session(gateway, attempt_id)
            if report.state is State.UNKNOWN:
                return
            seen[attempt_id] = report

    workers = [Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    time.sleep(0.5)
    sandbox.kill()
    for each in workers:
        each.join()
    sandbox.start()
    assert len(seen) > 20
    assert all(gateway.look_up(attempt_id=each, ref=None) == report for each, report in seen.items())
    assert sandbox.stop() == 0


def test_a_file_of_an_older_release_is_put_aside(tmp_path: Path) -> None:
    data = tmp_path / "truth.sqlite3"
    with closing(sqlite3.connect(data)) as db:
        db.execute("CREATE TABLE session (ref TEXT)")
    sandbox = SandboxProcess(data)
    assert open_session(sandbox.gateway(), uuid4()).state is State.ACTION_REQUIRED
    assert sandbox.stop() == 0
    assert (tmp_path / "truth.sqlite3.old").exists()
