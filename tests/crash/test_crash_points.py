"""Every crash point of issue, send, pay and webhook: die there, start again, and find exactly one of everything.

The points are not listed by hand: a flow is killed at the first passage of a kind of point, then at the second, and so on
until it survives. So a new commit or a new call outside is a new test by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from tallystick.base import clock, inbox, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.messages.models import Message
from tallystick.payments.models import ChargeAttempt, Payment
from tallystick.testing.mailbox import Mailbox, open_mailbox
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World
from tallystick.worker.sweeps import drain

POINTS = ("commit.before", "commit.after", "outside.before", "outside.after")


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with open_mailbox(tmp_path_factory.mktemp("mail")) as opened:
        opened.use()
        yield opened


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("provider") / "truth.db")
    yield process
    process.stop()
    process.payer.close()


class Flows:
    """The process whose forks are killed."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tallystick.testing.crash_flow"]
        environment = {**os.environ, "DATABASE_URL": url}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, flow: str, given: dict[str, str], crash_at: str = "") -> int:
        """Run one flow and return its exit code."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"flow": flow, "crash_at": crash_at, **given}) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        assert code in {0, 137}, "the flow failed by itself"
        return code

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture
def flows(database: str) -> Iterator[Flows]:
    started = Flows(database)
    yield started
    started.stop()


def crash_everywhere(
    flows: Flows,
    flow: str,
    make_world: Callable[[], World],
    stage: Callable[[World], dict[str, str]],
    check: Callable[[World, dict[str, str]], None],
) -> int:
    """Kill the flow at every passage of every kind of point, recover, check; return how many deaths there were."""
    deaths = 0
    for point in POINTS:
        for passage in range(1, 40):
            world = make_world()
            world.now = clock.now()
            world.today = world.now.date()
            given = {"seller": str(world.seller_id), "now": world.now.isoformat(), **stage(world)}
            died = flows.run(flow, given, f"{point}:{passage}") == 137
            for minutes in (0, 2, 8, 30, 120):
                with clock.at(clock.now() + timedelta(minutes=minutes)):
                    drain(world.seller_id)
            check(world, given)
            if not died:
                break
            deaths += 1
    return deaths


def test_r2_issue(new_world: Callable[[], World], flows: Flows) -> None:
    def check(world: World, given: dict[str, str]) -> None:
        [issued] = world.issue(UUID(given["invoice"]))
        assert issued.number == "LP-1"

    deaths = crash_everywhere(flows, "issue", new_world, lambda w: {"invoice": str(w.draft())}, check)
    assert deaths >= 4


def test_r2_send(new_world: Callable[[], World], mailbox: Mailbox, flows: Flows) -> None:
    def stage(world: World) -> dict[str, str]:
        return {"invoice": str(world.invoice()), "message": str(new_id())}

    def check(world: World, given: dict[str, str]) -> None:
        with tenant.tx(world.seller_id):
            queued = Message.objects.filter(id=given["message"]).first()
        if queued is None:
            return  # died before the first commit: nothing was promised
        copies = [m for m in mailbox.messages() if given["message"] in m["message_id"]]
        assert queued.state == "sent"
        assert len(copies) in {1, 2}, "one, and at most one more for the crash after the server took it"
        with tenant.tx(world.seller_id):
            assert invoices.invoice(UUID(given["invoice"])).sent_at

    assert crash_everywhere(flows, "send", new_world, stage, check) >= 8


def test_r2_pay(new_world: Callable[[], World], sandbox: SandboxProcess, flows: Flows) -> None:
    def stage(world: World) -> dict[str, str]:
        return {
            "invoice": str(world.invoice()),
            "account": str(add_sandbox(world, sandbox.url)),
            "attempt": str(new_id()),
        }

    def check(world: World, given: dict[str, str]) -> None:
        with tenant.tx(world.seller_id):
            attempt = ChargeAttempt.objects.filter(id=given["attempt"]).first()
        if attempt is None:
            return  # died before the first commit: the payer sees the page again
        assert attempt.state == "action_required"
        sessions = sandbox.call("GET", f"/v1/sessions?client_reference={attempt.id}", name=world.slug.replace("-", ""))
        assert len(sessions.json()["sessions"]) == 1, "one session at the gateway, however often it was sent"

    assert crash_everywhere(flows, "pay", new_world, stage, check) >= 8


def test_r2_webhook(new_world: Callable[[], World], sandbox: SandboxProcess, mailbox: Mailbox, flows: Flows) -> None:
    def stage(world: World) -> dict[str, str]:
        given = {
            "invoice": str(world.invoice()),
            "account": str(add_sandbox(world, sandbox.url)),
            "attempt": str(new_id()),
        }
        flows.run("pay", {"seller": str(world.seller_id), "now": world.now.isoformat(), **given})
        with tenant.tx(world.seller_id):
            attempt = ChargeAttempt.objects.get(id=given["attempt"])
        sandbox.pay(attempt.action_url, "4242424242424242")
        for copy in range(3):
            inbox.keep(
                gateway_account_id=UUID(given["account"]),
                event_id=f"evt_{copy % 2}",
                kind="session.completed",
                reference=attempt.gateway_ref or "",
                attempt_id=attempt.id,
                body=b"{}",
                **world.acting(),
            )
        return given

    def check(world: World, given: dict[str, str]) -> None:
        with tenant.tx(world.seller_id):
            assert Payment.objects.count() == 1
            assert Message.objects.filter(kind="receipt").count() == 1
            assert invoices.invoice(UUID(given["invoice"])).open_minor == 0

    assert crash_everywhere(flows, "webhook", new_world, stage, check) >= 12
