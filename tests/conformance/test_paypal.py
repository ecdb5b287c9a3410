"""What is PayPal's own: approval takes nothing, a mark stops a capture, tokens run out, webhooks are hints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from tallystick.base.ids import new_id
from tallystick.core.attempt import State
from tallystick.core.refund import RefundState
from tallystick.gateways.port import BadConfig, BadSignature, MalformedWebhook, Report
from tallystick.gateways.providers.paypal._amounts import CURRENCIES, Unrepresentable, from_paypal, to_paypal
from tallystick.gateways.providers.paypal._orders import read_order
from tallystick.gateways.providers.paypal._reading import Unreadable
from tallystick.gateways.providers.paypal.gateway import PAYPAL, PayPalGateway, build
from tallystick.gateways.tests.opening import charge_method, open_session
from tests.conformance.stages.paypal import PayPalStage

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.fixture
def stage() -> Iterator[PayPalStage]:
    made = PayPalStage()
    yield made
    made.close()
    assert made.complaints() == []


@pytest.mark.parametrize(
    ("amount", "currency", "value"),
    [(1, "EUR", "0.01"), (123_400, "EUR", "1234.00"), (5, "JPY", "5"), (1_200, "HUF", "12"), (100, "TWD", "1")],
)
def test_amounts_as_paypal_writes_them(amount: int, currency: str, value: str) -> None:
    written = to_paypal(amount, currency)
    assert written == {"currency_code": currency, "value": value}
    assert from_paypal(written) == (amount, currency)


def test_amounts_that_do_not_fit() -> None:
    for amount, currency in ((1_201, "HUF"), (50, "TWD"), (100, "RON"), (100, "KWD")):
        with pytest.raises(Unrepresentable):
            to_paypal(amount, currency)
    for value in ("1.234", "x", "", "NaN", "Infinity", "1e400", "9" * 40, "1.", "\u0661", None, 5):
        with pytest.raises(Unrepresentable):
            from_paypal({"currency_code": "EUR", "value": value})
    assert "RON" not in CURRENCIES


def test_approval_takes_nothing_and_the_look_up_takes_it_once(stage: PayPalStage) -> None:
    """A18: many look-ups at the same moment capture once."""
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    stage.pay(opened, "good")
    assert stage.truth().charges == ()
    barrier, seen = Barrier(8), []

    def look() -> None:
        barrier.wait()
        seen.append(stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref))

    threads = [Thread(target=look) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert {each.state for each in seen} <= {State.SUCCEEDED, State.UNKNOWN}
    assert len(stage.truth().charges) == 1
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.SUCCEEDED


@pytest.mark.parametrize("kind", ["drop_after", "error_500_after", "malformed_after", "drop_before"])
def test_a_capture_with_a_lost_answer(stage: PayPalStage, kind: str) -> None:
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    stage.pay(opened, "good")
    stage.fault(kind, "capture")
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.UNKNOWN
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.SUCCEEDED
    assert len(stage.truth().charges) == 1


def test_an_order_that_was_given_up_is_never_captured(stage: PayPalStage) -> None:
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    assert stage.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref)).state is State.CANCELED
    stage.pay(opened, "good")
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.CANCELED
    assert stage.truth().charges == ()


def test_a_refused_account_ends_the_order(stage: PayPalStage) -> None:
    """A definite refusal is reported only once the order can't be captured any more."""
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    stage.pay(opened, "stolen")
    stage.fault("expire_refused")
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.UNKNOWN
    report = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert report.state is State.DECLINED and report.decline is not None
    stage.pay(opened, "good")
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.CANCELED
    assert stage.truth().charges == ()


def test_the_key_is_gone_and_still_nobody_pays_twice(stage: PayPalStage) -> None:
    """D18: the invoice id is paid once, whatever became of the key."""
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id, saves_method=True)
    stage.pay(opened, "good")
    saved = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).saved
    assert saved is not None and (saved.kind, saved.brand, saved.expiry_year) == ("wallet", "PayPal", 0)
    again = new_id()
    assert charge_method(stage.gateway, again, saved).state is State.SUCCEEDED
    stage.fault("key_expired")
    assert charge_method(stage.gateway, again, saved).state is State.UNKNOWN
    assert len(stage.truth().charges) == 2


def test_a_wallet_kept_without_a_payment_answers_once(stage: PayPalStage) -> None:
    """D2: the exchange takes no money and may be repeated."""
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id, amount_minor=0, saves_method=True)
    stage.pay(opened, "good")
    stage.fault("drop_after", "keep")
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.UNKNOWN
    first = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert first.state is State.SUCCEEDED and first.saved is not None
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref) == first


def test_a_token_that_paypal_forgot(stage: PayPalStage) -> None:
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    stage.forget_tokens()
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.UNKNOWN
    assert stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.ACTION_REQUIRED


def test_without_a_token_nothing_was_sent(stage: PayPalStage) -> None:
    stage.forget_tokens()
    gateway = stage.gateway
    gateway.look_up(attempt_id=new_id(), ref="X")
    stage.fault("drop_after", "token")
    report = open_session(gateway, new_id())
    assert (report.state, report.was_sent) == (State.UNKNOWN, False)
    assert stage.truth().opened == ()


def test_disputes_that_cannot_be_read_do_not_hide_the_money(stage: PayPalStage) -> None:
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    stage.pay(opened, "good")
    for operation in ("disputes", "dispute"):
        [charge] = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).charges
        stage.dispute(charge.ref)
        stage.fault("malformed_before", operation)
        report = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
        assert (report.state, report.charges[0].disputes) == (State.SUCCEEDED, ())
    [found] = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).charges[0].disputes
    assert found.reason == "merchandise_or_service_not_received" and found.evidence_due_at is not None


def test_an_order_of_somebody_else(stage: PayPalStage) -> None:
    opened = open_session(stage.gateway, new_id())
    stage.pay(opened, "good")
    report = stage.gateway.look_up(attempt_id=new_id(), ref=opened.ref)
    assert (report.state, report.ref) == (State.UNKNOWN, None)
    assert stage.truth().charges == ()


def test_refund_in_a_unit_paypal_lacks(stage: PayPalStage) -> None:
    report = stage.gateway.refund(
        refund_id=new_id(), attempt_id=new_id(), charge_ref="X", amount_minor=150, currency="HUF"
    )
    assert (report.state, report.was_sent) == (RefundState.FAILED, False)


def test_what_the_capabilities_rule_out(stage: PayPalStage) -> None:
    for call in (stage.gateway.list_charges, stage.gateway.list_settlements):
        with pytest.raises(NotImplementedError):
            call(since=AT)
    with pytest.raises(NotImplementedError):
        stage.gateway.balances()
    assert stage.gateway.look_up(attempt_id=new_id(), ref=None) == Report(State.UNKNOWN)


def test_webhooks_are_hints(stage: PayPalStage) -> None:
    """C3: each names what to look up; a forged copy can't take the place of the true one."""
    attempt_id = new_id()
    opened = open_session(stage.gateway, attempt_id)
    stage.pay(opened, "good")
    [charge] = stage.gateway.look_up(attempt_id=attempt_id, ref=opened.ref).charges
    stage.dashboard_refund(charge.ref, 100)
    stage.dispute(charge.ref)
    sent = stage.webhooks()
    news = [stage.gateway.read_webhooks(body=each.body, headers=each.headers, at=each.at)[0] for each in sent]
    assert [(each.attempt_id, each.ref, each.charge_ref, each.subject) for each in news] == [
        (attempt_id, opened.ref, None, "attempt"),
        (attempt_id, opened.ref, charge.ref, "attempt"),
        (None, None, charge.ref, "attempt"),
        (attempt_id, None, charge.ref, "attempt"),
    ]
    forged = sent[0].body.replace(str(attempt_id).encode(), str(uuid4()).encode())
    assert stage.gateway.read_webhooks(body=forged, headers=sent[0].headers, at=AT)[0].id != news[0].id


def test_webhooks_that_do_not_look_like_paypals(stage: PayPalStage) -> None:
    stage.pay(open_session(stage.gateway, new_id()), "good")
    [sent] = stage.webhooks()
    for name in list(sent.headers):
        if name != "PAYPAL-AUTH-ALGO":
            with pytest.raises(BadSignature):
                headers = {key: value for key, value in sent.headers.items() if key != name}
                stage.gateway.read_webhooks(body=sent.body, headers=headers, at=AT)[0]
    for url in ("http://api.paypal.com/c", "https://paypal.com.evil.example/c", "https://evilpaypal.com/c"):
        with pytest.raises(BadSignature):
            stage.gateway.read_webhooks(body=sent.body, headers={**sent.headers, "PAYPAL-CERT-URL": url}, at=AT)[0]
    event = json.loads(sent.body)
    for broken in (b"", b"[]", b"[" * 100_000, json.dumps({**event, "resource": 7}).encode(), b'{"event_type": "X.Y"}'):
        with pytest.raises(MalformedWebhook):
            stage.gateway.read_webhooks(body=broken, headers=sent.headers, at=AT)[0]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "SPLENDID"}, {"id": ""}, {"purchase_units": []}, {"purchase_units": [{"custom_id": "other"}]},
        {"purchase_units": 7}, {"create_time": "yesterday"}, {"create_time": "2026-01-01T00:00:00"}, {"links": "x"},
    ],
)  # fmt: skip
def test_odd_orders_are_unreadable(change: dict[str, object]) -> None:
    attempt_id = new_id()
    order: dict[str, object] = {
        "id": "5O1", "status": "CREATED", "create_time": "2026-01-01T00:00:00Z",
        "purchase_units": [{"custom_id": str(attempt_id)}], "links": [],
    }  # fmt: skip
    assert read_order(order, attempt_id).state is State.ACTION_REQUIRED
    with pytest.raises(Unreadable):
        read_order({**order, **change}, attempt_id)


def test_settings() -> None:
    good = {"client_id": "AbC", "client_secret": "EfG", "environment": "sandbox"}
    assert build(good).client.api_url == "https://api-m.sandbox.paypal.com"
    assert build({**good, "environment": ""}).client.api_url == "https://api-m.paypal.com"
    for field, value in (("client_id", ""), ("client_secret", "a b"), ("environment", "http://paypal.example")):
        with pytest.raises(BadConfig) as caught:
            build({**good, field: value})
        assert caught.value.field == field
    assert "EfG" not in repr(build(good)) and PAYPAL.name == "paypal"


def test_an_order_that_is_gone(stage: PayPalStage) -> None:
    """Missing while it may still be on its way; canceled once nobody can approve it any more."""
    attempt_id = new_id()
    gateway = stage.gateway
    assert isinstance(gateway, PayPalGateway)
    assert gateway.look_up(attempt_id=attempt_id, ref="NONE").is_missing
    late = replace(gateway, now=lambda: datetime.now(UTC) + timedelta(hours=8))
    assert late.look_up(attempt_id=attempt_id, ref="NONE").state is State.CANCELED
    assert late.look_up(attempt_id=attempt_id, ref="setup-NONE").is_missing
    assert late.look_up(attempt_id=uuid4(), ref="NONE").is_missing
