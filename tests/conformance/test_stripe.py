"""What only Stripe has: its units, its codes, its keys, and a fake that must not let anything pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import stripe.params as params
from hypothesis import given
from hypothesis import strategies as st

from tallystick.base.ids import new_id
from tallystick.core.attempt import DeclineClass, State
from tallystick.core.dispute import DisputeState
from tallystick.core.money import exponent
from tallystick.core.refund import RefundState
from tallystick.gateways.port import BadConfig, ChargeRequest, MalformedWebhook, StaleWebhook
from tallystick.gateways.providers.stripe import _declines, _events, _methods, _money
from tallystick.gateways.providers.stripe._currency import Unrepresentable, from_stripe, to_stripe
from tallystick.gateways.providers.stripe._requests import charge_request
from tallystick.gateways.providers.stripe._transport import connect
from tallystick.gateways.providers.stripe.gateway import STRIPE, StripeGateway, build
from tests.conformance.acts import charge, keep_method, look, open_page, pay_page
from tests.conformance.stages.stripe import OLD_SECRET, StripeStage
from tests.fakes.stripe.contract import Violation, find_route, prepare, read_params
from tests.fakes.stripe.server import SECRET
from tests.fakes.wire import Answer, Call, hmac_sha256

GOOD = {"secret_key": "sk_test_123456789", "webhook_secret": "whsec_0123456789abcdef"}


@pytest.fixture
def only_stripe() -> Iterator[StripeStage]:
    prepare()
    made = StripeStage()
    yield made
    assert made.complaints() == []
    made.close()


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"),
    [
        ("EUR", 12_34, 1234),
        ("JPY", 500, 500),
        ("KWD", 1_230, 1230),
        ("ISK", 500, 50_000),
        ("UGX", 500, 50_000),
        ("HUF", 1_000, 1000),
        ("MGA", 500_00, 500),
    ],
)
def test_units(currency: str, ours: int, theirs: int) -> None:
    assert to_stripe(ours, currency) == theirs
    assert from_stripe(theirs, currency.lower()) == ours


@pytest.mark.parametrize(("currency", "amount"), [("KWD", 1_234), ("MGA", 50_001), ("UYW", 1), ("UYI", 1), ("LYD", 10)])
def test_units_there_are_none_of(currency: str, amount: int) -> None:
    with pytest.raises(Unrepresentable):
        to_stripe(amount, currency)


@given(st.integers(1, 10**12), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX", "MGA", "HUF", "TND", "XOF"]))
def test_units_come_back_as_they_went(amount: int, currency: str) -> None:
    assert exponent(currency) in {0, 2, 3}
    try:
        asked = to_stripe(amount, currency)
    except Unrepresentable:
        return
    assert from_stripe(asked, currency) == amount


def test_an_amount_that_cant_be_sent_isnt_sent(only_stripe: StripeStage) -> None:
    _, report = open_page(only_stripe, amount_minor=1_234, currency="KWD")
    assert report.state is State.DECLINED
    assert report.decline is not None
    assert "KWD" in report.decline.message
    assert only_stripe.fake.calls == []


def test_every_code_has_one_class() -> None:
    words = [_declines._TRY_LATER.split(), _declines._NEEDS_CUSTOMER.split(), _declines._NEVER_AGAIN.split()]
    assert sum(map(len, words)) == len(_declines.CLASSES)


@pytest.mark.parametrize(
    ("code", "decline_code", "advice", "kept", "klass"),
    [
        ("card_declined", "insufficient_funds", "", "insufficient_funds", DeclineClass.TRY_LATER),
        ("card_declined", "generic_decline", "do_not_try_again", "generic_decline", DeclineClass.NEVER_AGAIN),
        ("card_declined", "generic_decline", "confirm_card_data", "generic_decline", DeclineClass.NEEDS_CUSTOMER),
        ("card_declined", "stolen_card", "try_again_later", "stolen_card", DeclineClass.NEVER_AGAIN),
        ("card_declined", "", "", "card_declined", DeclineClass.TRY_LATER),
        ("expired_card", "expired_card", "", "expired_card", DeclineClass.TRY_LATER),
        ("authentication_required", "card_declined", "", "authentication_required", DeclineClass.NEEDS_CUSTOMER),
        ("card_declined", "invented_tomorrow", "", "invented_tomorrow", DeclineClass.NEEDS_CUSTOMER),
    ],
)
def test_refusals(code: str, decline_code: str, advice: str, kept: str, klass: DeclineClass) -> None:
    read = _declines.read_refusal(code=code, decline_code=decline_code, advice_code=advice, message="No.")
    assert (read.code, read.klass) == (kept, klass)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("warning_needs_response", DisputeState.NEEDS_RESPONSE),
        ("warning_closed", DisputeState.WON),
        ("needs_response", DisputeState.NEEDS_RESPONSE),
        ("under_review", DisputeState.UNDER_REVIEW),
        ("appeal_under_review", DisputeState.LOST),
        ("lost", DisputeState.LOST),
    ],
)
def test_disputes(status: str, state: DisputeState) -> None:
    thing = {
        "id": "du_1",
        "status": status,
        "amount": 500,
        "currency": "eur",
        "reason": "general",
        "created": 1_700_000_000,
    }
    read = _money.read_dispute({**thing, "evidence_details": {"due_by": 1_700_600_000}})
    assert read.state is state
    assert read.evidence_due_at == datetime.fromtimestamp(1_700_600_000, UTC)
    assert _money.read_dispute(thing).evidence_due_at is None


def test_ideal_leaves_a_debit_mandate() -> None:
    details = {"type": "ideal", "ideal": {"bank": "ing", "generated_sepa_debit": "pm_2", "iban_last4": "1234"}}
    method = {"id": "pm_1", "type": "ideal", "ideal": {"bank": "ing"}}
    kept = _methods.read_saved(customer_ref="cus_1", method=method, charged=details)
    assert kept is not None
    assert (kept.ref, kept.kind, kept.last4) == ("pm_2", "sepa_debit", "1234")


def test_a_debit_is_charged_later(only_stripe: StripeStage) -> None:
    attempt_id, opened = open_page(only_stripe, saves_method=True)
    only_stripe.pay(opened, "delayed_success")
    assert look(only_stripe, attempt_id, opened).saved is None
    only_stripe.advance(only_stripe.settles_after_s)
    kept = look(only_stripe, attempt_id, opened).saved
    assert kept is not None
    assert (kept.kind, kept.brand) == ("sepa_debit", "SEPA")
    later_id, report = charge(only_stripe, kept)
    assert report.state is State.PROCESSING
    ended = only_stripe.gateway.expire_session(attempt_id=later_id, ref=str(report.ref))
    assert ended.state is State.CANCELING
    only_stripe.advance(only_stripe.settles_after_s)
    assert look(only_stripe, later_id, report).state is State.SUCCEEDED


def test_nothing_left_the_house(only_stripe: StripeStage) -> None:
    """No connection: surely not sent, so the same key may go again at once."""
    api = connect(secret_key="sk_test_1", api_url="http://127.0.0.1:9", timeout_s=0.3)
    only_stripe.gateway = StripeGateway(api, (SECRET,))
    _, report = open_page(only_stripe)
    assert (report.state, report.was_sent) == (State.UNKNOWN, False)
    given = {"refund_id": new_id(), "attempt_id": new_id(), "charge_ref": "pi_1", "amount_minor": 1, "currency": "EUR"}
    refunded = only_stripe.gateway.refund(**given)
    assert (refunded.state, refunded.was_sent) == (RefundState.UNKNOWN, False)


@pytest.mark.parametrize(
    "body", [b"<html>gone</html>", b"[]", b'"x"', b"null", b'{"error": 5}', b'{"error": []}', b"{}"]
)
@pytest.mark.parametrize("status", [200, 301, 400, 402, 404])
def test_somebody_elses_answer_says_nothing(only_stripe: StripeStage, status: int, body: bytes) -> None:
    """A proxy's page, or an answer of a shape nobody documented."""
    attempt_id, opened = open_page(only_stripe)
    kept = keep_method(only_stripe)
    only_stripe.fake.answer = lambda call: Answer(status, body, {"Content-Type": "text/html"})  # type: ignore[method-assign]
    for report in (
        open_page(only_stripe)[1],
        charge(only_stripe, kept)[1],
        look(only_stripe, attempt_id, opened),
        only_stripe.gateway.look_up(attempt_id=attempt_id, ref=None),
        only_stripe.gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref)),
    ):
        assert (report.state, report.is_missing) == (State.UNKNOWN, False)
    refunded = only_stripe.gateway.refund(
        refund_id=new_id(), attempt_id=attempt_id, charge_ref="pi_1", amount_minor=1, currency="EUR"
    )
    assert refunded.state is RefundState.UNKNOWN


def test_a_page_beyond_reach_is_not_missing(only_stripe: StripeStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk through the lists is bounded, and says when it hasn't come to the end."""
    monkeypatch.setattr("tallystick.gateways.providers.stripe._finding._PAGES_MAX", 1)
    monkeypatch.setattr("tallystick.gateways.providers.stripe._finding.PAGE", 2)
    attempt_id, _ = open_page(only_stripe)
    for _ in range(3):
        open_page(only_stripe)
    report = only_stripe.gateway.look_up(attempt_id=attempt_id, ref=None)
    assert (report.state, report.is_missing) == (State.UNKNOWN, False)


def test_anothers_payment_isnt_ours(only_stripe: StripeStage) -> None:
    """A session or intent that carries another attempt's id is never read as this one's."""
    attempt_id, report = pay_page(only_stripe)
    intent = only_stripe.fake.books.objects[report.charges[0].ref]
    intent["metadata"] = {"tallystick_attempt": str(new_id())}
    assert look(only_stripe, attempt_id, report).state is State.UNKNOWN
    assert look(only_stripe, new_id(), report).state is State.UNKNOWN


def test_a_key_that_isnt_accepted_declines_nothing(only_stripe: StripeStage) -> None:
    """What an earlier request with a good key did still stands."""
    kept = keep_method(only_stripe)
    only_stripe.gateway = only_stripe.with_bad_key()
    assert open_page(only_stripe)[1].state is State.UNKNOWN
    assert charge(only_stripe, kept)[1].state is State.UNKNOWN


@pytest.mark.parametrize("is_present", [True, False])
def test_an_absent_payer_is_named_as_absent(is_present: bool) -> None:
    """Banks let a charge pass without a confirmation only when they are told that nobody is there."""
    asked = charge_request(ChargeRequest(
        attempt_id=new_id(), method_ref="pm_1", customer_ref="cus_1", amount_minor=100, currency="EUR", description="",
        return_url="https://billing.example/", is_customer_present=is_present,
    ))  # fmt: skip
    assert asked.get("off_session", False) is not is_present
    assert ("return_url" in asked) is is_present


def test_a_clash_of_keys_leads_to_the_first_page(only_stripe: StripeStage) -> None:
    """Sent again half an hour later the page would end later, so Stripe refuses the key: the first page is found instead."""
    attempt_id, first = open_page(only_stripe)
    only_stripe.advance(1_800)
    _, again = open_page(only_stripe, attempt_id)
    assert (again.state, again.ref, again.action_url) == (State.ACTION_REQUIRED, first.ref, first.action_url)
    assert len(only_stripe.truth().opened) == 1


def test_a_lost_charge_is_found_by_our_id(only_stripe: StripeStage) -> None:
    kept = keep_method(only_stripe)
    only_stripe.fault("drop_after", "charge_method")
    attempt_id, report = charge(only_stripe, kept)
    assert report.state is State.UNKNOWN
    found = only_stripe.gateway.look_up(attempt_id=attempt_id, ref=None)
    assert found.state is State.SUCCEEDED
    assert str(found.ref).startswith("pi_")


def test_either_secret_is_good_while_it_changes(only_stripe: StripeStage) -> None:
    pay_page(only_stripe)
    (first, *_) = only_stripe.webhooks()
    stamp = int(first.at.timestamp())
    signed = f"{stamp}.".encode() + first.body
    for secret in (OLD_SECRET, SECRET):
        header = f"t={stamp},v1={'0' * 64},v1={hmac_sha256(secret, signed)}"
        event = only_stripe.gateway.read_webhooks(body=first.body, headers={"stripe-signature": header}, at=first.at)[0]
        assert event.id == json.loads(first.body)["id"]
    for header in ("", f"v1={hmac_sha256(SECRET, signed)}", f"t=x,v1={hmac_sha256(SECRET, signed)}", "t=1,t=2,v1=3"):
        with pytest.raises(MalformedWebhook):
            only_stripe.gateway.read_webhooks(body=first.body, headers={"Stripe-Signature": header}, at=first.at)[0]
    ahead = datetime.fromtimestamp(stamp - 301, UTC)
    with pytest.raises(StaleWebhook):
        only_stripe.gateway.read_webhooks(body=first.body, headers=first.headers, at=ahead)[0]


@pytest.mark.parametrize(
    ("kind", "thing", "subject"),
    [
        ("payment_method.detached", {"object": "payment_method", "id": "pm_1"}, "method"),
        ("payment_method.attached", {"object": "payment_method", "id": "pm_1"}, "other"),
        ("mandate.updated", {"object": "mandate", "id": "mandate_1", "payment_method": "pm_1"}, "method"),
        ("payout.paid", {"object": "payout", "id": "po_1"}, "payout"),
        ("customer.created", {"object": "customer", "id": "cus_1"}, "other"),
        ("refund.failed", {"object": "refund", "id": "re_1", "payment_intent": "pi_1"}, "attempt"),
    ],
)
def test_subjects(kind: str, thing: dict[str, str], subject: str) -> None:
    event = _events.read_event(json.dumps({"id": "evt_1", "type": kind, "data": {"object": thing}}).encode())
    assert event.subject == subject
    if subject == "method":
        assert event.ref == "pm_1"
    if subject == "attempt":
        assert event.charge_ref == "pi_1"


def test_a_switched_off_webhook_is_mended(only_stripe: StripeStage) -> None:
    gateway, url = only_stripe.gateway, "https://billing.example/hooks/stripe/1"
    assert gateway.check()
    (told,) = gateway.register_webhook(url=url)
    assert "signing secret" in told
    (endpoint,) = only_stripe.fake.books.all("webhook_endpoint")
    for spoilt in ({"status": "disabled"}, {"enabled_events": ["charge.succeeded"]}):
        endpoint.update(spoilt)
        assert gateway.check()
        assert gateway.register_webhook(url=url) == []
        assert gateway.check() == []


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("secret_key", "pk_live_123", "publishable"),
        ("secret_key", "sk_test_12 34", "Stripe key"),
        ("secret_key", "", "Stripe key"),
        ("webhook_secret", "", "signing secret"),
        ("webhook_secret", "whsec_0123456789abcdef nonsense", "whsec_"),
        ("api_url", "stripe.com", "in full"),
    ],
)
def test_settings_that_cant_work(field: str, value: str, word: str) -> None:
    with pytest.raises(BadConfig, match=word) as caught:
        build({**GOOD, field: value})
    assert caught.value.field == field


def test_settings_that_do() -> None:
    assert build(GOOD).is_test
    assert not build({**GOOD, "secret_key": "rk_live_123"}).is_test
    assert GOOD["secret_key"] not in repr(build(GOOD))
    assert GOOD["webhook_secret"] not in repr(build(GOOD))
    assert [each.name for each in STRIPE.fields] == ["secret_key", "webhook_secret"]


def _post(path: str, **form: str) -> Call:
    return Call("POST", path, [], {}, urlencode(form).encode())


def test_the_contract_isnt_blind() -> None:
    """The fake refuses what the SDK's types don't name."""
    path = "/v1/refunds"
    _, shape, _ = find_route(_post(path))
    assert read_params(_post(path, payment_intent="pi_1", amount="5"), shape) == {"payment_intent": "pi_1", "amount": 5}
    for wrong in ({"payment_inten": "pi_1"}, {"amount": "five"}, {"payment_intent[id]": "pi_1"}):
        with pytest.raises(Violation):
            read_params(_post(path, **wrong), shape)
    with pytest.raises(Violation):
        read_params(_post("/v1/payment_intents", amount="5"), params.PaymentIntentCreateParams)
    with pytest.raises(Violation):
        find_route(_post("/v1/charges"))


def test_a_violation_is_counted() -> None:
    made = StripeStage()
    made.fake.handle(Call("POST", "/v1/charges", [], {"authorization": "Bearer nobody"}, b""))
    assert made.complaints() == []
    headers = {"authorization": f"Bearer {made.gateway.api.client._requestor.api_key}", "user-agent": "Tallystick"}  # type: ignore[attr-defined]
    answer = made.fake.handle(Call("POST", "/v1/charges", [], headers, b""))
    assert answer is not None
    assert answer.status == 400
    assert len(made.complaints()) == 2
    made.close()
