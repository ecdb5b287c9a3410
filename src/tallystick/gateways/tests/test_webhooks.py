"""Webhooks: signatures good, forged, stale and rotated; delivered, lost, doubled, late and out of order."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tallystick.core.attempt import State
from tallystick.gateways import signatures
from tallystick.gateways.port import BadSignature, MalformedWebhook, StaleWebhook
from tallystick.gateways.providers.sandbox.gateway import SandboxGateway, build
from tallystick.gateways.tests.opening import charge_method, open_session
from tallystick.gateways.tests.sandbox_process import SECRET, Inbox, Received, SandboxProcess

GOOD = "4242424242424242"
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()


def gateway(secrets: str = NEW) -> SandboxGateway:
    return build({"api_url": "http://127.0.0.1:1", "secret_key": "sk_sandbox_x", "webhook_secret": secrets})


def signed(body: bytes, *, secret: str = NEW, at: datetime = AT, event_id: str = "evt_1") -> dict[str, str]:
    stamp, key = int(at.timestamp()), signatures.read_secret(secret)
    signature = signatures.sign(key=key, event_id=event_id, timestamp_s=stamp, body=body)
    return {"Webhook-Id": event_id, "Webhook-Timestamp": str(stamp), "Webhook-Signature": signature}


def event(**data: object) -> bytes:
    return json.dumps({"id": "evt_1", "kind": "session.completed", "data": data}).encode()


def test_good() -> None:
    attempt_id = uuid4()
    body = event(session="cs_1", client_reference=str(attempt_id))
    read = gateway().read_webhooks(body=body, headers=signed(body), at=AT)[0]
    assert (read.id, read.kind, read.attempt_id, read.ref) == ("evt_1", "session.completed", attempt_id, "cs_1")


def test_the_published_example() -> None:
    """The vector of the Standard Webhooks specification."""
    key = signatures.read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    given = signatures.sign(
        key=key, event_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp_s=1614265330, body=b'{"test": 2432232314}'
    )
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_rotated() -> None:
    body = event(session="cs_1")
    for secret in (OLD, NEW):
        assert (
            gateway(f"{OLD} {NEW}").read_webhooks(body=body, headers=signed(body, secret=secret), at=AT)[0].ref
            == "cs_1"
        )
    both = signed(body)
    both["Webhook-Signature"] = signed(body, secret=OLD)["Webhook-Signature"] + " " + both["Webhook-Signature"]
    assert gateway().read_webhooks(body=body, headers=both, at=AT)[0].ref == "cs_1"
    with pytest.raises(BadSignature):
        gateway(NEW).read_webhooks(body=body, headers=signed(body, secret=OLD), at=AT)[0]


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
def test_forged(change: str) -> None:
    body = event(session="cs_1")
    headers = {name.lower(): value for name, value in signed(body).items()}
    if change != "body":
        headers[change] = {"webhook-id": "evt_2", "webhook-timestamp": "1", "webhook-signature": "v1,é"}[change]
    with pytest.raises(BadSignature):
        gateway().read_webhooks(body=body + b" " if change == "body" else body, headers=headers, at=AT)[0]


@pytest.mark.parametrize(("off_s", "is_stale"), [(-301, True), (-299, False), (299, False), (301, True)])
def test_stale(off_s: int, is_stale: bool) -> None:
    body = event(session="cs_1")
    at = AT + timedelta(seconds=off_s)
    if not is_stale:
        gateway().read_webhooks(body=body, headers=signed(body), at=at)[0]
        return
    with pytest.raises(StaleWebhook):
        gateway().read_webhooks(body=body, headers=signed(body), at=at)[0]


@pytest.mark.parametrize("missing", ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"])
def test_malformed_headers(missing: str) -> None:
    body = event(session="cs_1")
    headers = {name: value for name, value in signed(body).items() if name != missing}
    with pytest.raises(MalformedWebhook):
        gateway().read_webhooks(body=body, headers=headers, at=AT)[0]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"[" * 100_000, b'{"id": "evt_9", "kind": "x", "data": {}}', b'{"id": "evt_1", "data": {}}',
             b'{"id": "evt_1", "kind": "x"}', b'{"id": "evt_1", "kind": "x", "data": {"client_reference": "7"}}',
             b'{"id": "evt_1", "kind": "x", "data": {"session": 7}}', b"\xff"],
)  # fmt: skip
def test_malformed_bodies(body: bytes) -> None:
    with pytest.raises(MalformedWebhook):
        gateway().read_webhooks(body=body, headers=signed(body), at=AT)[0]


def listen(sandbox: SandboxProcess, inbox: Inbox) -> str:
    name = f"hooked-{uuid4()}"
    answer = sandbox.call("PUT", "/v1/webhook", name=name, body={"url": inbox.url, "secret": SECRET})
    assert answer.status_code == 200
    return name


def pay(sandbox: SandboxProcess, name: str, fault: str = "", **params: object) -> None:
    attempt_id = uuid4()
    opened = open_session(sandbox.gateway(name), attempt_id)
    if fault:
        sandbox.fault(fault, client_reference=str(attempt_id), operation="charge.succeeded", **params)
    sandbox.pay(opened.action_url, GOOD)
    assert sandbox.gateway(name).look_up(attempt_id=attempt_id, ref=None).state is State.SUCCEEDED


def kinds(received: list[Received]) -> list[str]:
    return [each.kind for each in received]


def test_delivered_in_order_and_readable(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    pay(sandbox, name)
    received = inbox.wait_for(2)
    assert kinds(received) == ["charge.succeeded", "session.completed"]
    for each in received:
        read = sandbox.gateway(name).read_webhooks(body=each.body, headers=each.headers, at=each.at)[0]
        assert read.kind == each.kind and read.attempt_id and read.ref


def test_again_until_taken(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    inbox.refuse = 2
    pay(sandbox, name)
    inbox.wait_for(2)
    sandbox.advance(3)
    received = inbox.wait_for(4)
    assert sorted(kinds(received)) == ["charge.succeeded"] * 2 + ["session.completed"] * 2


def test_lost_and_delayed(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    pay(sandbox, name, "webhook_lost")
    assert kinds(inbox.wait_for(1)) == ["session.completed"]
    pay(sandbox, name, "webhook_delayed", seconds=3 * 86400)
    assert kinds(inbox.wait_for(2)) == ["session.completed"] * 2
    sandbox.advance(3 * 86400)
    late = inbox.wait_for(3)[-1]
    assert late.kind == "charge.succeeded"
    sandbox.gateway(name).read_webhooks(body=late.body, headers=late.headers, at=late.at)[0]


def test_duplicated(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    pay(sandbox, name, "webhook_duplicated", copies=4)
    received = inbox.wait_for(5)
    assert len({each.headers["webhook-id"] for each in received}) == 2


def test_reordered(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    pay(sandbox, name, "webhook_reordered")
    assert kinds(inbox.wait_for(2)) == ["session.completed", "charge.succeeded"]


def test_forged_copy_comes_first(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    pay(sandbox, name, "webhook_forged")
    forged, true, _ = inbox.wait_for(3)
    with pytest.raises(BadSignature):
        sandbox.gateway(name).read_webhooks(body=forged.body, headers=forged.headers, at=forged.at)[0]
    sandbox.gateway(name).read_webhooks(body=true.body, headers=true.headers, at=true.at)[0]


def test_stale_then_fresh(sandbox: SandboxProcess, inbox: Inbox) -> None:
    name = listen(sandbox, inbox)
    inbox.refuse = 1
    pay(sandbox, name, "webhook_stale")
    stale = inbox.wait_for(1)[0]
    with pytest.raises(StaleWebhook):
        sandbox.gateway(name).read_webhooks(body=stale.body, headers=stale.headers, at=stale.at)[0]
    sandbox.advance(2)
    fresh = [each for each in inbox.wait_for(3) if each.kind == stale.kind][-1]
    sandbox.gateway(name).read_webhooks(body=fresh.body, headers=fresh.headers, at=fresh.at)[0]


def test_news_of_refunds_disputes_methods_and_payouts(sandbox: SandboxProcess, inbox: Inbox) -> None:
    """C3: each names what to look up, and says what it is about."""
    name = listen(sandbox, inbox)
    gateway, attempt_id, method = sandbox.gateway(name), uuid4(), sandbox.save_card(name=name)
    report = charge_method(gateway, attempt_id, method)
    [charge] = report.charges
    sandbox.fault("refund_pending", client_reference=str(attempt_id))
    gateway.refund(refund_id=uuid4(), attempt_id=attempt_id, charge_ref=charge.ref, amount_minor=100, currency="EUR")
    sandbox.advance(21)
    sandbox.close_dispute(sandbox.dispute(charge.ref), "won", name=name)
    gateway.forget_method(method_ref=method.ref, customer_ref=method.customer_ref)
    assert len(sandbox.payout()) > 0
    sandbox.advance(86401)
    news = [gateway.read_webhooks(body=each.body, headers=each.headers, at=each.at)[0] for each in inbox.wait_for(8)]
    assert [each.kind for each in news] == [
        "session.completed", "charge.succeeded", "charge.refunded", "refund.updated", "charge.disputed",
        "dispute.updated", "method.removed", "payout.paid",
    ]  # fmt: skip
    for each in news[1:6]:
        assert (each.subject, each.attempt_id, each.ref, each.charge_ref) == (
            "attempt",
            attempt_id,
            report.ref,
            charge.ref,
        )
    removed, paid = news[6:]
    assert (removed.subject, removed.attempt_id, removed.ref) == ("method", None, method.ref)
    _, [payout] = (page := gateway.list_settlements(since=AT - timedelta(days=365))).lines, page.payouts
    assert (paid.subject, paid.ref) == ("payout", payout.ref)


def test_news_nobody_needs() -> None:
    body = json.dumps({"id": "evt_1", "kind": "weather.changed", "data": {}}).encode()
    read = gateway().read_webhooks(body=body, headers=signed(body), at=AT)[0]
    assert (read.subject, read.ref, read.attempt_id) == ("other", None, None)
