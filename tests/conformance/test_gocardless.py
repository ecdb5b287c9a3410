"""What only GoCardless has: slow banks, failures after success, eight currencies and many events in one webhook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.base.ids import new_id
from tallystick.core.attempt import DeclineClass, State
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways.port import BadConfig, BadSignature, ChargeRequest, MalformedWebhook
from tallystick.gateways.providers.gocardless import _answers, _movements
from tallystick.gateways.providers.gocardless._client import LIVE_URL, SANDBOX_URL
from tallystick.gateways.providers.gocardless.gateway import GoCardlessGateway, build
from tests.conformance.acts import AMOUNT, charge, every_charge, every_movement, keep_method, look, open_page, pay_page
from tests.conformance.stages.gocardless import GoCardlessStage
from tests.fakes.wire import Answer, as_json, hmac_sha256

AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECRET = "0123456789abcdef0123"
GOOD = {"access_token": "sandbox_" + "a" * 30, "webhook_secret": SECRET}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["paid_out", "failed", "payments"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def gocardless() -> Iterator[GoCardlessStage]:
    made = GoCardlessStage()
    yield made
    assert made.complaints() == []
    made.close()


def test_a_failure_after_success_takes_the_money_back(gocardless: GoCardlessStage) -> None:
    attempt_id, paid = pay_page(gocardless)
    gocardless.advance(86_400)
    gocardless.fail_late(paid.charges[0].ref)
    report = look(gocardless, attempt_id, paid)
    assert report.state is State.SUCCEEDED
    (lost,) = report.charges[0].disputes
    assert (lost.state, lost.reason, lost.amount_minor) == (DisputeState.LOST, "late_failure", AMOUNT)
    assert report.charges[0].at == paid.charges[0].at
    lines = [line for page in every_movement(gocardless) for line in page.lines]
    assert [(line.kind, line.amount_minor) for line in lines] == [("charge", AMOUNT), ("dispute", -AMOUNT)]
    assert lines[1].source_ref == lost.ref
    assert dict(every_charge(gocardless, since_s=3_600)) == {attempt_id: report.charges[0]}


def test_a_late_failure_tried_again_is_won(gocardless: GoCardlessStage) -> None:
    attempt_id, paid = pay_page(gocardless)
    payment = gocardless.fake.books.payments[paid.charges[0].ref]
    gocardless.fail_late(payment.id)
    gocardless.fake.books.confirm(payment, gocardless.now())
    (charged,) = look(gocardless, attempt_id, paid).charges
    assert [each.state for each in charged.disputes] == [DisputeState.WON]


def test_a_failure_before_success_is_a_refusal(gocardless: GoCardlessStage) -> None:
    attempt_id, opened = open_page(gocardless)
    gocardless.pay(opened, "declined")
    gocardless.advance(gocardless.settles_after_s)
    report = look(gocardless, attempt_id, opened)
    assert (report.state, report.charges) == (State.DECLINED, ())
    assert report.decline is not None
    assert (report.decline.code, report.decline.klass) == ("refer_to_payer", DeclineClass.TRY_LATER)


@pytest.mark.parametrize(("currency", "amount"), [("RON", 1_000), ("RON", 0), ("SEK", 1_000), ("JPY", 500)])
def test_a_currency_it_cant_take(gocardless: GoCardlessStage, currency: str, amount: int) -> None:
    _, report = open_page(gocardless, currency=currency, amount_minor=amount, saves_method=True)
    assert report.state is State.DECLINED
    assert report.decline is not None
    assert report.decline.klass is DeclineClass.NEVER_AGAIN
    assert currency in report.decline.message
    assert gocardless.fake.calls == []


@pytest.mark.parametrize(("currency", "brand"), [("SEK", "bank_debit"), ("USD", "bank_debit"), ("EUR", "sepa_debit")])
def test_any_of_its_currencies_can_be_kept_and_debited(gocardless: GoCardlessStage, currency: str, brand: str) -> None:
    attempt_id, opened = open_page(gocardless, currency=currency, amount_minor=0, saves_method=True)
    gocardless.pay(opened, "good")
    kept = look(gocardless, attempt_id, opened).saved
    assert kept is not None
    assert (kept.kind, kept.brand, kept.last4) == (brand, "Barclays Bank PLC", "11")
    report = gocardless.gateway.charge_method(ChargeRequest(
        attempt_id=new_id(), method_ref=kept.ref, customer_ref=kept.customer_ref, amount_minor=500, currency=currency,
        description="Invoice", return_url="https://billing.example", is_customer_present=False,
    ))  # fmt: skip
    assert report.state is State.PROCESSING


def test_a_debit_can_be_stopped_until_it_goes_to_the_bank(gocardless: GoCardlessStage) -> None:
    kept = keep_method(gocardless)
    early_id, early = charge(gocardless, kept)
    assert gocardless.gateway.expire_session(attempt_id=early_id, ref=str(early.ref)).state is State.CANCELED
    late_id, late = charge(gocardless, kept)
    gocardless.advance(86_400 * 2)
    assert gocardless.gateway.expire_session(attempt_id=late_id, ref=str(late.ref)).state is State.CANCELING
    gocardless.advance(gocardless.settles_after_s)
    assert look(gocardless, late_id, late).state is State.SUCCEEDED


def test_a_page_without_an_address_is_found_again(gocardless: GoCardlessStage) -> None:
    gocardless.fault("drop_after", "beside_billing_request_flows")
    attempt_id, report = open_page(gocardless)
    assert (report.state, report.ref) == (State.UNKNOWN, None)
    found = gocardless.gateway.look_up(attempt_id=attempt_id, ref=None)
    assert found.state is State.ACTION_REQUIRED
    assert found.action_url
    assert len(gocardless.truth().opened) == 1


def test_somebody_else_refunds_in_between(gocardless: GoCardlessStage, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt_id, paid = pay_page(gocardless)
    ref, real = paid.charges[0].ref, gocardless.fake._refund

    def slower(asked: dict[str, object], now: datetime) -> tuple[str, object]:
        gocardless.dashboard_refund(ref, 500)
        return real(asked, now)

    monkeypatch.setattr(gocardless.fake, "_refund", slower)
    refund_id = new_id()
    for expected in (RefundState.UNKNOWN, RefundState.PROCESSING):
        report = gocardless.gateway.refund(
            refund_id=refund_id, attempt_id=attempt_id, charge_ref=ref, amount_minor=700, currency="EUR"
        )
        assert report.state is expected, report
        monkeypatch.setattr(gocardless.fake, "_refund", real)
    assert sorted(each.amount_minor for each in gocardless.truth().refunds) == [500, 700]


def test_a_refund_made_before_is_found_without_its_key(gocardless: GoCardlessStage) -> None:
    attempt_id, paid = pay_page(gocardless)
    refund_id = new_id()
    refs = set()
    for _ in range(2):
        report = gocardless.gateway.refund(
            refund_id=refund_id, attempt_id=attempt_id, charge_ref=paid.charges[0].ref, amount_minor=700, currency="EUR"
        )
        refs.add(report.ref)
        gocardless.fake._keys.clear()
    assert refs == {each.ref for each in gocardless.truth().refunds}
    assert len(refs) == 1


def test_a_refund_that_comes_back_has_failed(gocardless: GoCardlessStage) -> None:
    attempt_id, paid = pay_page(gocardless)
    gocardless.gateway.refund(
        refund_id=new_id(), attempt_id=attempt_id, charge_ref=paid.charges[0].ref, amount_minor=700, currency="EUR"
    )
    next(iter(gocardless.fake.books.refunds.values())).status = "funds_returned"
    assert look(gocardless, attempt_id, paid).charges[0].refunds[0].state is RefundState.FAILED
    lines = [line for page in every_movement(gocardless) for line in page.lines]
    assert [(line.kind, line.amount_minor) for line in lines[1:]] == [("refund", -700), ("refund_failure", 700)]


def test_a_payout_has_its_fees_to_the_cent(gocardless: GoCardlessStage) -> None:
    for _ in range(3):
        pay_page(gocardless)
    gocardless.payout()
    gocardless.advance(86_400 * 5)
    ((page),) = every_movement(gocardless, since_s=86_400 * 6)
    assert {line.kind for line in page.lines} == {"charge", "fee"}
    assert sum(line.amount_minor for line in page.lines) == page.payouts[0].amount_minor == 3 * AMOUNT - 62
    assert {line.payout_ref for line in page.lines} == {page.payouts[0].ref}
    (again,) = every_movement(gocardless)
    assert {line.ref for line in again.lines} == {line.ref for line in page.lines}


def test_money_that_came_and_went_is_all_in_the_payout(gocardless: GoCardlessStage) -> None:
    _, paid = pay_page(gocardless)
    for outcome in ("opened", "won"):
        gocardless.dispute(paid.charges[0].ref, outcome)
    gocardless.advance(60)
    gocardless.payout()
    (page,) = every_movement(gocardless)
    assert [line.kind for line in page.lines] == ["charge", "dispute", "dispute_reversal", "fee"]
    assert {line.payout_ref for line in page.lines} == {page.payouts[0].ref}


def test_many_events_in_one_webhook(gocardless: GoCardlessStage) -> None:
    first, _ = pay_page(gocardless)
    second, _ = pay_page(gocardless)
    (delivery,) = gocardless.webhooks("batch")
    given = {"body": delivery.body, "headers": delivery.headers, "at": delivery.at}
    events = gocardless.gateway.read_webhooks(**given)
    assert {each.attempt_id for each in events if each.kind == "payments.confirmed"} == {first, second}
    assert len({each.id for each in events}) == len(events) > 6
    assert gocardless.gateway.read_webhooks(**given) == events
    with pytest.raises(BadSignature):
        gocardless.gateway.read_webhooks(**given | {"body": delivery.body + b" "})


def test_a_mandate_cancelled_at_the_bank_names_the_method(gocardless: GoCardlessStage) -> None:
    kept = keep_method(gocardless)
    gocardless.webhooks()
    assert gocardless.gateway.forget_method(method_ref=kept.ref, customer_ref="")
    (delivery,) = gocardless.webhooks()
    event = gocardless.gateway.read_webhooks(body=delivery.body, headers=delivery.headers, at=delivery.at)[0]
    assert (event.subject, event.ref, event.attempt_id) == ("method", kept.ref, None)


@pytest.mark.parametrize(
    "body",
    [
        [], {}, "", 3, {"error": {"type": "invalid_state", "code": 422}}, {"error": "no"}, {"billing_requests": []},
        {"billing_requests": {"id": "BRQ1", "status": "fulfilled"}}, {"payments": {"id": "PM1", "status": "paid_out"}},
        {"error": {"type": "invalid_state", "code": 409, "errors": [{"reason": "idempotent_creation_conflict"}]}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 201, 404, 409, 422, 502])
def test_nonsense_is_unknown(
    gocardless: GoCardlessStage, monkeypatch: pytest.MonkeyPatch, status: int, body: object
) -> None:
    attempt_id, opened = open_page(gocardless)
    monkeypatch.setattr(gocardless.fake, "answer", lambda call: as_json(status, body))
    assert open_page(gocardless)[1].state is State.UNKNOWN
    found = look(gocardless, attempt_id, opened)
    assert (found.state, found.is_missing) == (State.UNKNOWN, False)


def test_a_proxys_404_says_nothing(gocardless: GoCardlessStage, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt_id, opened = open_page(gocardless)
    monkeypatch.setattr(gocardless.fake, "answer", lambda call: Answer(404, b"<html>", {}))
    assert not look(gocardless, attempt_id, opened).is_missing


def test_a_misspelt_request_is_noticed() -> None:
    stage = GoCardlessStage()
    asked = {"payment_request": {"amount": 100, "currency": "EUR", "descripton": "x"}}
    with pytest.raises(Exception, match="invalid"):
        stage.gateway._api().client.post("/billing_requests", {"billing_requests": asked}, {"Idempotency-Key": "1"})
    assert "descripton" in str(stage.complaints())
    stage.close()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["id", "status", "amount", "currency", "links", "created_at", "type"]), JSON))
def test_any_answer_is_read_or_refused(answer: dict[str, object]) -> None:
    reads = (
        lambda: _answers.read_payment(answer, [answer], [answer]),
        lambda: _answers.read_refund(answer),
        lambda: _answers.read_mandate(answer, answer),
        lambda: _answers.after(answer),
        lambda: _movements.movements(answer, [answer], [answer]),
        lambda: _movements.assign({}, answer, [answer]),
    )
    for read in reads:
        try:
            read()
        except _answers.Unreadable:
            continue


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40) | JSON.map(lambda value: str({"events": value}).replace("'", '"').encode()))
def test_any_webhook_is_read_or_refused(body: bytes) -> None:
    gateway = GoCardlessGateway("sandbox_x", ("other" * 4, SECRET))
    with pytest.raises(MalformedWebhook):
        gateway.read_webhooks(body=body, headers={"webhook-signature": hmac_sha256(SECRET, body)}, at=AT)[0]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"access_token": "sk_1"}, "access_token"),
        ({"webhook_secret": ""}, "webhook_secret"),
        ({"webhook_secret": "short"}, "webhook_secret"),
        ({"api_url": "gocardless.com"}, "api_url"),
    ],
)
def test_settings_that_cant_work(wrong: dict[str, str], field: str) -> None:
    with pytest.raises(BadConfig) as caught:
        build(GOOD | wrong)
    assert caught.value.field == field


def test_the_token_says_where_to_call_and_isnt_shown() -> None:
    assert build(GOOD).api_url == SANDBOX_URL
    live = build(GOOD | {"access_token": "live_" + "a" * 30})
    assert live.api_url == LIVE_URL
    assert SECRET not in repr(live)
    assert "aaaa" not in repr(live)
