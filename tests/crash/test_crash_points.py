"""Every crash point of issue, send, pay and webhook: die there, start again, and find exactly one of everything."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from tallystick.base import inbox, tenant
from tallystick.base.ids import new_id
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.messages.models import Message
from tallystick.payments.models import ChargeAttempt, Payment
from tallystick.testing.mailbox import Mailbox
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World
from tests.crash.killing import IS_FULL, Flows, crash_everywhere


def test_r2_issue(new_world: Callable[[], World], flows: Flows) -> None:
    def check(world: World, given: dict[str, str]) -> None:
        [issued] = world.issue(UUID(given["invoice"]))
        assert issued.number == "LP-1"

    deaths = crash_everywhere(flows, "issue", new_world, lambda w: {"invoice": str(w.draft())}, check)
    assert deaths >= (4 if IS_FULL else 2)


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

    assert crash_everywhere(flows, "send", new_world, stage, check) >= (8 if IS_FULL else 4)


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

    assert crash_everywhere(flows, "pay", new_world, stage, check) >= (8 if IS_FULL else 4)


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

    assert crash_everywhere(flows, "webhook", new_world, stage, check) >= (12 if IS_FULL else 4)
