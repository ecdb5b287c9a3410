"""Cards that are kept, charged again, refused, confirmed and forgotten (D2, D3, D18)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import SavedMethod
from tallystick.gateways.providers.sandbox.server.cards import MAGIC_CARDS
from tallystick.gateways.tests.opening import charge_method, open_session
from tallystick.gateways.tests.sandbox_process import SandboxProcess

GOOD = "4242424242424242"
POOR, POOR_TWICE, LATER_EXPIRED, LATER_STOLEN, ASKS_LATER = (card.number for card in MAGIC_CARDS if card.once_saved)


def test_d2_paid_and_saved(sandbox: SandboxProcess) -> None:
    """D2: the card is kept once it was paid with; what comes back is brand, last four and expiry, never a number."""
    gateway, attempt_id = sandbox.gateway(), uuid4()
    opened = open_session(gateway, attempt_id, saves_method=True)
    assert opened.saved is None
    page = sandbox.payer.get(str(opened.action_url)).text
    assert "keeps this card for later" in page and POOR[-4:] in page
    sandbox.pay(opened.action_url, "4000000000009995")
    assert gateway.look_up(attempt_id=attempt_id, ref=None).saved is None
    sandbox.pay(opened.action_url, "5555555555554444", expiry="07/31")
    report = gateway.look_up(attempt_id=attempt_id, ref=None)
    assert report.state is State.SUCCEEDED and len(report.charges) == 1 and report.saved is not None
    saved = report.saved
    assert saved == SavedMethod(saved.ref, saved.customer_ref, "card", "Mastercard", "4444", 7, 2031)
    assert "5555555555554444" not in sandbox.call("GET", f"/v1/sessions/{opened.ref}").text


def test_d2_nothing_is_kept_without_consent(sandbox: SandboxProcess) -> None:
    gateway, attempt_id = sandbox.gateway("no-consent"), uuid4()
    opened = open_session(gateway, attempt_id)
    page = sandbox.payer.get(str(opened.action_url)).text
    assert "for later" not in page and "0341" not in page
    sandbox.pay(opened.action_url, GOOD)
    assert gateway.look_up(attempt_id=attempt_id, ref=None).saved is None
    assert sandbox.truth(name="no-consent")["methods"] == []


@pytest.mark.parametrize(("language", "button"), [("en", "Save card"), ("ro", "Salvați cardul")])
def test_d2_saved_without_paying(sandbox: SandboxProcess, language: str, button: str) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    opened = open_session(gateway, attempt_id, amount_minor=0, saves_method=True, language=language)
    page = sandbox.payer.get(str(opened.action_url)).text
    assert f"<button>{button}</button>" in page and 'class="amount"' not in page
    sandbox.pay(opened.action_url, "4000000000000002")
    report = gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, report.decline is None, report.saved) == (State.ACTION_REQUIRED, False, None)
    sandbox.pay(opened.action_url, "4000000000003220")
    assert "0,00" not in sandbox.payer.get(f"{opened.action_url}/verify").text
    sandbox.answer_bank(opened.action_url, "approve")
    report = gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert (report.state, report.charges) == (State.SUCCEEDED, ())
    assert report.saved is not None and report.saved.last4 == "3220"
    assert "Card saved" in sandbox.payer.get(f"{opened.action_url}?lang=en").text
    assert sandbox.events(attempt_id) == ["session.declined", "session.completed"]


@pytest.mark.parametrize("saves", [True, False])
def test_amount_zero_only_saves(sandbox: SandboxProcess, saves: bool) -> None:
    report = open_session(sandbox.gateway(), uuid4(), amount_minor=0, saves_method=saves)
    assert report.state is (State.ACTION_REQUIRED if saves else State.DECLINED)


def test_the_same_payer_keeps_two_cards(sandbox: SandboxProcess) -> None:
    first = sandbox.save_card()
    second = sandbox.save_card("5555555555554444", customer=first.customer_ref)
    assert second.customer_ref == first.customer_ref and second.ref != first.ref
    strange = open_session(sandbox.gateway("stranger"), uuid4(), saves_method=True, customer_ref=first.customer_ref)
    assert strange.state is State.DECLINED


def test_d18_charged_without_the_payer(sandbox: SandboxProcess) -> None:
    """D18: one call takes the money; the same key takes it once; it is found by our id."""
    method, gateway, attempt_id = sandbox.save_card(), sandbox.gateway(), uuid4()
    report = charge_method(gateway, attempt_id, method)
    assert (report.state, report.action_url, report.saved) == (State.SUCCEEDED, None, None)
    [charge] = report.charges
    assert (charge.amount_minor, charge.currency, charge.method_label) == (303_316, "EUR", "Visa ···· 4242")
    assert charge_method(gateway, attempt_id, method) == report
    assert gateway.look_up(attempt_id=attempt_id, ref=None) == report
    assert gateway.look_up(attempt_id=attempt_id, ref=report.ref) == report
    assert sandbox.events(attempt_id) == ["charge.succeeded"]


@pytest.mark.parametrize(
    ("number", "code", "klass"),
    [
        (POOR, "insufficient_funds", DeclineClass.TRY_LATER),
        (LATER_EXPIRED, "expired_card", DeclineClass.TRY_LATER),
        (LATER_STOLEN, "stolen_card", DeclineClass.NEVER_AGAIN),
        (ASKS_LATER, "authentication_required", DeclineClass.NEEDS_CUSTOMER),
        ("4000000000003220", "authentication_required", DeclineClass.NEEDS_CUSTOMER),
    ],
)
def test_d18_saved_well_and_declined_later(
    sandbox: SandboxProcess, number: str, code: str, klass: DeclineClass
) -> None:
    gateway, attempt_id = sandbox.gateway(), uuid4()
    if number == "4000000000003220":
        opened = open_session(gateway, attempt_id, amount_minor=0, saves_method=True)
        sandbox.pay(opened.action_url, number)
        sandbox.answer_bank(opened.action_url, "approve")
        method = gateway.look_up(attempt_id=attempt_id, ref=None).saved
        assert method is not None
    else:
        method = sandbox.save_card(number)
    for _ in range(3):
        attempt_id = uuid4()
        report = charge_method(gateway, attempt_id, method)
        assert (report.state, report.charges, report.action_url) == (State.DECLINED, (), None)
        assert report.decline is not None and (report.decline.code, report.decline.klass) == (code, klass)
        assert gateway.look_up(attempt_id=attempt_id, ref=None) == report
        assert sandbox.events(attempt_id) == ["charge.failed"]


def test_poor_twice_then_pays(sandbox: SandboxProcess) -> None:
    method, gateway = sandbox.save_card(POOR_TWICE), sandbox.gateway()
    states = [charge_method(gateway, uuid4(), method).state for _ in range(4)]
    assert states == [State.DECLINED, State.DECLINED, State.SUCCEEDED, State.SUCCEEDED]


def test_a_card_expires_as_typed(sandbox: SandboxProcess) -> None:
    now = sandbox.payer.get(f"{sandbox.url}/clock").json()["now"]
    year, month = int(now[:4]), int(now[5:7])
    method = sandbox.save_card(expiry=f"{month:02d}/{year % 100:02d}")
    assert (method.expiry_month, method.expiry_year) == (month, year)
    assert charge_method(sandbox.gateway(), uuid4(), method).state is State.SUCCEEDED
    sandbox.advance(32 * 86400)
    report = charge_method(sandbox.gateway(), uuid4(), method)
    assert report.decline is not None and report.decline.code == "expired_card"


@pytest.mark.parametrize(("answer", "state"), [("approve", State.SUCCEEDED), ("decline", State.DECLINED)])
def test_d18_the_payer_is_there_and_the_bank_asks(sandbox: SandboxProcess, answer: str, state: State) -> None:
    method, gateway, attempt_id = sandbox.save_card(ASKS_LATER), sandbox.gateway(), uuid4()
    report = charge_method(gateway, attempt_id, method, is_present=True)
    assert report.state is State.ACTION_REQUIRED and report.charges == ()
    asked = sandbox.payer.get(str(report.action_url), follow_redirects=True)
    assert asked.url.path.endswith("/verify") and "Your bank" in asked.text
    assert sandbox.pay(report.action_url, GOOD).headers["location"].startswith(asked.url.path)
    sandbox.answer_bank(report.action_url, answer)
    found = gateway.look_up(attempt_id=attempt_id, ref=report.ref)
    assert (found.state, len(found.charges)) == (state, 1 if answer == "approve" else 0)
    assert sandbox.payer.get(str(report.action_url)).status_code == 200


def test_a_confirmation_that_never_comes(sandbox: SandboxProcess) -> None:
    method, gateway = sandbox.save_card(ASKS_LATER), sandbox.gateway()
    late, stopped = uuid4(), uuid4()
    charge_method(gateway, late, method, is_present=True)
    report = charge_method(gateway, stopped, method, is_present=True)
    assert gateway.expire_session(attempt_id=stopped, ref=str(report.ref)).state is State.CANCELED
    sandbox.answer_bank(report.action_url, "approve")
    assert gateway.look_up(attempt_id=stopped, ref=None).state is State.CANCELED
    sandbox.advance(3601)
    assert gateway.look_up(attempt_id=late, ref=None).state is State.CANCELED


@pytest.mark.parametrize(
    ("number", "state"), [("4000000000002206", State.SUCCEEDED), ("4000000000003303", State.DECLINED)]
)
def test_slow_banks(sandbox: SandboxProcess, number: str, state: State) -> None:
    method, gateway, attempt_id = sandbox.save_card(number), sandbox.gateway(), uuid4()
    assert charge_method(gateway, attempt_id, method).state is State.PROCESSING
    sandbox.advance(21)
    assert gateway.look_up(attempt_id=attempt_id, ref=None).state is state


@pytest.mark.parametrize("is_refused", [False, True])
def test_stopped_while_the_bank_thinks(sandbox: SandboxProcess, is_refused: bool) -> None:
    method, gateway, attempt_id = sandbox.save_card("4000000000002206"), sandbox.gateway(), uuid4()
    ref = str(charge_method(gateway, attempt_id, method).ref)
    if is_refused:
        sandbox.fault("cancel_refused", client_reference=str(attempt_id))
    expired = gateway.expire_session(attempt_id=attempt_id, ref=ref)
    assert expired.state is (State.UNKNOWN if is_refused else State.CANCELED)
    sandbox.advance(21)
    found = gateway.look_up(attempt_id=attempt_id, ref=ref)
    assert found.state is (State.SUCCEEDED if is_refused else State.CANCELED)


def test_forgotten(sandbox: SandboxProcess) -> None:
    method, gateway = sandbox.save_card(), sandbox.gateway()
    for _ in range(2):
        assert gateway.forget_method(method_ref=method.ref, customer_ref=method.customer_ref)
    assert gateway.forget_method(method_ref="pm_none", customer_ref=method.customer_ref)
    report = charge_method(gateway, uuid4(), method)
    assert report.state is State.DECLINED and report.decline is not None
    assert (report.decline.code, report.decline.klass) == ("method_not_found", DeclineClass.NEEDS_CUSTOMER)


def test_another_account_cannot_use_or_remove_it(sandbox: SandboxProcess) -> None:
    method, stranger = sandbox.save_card(), sandbox.gateway("stranger")
    assert charge_method(stranger, uuid4(), method).state is State.DECLINED
    stranger.forget_method(method_ref=method.ref, customer_ref=method.customer_ref)
    assert charge_method(sandbox.gateway(), uuid4(), method).state is State.SUCCEEDED


def test_a_card_of_another_customer_is_not_charged(sandbox: SandboxProcess) -> None:
    mine, other = sandbox.save_card(), sandbox.save_card()
    mixed = SavedMethod(mine.ref, other.customer_ref, "card", "Visa", "4242")
    assert charge_method(sandbox.gateway(), uuid4(), mixed).state is State.DECLINED


@pytest.mark.parametrize("kind", ["drop_after", "error_500_after", "malformed_after"])
def test_d18_a_lost_answer_is_found_again(sandbox: SandboxProcess, kind: str) -> None:
    method, gateway, attempt_id = sandbox.save_card(), sandbox.gateway(), uuid4()
    sandbox.fault(kind, client_reference=str(attempt_id), operation="charge_method")
    assert charge_method(gateway, attempt_id, method).state is State.UNKNOWN
    found = gateway.look_up(attempt_id=attempt_id, ref=None)
    assert found.state is State.SUCCEEDED and charge_method(gateway, attempt_id, method) == found
    sandbox.fault(kind, operation="forget_method")
    assert not gateway.forget_method(method_ref=method.ref, customer_ref=method.customer_ref)
    assert gateway.forget_method(method_ref=method.ref, customer_ref=method.customer_ref)
