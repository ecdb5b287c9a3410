"""Every magic card, seen through the adapter."""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import pytest

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import Report
from tallystick.gateways.providers.sandbox.server.cards import DECLINES, MAGIC_CARDS, Card, passes_luhn
from tallystick.gateways.providers.sandbox.server.words import WORDS
from tallystick.gateways.tests.opening import RETURN_URL, open_session
from tallystick.gateways.tests.sandbox_process import SandboxProcess

GOOD = "4242424242424242"


@pytest.fixture
def attempt_id() -> UUID:
    return uuid4()


@pytest.fixture
def opened(sandbox: SandboxProcess, attempt_id: UUID) -> Report:
    report = open_session(sandbox.gateway(), attempt_id)
    assert report.state is State.ACTION_REQUIRED
    return report


def test_all_numbers_pass_luhn() -> None:
    assert all(passes_luhn(card.number) for card in MAGIC_CARDS)
    assert len({card.number for card in MAGIC_CARDS}) == len(MAGIC_CARDS)


@pytest.mark.parametrize(
    ("number", "label"), [(GOOD, "Visa ···· 4242"), ("5555 5555 5555 4444", "Mastercard ···· 4444")]
)
def test_success(sandbox: SandboxProcess, attempt_id: UUID, opened: Report, number: str, label: str) -> None:
    answer = sandbox.pay(opened.action_url, number)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{RETURN_URL}&session={opened.ref}")
    report = sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, report.action_url, report.decline) == (State.SUCCEEDED, None, None)
    [charge] = report.charges
    assert (charge.amount_minor, charge.currency, charge.method_label) == (303_316, "EUR", label)
    assert sandbox.events(attempt_id) == ["charge.succeeded", "session.completed"]


@pytest.mark.parametrize(
    "card", [card for card in MAGIC_CARDS if card.outcome == "decline"], ids=lambda card: card.code
)
def test_decline_leaves_the_session_open(sandbox: SandboxProcess, attempt_id: UUID, opened: Report, card: Card) -> None:
    answer = sandbox.pay(opened.action_url, card.number)
    assert answer.headers["location"].startswith(f"/checkout/{opened.ref}")
    assert "Nothing was charged" in sandbox.payer.get(str(opened.action_url)).text
    report = sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, report.charges) == (State.ACTION_REQUIRED, ())
    assert report.decline is not None
    assert (report.decline.code, report.decline.klass) == (card.code, DECLINES[card.code][0])

    sandbox.pay(opened.action_url, GOOD)
    report = sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, len(report.charges), report.decline) == (State.SUCCEEDED, 1, None)
    tries = sandbox.call("GET", f"/v1/sessions/{opened.ref}").json()["tries"]
    assert [each["outcome"] for each in tries] == ["declined", "succeeded"]


def test_words_are_complete() -> None:
    assert set(WORDS["en"]) == set(WORDS["ro"])
    needed = {card.meaning for card in MAGIC_CARDS} | {f"why_{code}" for code in DECLINES}
    assert needed <= set(WORDS["en"])


def test_classes() -> None:
    assert {klass for klass, _ in DECLINES.values()} == {str(each) for each in DeclineClass}


@pytest.mark.parametrize(("answer", "state"), [("approve", State.SUCCEEDED), ("decline", State.ACTION_REQUIRED)])
def test_3ds(sandbox: SandboxProcess, attempt_id: UUID, opened: Report, answer: str, state: State) -> None:
    step = sandbox.pay(opened.action_url, "4000000000003220")
    assert "/verify" in step.headers["location"]
    assert "bank" in sandbox.payer.get(f"{opened.action_url}/verify").text
    gateway = sandbox.gateway()
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.ACTION_REQUIRED
    sandbox.answer_bank(opened.action_url, answer)
    report = gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, len(report.charges)) == (state, 1 if answer == "approve" else 0)
    if answer == "decline":
        assert report.decline is not None and report.decline.code == "authentication_failed"
    sandbox.answer_bank(opened.action_url, "approve")
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is state


def test_delayed_success(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    gateway = sandbox.gateway()
    sandbox.pay(opened.action_url, "4000000000002206")
    assert gateway.look_up(attempt_id=attempt_id, ref=opened.ref).state is State.PROCESSING
    assert gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref)).state is State.CANCELING
    assert "on its way" in sandbox.pay(opened.action_url, GOOD).text
    sandbox.advance(21)
    report = gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, len(report.charges)) == (State.SUCCEEDED, 1)
    assert sandbox.events(attempt_id) == ["session.processing", "charge.succeeded", "session.completed"]


def test_delayed_failure(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    sandbox.pay(opened.action_url, "4000000000003303")
    sandbox.advance(21)
    report = sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, report.charges) == (State.DECLINED, ())
    assert report.decline is not None and report.decline.klass is DeclineClass.TRY_LATER
    assert sandbox.events(attempt_id) == ["session.processing", "charge.failed"]


def test_disputed_later(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    sandbox.pay(opened.action_url, "4000000000000259")
    assert "charge.disputed" not in sandbox.events(attempt_id)
    sandbox.advance(21)
    assert sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref).state is State.SUCCEEDED
    assert sandbox.events(attempt_id)[-1] == "charge.disputed"


def test_slow_answer(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    began = time.monotonic()
    assert sandbox.pay(opened.action_url, "4000000000004400").status_code == 303
    assert time.monotonic() - began >= 0.4
    assert sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref).state is State.SUCCEEDED


def test_charged_at_most_once(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    sandbox.pay(opened.action_url, GOOD)
    again = sandbox.pay(opened.action_url, GOOD)
    assert "won’t be charged again" in again.text
    assert len(sandbox.gateway().look_up(attempt_id=attempt_id, ref=opened.ref).charges) == 1


def test_expired_by_time_and_by_wish(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    gateway = sandbox.gateway()
    assert gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref)).state is State.CANCELED
    assert gateway.expire_session(attempt_id=attempt_id, ref=str(opened.ref)).state is State.CANCELED
    assert "has closed" in sandbox.pay(opened.action_url, GOOD).text
    other = uuid4()
    late = open_session(gateway, other)
    sandbox.advance(3601)
    assert gateway.look_up(attempt_id=other, ref=late.ref).state is State.CANCELED
    assert sandbox.events(other) == ["session.expired"]


def test_expire_after_payment_tells_the_payment(sandbox: SandboxProcess, attempt_id: UUID, opened: Report) -> None:
    sandbox.pay(opened.action_url, GOOD)
    report = sandbox.gateway().expire_session(attempt_id=attempt_id, ref=str(opened.ref))
    assert (report.state, len(report.charges)) == (State.SUCCEEDED, 1)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"number": "4242424242424241"}, "number"),
        ({"number": "4111111111111111"}, "number"),
        ({"expiry": "13/34"}, "expiry"),
        ({"expiry": "01/20"}, "expiry"),
        ({"cvc": "12"}, "cvc"),
        ({"name": " "}, "name"),
    ],
)
def test_mistakes_are_kept_and_named(
    sandbox: SandboxProcess, opened: Report, typed: dict[str, str], field: str
) -> None:
    page = sandbox.pay(opened.action_url, **{"number": GOOD, **typed})
    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text and page.text.count('aria-invalid="true"') == 1
    assert sandbox.call("GET", f"/v1/sessions/{opened.ref}").json()["tries"] == []


def test_romanian_and_prefilled(sandbox: SandboxProcess) -> None:
    opened = open_session(sandbox.gateway(), uuid4(), amount_minor=588_575, currency="RON", language="ro-RO")
    page = sandbox.payer.get(f"{opened.action_url}?card={GOOD}").text
    assert "5.885,75\xa0lei" in page and 'lang="ro"' in page and 'value="4242 4242 4242 4242"' in page
    assert "<script" not in page
