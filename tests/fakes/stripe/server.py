"""Stripe as our adapter sees it: stateful, strict about every parameter, with keys, cards, 3-D Secure and a bank behind."""

from __future__ import annotations

import json
from typing import Any

from tallystick.gateways.providers.stripe._transport import API_VERSION
from tests.fakes.stripe.books import DAY_S, Books, Thing
from tests.fakes.stripe.contract import Violation, find_route, read_params
from tests.fakes.wire import Answer, Call, Fake, as_json

KEY = "sk_test_51FakeKeyOfTheConformanceSuite"
SECRET = "whsec_fakeSigningSecretOfTheSuite"
KEY_LIFE_S = DAY_S
MULTIPLES = {"isk": 100, "ugx": 100, "kwd": 10, "bhd": 10, "jod": 10, "omr": 10, "tnd": 10}
MAX_PAGE = 100


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, **error: object) -> None:
        super().__init__(str(error))
        self.status, self.error = status, {"type": "invalid_request_error", **error}


class FakeStripe(Fake):
    """One account."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(self.clock)
        self.keys: dict[str, tuple[int, str, Answer]] = {}
        self.opened: list[str] = []
        """The client reference of each session ever made."""

    def operation(self, call: Call) -> str:
        """The verb of the gateway protocol, from the table of routes."""
        try:
            return find_route(call)[2]
        except Violation:
            return "unknown"

    def trouble(self, status: int, call: Call) -> Answer:
        """Stripe's own words for a conflict, a limit and a failure."""
        kind, code = {
            409: ("idempotency_error", "idempotency_key_in_use"),
            429: ("invalid_request_error", "rate_limit"),
        }.get(status, ("api_error", None))
        return as_json(status, {"error": {"type": kind, "code": code, "message": "Trouble on request."}})

    def answer(self, call: Call) -> Answer:
        """Check, replay or do."""
        self.books.catch_up()
        if call.headers.get("authorization") != f"Bearer {KEY}":
            return as_json(401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}})
        if call.headers.get("stripe-version") != API_VERSION:
            self.complaints.append(f"{call.path}: asked for version {call.headers.get('stripe-version')}")
        told = [name for name in call.headers if name.startswith("x-stripe")]
        if told or call.headers.get("user-agent") != "Tallystick":
            self.complaints.append(f"{call.path}: tells about this machine in {told} or its user agent")
        try:
            route, shape, _ = find_route(call)
            given = read_params(call, shape)
        except Violation as violation:
            self.complaints.append(str(violation))
            return as_json(400, {"error": {"type": "invalid_request_error", "message": str(violation)}})
        key = call.headers.get("idempotency-key", "")
        fingerprint = f"{call.method} {call.path} {json.dumps(given, sort_keys=True, default=str)}"
        if self.faults.take(["key_expired"], self.operation(call)):
            self.keys.clear()
        replayed = self._replay(key, fingerprint) if call.method == "POST" else None
        if replayed is not None:
            return replayed
        try:
            answer = as_json(200, self._do(call.method, route, call.parts, given))
        except Refusal as refusal:
            answer = as_json(refusal.status, {"error": refusal.error})
        if key and call.method == "POST" and answer.status in {200, 402}:
            self.keys[key] = (self.books.now(), fingerprint, answer)
        return answer

    def _replay(self, key: str, fingerprint: str) -> Answer | None:
        kept = self.keys.get(key)
        if kept is None or self.books.now() - kept[0] >= KEY_LIFE_S:
            return None
        if kept[1] != fingerprint:
            told = {"type": "idempotency_error", "message": "Keys for idempotent requests can only be used with the same parameters"}  # fmt: skip
            return as_json(400, {"error": told})
        return Answer(kept[2].status, kept[2].body, {**kept[2].headers, "Idempotent-Replayed": "true"})

    def _do(self, method: str, route: str, parts: list[str], given: dict[str, Any]) -> Any:
        """One call that nothing speaks against."""
        books = self.books
        own = parts[3] if route.startswith("/v1/checkout/sessions/ID") else parts[2] if "ID" in route else ""
        thing = books.objects.get(own) if own else None
        if own and thing is None:
            raise Refusal(404, code="resource_missing", message=f"No such object: '{own}'", param="id")
        is_post = method == "POST"
        match route:
            case "/v1/checkout/sessions" if is_post:
                return self._open(given)
            case "/v1/checkout/sessions/ID/expire":
                return self._expire(thing or {})
            case "/v1/payment_intents" if is_post:
                return self._charge(given)
            case "/v1/payment_intents/ID/cancel":
                return self._cancel(thing or {})
            case "/v1/refunds" if is_post:
                return self._refund(given)
            case "/v1/payment_methods/ID/detach":
                return self._detach(thing or {})
            case "/v1/webhook_endpoints" if is_post:
                return books.make("we", "webhook_endpoint", status="enabled", secret=SECRET, **given)
            case "/v1/webhook_endpoints/ID":
                is_off = given.pop("disabled", False)
                (thing or {}).update(given, status="disabled" if is_off else "enabled")
                return thing
            case "/v1/balance":
                return self._balance()
        if own:
            return self._expand(thing or {}, given.get("expand", []))
        return self._list(parts[-1], given)

    # Sessions

    def _open(self, given: dict[str, Any]) -> Thing:
        life = given["expires_at"] - self.books.now() if "expires_at" in given else DAY_S
        if not 1800 <= life <= DAY_S:
            raise Refusal(
                400, param="expires_at", message="The expires_at timestamp must be between 30 minutes and 24 hours."
            )
        if given.get("customer") and ("customer_email" in given or "customer_creation" in given):
            raise Refusal(400, message="You may only specify one of these parameters: customer, customer_email.")
        if given.get("customer") and given["customer"] not in self.books.objects:
            raise Refusal(400, code="resource_missing", param="customer", message="No such customer")
        amount = None
        if given["mode"] == "payment":
            price = given["line_items"][0]["price_data"]
            amount = price["unit_amount"] * given["line_items"][0]["quantity"]
            self._check_amount(amount, price["currency"])
            currency = price["currency"]
            if "setup_intent_data" in given:
                raise Refusal(400, message="setup_intent_data can't be used in payment mode.")
        else:
            currency = given["currency"]
            if "payment_intent_data" in given or "line_items" in given:
                raise Refusal(400, message="That can't be used in setup mode.")
        session = self.books.make(
            "cs", "checkout.session", mode=given["mode"], status="open", amount_total=amount, currency=currency,
            payment_status="no_payment_required" if amount is None else "unpaid", payment_intent=None, setup_intent=None,
            client_reference_id=given["client_reference_id"], metadata=given.get("metadata", {}),
            customer=given.get("customer"), expires_at=self.books.now() + life, url=None,
        )  # fmt: skip
        session["url"] = f"{self.url}/pay/{session['id']}"
        session["_asked"] = given
        self.opened.append(given["client_reference_id"])
        self.books.later_on(life, lambda: self._end(session) if session["status"] == "open" else None)
        return _shown(session)

    def _end(self, session: Thing) -> None:
        session.update(status="expired", url=None)
        intent = self.books.objects.get(session["payment_intent"] or "")
        if intent and intent["status"] in {"requires_payment_method", "requires_action"}:
            intent["status"] = "canceled"
        self.books.tell("checkout.session.expired", _shown(session))

    def _expire(self, session: Thing) -> Thing:
        if session["status"] != "open" or self.faults.take(["expire_refused"], "expire_session"):
            told = 'Only Checkout Sessions with a status in ["open"] can be expired.'
            raise Refusal(400, message=told)
        self._end(session)
        return _shown(session)

    # Charges of kept methods

    def _charge(self, given: dict[str, Any]) -> Thing:
        method = self.books.objects.get(given["payment_method"])
        if method is None:
            raise Refusal(400, code="resource_missing", param="payment_method", message="No such PaymentMethod")
        if method["customer"] is None or method["customer"] != given.get("customer"):
            raise Refusal(400, message="The provided PaymentMethod was detached or belongs to another customer.")
        if given.get("off_session") and "return_url" in given:
            raise Refusal(400, message="return_url makes no sense without the payer.")
        self._check_amount(given["amount"], given["currency"])
        intent = self.books.make(
            "pi", "payment_intent", amount=given["amount"], currency=given["currency"], metadata=given["metadata"],
            customer=method["customer"], payment_method=method["id"], status="requires_confirmation",
            latest_charge=None, last_payment_error=None, next_action=None, setup_future_usage=None, amount_received=0,
        )  # fmt: skip
        self._confirm(intent, method, is_present=not given.get("off_session"))
        return self._expand(intent, given.get("expand", []))

    def _confirm(self, intent: Thing, method: Thing, *, is_present: bool) -> None:
        later = self.books.later[method["id"]]
        if method["type"] != "card":
            intent["status"] = "processing"
            self.books.tell("payment_intent.processing", intent)
            self.books.later_on(3 * DAY_S, lambda: self.books.take(intent, method, intent["amount"]))
            return
        if later == "good":
            self.books.take(intent, method, intent["amount"])
            return
        if later == "needs_authentication" and is_present:
            page = {"url": f"{self.url}/3ds/{intent['id']}", "return_url": "…"}
            intent.update(status="requires_action", next_action={"type": "redirect_to_url", "redirect_to_url": page})
            self.books.tell("payment_intent.requires_action", intent)
            return
        code, decline, message = {
            "insufficient": ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
            "expired": ("expired_card", "expired_card", "Your card has expired."),
            "stolen": ("card_declined", "stolen_card", "Your card was declined."),
            "needs_authentication": (
                "authentication_required",
                "authentication_required",
                "Authentication is required.",
            ),
        }[later]
        error = self.books.fail(intent, code, decline, message)
        raise Refusal(402, **{**error, "payment_intent": {"id": intent["id"], "object": "payment_intent"}})

    def _cancel(self, intent: Thing) -> Thing:
        if intent["status"] not in {"requires_payment_method", "requires_action", "requires_confirmation"} or (
            self.faults.take(["expire_refused"], "expire_session")
        ):
            raise Refusal(400, code="payment_intent_unexpected_state", message="You cannot cancel this PaymentIntent.")
        intent["status"] = "canceled"
        self.books.tell("payment_intent.canceled", intent)
        return intent

    # Money back, methods gone, balance

    def _refund(self, given: dict[str, Any]) -> Thing:
        intent = self.books.objects.get(given.get("payment_intent", ""))
        charge = self.books.objects.get((intent or {}).get("latest_charge") or "")
        if charge is None:
            raise Refusal(404, code="resource_missing", message="No such payment_intent")
        if charge["refunded"]:
            raise Refusal(400, code="charge_already_refunded", message="This charge has already been refunded.")
        if charge["disputed"]:
            raise Refusal(400, code="charge_disputed", message="This charge has been charged back.")
        if given["amount"] > charge["amount"] - charge["amount_refunded"]:
            raise Refusal(400, param="amount", message="Refund amount is greater than unrefunded amount on charge.")
        is_slow = charge["payment_method_details"]["type"] != "card"
        return self.books.refund(charge, given["amount"], given.get("metadata", {}), is_slow=is_slow)

    def _detach(self, method: Thing) -> Thing:
        if method["customer"] is None:
            raise Refusal(
                400,
                message="The payment method you provided is not attached to a customer so detachment is impossible.",
            )
        method["customer"] = None
        self.books.tell("payment_method.detached", method)
        return method

    def _balance(self) -> Thing:
        held, now = self.books.held(), self.books.now()
        pending: dict[str, int] = dict.fromkeys(held, 0)
        for each in self.books.all("balance_transaction"):
            if each["available_on"] > now and each["id"] not in self.books.payout_of:
                pending[each["currency"]] += each["net"]
        return {
            "object": "balance", "livemode": False,
            "available": [{"amount": held[code] - pending[code], "currency": code} for code in held],
            "pending": [{"amount": amount, "currency": code} for code, amount in pending.items()],
        }  # fmt: skip

    def _check_amount(self, amount: int, currency: str) -> None:
        if amount < 1 or amount % MULTIPLES.get(currency, 1):
            raise Refusal(
                400, code="parameter_invalid_integer", param="amount", message="Invalid amount for this currency."
            )

    # Lists

    def _list(self, noun: str, given: dict[str, Any]) -> Thing:
        kind = {"sessions": "checkout.session"}.get(noun, noun.removesuffix("s"))
        found = [each for each in self.books.all(kind) if self._matches(each, given)][::-1]
        lag = self.faults.take(["lookup_lag"], "look_up") if noun in {"sessions", "payment_intents"} else None
        if lag:
            newest = self.books.now() - int(str(lag.params.get("seconds", 60)))
            found = [each for each in found if each["created"] <= newest]
        limit = given.get("limit", 10)
        if not 1 <= limit <= MAX_PAGE:
            raise Refusal(400, param="limit", message="Invalid integer")
        ids = [each["id"] for each in found]
        if "ending_before" in given:
            end = ids.index(given["ending_before"])
            page, more = found[max(0, end - limit) : end], end > limit
        else:
            start = ids.index(given["starting_after"]) + 1 if "starting_after" in given else 0
            page, more = found[start : start + limit], len(found) > start + limit
        inner = [each.removeprefix("data.") for each in given.get("expand", [])]
        shown = [self._expand(each, inner) for each in page]
        return {"object": "list", "url": f"/v1/{noun}", "has_more": more, "data": shown}

    def _matches(self, each: Thing, given: dict[str, Any]) -> bool:
        created = given.get("created", {})
        return (
            created.get("gte", 0) <= each["created"] <= created.get("lte", 10**12)
            and each["created"] < created.get("lt", 10**12)
            and given.get("payment_intent") in {None, each.get("payment_intent")}
            and given.get("payout") in {None, self.books.payout_of.get(each["id"])}
        )

    def _expand(self, thing: Thing, paths: list[str]) -> Thing:
        """A copy, with the ids at these paths replaced by what they name."""
        shown = _shown(thing)
        for path in paths:
            name, _, rest = path.partition(".")
            value = shown.get(name)
            if isinstance(value, str) and value in self.books.objects:
                shown[name] = self._expand(self.books.objects[value], [rest] if rest else [])
            elif isinstance(value, dict) and rest:
                own = value.get("id", "")
                shown[name] = {**value, rest: self._expand(self.books.objects[own], [rest]).get(rest)}
        return shown


def _shown(thing: Thing) -> Thing:
    return {name: value for name, value in thing.items() if not name.startswith("_")}
