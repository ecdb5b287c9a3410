"""What only Mollie has: its amounts, its debits, its silent webhooks, and a fake that must not let anything pass."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.base.ids import new_id
from tallystick.core.attempt import DeclineClass, State
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways.port import BadConfig, MalformedWebhook, SavedMethod
from tallystick.gateways.providers.mollie import _answers
from tallystick.gateways.providers.mollie.gateway import MOLLIE, MollieGateway, build
from tests.conformance.acts import charge, every_charge, keep_method, look, open_page, pay_page
from tests.conformance.stages.mollie import MollieStage
from tests.fakes.wire import Answer, as_json

KEY = "test_" + "a" * 30
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["open", "paid", "EUR", "12.30"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def mollie() -> Iterator[MollieStage]:
    made = MollieStage()
    yield made
    assert made.complaints() == []
    made.close()


def keep_account(mollie: MollieStage, later: str = "good") -> SavedMethod:
    """A bank account kept by a first payment with iDEAL."""
    attempt_id, opened = open_page(mollie, saves_method=True)
    mollie.pay(opened, "good", later=later, method="ideal")
    report = look(mollie, attempt_id, opened)
    assert report.saved is not None
    assert report.charges[0].method_label == "iDEAL 0000"
    return report.saved


def test_a_first_payment_by_ideal_makes_a_debit(mollie: MollieStage) -> None:
    kept = keep_account(mollie)
    assert (kept.kind, kept.brand, kept.last4, kept.expiry_year) == ("sepa_debit", "SEPA", "0000", 0)
    attempt_id, report = charge(mollie, kept)
    assert report.state is State.PROCESSING
    mollie.advance(mollie.settles_after_s)
    (taken,) = look(mollie, attempt_id, report).charges
    mollie.dispute(taken.ref)
    (lost,) = look(mollie, attempt_id, report).charges[0].disputes
    assert (lost.state, lost.reason, lost.evidence_due_at) == (DisputeState.LOST, "MD06", None)
    mollie.dispute(taken.ref, "won")
    assert look(mollie, attempt_id, report).charges[0].disputes[0].state is DisputeState.WON


def test_a_debit_sent_back_has_its_bank_code(mollie: MollieStage) -> None:
    attempt_id, report = charge(mollie, keep_account(mollie, "insufficient"))
    mollie.advance(mollie.settles_after_s)
    decline = look(mollie, attempt_id, report).decline
    assert decline is not None
    assert (decline.code, decline.klass) == ("AM04", DeclineClass.TRY_LATER)


def test_a_debit_that_waits_can_be_called_off(mollie: MollieStage) -> None:
    attempt_id, report = charge(mollie, keep_account(mollie))
    assert mollie.gateway.expire_session(attempt_id=attempt_id, ref=str(report.ref)).state is State.CANCELED
    mollie.advance(mollie.settles_after_s)
    assert len(mollie.truth().charges) == 1


def test_a_key_is_forgotten_after_an_hour(mollie: MollieStage) -> None:
    assert MOLLIE.capabilities.idempotency_key_ttl == timedelta(minutes=55)
    attempt_id, _ = open_page(mollie)
    mollie.advance(55 * 60)
    open_page(mollie, attempt_id)
    assert len(mollie.truth().opened) == 1
    mollie.advance(6 * 60)
    open_page(mollie, attempt_id)
    assert len(mollie.truth().opened) == 2


def test_a_mandate_that_is_gone_needs_the_customer(mollie: MollieStage) -> None:
    kept = keep_method(mollie)
    assert mollie.gateway.forget_method(method_ref=kept.ref, customer_ref=kept.customer_ref)
    decline = charge(mollie, kept)[1].decline
    assert decline is not None
    assert (decline.code, decline.klass) == ("mandate_invalid", DeclineClass.NEEDS_CUSTOMER)


def test_what_is_kept_isnt_lost_with_an_answer(mollie: MollieStage) -> None:
    attempt_id, opened = open_page(mollie, saves_method=True)
    mollie.pay(opened, "good")
    mollie.fault("drop_before", "beside_customers")
    assert look(mollie, attempt_id, opened).state is State.UNKNOWN
    assert look(mollie, attempt_id, opened).saved is not None


def test_without_the_customers_record_nothing_is_sent(mollie: MollieStage) -> None:
    mollie.fault("error_500_before", "beside_customers")
    _, report = open_page(mollie, saves_method=True)
    assert (report.state, report.was_sent) == (State.UNKNOWN, False)
    assert mollie.truth().opened == ()


def test_a_refund_may_be_canceled_at_mollie(mollie: MollieStage) -> None:
    attempt_id, report = pay_page(mollie)
    mollie.gateway.refund(
        refund_id=new_id(), attempt_id=attempt_id, charge_ref=report.charges[0].ref, amount_minor=100, currency="EUR"
    )
    next(iter(mollie.fake.books.refunds.values())).status = "canceled"
    assert look(mollie, attempt_id, report).charges[0].refunds[0].state is RefundState.FAILED


def test_a_search_ends_where_the_attempt_was_made(mollie: MollieStage) -> None:
    mollie.make_charges(600)
    for payment in list(mollie.fake.books.payments.values())[:400]:
        payment.created_at -= timedelta(days=2)
    assert mollie.gateway.look_up(attempt_id=new_id(), ref=None).is_missing
    assert len([path for operation, path in mollie.fake.calls if operation == "look_up"]) == 1


@pytest.mark.parametrize("news", ["refund", "chargeback"])
def test_a_payment_older_than_the_walk_comes_back_with_its_news(mollie: MollieStage, news: str) -> None:
    attempt_id, paid = pay_page(mollie)
    mollie.advance(86_400 * 60)
    assert every_charge(mollie, since_s=86_400) == []
    if news == "refund":
        mollie.dashboard_refund(paid.charges[0].ref, 500)
    else:
        mollie.dispute(paid.charges[0].ref)
    other_id, other = pay_page(mollie)
    expected = [(attempt_id, look(mollie, attempt_id, paid).charges[0]), (other_id, other.charges[0])]
    assert every_charge(mollie, since_s=86_400) == expected


def test_a_redirect_is_no_answer(mollie: MollieStage, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Answer(302, b"", {"Location": mollie.fake.url + "/v2/methods"})
    monkeypatch.setattr(mollie.fake, "answer", lambda call: away)
    _, report = open_page(mollie)
    assert (report.state, report.was_sent) == (State.UNKNOWN, True)
    assert len(mollie.fake.calls) == 1


@pytest.mark.parametrize(
    "body", [[], {}, "", 3, {"status": 422}, {"resource": "payment"}, {"id": "tr_1", "status": "paid"}]
)
@pytest.mark.parametrize("status", [200, 201, 404, 422, 502])
def test_nonsense_is_unknown(mollie: MollieStage, monkeypatch: pytest.MonkeyPatch, status: int, body: object) -> None:
    attempt_id, opened = open_page(mollie)
    monkeypatch.setattr(mollie.fake, "answer", lambda call: as_json(status, body))
    assert open_page(mollie)[1].state is State.UNKNOWN
    found = look(mollie, attempt_id, opened)
    assert (found.state, found.is_missing) == (State.UNKNOWN, False)


def test_another_attempts_payment_isnt_ours(mollie: MollieStage) -> None:
    _, opened = open_page(mollie)
    assert mollie.gateway.look_up(attempt_id=new_id(), ref=opened.ref).state is State.UNKNOWN


def test_a_misspelt_request_is_noticed() -> None:
    stage = MollieStage()
    client = stage.gateway._client()
    with pytest.raises(Exception, match="contract"):
        client.payments.create({"amount": {"currency": "EUR", "value": "1"}, "descripton": "x"}, idempotency_key="1")
    assert "descripton" in str(stage.complaints())
    assert "decimals" in str(stage.complaints())
    stage.close()


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [("12.34", "EUR", 1234), ("0.10", "EUR", 10), ("500", "JPY", 500), ("500", "ISK", 500), ("500.00", "JPY", 500)],
)
def test_amounts(value: str, currency: str, minor: int) -> None:
    assert _answers.read_amount({"a": {"value": value, "currency": currency}}, "a") == (minor, currency)


@pytest.mark.parametrize("value", ["12.345", "-1.00", "1e3", "", "NaN", "1,00", "٣.٠٠", "99999999999999999.00"])
def test_amounts_that_arent(value: str) -> None:
    with pytest.raises(_answers.Unreadable):
        _answers.read_amount({"a": {"value": value, "currency": "EUR"}}, "a")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["resource", "status", "amount", "id", "metadata", "_links", "_embedded"]), JSON)
)
def test_any_answer_is_read_or_refused(answer: dict[str, object]) -> None:
    for read in (_answers.state_of, _answers.read_charge, _answers.read_refund, _answers.next_from):
        try:
            read(answer)
        except _answers.Unreadable:
            continue


def test_each_delivery_is_a_hint_of_its_own() -> None:
    gateway = MollieGateway(KEY)
    read = [
        gateway.read_webhooks(body=b"id=tr_1", headers={}, at=AT + timedelta(seconds=each))[0] for each in (0, 0, 1)
    ]
    assert (read[0].ref, read[0].charge_ref, read[0].subject) == ("tr_1", "tr_1", "attempt")
    assert read[0].id == read[1].id != read[2].id
    assert gateway.read_webhooks(body=b"id=ord_1", headers={}, at=AT)[0].subject == "other"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40))
def test_any_webhook_is_read_or_refused(body: bytes) -> None:
    try:
        MollieGateway(KEY).read_webhooks(body=body, headers={}, at=AT)[0]
    except MalformedWebhook:
        return
    assert b"=" in body


@pytest.mark.parametrize(
    "key", ["", "sk_live_1234567890123456789012", "test_short", "live_" + "ä" * 30, "test_a b" + "c" * 30]
)
def test_a_key_that_cant_be_one(key: str) -> None:
    with pytest.raises(BadConfig) as caught:
        build({"api_key": key})
    assert caught.value.field == "api_key"


def test_the_key_isnt_shown() -> None:
    assert KEY not in repr(build({"api_key": KEY}))
