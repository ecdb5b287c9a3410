"""A Mollie of our own: its payments API over HTTP, with keys that live an hour and webhooks that nobody signed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from tests.fakes.mollie import contract
from tests.fakes.mollie.books import PAGE_LIFE, Books, Chargeback, Mandate, Payment, Refund, amount, minor_of, new_ref
from tests.fakes.wire import Answer, Call, Fake, as_json

KEY_LIFE = timedelta(hours=1)
T = TypeVar("T", Payment, Refund, Chargeback)
SEARCH_PAGE = 150
"""A look-up by our own id reads pages of this size; every other list is read in smaller ones."""


class Refused(Exception):
    """Mollie says no, in its own words."""

    def __init__(self, status: int, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.field = status, detail, field


class FakeMollie(Fake):
    """One profile."""

    def __init__(self) -> None:
        super().__init__()
        self.api_key = "test_" + secrets.token_hex(16)
        self.books = Books()
        self._keys: dict[tuple[str, str], tuple[datetime, bytes, Answer]] = {}

    def operation(self, call: Call) -> str:
        """Which verb of ours a call serves."""
        match (call.method, call.parts[1:]):
            case ("POST", ["payments"]):
                return "charge_method" if b'"recurring"' in call.body else "open_session"
            case ("POST", ["payments", _, "refunds"]):
                return "refund"
            case ("DELETE", ["payments", _]):
                return "expire_session"
            case ("DELETE", ["customers", _, "mandates", _]):
                return "forget_method"
            case ("GET", ["payments", _]):
                return "look_up"
            case ("GET", ["payments"]):
                return "look_up" if call.args.get("limit") == str(SEARCH_PAGE) else "list_charges"
            case ("GET", ["refunds" | "chargebacks"]):
                return "list_charges"
            case ("GET", ["methods"]):
                return "check"
        return "_".join(["beside", *call.parts[1:2]])

    def trouble(self, status: int, call: Call) -> Answer:
        """Mollie's own body for trouble."""
        titles = {409: "Conflict", 429: "Too Many Requests", 500: "Internal Server Error"}
        return _problem(status, titles[status], "Please try again later.")

    def answer(self, call: Call) -> Answer:
        """One call, under the lock."""
        now = self.clock.now()
        self.books.tick(now)
        if call.headers.get("authorization") != f"Bearer {self.api_key}":
            return _problem(401, "Unauthorized Request", "Missing authentication, or failed to authenticate")
        if call.method == "GET":
            return self._do(call, now)
        if call.headers.get("content-type") != "application/json":
            self.complaints.append(f"{call.method} {call.path}: the body isn't announced as JSON")
        return self._once(call, now)

    def _once(self, call: Call, now: datetime) -> Answer:
        """The same key within the hour gets the same answer."""
        key = (call.headers.get("idempotency-key", ""), f"{call.method} {call.path}")
        if not key[0]:
            self.complaints.append(f"{key[1]}: no idempotency key")
        if self.faults.take({"key_expired"}, self.operation(call)):
            self._keys.clear()
        known = self._keys.get(key)
        if known and known[0] + KEY_LIFE > now:
            if known[1] != call.body:
                self.complaints.append(f"{key[1]}: another body with the same key")
            return Answer(known[2].status, known[2].body, {**known[2].headers, "Idempotent-Replayed": "true"})
        answer = self._do(call, now)
        self._keys[key] = (now, call.body, answer)
        return answer

    def _do(self, call: Call, now: datetime) -> Answer:
        try:
            return self._route(call, now)
        except Refused as error:
            title = {404: "Not Found", 410: "Gone", 422: "Unprocessable Entity"}[error.status]
            return _problem(error.status, title, error.detail, error.field)
        except ValidationError as error:
            self.complaints.append(
                f"{call.method} {call.path}: {error.errors(include_url=False, include_context=False)}"
            )
            return _problem(422, "Unprocessable Entity", "The request breaks the contract", "body")

    def _route(self, call: Call, now: datetime) -> Answer:
        match (call.method, call.parts[1:]):
            case ("POST", ["customers"]):
                contract.CustomerCreate.model_validate(call.json())
                ref = new_ref("cst")
                self.books.customers[ref] = call.json()
                return as_json(201, {"resource": "customer", "id": ref, "mode": "test", **call.json()})
            case ("POST", ["payments"]):
                return as_json(201, self._show(self._create(call.json(), now)))
            case ("GET", ["payments"]):
                return self._list(call, "payments", self._visible(call, now), self._show)
            case ("GET", ["refunds"]):
                return self._list(call, "refunds", list(self.books.refunds.values()), _show_refund)
            case ("GET", ["chargebacks"]):
                return self._list(call, "chargebacks", list(self.books.chargebacks.values()), _show_chargeback)
            case ("GET", ["payments", ref]):
                query = contract.PaymentGet.model_validate(call.args)
                return as_json(200, self._show(self._payment(ref), embed=query.embed.split(",")))
            case ("DELETE", ["payments", ref]):
                return as_json(200, self._show(self._cancel(self._payment(ref), now)))
            case ("POST", ["payments", ref, "refunds"]):
                return self._refund(self._payment(ref), call.json(), now)
            case ("GET", ["customers", customer, "mandates", ref]):
                return as_json(200, _show_mandate(self._mandate(customer, ref)))
            case ("DELETE", ["customers", customer, "mandates", ref]):
                del self.books.mandates[self._mandate(customer, ref).id]
                return Answer(204)
            case ("GET", ["methods"]):
                listed = {"methods": [{"resource": "method", "id": each} for each in ("ideal", "creditcard")]}
                return as_json(200, {"count": 2, "_embedded": listed})
        self.complaints.append(f"{call.method} {call.path}: there is no such address")
        return _problem(404, "Not Found", "No such resource")

    def _create(self, asked: dict[str, Any], now: datetime) -> Payment:
        if asked.get("amount", {}).get("currency") not in contract.CURRENCIES:
            raise Refused(422, "The currency is not supported", "amount.currency")
        wanted = contract.PaymentCreate.model_validate(asked)
        if wanted.customerId and wanted.customerId not in self.books.customers:
            raise Refused(422, "The customer id is invalid", "customerId")
        made = Payment(new_ref("tr"), asked, minor_of(asked["amount"]), wanted.amount.currency, now)
        if wanted.sequenceType == "recurring":
            mandate = self.books.mandates.get(wanted.mandateId or "")
            if mandate is None or mandate.customer != wanted.customerId:
                raise Refused(422, "The mandate id is invalid", "mandateId")
            self.books.payments[made.id] = made
            self.books.recur(made, mandate, now)
        else:
            made.expires_at = now + PAGE_LIFE
            self.books.payments[made.id] = made
        return made

    def _cancel(self, payment: Payment, now: datetime) -> Payment:
        if not is_cancelable(payment) or self.faults.take({"expire_refused"}, "expire_session"):
            raise Refused(422, "The payment cannot be canceled")
        self.books.settle(payment, "canceled", now)
        return payment

    def _refund(self, payment: Payment, asked: dict[str, Any], now: datetime) -> Answer:
        wanted = contract.RefundCreate.model_validate(asked)
        if wanted.amount.currency != payment.currency:
            raise Refused(422, "The currency is not the payment's", "amount.currency")
        made = self.books.refund(payment, minor_of(asked["amount"]), wanted.metadata, now)
        if made is None:
            raise Refused(422, "The specified amount cannot be refunded. It is higher than the maximum", "amount")
        return as_json(201, _show_refund(made))

    def _payment(self, ref: str) -> Payment:
        if ref not in self.books.payments:
            raise Refused(404, f"No payment exists with token {ref}.")
        return self.books.payments[ref]

    def _mandate(self, customer: str, ref: str) -> Mandate:
        mandate = self.books.mandates.get(ref)
        if mandate is None or mandate.customer != customer:
            raise Refused(404, f"No mandate exists with token {ref}.")
        return mandate

    def _visible(self, call: Call, now: datetime) -> list[Payment]:
        """A list may lag behind."""
        fault = self.faults.take({"lookup_lag"}, self.operation(call))
        newest = now - timedelta(seconds=float(str(fault.params["seconds"]))) if fault else now
        return [each for each in self.books.payments.values() if each.created_at <= newest]

    def _list(self, call: Call, name: str, rows: list[T], show: Callable[[T], Mapping[str, object]]) -> Answer:
        query = contract.ListQuery.model_validate(call.args)
        ordered = rows if query.sort == "asc" else rows[::-1]
        if query.start:
            at = [each.id for each in ordered].index(query.start)
            ordered = ordered[at:]
        page, rest = ordered[: query.limit], ordered[query.limit :]
        following = f"{self.url}/v2/{name}?from={rest[0].id}&limit={query.limit}&sort={query.sort}" if rest else ""
        links = {"next": {"href": following, "type": "application/hal+json"} if rest else None, "previous": None}
        return as_json(200, {"count": len(page), "_embedded": {name: [show(each) for each in page]}, "_links": links})

    def _show(self, payment: Payment, embed: list[str] | None = None) -> dict[str, object]:
        asked = payment.asked
        refunds = [each for each in self.books.refunds.values() if each.payment == payment.id]
        chargebacks = [each for each in self.books.chargebacks.values() if each.payment == payment.id]
        links: dict[str, object] = {"self": _link(f"{self.url}/v2/payments/{payment.id}")}
        if payment.status == "open" and payment.sequence != "recurring":
            links["checkout"] = _link(f"https://www.mollie.com/checkout/select-method/{payment.id[3:]}")
        if refunds:
            links["refunds"] = _link(f"{self.url}/v2/payments/{payment.id}/refunds")
        if chargebacks:
            links["chargebacks"] = _link(f"{self.url}/v2/payments/{payment.id}/chargebacks")
        shown: dict[str, object] = {
            "resource": "payment", "id": payment.id, "mode": "test", "createdAt": payment.created_at.isoformat(),
            "amount": amount(payment.minor, payment.currency), "description": asked["description"],
            "method": payment.method, "metadata": asked.get("metadata"), "status": payment.status,
            "isCancelable": is_cancelable(payment), "sequenceType": payment.sequence, "profileId": "pfl_QkEhN94Ba",
            "details": payment.details or None, "_links": links,
        }  # fmt: skip
        for name, value in (("paidAt", payment.paid_at), ("expiresAt", payment.expires_at)):
            if value and (name == "paidAt" or payment.status == "open"):
                shown[name] = value.isoformat()
        for name in ("customerId", "redirectUrl", "webhookUrl", "locale"):
            if name in asked:
                shown[name] = asked[name]
        if payment.mandate:
            shown["mandateId"] = payment.mandate
        if payment.status == "paid":
            given = self.books.refunded(payment)
            shown["amountRefunded"] = amount(given, payment.currency)
            shown["amountRemaining"] = amount(self.books.remaining(payment), payment.currency)
        embedded: dict[str, object] = {}
        if "refunds" in (embed or ()):
            embedded["refunds"] = [_show_refund(each) for each in refunds]
        if "chargebacks" in (embed or ()):
            embedded["chargebacks"] = [_show_chargeback(each) for each in chargebacks]
        return shown | ({"_embedded": embedded} if embedded else {})


def is_cancelable(payment: Payment) -> bool:
    """An open page, and a debit that hasn't gone to the bank."""
    return payment.status == "open" or (payment.status == "pending" and payment.method == "directdebit")


def _problem(status: int, title: str, detail: str, field: str = "") -> Answer:
    documentation = {"href": "https://docs.mollie.com/errors", "type": "text/html"}
    body = {"status": status, "title": title, "detail": detail, "_links": {"documentation": documentation}}
    return as_json(status, body | ({"field": field} if field else {}))


def _link(href: str) -> dict[str, str]:
    return {"href": href, "type": "application/hal+json"}


def _show_refund(refund: Refund) -> dict[str, object]:
    return {
        "resource": "refund", "id": refund.id, "mode": "test", "paymentId": refund.payment, "status": refund.status,
        "amount": amount(refund.minor, refund.currency), "createdAt": refund.created_at.isoformat(),
        "metadata": refund.metadata,
    }  # fmt: skip


def _show_chargeback(made: Chargeback) -> dict[str, object]:
    return {
        "resource": "chargeback", "id": made.id, "paymentId": made.payment, "createdAt": made.created_at.isoformat(),
        "amount": amount(made.minor, made.currency), "reason": {"code": "MD06", "description": "Returned on request"},
        "reversedAt": made.reversed_at.isoformat() if made.reversed_at else None,
    }  # fmt: skip


def _show_mandate(mandate: Mandate) -> dict[str, object]:
    return {
        "resource": "mandate", "id": mandate.id, "mode": "test", "status": "valid", "method": mandate.method,
        "details": mandate.details, "customerId": mandate.customer, "createdAt": mandate.created_at.isoformat(),
    }  # fmt: skip
