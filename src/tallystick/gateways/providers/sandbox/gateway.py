"""The sandbox provider, seen from our side."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from django.utils.translation import gettext_noop

from tallystick.base import http
from tallystick.core.attempt import DeclineClass, State
from tallystick.core.refund import RefundState
from tallystick.gateways import signatures
from tallystick.gateways.port import (
    NOT_FOUND,
    BadConfig,
    Capabilities,
    ChargePage,
    ChargeRequest,
    Decline,
    MalformedWebhook,
    NoAnswer,
    Provider,
    RefundReport,
    Report,
    SessionRequest,
    SettlementPage,
    SetupField,
    WebhookEvent,
)
from tallystick.gateways.providers.sandbox import _answers

T = TypeVar("T")
KEY_PREFIX = "sk_sandbox_"
CAPABILITIES = Capabilities(
    idempotency_key_ttl=timedelta(hours=24),
    lookup="by_ref",
    lookup_lag=timedelta(seconds=60),
    expires_sessions=True,
    signed_webhooks=True,
    hosted=True,
    saved_methods=True,
    partial_refund=True,
    refund_keys=True,
    disputes=True,
    settlements=True,
    lists_charges=True,
    is_delayed=False,
)
_REFUSALS = {"invalid_request": DeclineClass.NEVER_AGAIN, "method_not_found": DeclineClass.NEEDS_CUSTOMER}


@dataclass(frozen=True, slots=True)
class SandboxGateway:
    """One merchant account at a sandbox server. `timeout_s` bounds each call; tests shorten it."""

    api_url: str
    secret_key: str = field(repr=False)
    webhook_keys: tuple[bytes, ...] = field(repr=False)
    timeout_s: float = 20

    @property
    def capabilities(self) -> Capabilities:
        """Everything."""
        return CAPABILITIES

    def open_session(self, request: SessionRequest) -> Report:
        """See `Gateway.open_session`."""
        wanted = {
            "client_reference": str(request.attempt_id),
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "description": request.description,
            "return_url": request.return_url,
            "customer_email": request.customer_email,
            "language": request.language,
            "lifetime_s": int(request.lifetime.total_seconds()),
            "customer": request.customer_ref,
            "saves_method": request.saves_method,
        }
        return self._start("/v1/sessions", request.attempt_id, wanted)

    def charge_method(self, request: ChargeRequest) -> Report:
        """See `Gateway.charge_method`."""
        wanted = {
            "client_reference": str(request.attempt_id),
            "method": request.method_ref,
            "customer": request.customer_ref,
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "description": request.description,
            "return_url": request.return_url,
            "is_customer_present": request.is_customer_present,
        }
        return self._start("/v1/charges", request.attempt_id, wanted)

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """See `Gateway.look_up`."""
        if ref is None:
            query = urlencode({"client_reference": str(attempt_id)})
            reply = self._call("GET", f"/v1/sessions?{query}")
        else:
            reply = self._call("GET", f"/v1/sessions/{quote(ref, safe='')}")
        if isinstance(reply, Report):
            return reply
        if reply.status == 404:
            return _missing(reply)
        if reply.status != 200:
            return Report(State.UNKNOWN)
        return _read_one(reply, attempt_id) if ref is not None else _read_list(reply, attempt_id)

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """See `Gateway.expire_session`."""
        reply = self._call("POST", f"/v1/sessions/{quote(ref, safe='')}/expire", body={})
        if isinstance(reply, Report):
            return reply
        if reply.status == 404:
            return _missing(reply)
        if reply.status != 200:
            return Report(State.UNKNOWN, ref=ref)
        report = _read_one(reply, attempt_id)
        if report.state in {State.ACTION_REQUIRED, State.PROCESSING}:
            return Report(State.CANCELING, ref=report.ref, expires_at=report.expires_at)
        return report

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """See `Gateway.refund`."""
        wanted = {"amount_minor": amount_minor, "currency": currency, "refund_id": str(refund_id)}
        path = f"/v1/charges/{quote(charge_ref, safe='')}/refunds"
        reply = self._call("POST", path, body=wanted, idempotency_key=str(refund_id))
        if isinstance(reply, Report):
            return RefundReport(RefundState.UNKNOWN, was_sent=reply.was_sent)
        code, message = _answers.read_error(reply.body)
        if (reply.status, code) in {(400, "invalid_request"), (404, "charge_not_found")}:
            return RefundReport(RefundState.FAILED, message=message)
        if reply.status not in {200, 201}:
            return RefundReport(RefundState.UNKNOWN)
        try:
            return _answers.read_refund(reply.read_json(), refund_id, charge_ref)
        except (http.BadJson, _answers.Unreadable):
            return RefundReport(RefundState.UNKNOWN)

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """See `Gateway.forget_method`."""
        reply = self._call("DELETE", f"/v1/methods/{quote(method_ref, safe='')}")
        if isinstance(reply, Report):
            return False
        if reply.status == 404:
            return _answers.read_error(reply.body)[0] == "method_not_found"
        try:
            return reply.status == 200 and _answers.read_removal(reply.read_json(), method_ref)
        except (http.BadJson, _answers.Unreadable):
            return False

    def list_charges(self, *, since: datetime, cursor: str = "") -> ChargePage:
        """See `Gateway.list_charges`. A charge comes again whenever it was refunded or disputed."""
        return self._list("/v1/charges", since, cursor, _answers.read_charges)

    def list_settlements(self, *, since: datetime, cursor: str = "") -> SettlementPage:
        """See `Gateway.list_settlements`. A movement comes again when it was put into a payout."""
        return self._list("/v1/settlements", since, cursor, _answers.read_settlements)

    def balances(self) -> Mapping[str, int]:
        """See `Gateway.balances`."""
        return self._fetch("/v1/balance", _answers.read_balances)

    def read_webhooks(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[WebhookEvent, ...]:
        """See `Gateway.read_webhooks`."""
        event_id = signatures.verify(keys=self.webhook_keys, headers=headers, body=body, at=at)
        try:
            return (_answers.read_event(event_id, body),)
        except _answers.Unreadable as error:
            raise MalformedWebhook(str(error)) from error

    def register_webhook(self, *, url: str) -> list[str]:
        """See `Gateway.register_webhook`."""
        secret = "whsec_" + base64.b64encode(self.webhook_keys[0]).decode()
        reply = self._call("PUT", "/v1/webhook", body={"url": url, "secret": secret})
        if isinstance(reply, Report) or reply.status >= 300:
            return [f"The sandbox at {self.api_url} didn't take the webhook address."]
        return []

    def check(self) -> list[str]:
        """See `Gateway.check`."""
        reply = self._call("GET", "/v1/account")
        if isinstance(reply, Report):
            return [f"The sandbox at {self.api_url} doesn't answer. Is it running?"]
        if reply.status == 401:
            return [f"The sandbox doesn't accept this secret key. It starts with {KEY_PREFIX}."]
        if reply.status != 200:
            return [f"The sandbox answered with an error ({reply.status}). Try again in a minute."]
        try:
            account = reply.read_json()
        except http.BadJson:
            return [f"Something answers at {self.api_url}, but it isn't the sandbox."]
        if not account.get("webhook_urls"):
            return ["The sandbox has no webhook address, so payments show up late. Set one."]
        return []

    def _start(self, path: str, attempt_id: UUID, wanted: Mapping[str, object]) -> Report:
        """Send what may take money, with the attempt's id as its key."""
        reply = self._call("POST", path, body=wanted, idempotency_key=str(attempt_id))
        if isinstance(reply, Report):
            return reply
        if reply.status == 400:
            return _refused(reply)
        if reply.status not in {200, 201}:
            return Report(State.UNKNOWN)
        return _read_one(reply, attempt_id)

    def _list(self, path: str, since: datetime, cursor: str, read: Callable[[dict[str, object]], T]) -> T:
        query = {"since": since.isoformat()} | ({"cursor": cursor} if cursor else {})
        return self._fetch(f"{path}?{urlencode(query)}", read)

    def _fetch(self, path: str, read: Callable[[dict[str, object]], T]) -> T:
        """Read one page. Raises NoAnswer."""
        reply = self._call("GET", path)
        if isinstance(reply, Report) or reply.status != 200:
            raise NoAnswer("the sandbox gave no usable answer")
        try:
            return read(reply.read_json())
        except (http.BadJson, _answers.Unreadable) as error:
            raise NoAnswer(str(error)) from error

    def _call(
        self, method: str, path: str, *, body: Mapping[str, object] | None = None, idempotency_key: str = ""
    ) -> http.Response | Report:
        """One request; a Report only when no answer came."""
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        payload = b"" if body is None else json.dumps(body).encode()
        try:
            return http.send(http.Request(method, self.api_url + path, headers, payload), timeout_s=self.timeout_s)
        except http.HttpUnavailable as error:
            return Report(State.UNKNOWN, was_sent=error.sent)


def _read_one(reply: http.Response, attempt_id: UUID) -> Report:
    try:
        return _answers.read_session(reply.read_json(), attempt_id)
    except (http.BadJson, _answers.Unreadable):
        return Report(State.UNKNOWN)


def _read_list(reply: http.Response, attempt_id: UUID) -> Report:
    try:
        return _answers.read_sessions(reply.read_json(), attempt_id)
    except (http.BadJson, _answers.Unreadable):
        return Report(State.UNKNOWN)


def _missing(reply: http.Response) -> Report:
    """Only the sandbox's own 404 says that a session doesn't exist; a proxy's says nothing."""
    code, _ = _answers.read_error(reply.body)
    return NOT_FOUND if code == "session_not_found" else Report(State.UNKNOWN)


def _refused(reply: http.Response) -> Report:
    """A documented 400: the request itself is wrong and did nothing, so sending it again is no use."""
    code, message = _answers.read_error(reply.body)
    if code not in _REFUSALS:
        return Report(State.UNKNOWN)
    return Report(State.DECLINED, decline=Decline(code, _REFUSALS[code], message))


def build(config: Mapping[str, str]) -> SandboxGateway:
    """Build the gateway from its stored settings; makes no call. Raises BadConfig."""
    url = config.get("api_url", "").strip().rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadConfig("api_url", "Write the sandbox's address in full, like http://127.0.0.1:8790.")
    key = config.get("secret_key", "").strip()
    if not key.startswith(KEY_PREFIX) or not key.isascii() or len(key.split()) != 1:
        raise BadConfig("secret_key", f"A sandbox key starts with {KEY_PREFIX}.")
    secrets = config.get("webhook_secret", "").split()
    if not secrets:
        raise BadConfig("webhook_secret", "Copy the webhook secret from the sandbox.")
    try:
        keys = tuple(signatures.read_secret(secret) for secret in secrets)
    except ValueError as error:
        raise BadConfig("webhook_secret", f"This doesn't work as a webhook secret: {error}.") from error
    return SandboxGateway(api_url=url, secret_key=key, webhook_keys=keys)


SANDBOX = Provider(
    name="sandbox",
    label="Sandbox (no real money)",
    fields=(
        SetupField(
            "api_url",
            gettext_noop("Address"),
            is_secret=False,
            help=gettext_noop("Where the sandbox listens, like http://127.0.0.1:8790"),
        ),
        SetupField(
            "secret_key",
            gettext_noop("Secret key"),
            is_secret=True,
            help=gettext_noop("Any key works: sk_sandbox_ and a name"),
        ),
        SetupField(
            "webhook_secret",
            gettext_noop("Webhook secret"),
            is_secret=True,
            help=gettext_noop(
                "Starts with whsec_. While you change it, put the old and the new one here with a space between."
            ),
        ),
    ),
    build=build,
    capabilities=CAPABILITIES,
)
