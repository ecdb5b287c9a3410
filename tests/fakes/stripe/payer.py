"""The payer at Stripe's checkout page, or on the bank's page for a charge of a kept card."""

from __future__ import annotations

from tests.fakes.stripe.books import DAY_S, Thing
from tests.fakes.stripe.server import FakeStripe, _shown

DELAY_S = 3 * DAY_S
_REFUSED = {
    "declined": ("card_declined", "generic_decline", "Your card was declined."),
    "insufficient": ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
}


def act(fake: FakeStripe, ref: str, outcome: str, later: str) -> None:
    """Do one thing at the page of a session or an intent. Called under the fake's lock."""
    if ref.startswith("pi_"):
        _answer_bank(fake, fake.books.objects[ref], outcome)
    elif outcome != "abandoned":
        session = fake.books.objects[ref]
        assert session["status"] == "open", "the page is closed"
        _pay(fake, session, outcome, later)


def _answer_bank(fake: FakeStripe, intent: Thing, outcome: str) -> None:
    """On the bank's own page."""
    assert intent["status"] == "requires_action", "there is nothing to confirm"
    if outcome == "challenge_approved":
        fake.books.take(intent, fake.books.objects[intent["payment_method"]], intent["amount"])
    elif outcome == "challenge_refused":
        _refuse_challenge(fake, intent)


def _refuse_challenge(fake: FakeStripe, intent: Thing) -> None:
    code = "payment_intent_authentication_failure"
    if intent["object"] == "setup_intent":
        code = "setup_intent_authentication_failure"
    fake.books.fail(intent, code, None, "The payer couldn't be authenticated.")


def _pay(fake: FakeStripe, session: Thing, outcome: str, later: str) -> None:
    intent = _intent_of(fake, session)
    if outcome in _REFUSED:
        fake.books.fail(intent, *_REFUSED[outcome])
        return
    if outcome == "challenge_refused":
        _refuse_challenge(fake, intent)
        return
    asked = session["_asked"]
    if session["customer"] is None and asked.get("customer_creation") == "always":
        session["customer"] = fake.books.make("cus", "customer", email=asked.get("customer_email"))["id"]
    intent["customer"] = session["customer"]
    is_kept = session["mode"] == "setup" or intent["setup_future_usage"] == "off_session"
    kind = "sepa_debit" if outcome.startswith("delayed") else "card"
    method = fake.books.keep_method(session["customer"] if is_kept else None, later, kind)
    intent["payment_method"] = method["id"]
    session.update(status="complete", url=None)
    if session["mode"] == "setup":
        intent["status"] = "succeeded"
        fake.books.tell("setup_intent.succeeded", intent)
    elif outcome.startswith("delayed"):
        intent["status"] = "processing"
        fake.books.tell("payment_intent.processing", intent)
        fake.books.later_on(DELAY_S, lambda: _settle(fake, session, intent, method, outcome))
    else:
        fake.books.take(intent, method, _amount(fake, intent))
        session["payment_status"] = "paid"
    fake.books.tell("checkout.session.completed", _shown(session))


def _settle(fake: FakeStripe, session: Thing, intent: Thing, method: Thing, outcome: str) -> None:
    if outcome == "delayed_success":
        fake.books.take(intent, method, intent["amount"])
        session["payment_status"] = "paid"
        fake.books.tell("checkout.session.async_payment_succeeded", _shown(session))
    else:
        fake.books.fail(intent, "payment_intent_payment_attempt_failed", None, "The bank refused the debit.")
        fake.books.tell("checkout.session.async_payment_failed", _shown(session))


def _amount(fake: FakeStripe, intent: Thing) -> int:
    other = fake.faults.take(["other_amount"], "pay")
    return int(str(other.params["amount_minor"])) if other else int(intent["amount"])


def _intent_of(fake: FakeStripe, session: Thing) -> Thing:
    """The session's intent, made at the payer's first try."""
    asked = session["_asked"]
    if session["mode"] == "setup":
        if session["setup_intent"] is None:
            made = fake.books.make(
                "seti", "setup_intent", status="requires_payment_method", metadata=asked["setup_intent_data"]["metadata"],
                customer=session["customer"], payment_method=None, last_setup_error=None, latest_attempt=None,
                next_action=None,
            )  # fmt: skip
            session["setup_intent"] = made["id"]
        return fake.books.objects[session["setup_intent"]]
    if session["payment_intent"] is None:
        data = asked["payment_intent_data"]
        made = fake.books.make(
            "pi", "payment_intent", amount=session["amount_total"], currency=session["currency"],
            metadata=data["metadata"], setup_future_usage=data.get("setup_future_usage"), customer=session["customer"],
            payment_method=None, status="requires_payment_method", latest_charge=None, last_payment_error=None,
            next_action=None, amount_received=0,
        )  # fmt: skip
        session["payment_intent"] = made["id"]
    return fake.books.objects[session["payment_intent"]]
