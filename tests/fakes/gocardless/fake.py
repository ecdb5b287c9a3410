"""A GoCardless of our own: its API over HTTP, with keys that last for ever, slow banks and signed webhooks."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from tests.fakes.gocardless import contract, shown
from tests.fakes.gocardless.books import Books, Payment, new_ref
from tests.fakes.wire import Answer, Call, Fake, as_json, hmac_sha256

VERSION = "2015-07-06"
PAGE_LIFE = timedelta(days=7)


class Refused(Exception):
    """GoCardless says no, in its own words."""

    def __init__(self, status: int, kind: str, reason: str, links: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.kind, self.reason, self.links = status, kind, reason, links


class FakeGoCardless(Fake):
    """One account with one creditor."""

    def __init__(self) -> None:
        super().__init__()
        self.access_token = "sandbox_" + secrets.token_urlsafe(24)
        self.webhook_secret = secrets.token_hex(20)
        self.creditor = new_ref("CR")
        self.books = Books()
        self._keys: dict[tuple[str, str], str] = {}

    def operation(self, call: Call) -> str:
        """Which verb of ours a call serves."""
        match (call.method, call.parts):
            case ("POST", ["billing_requests"]):
                return "open_session"
            case ("POST", ["payments"]):
                return "charge_method"
            case ("POST", ["refunds"]):
                return "refund"
            case ("POST", ["mandates", _, "actions", "cancel"]):
                return "forget_method"
            case ("POST", [_, _, "actions", "cancel"]):
                return "expire_session"
            case ("GET", ["billing_requests" | "payments", *_]):
                return "look_up"
            case ("GET", ["events"]):
                return "beside_events" if "payment" in call.args else "list_charges"
            case ("GET", ["payouts" | "payout_items"]):
                return "list_settlements"
            case ("GET", ["balances"]):
                return "balances"
            case ("GET", ["creditors"]):
                return "check"
        return "_".join(["beside", *call.parts[:1]])

    def trouble(self, status: int, call: Call) -> Answer:
        """GoCardless' own body for trouble."""
        kinds = {409: "invalid_state", 429: "invalid_api_usage", 500: "gocardless"}
        reasons = {409: "request_in_progress", 429: "rate_limit_exceeded", 500: "internal_server_error"}
        return _problem(status, kinds[status], reasons[status], None)

    def answer(self, call: Call) -> Answer:
        """One call, under the lock."""
        now = self.clock.now()
        self.books.tick(now)
        if call.headers.get("authorization") != f"Bearer {self.access_token}":
            return _problem(401, "invalid_api_usage", "access_token_not_found", None)
        if call.headers.get("gocardless-version") != VERSION:
            self.complaints.append(f"{call.path}: no version of the API is named")
        try:
            return self._get(call) if call.method == "GET" else self._post(call, now)
        except Refused as error:
            return _problem(error.status, error.kind, error.reason, error.links)
        except ValidationError as error:
            self.complaints.append(
                f"{call.method} {call.path}: {error.errors(include_url=False, include_context=False)}"
            )
            return _problem(422, "validation_failed", "invalid", None)

    def sign(self, body: bytes, secret: str = "") -> dict[str, str]:
        """The headers of a webhook."""
        signature = hmac_sha256(secret or self.webhook_secret, body)
        return {"Content-Type": "application/json", "Webhook-Signature": signature}

    def _post(self, call: Call, now: datetime) -> Answer:
        content = json.loads(call.body or b"{}")
        match call.parts:
            case ["billing_requests"]:
                return self._once(call, content, "billing_requests", lambda asked: self._request(asked, now))
            case ["payments"]:
                return self._once(call, content, "payments", lambda asked: self._payment(asked, now))
            case ["refunds"]:
                return self._once(call, content, "refunds", lambda asked: self._refund(asked, now))
            case ["billing_request_flows"]:
                return self._flow(content["billing_request_flows"], now)
            case ["billing_requests", ref, "actions", "cancel"]:
                request = self._find(self.books.requests, ref)
                self._may_cancel(request.status == "pending")
                request.status = "cancelled"
                links = {"billing_request": ref}
                self.books.tell(now, "billing_requests", "cancelled", links, metadata=request.metadata)
                return as_json(200, {"billing_requests": shown.request(request)})
            case ["payments", ref, "actions", "cancel"]:
                payment = self._find(self.books.payments, ref)
                self._may_cancel(payment.status == "pending_submission")
                self.books.move(payment, "cancelled", now)
                return as_json(200, {"payments": shown.payment(payment, self.books)})
            case ["mandates", ref, "actions", "cancel"]:
                mandate = self._find(self.books.mandates, ref)
                if mandate.status == "cancelled":
                    raise Refused(422, "invalid_state", "cancellation_failed")
                mandate.status = "cancelled"
                self.books.tell(now, "mandates", "cancelled", {"mandate": ref})
                return as_json(200, {"mandates": shown.mandate(mandate)})
        self.complaints.append(f"POST {call.path}: there is no such address")
        raise Refused(404, "invalid_api_usage", "resource_not_found")

    def _once(
        self, call: Call, content: dict[str, Any], name: str, make: Callable[[dict[str, Any]], tuple[str, object]]
    ) -> Answer:
        """A key makes one thing, for ever."""
        key = (name, call.headers.get("idempotency-key", ""))
        if not key[1]:
            self.complaints.append(f"POST {call.path}: no idempotency key")
        if key in self._keys:
            links = {"conflicting_resource_id": self._keys[key]}
            raise Refused(409, "invalid_state", "idempotent_creation_conflict", links)
        if set(content) != {name}:
            self.complaints.append(f"POST {call.path}: the envelope isn't {name}")
        ref, answer = make(content[name])
        self._keys[key] = ref
        return as_json(201, {name: answer})

    def _request(self, asked: dict[str, Any], now: datetime) -> tuple[str, object]:
        contract.BillingRequestCreate.model_validate(asked)
        made = shown.Request(new_ref("BRQ"), asked, now, links=dict(asked.get("links") or {}))
        self.books.requests[made.id] = made
        self.books.tell(now, "billing_requests", "created", {"billing_request": made.id}, metadata=made.metadata)
        return made.id, shown.request(made)

    def _flow(self, asked: dict[str, Any], now: datetime) -> Answer:
        contract.FlowCreate.model_validate(asked)
        request = self._find(self.books.requests, asked["links"]["billing_request"])
        if request.status != "pending":
            raise Refused(422, "invalid_state", "billing_request_not_pending")
        ref = new_ref("BRF")
        flow = {
            "id": ref, "authorisation_url": f"https://pay-sandbox.gocardless.com/billing/static/flow?id={ref}",
            "expires_at": shown.stamp(now + PAGE_LIFE), "created_at": shown.stamp(now), **asked,
        }  # fmt: skip
        return as_json(201, {"billing_request_flows": flow})

    def _payment(self, asked: dict[str, Any], now: datetime) -> tuple[str, object]:
        wanted = contract.PaymentCreate.model_validate(asked)
        mandate = self.books.mandates.get(wanted.links.mandate)
        if mandate is None:
            raise Refused(404, "invalid_api_usage", "resource_not_found")
        if mandate.status not in {"pending_submission", "submitted", "active"}:
            raise Refused(422, "invalid_state", "mandate_is_inactive")
        if contract.SCHEMES[mandate.scheme] != wanted.currency:
            raise Refused(422, "validation_failed", "currency_does_not_match_mandate")
        from_bank = shown.LATER_CAUSES.get(mandate.later, "")
        metadata = dict(wanted.metadata or {})
        made = Payment(
            new_ref("PM"), wanted.amount, wanted.currency, mandate.scheme, metadata, mandate.id, now, from_bank
        )  # fmt: skip
        self.books.add(made)
        return made.id, shown.payment(made, self.books)

    def _refund(self, asked: dict[str, Any], now: datetime) -> tuple[str, object]:
        wanted = contract.RefundCreate.model_validate(asked)
        payment = self._find(self.books.payments, wanted.links.payment)
        if payment.status not in {"confirmed", "paid_out"}:
            raise Refused(422, "invalid_state", "refund_payment_invalid_state")
        total = self.books.refunded(payment) + wanted.amount
        if total > payment.minor:
            raise Refused(422, "invalid_state", "refund_amount_exceeds_payment")
        if total != wanted.total_amount_confirmation:
            raise Refused(422, "validation_failed", "total_amount_confirmation_invalid")
        made = self.books.refund(payment, wanted.amount, dict(wanted.metadata or {}), now)
        return made.id, shown.refund(made)

    def _get(self, call: Call) -> Answer:
        books = self.books
        match call.parts:
            case ["billing_requests", ref]:
                return as_json(200, {"billing_requests": shown.request(self._find(books.requests, ref))})
            case ["payments", ref]:
                return as_json(200, {"payments": shown.payment(self._find(books.payments, ref), books)})
            case ["refunds", ref]:
                return as_json(200, {"refunds": shown.refund(self._find(books.refunds, ref))})
            case ["mandates", ref]:
                return as_json(200, {"mandates": shown.mandate(self._find(books.mandates, ref))})
            case ["customer_bank_accounts", ref]:
                mandate = next(each for each in books.mandates.values() if each.account == ref)
                return as_json(200, {"customer_bank_accounts": shown.account(mandate)})
            case [name] if name in contract.FILTERS:
                return self._list(call, name)
        self.complaints.append(f"GET {call.path}: there is no such address")
        raise Refused(404, "invalid_api_usage", "resource_not_found")

    def _list(self, call: Call, name: str) -> Answer:
        """Newest first, by a cursor that names the last row."""
        query = contract.ListQuery.model_validate(call.args)
        unknown = set(call.args) - contract.FILTERS[name] - {"after", "limit"}
        if unknown:
            self.complaints.append(f"GET {call.path}: {name} can't be narrowed by {unknown}")
        found = self._rows(name, query)
        fault = (
            self.faults.take({"lookup_lag"}, self.operation(call)) if name in {"billing_requests", "payments"} else None
        )
        if fault:
            newest = shown.stamp(self.clock.now() - timedelta(seconds=float(str(fault.params["seconds"]))))
            found = [each for each in found if str(each["created_at"]) <= newest]
        found = [each for each in found if str(each.get("created_at", "~")) >= query.since][::-1]
        if query.after:
            found = found[[each["id"] for each in found].index(query.after) + 1 :]
        page = found[: query.limit]
        after = page[-1]["id"] if len(found) > len(page) else None
        return as_json(200, {name: page, "meta": {"cursors": {"before": None, "after": after}, "limit": query.limit}})

    def _rows(self, name: str, query: contract.ListQuery) -> list[dict[str, object]]:
        books = self.books
        match name:
            case "billing_requests":
                return [shown.request(each) for each in books.requests.values()]
            case "payments":
                return [shown.payment(each, books) for each in books.payments.values()]
            case "refunds":
                rows = [each for each in books.refunds.values() if query.payment in {"", each.payment}]
                return [shown.refund(each) for each in rows]
            case "events":
                about = [each for each in books.events if query.payment in {"", each.links.get("payment")}]
                return [shown.event(each) for each in sorted(about, key=lambda each: (each.at, each.id))]
            case "payouts":
                return [shown.payout(each) for each in books.payouts.values()]
            case "payout_items":
                return [shown.item(each) for each in self._find(books.payouts, query.payout).items]
            case "creditors":
                return [
                    {"id": self.creditor, "verification_status": "successful", "created_at": "2026-01-01T00:00:00.000Z"}
                ]
        return self._balances(query)

    def _balances(self, query: contract.ListQuery) -> list[dict[str, object]]:
        assert query.creditor == self.creditor, "balances belong to a creditor"
        at, links = shown.stamp(self.clock.now()), {"creditor": self.creditor}
        kinds = {"confirmed_funds": self.books.held(), "pending_payouts": self._pending()}
        return [
            {"balance_type": kind, "currency": each, "amount": minor, "last_updated_at": at, "links": links}
            for kind, sums in kinds.items()
            for each, minor in sums.items()
        ]

    def _pending(self) -> Mapping[str, int]:
        sums: dict[str, int] = {}
        for each in self.books.payouts.values():
            if each.status == "pending":
                sums[each.currency] = sums.get(each.currency, 0) + each.minor
        return sums

    def _may_cancel(self, is_early: bool) -> None:
        if not is_early or self.faults.take({"expire_refused"}, "expire_session"):
            raise Refused(422, "invalid_state", "cancellation_failed")

    def _find(self, among: dict[str, Any], ref: str) -> Any:
        if ref not in among:
            raise Refused(404, "invalid_api_usage", "resource_not_found")
        return among[ref]


def _problem(status: int, kind: str, reason: str, links: dict[str, str] | None) -> Answer:
    error: dict[str, object] = {"reason": reason, "message": reason.replace("_", " ")}
    if kind == "validation_failed":
        error |= {"field": "body", "request_pointer": "/body"}
    if links:
        error["links"] = links
    body = {
        "message": reason.replace("_", " ").capitalize(), "type": kind, "code": status, "errors": [error],
        "request_id": "REQ" + secrets.token_hex(6), "documentation_url": "https://developer.gocardless.com/#errors",
    }  # fmt: skip
    return as_json(status, {"error": body})
