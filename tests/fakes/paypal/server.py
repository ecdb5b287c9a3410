"""A fake of PayPal: Orders v2, Vault v3, refunds, disputes and webhooks of one merchant account.

It keeps PayPal's rules as documented: a request id gives the same answer for six hours, an order is captured once, an
invoice id is paid once, an order nobody approved is gone after six hours.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from datetime import datetime, timedelta

from tests.fakes.wire import Answer, Call, Fake, as_json

KEY_LIFETIME = timedelta(hours=6)
APPROVAL_LIFETIME = timedelta(hours=6)
SETTLES_AFTER = timedelta(hours=1)
_MONEY = re.compile(r"[0-9]+(\.[0-9]{2})?")
_WHOLE = {"HUF", "JPY", "TWD"}
_ROUTES = (
    ("POST", r"/v1/oauth2/token", "token"),
    ("POST", r"/v2/checkout/orders", "order"),
    ("GET", r"/v2/checkout/orders/([^/]+)", "look_up"),
    ("PATCH", r"/v2/checkout/orders/([^/]+)", "expire_session"),
    ("POST", r"/v2/checkout/orders/([^/]+)/capture", "capture"),
    ("POST", r"/v2/payments/captures/([^/]+)/refund", "refund"),
    ("POST", r"/v3/vault/setup-tokens", "setup"),
    ("GET", r"/v3/vault/setup-tokens/([^/]+)", "look_up_setup"),
    ("POST", r"/v3/vault/payment-tokens", "keep"),
    ("DELETE", r"/v3/vault/payment-tokens/([^/]+)", "forget_method"),
    ("GET", r"/v1/customer/disputes", "disputes"),
    ("GET", r"/v1/customer/disputes/([^/]+)", "dispute"),
    ("GET", r"/v1/notifications/webhooks", "webhooks"),
    ("POST", r"/v1/notifications/webhooks", "add_webhook"),
)
_REFUSED = {
    "declined": "INSTRUMENT_DECLINED",
    "insufficient": "INSTRUMENT_DECLINED",
    "expired": "CARD_EXPIRED",
    "stolen": "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
}
_KEYED = {"order", "capture", "refund", "setup", "keep"}
Object = dict[str, object]


class PayPal(Fake):
    """The account. Its tables hold PayPal's own representations, and beside them what only PayPal knows."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = secrets.token_hex(8)
        self.tokens: set[str] = set()
        self.orders: dict[str, Object] = {}
        self.setups: dict[str, Object] = {}
        self.vault: dict[str, Object] = {}
        self.disputes: dict[str, Object] = {}
        self.hooks: list[Object] = []
        self.events: list[Object] = []
        self.keys: dict[tuple[str, str], tuple[datetime, bytes, Answer, str]] = {}
        self.minds: dict[str, str] = {}
        """What the payer's bank will say when an order is captured, by order."""
        self.laters: dict[str, str] = {}
        """What becomes of later charges, by order, setup token or kept wallet."""
        self.invoices_paid: set[str] = set()
        self.opened: list[str] = []

    def operation(self, call: Call) -> str:
        """See `Fake.operation`."""
        name, _ = _route(call)
        if name == "order":
            return "charge_method" if b"vault_id" in call.body else "open_session"
        return {"setup": "open_session", "look_up_setup": "look_up"}.get(name, name)

    def trouble(self, status: int, call: Call) -> Answer:
        """See `Fake.trouble`."""
        return as_json(status, {"name": "TROUBLE", "message": f"trouble {status}", "details": []})

    def answer(self, call: Call) -> Answer:
        """See `Fake.answer`."""
        self.settle()
        name, ref = _route(call)
        if name == "token":
            return self._token(call)
        if call.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return as_json(401, {"error": "invalid_token", "error_description": "Token signature verification failed"})
        if not name:
            self.complaints.append(f"there is no {call.method} {call.path}")
            return _error(404, "RESOURCE_NOT_FOUND", "INVALID_URI")
        if name not in _KEYED:
            return self._act(name, ref, call)
        key = call.headers.get("paypal-request-id", "")
        if not key or len(key) > 108:
            self.complaints.append(f"{call.method} {call.path} without a good PayPal-Request-Id")
        known = self.keys.get((name, key))
        if known and self.clock.now() < known[0] + KEY_LIFETIME:
            if known[1] != call.body:
                return _error(422, "UNPROCESSABLE_ENTITY", "DUPLICATE_REQUEST_ID")
            return as_json(200, self.orders[known[3]]) if known[3] else known[2]
        made = self._act(name, ref, call)
        order = str(json.loads(made.body)["id"]) if name in {"order", "capture"} and made.status < 300 else ""
        self.keys[name, key] = (self.clock.now(), call.body, made, order)
        return made

    def _act(self, name: str, ref: str, call: Call) -> Answer:
        match name:
            case "order":
                return self._create(call.json())
            case "look_up":
                return as_json(200, self.orders[ref]) if ref in self.orders else _missing()
            case "expire_session":
                return self._patch(ref, json.loads(call.body))
            case "capture":
                return self._capture(ref)
            case "refund":
                return self._refund(ref, call.json())
            case "setup":
                return self._set_up(call.json(), call.headers.get("paypal-request-id", ""))
            case "look_up_setup":
                return as_json(200, self.setups[ref]) if ref in self.setups else _missing()
            case "keep":
                return self._keep(call.json())
            case "forget_method":
                return Answer(204) if self.vault.pop(ref, None) else _missing()
            case "disputes":
                wanted = call.args["disputed_transaction_id"]
                found = [each for each in self.disputes.values() if each["capture"] == wanted]
                return as_json(200, {"items": [{"dispute_id": each["dispute_id"]} for each in found], "links": []})
            case "dispute":
                return as_json(200, self.disputes[ref]) if ref in self.disputes else _missing()
            case "webhooks":
                return as_json(200, {"webhooks": self.hooks})
            case _:
                self.hooks.append({"id": secrets.token_hex(8), "url": call.json()["url"]})
                return as_json(201, self.hooks[-1])

    def _token(self, call: Call) -> Answer:
        is_basic = call.headers.get("authorization", "").startswith("Basic ")
        if (
            not is_basic
            or _basic(call) != f"client:{self.secret}"
            or ("grant_type", "client_credentials") not in call.form
        ):
            return as_json(401, {"error": "invalid_client", "error_description": "Client Authentication failed"})
        token = f"A21AA{secrets.token_hex(12)}"
        self.tokens.add(token)
        return as_json(200, {"access_token": token, "token_type": "Bearer", "expires_in": 32400})

    def _create(self, wanted: Object) -> Answer:
        [unit] = wanted["purchase_units"]  # type: ignore[misc]
        wallet = wanted["payment_source"]["paypal"]  # type: ignore[index]
        self._check(unit)
        context = wallet["experience_context"]
        if not str(context["return_url"]).startswith("http"):
            return _error(400, "INVALID_REQUEST", "INVALID_PARAMETER_SYNTAX")
        ref = secrets.token_hex(8).upper()
        order: Object = {
            "id": ref, "intent": wanted["intent"], "status": "PAYER_ACTION_REQUIRED", "create_time": self._stamp(),
            "update_time": self._stamp(), "purchase_units": [{"reference_id": "default", **unit}],
            "payment_source": {"paypal": {}},
            "links": [
                {"href": f"{self.url}/v2/checkout/orders/{ref}", "rel": "self", "method": "GET"},
                {"href": f"https://www.sandbox.paypal.com/checkoutnow?token={ref}", "rel": "payer-action", "method": "GET"},
            ],
        }  # fmt: skip
        vault_id = wallet.get("vault_id")
        if vault_id is None:
            self.opened.append(str(unit["custom_id"]))
            if wallet.get("attributes", {}).get("vault"):
                order["payment_source"] = {"paypal": {"attributes": wallet["attributes"]}}
            self.orders[ref] = order
            return as_json(200, order)
        if vault_id not in self.vault:
            return _error(422, "UNPROCESSABLE_ENTITY", "TOKEN_ID_NOT_FOUND")
        later = self.laters[str(vault_id)]
        if later in _REFUSED:
            return _error(422, "UNPROCESSABLE_ENTITY", _REFUSED[later])
        if later == "needs_authentication":
            self.orders[ref] = order
            return as_json(200, order)
        self.orders[ref] = order
        refused = self._take(ref, later)
        if refused:
            del self.orders[ref]
            return refused
        return as_json(201, order)

    def _check(self, unit: Object) -> None:
        amount = unit["amount"]
        currency, value = amount["currency_code"], amount["value"]  # type: ignore[index]
        if not _MONEY.fullmatch(value) or (currency in _WHOLE) == ("." in value):
            self.complaints.append(f"{value} {currency} isn't written as PayPal wants it")
        if len(str(unit["custom_id"])) > 127 or len(str(unit["description"])) > 127:
            self.complaints.append("a text of a purchase unit is too long")

    def _patch(self, ref: str, changes: list[Object]) -> Answer:
        order = self.orders.get(ref)
        if order is None:
            return _missing()
        if order["status"] == "COMPLETED" or self.faults.take({"expire_refused"}, "expire_session"):
            return _error(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_COMPLETED")
        for each in changes:
            if each["path"] != "/purchase_units/@reference_id=='default'/custom_id" or each["op"] != "replace":
                self.complaints.append(f"an order can't be patched at {each['path']}")
                return _error(422, "UNPROCESSABLE_ENTITY", "NOT_PATCHABLE")
            order["purchase_units"][0]["custom_id"] = each["value"]  # type: ignore[index]
        return Answer(204)

    def _capture(self, ref: str) -> Answer:
        order = self.orders.get(ref)
        if order is None:
            return _missing()
        if order["status"] == "COMPLETED":
            return _error(422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            return _error(422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED")
        return self._take(ref, self.minds[ref]) or as_json(201, order)

    def _take(self, ref: str, mind: str) -> Answer | None:
        """Capture an order; the refusal, if it is refused."""
        order = self.orders[ref]
        [unit] = order["purchase_units"]  # type: ignore[misc]
        if mind in _REFUSED:
            return _error(422, "UNPROCESSABLE_ENTITY", _REFUSED[mind])
        if unit["invoice_id"] in self.invoices_paid:
            return _error(422, "UNPROCESSABLE_ENTITY", "DUPLICATE_INVOICE_ID")
        self.invoices_paid.add(unit["invoice_id"])
        amount = dict(unit["amount"])
        if other := self.faults.take({"other_amount"}, "pay"):
            amount["value"] = _money(int(str(other.params["amount_minor"])), amount["currency_code"])
        capture: Object = {
            "id": secrets.token_hex(8).upper(), "status": "PENDING" if mind.startswith("delayed") else "COMPLETED",
            "amount": amount, "final_capture": True, "custom_id": unit["custom_id"], "invoice_id": unit["invoice_id"],
            "create_time": self._stamp(), "update_time": self._stamp(),
            "supplementary_data": {"related_ids": {"order_id": ref}},
        }  # fmt: skip
        order["status"] = "COMPLETED"
        unit["payments"] = {"captures": [capture], "refunds": []}
        self.minds[ref] = mind
        wallet = order["payment_source"]["paypal"]  # type: ignore[index]
        wallet |= {"email_address": "accounts@pemberton.example", "account_id": "QYR5Z8XDVJNXQ"}
        if wallet.get("attributes"):
            wallet["attributes"] = {"vault": self._new_wallet(wallet["attributes"].get("customer"), self.laters[ref])}
        self._tell(f"PAYMENT.CAPTURE.{capture['status']}", "capture", capture)
        return None

    def _new_wallet(self, customer: Object | None, later: str) -> Object:
        ref = secrets.token_hex(5)
        kept: Object = {"id": ref, "customer": {"id": (customer or {}).get("id") or secrets.token_hex(5)}}
        self.vault[ref], self.laters[ref] = kept, later
        self._tell("VAULT.PAYMENT-TOKEN.CREATED", "payment_token", kept)
        return {**kept, "status": "VAULTED"}

    def _refund(self, ref: str, wanted: Object) -> Answer:
        found = self.find_capture(ref)
        if found is None:
            return _missing()
        payments, capture = found
        given = sum(_minor(each["amount"]) for each in payments["refunds"] if each["status"] != "FAILED")
        left = _minor(capture["amount"]) - given
        amount = wanted["amount"]
        if amount["currency_code"] != capture["amount"]["currency_code"]:  # type: ignore[index]
            return _error(422, "UNPROCESSABLE_ENTITY", "REFUND_CAPTURE_CURRENCY_MISMATCH")
        if _minor(amount) > left:
            return _error(422, "UNPROCESSABLE_ENTITY", "REFUND_AMOUNT_EXCEEDED" if left else "CAPTURE_FULLY_REFUNDED")
        if any(each["capture"] == ref and each["status"] != "RESOLVED" for each in self.disputes.values()):
            return _error(422, "UNPROCESSABLE_ENTITY", "CAPTURE_DISPUTED_PARTIAL_REFUND_NOT_ALLOWED")
        refund: Object = {
            "id": secrets.token_hex(8).upper(), "status": "COMPLETED", "amount": amount, "create_time": self._stamp(),
            "links": [{"href": f"{self.url}/v2/payments/captures/{ref}", "rel": "up", "method": "GET"}],
            **{name: wanted[name] for name in ("custom_id", "invoice_id") if name in wanted},
        }  # fmt: skip
        payments["refunds"].append(refund)
        capture["status"] = "REFUNDED" if _minor(amount) == left else "PARTIALLY_REFUNDED"
        self._tell("PAYMENT.CAPTURE.REFUNDED", "refund", refund)
        return as_json(201, refund)

    def _set_up(self, wanted: Object, key: str) -> Answer:
        ref = secrets.token_hex(8)
        setup: Object = {
            "id": ref, "customer": wanted.get("customer", {"id": secrets.token_hex(5)}), "status": "PAYER_ACTION_REQUIRED",
            "payment_source": {"paypal": wanted["payment_source"]["paypal"]},  # type: ignore[index]
            "links": [{"href": f"https://www.sandbox.paypal.com/agreements/approve?token={ref}", "rel": "approve"}],
        }  # fmt: skip
        self.setups[ref] = setup
        self.opened.append(key)
        return as_json(201, setup)

    def _keep(self, wanted: Object) -> Answer:
        token = wanted["payment_source"]["token"]  # type: ignore[index]
        setup = self.setups.get(token["id"])
        if setup is None or token["type"] != "SETUP_TOKEN" or setup["status"] != "APPROVED":
            return _error(422, "UNPROCESSABLE_ENTITY", "SETUP_TOKEN_NOT_APPROVED")
        setup["status"] = "VAULTED"
        kept = self._new_wallet(setup["customer"], self.laters[token["id"]])  # type: ignore[arg-type]
        source = {"paypal": {"email_address": "accounts@pemberton.example", "payer_id": "VYYFH3WJ4JPJQ"}}
        return as_json(201, {"id": kept["id"], "customer": kept["customer"], "payment_source": source, "links": []})

    def approve(self, ref: str, outcome: str, later: str) -> None:
        """The payer agrees on PayPal's page to an order or a setup token."""
        with self.lock:
            self.laters[ref] = later
            if ref in self.setups:
                self.setups[ref]["status"] = "APPROVED"
                return
            order = self.orders[ref]
            assert order["status"] in {"PAYER_ACTION_REQUIRED", "APPROVED"}, order["status"]
            order["status"], self.minds[ref] = "APPROVED", outcome
            last = datetime.fromisoformat(str(order["update_time"]))
            order["update_time"] = _stamp(max(self.clock.now(), last + timedelta(seconds=1)))
            self._tell("CHECKOUT.ORDER.APPROVED", "checkout-order", order)

    def open_dispute(self, capture: str, outcome: str) -> None:
        """The payer complains to PayPal, or PayPal decides: "opened", "won", "lost" for the merchant."""
        with self.lock:
            found = self.find_capture(capture)
            assert found is not None
            known = next((each for each in self.disputes.values() if each["capture"] == capture), None)
            if known is None:
                known = {
                    "dispute_id": f"PP-D-{secrets.randbelow(10**6)}", "capture": capture, "status": "OPEN",
                    "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "create_time": self._stamp(),
                    "dispute_amount": found[1]["amount"],
                    "seller_response_due_date": _stamp(self.clock.now() + timedelta(days=10)),
                    "disputed_transactions": [{"seller_transaction_id": capture, "custom": found[1]["custom_id"]}],
                }  # fmt: skip
                self.disputes[str(known["dispute_id"])] = known
                self._tell("CUSTOMER.DISPUTE.CREATED", "dispute", known)
            if outcome != "opened":
                favour = "RESOLVED_SELLER_FAVOUR" if outcome == "won" else "RESOLVED_BUYER_FAVOUR"
                known |= {"status": "RESOLVED", "dispute_outcome": {"outcome_code": favour}}
                self._tell("CUSTOMER.DISPUTE.RESOLVED", "dispute", known)

    def refund_by_hand(self, capture: str, amount_minor: int) -> None:
        """Refund in PayPal's own pages."""
        with self.lock:
            found = self.find_capture(capture)
            assert found is not None
            currency = found[1]["amount"]["currency_code"]  # type: ignore[index]
            value = {"currency_code": currency, "value": _money(amount_minor, currency)}
            assert self._refund(capture, {"amount": value}).status == 201

    def find_capture(self, ref: str) -> tuple[dict[str, list[Object]], Object] | None:
        """A capture, and the payments it stands among."""
        for order in self.orders.values():
            payments = order["purchase_units"][0].get("payments", {})  # type: ignore[index]
            for capture in payments.get("captures", ()):
                if capture["id"] == ref:
                    return payments, capture
        return None

    def settle(self) -> None:
        """What time brings: reviews end, and orders nobody approved are gone."""
        now = self.clock.now()
        for ref, order in list(self.orders.items()):
            created = datetime.fromisoformat(str(order["create_time"]))
            if order["status"] == "PAYER_ACTION_REQUIRED" and now >= created + APPROVAL_LIFETIME:
                del self.orders[ref]
                continue
            for capture in order["purchase_units"][0].get("payments", {}).get("captures", ()):  # type: ignore[index]
                made = datetime.fromisoformat(str(capture["create_time"]))
                if capture["status"] == "PENDING" and now >= made + SETTLES_AFTER:
                    is_good = self.minds[ref] == "delayed_success"
                    capture["status"] = "COMPLETED" if is_good else "DECLINED"
                    self._tell(f"PAYMENT.CAPTURE.{capture['status']}", "capture", capture)

    def _tell(self, kind: str, resource_type: str, resource: Object) -> None:
        event: Object = {
            "id": f"WH-{secrets.token_hex(10)}", "event_version": "1.0", "create_time": self._stamp(),
            "resource_type": resource_type, "event_type": kind, "resource": json.loads(json.dumps(resource)), "links": [],
        }  # fmt: skip
        self.events.append(event)

    def _stamp(self) -> str:
        return _stamp(self.clock.now())


def _route(call: Call) -> tuple[str, str]:
    for method, path, name in _ROUTES:
        match = re.fullmatch(path, call.path) if method == call.method else None
        if match:
            return name, match.group(1) if match.groups() else ""
    return "", ""


def _basic(call: Call) -> str:
    return base64.b64decode(call.headers["authorization"].removeprefix("Basic ")).decode()


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _minor(amount: object) -> int:
    assert isinstance(amount, dict)
    return int(str(amount["value"]).replace(".", "")) * (100 if amount["currency_code"] in {"HUF", "TWD"} else 1)


def _money(amount_minor: int, currency: str) -> str:
    if currency == "JPY":
        return str(amount_minor)
    return str(amount_minor // 100) if currency in _WHOLE else f"{amount_minor // 100}.{amount_minor % 100:02d}"


def _missing() -> Answer:
    return _error(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID")


def _error(status: int, name: str, issue: str) -> Answer:
    details = [{"issue": issue, "description": f"Refused: {issue}."}]
    return as_json(status, {"name": name, "message": "The request was refused.", "debug_id": "f0", "details": details})
