"""PayPal seen from our side.

The payer approves at PayPal, which takes no money. `look_up` finds the order approved and captures it: the one request
here, beside the charge of a kept wallet, that takes money. An order can be captured once only, and its invoice id (our
attempt's id) be paid once only, whatever the key of the request. Giving up an order marks it, and a marked one is never
captured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from django.utils.translation import gettext_noop

from tallystick.base import clock
from tallystick.core.attempt import State
from tallystick.core.refund import RefundState
from tallystick.gateways.port import (
    BadConfig,
    Capabilities,
    Charge,
    ChargeRequest,
    Decline,
    Dispute,
    Provider,
    RefundReport,
    Report,
    SessionRequest,
    SetupField,
    WebhookEvent,
)
from tallystick.gateways.providers.paypal import _declines, _setups, _webhooks
from tallystick.gateways.providers.paypal._amounts import Unrepresentable, to_paypal
from tallystick.gateways.providers.paypal._client import Answer, Client, Refusal, Reply, Silence
from tallystick.gateways.providers.paypal._disputes import read_dispute
from tallystick.gateways.providers.paypal._missing import is_missing, report_missing
from tallystick.gateways.providers.paypal._orders import (
    APPROVAL_LIFETIME,
    VOID,
    is_approved,
    read_order,
    read_refund,
    write_experience,
    write_order,
)
from tallystick.gateways.providers.paypal._reading import Unreadable, link, parts, text, text_or_empty

API_URLS = {"live": "https://api-m.paypal.com", "sandbox": "https://api-m.sandbox.paypal.com"}
CAPABILITIES = Capabilities(
    idempotency_key_ttl=timedelta(hours=6),
    lookup="none",
    lookup_lag=timedelta(0),
    expires_sessions=True,
    signed_webhooks=False,
    hosted=True,
    saved_methods=True,
    partial_refund=True,
    refund_keys=True,
    disputes=True,
    settlements=False,
    lists_charges=False,
    is_delayed=False,
)
"""PayPal finds no order by our id, so a lost answer waits for its webhook or a person. It keeps the keys of orders for
six hours, of refunds for 45 days. Its transaction reports are hours late and don't tell a charge's refunds and disputes,
so they aren't used for lists."""


@dataclass(frozen=True, slots=True)
class PayPalGateway:
    """One REST app of a PayPal business account. `now` tells how old an order is that PayPal doesn't know any more."""

    client: Client
    now: Callable[[], datetime] = clock.now

    @property
    def capabilities(self) -> Capabilities:
        """Everything but look-ups by our id and lists."""
        return CAPABILITIES

    def open_session(self, request: SessionRequest) -> Report:
        """See `Gateway.open_session`. PayPal's page lives six hours, whatever `lifetime` says."""
        experience = write_experience(return_url=request.return_url, language=request.language)
        customer = {"id": request.customer_ref} if request.customer_ref else {}
        if request.amount_minor == 0:
            reply = _setups.open_setup(self.client, request.attempt_id, request.description, experience, customer)
            return _refused(reply) if isinstance(reply, Refusal) else _setups.read_setup(reply, None)
        wallet: dict[str, object] = {"experience_context": experience}
        if request.customer_email:
            wallet["email_address"] = request.customer_email
        if request.saves_method:
            vault = {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT", "customer_type": "CONSUMER"}
            wallet["attributes"] = {"vault": vault} | ({"customer": customer} if customer else {})
        return self._order(request, wallet)

    def charge_method(self, request: ChargeRequest) -> Report:
        """See `Gateway.charge_method`. Created and captured by one request."""
        experience = write_experience(return_url=request.return_url)
        wallet: dict[str, object] = {"vault_id": request.method_ref, "experience_context": experience}
        report = self._order(request, wallet)
        if report.state is State.ACTION_REQUIRED and not request.is_customer_present:
            return Report(State.DECLINED, ref=report.ref, decline=_declines.NEEDS_CUSTOMER)
        return report

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """See `Gateway.look_up`. Captures an order that the payer approved; without a ref it can't ask."""
        if ref is None:
            return Report(State.UNKNOWN)
        if ref.startswith(_setups.SETUP):
            return _setups.look_up_setup(self.client, attempt_id, ref, now=self.now())
        reply = self.client.ask("GET", _order_path(ref))
        if isinstance(reply, Answer) and _is_ready(reply, attempt_id):
            return self._capture(attempt_id, ref, reply.value)
        return self._report(reply, attempt_id, ref)

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """See `Gateway.expire_session`. A payer who has approved was faster, and is captured as by `look_up`.

        Else it marks the order as given up, and believes only an order that shows the mark.
        """
        report = self.look_up(attempt_id=attempt_id, ref=ref)
        if report.state is not State.ACTION_REQUIRED:
            return report
        if ref.startswith(_setups.SETUP):
            return Report(State.CANCELING, ref=ref)
        self._mark(attempt_id, ref)
        report = self._report(self.client.ask("GET", _order_path(ref)), attempt_id, ref)
        return Report(State.UNKNOWN, ref=ref) if report.state is State.ACTION_REQUIRED else report

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """See `Gateway.refund`."""
        try:
            amount = to_paypal(amount_minor, currency)
        except Unrepresentable as error:
            return RefundReport(RefundState.FAILED, message=str(error), was_sent=False)
        body = {"amount": amount, "custom_id": str(refund_id), "invoice_id": str(refund_id)}
        path = f"/v2/payments/captures/{quote(charge_ref, safe='')}/refund"
        reply = self.client.ask("POST", path, body, request_id=str(refund_id))
        if isinstance(reply, Silence):
            return RefundReport(RefundState.UNKNOWN, was_sent=reply.was_sent)
        if isinstance(reply, Refusal):
            state = RefundState.UNKNOWN if _is_open_question(reply) else RefundState.FAILED
            return RefundReport(state, message=reply.message)
        try:
            refund = read_refund(reply.value)
        except Unreadable:
            return RefundReport(RefundState.UNKNOWN)
        if refund.refund_id != refund_id or (refund.amount_minor, refund.currency) != (amount_minor, currency):
            return RefundReport(RefundState.UNKNOWN)
        return RefundReport(refund.state, refund.ref)

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """See `Gateway.forget_method`."""
        reply = self.client.ask("DELETE", f"/v3/vault/payment-tokens/{quote(method_ref, safe='')}")
        return isinstance(reply, Answer) or is_missing(reply)

    def list_charges(self, *, since: datetime, cursor: str = "") -> NoReturn:
        """See `CAPABILITIES`."""
        raise NotImplementedError

    def list_settlements(self, *, since: datetime, cursor: str = "") -> NoReturn:
        """See `CAPABILITIES`."""
        raise NotImplementedError

    def balances(self) -> NoReturn:
        """See `CAPABILITIES`."""
        raise NotImplementedError

    def read_webhooks(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[WebhookEvent, ...]:
        """See `Gateway.read_webhooks` and `_webhooks`: a hint, not verified."""
        return (_webhooks.read_webhook(body, headers),)

    def register_webhook(self, *, url: str) -> list[str]:
        """See `Gateway.register_webhook`."""
        reply = self.client.ask("GET", "/v1/notifications/webhooks")
        if not isinstance(reply, Answer):
            return [_complaint(reply)]
        try:
            if any(each.get("url") == url for each in parts(reply.value, "webhooks")):
                return []
        except Unreadable:
            return ["PayPal's list of webhooks can't be read. Try again in a minute."]
        wanted = {"url": url, "event_types": [{"name": name} for name in _webhooks.EVENTS]}
        reply = self.client.ask("POST", "/v1/notifications/webhooks", wanted)
        return [] if isinstance(reply, Answer) else [f"PayPal didn't take the webhook address. {_complaint(reply)}"]

    def check(self) -> list[str]:
        """See `Gateway.check`."""
        reply = self.client.ask("GET", "/v1/notifications/webhooks")
        if not isinstance(reply, Answer):
            return [_complaint(reply)]
        if not reply.value.get("webhooks"):
            return ["This PayPal app has no webhook address, so payments show up late. Set one."]
        return []

    def _order(self, request: SessionRequest | ChargeRequest, wallet: Mapping[str, object]) -> Report:
        """Create an order; with a kept wallet it is captured at once."""
        try:
            amount = to_paypal(request.amount_minor, request.currency)
        except Unrepresentable as error:
            return _declined(_declines.refuse("amount_not_taken", str(error)), was_sent=False)
        body = write_order(attempt_id=request.attempt_id, amount=amount, description=request.description, wallet=wallet)
        reply = self.client.ask("POST", "/v2/checkout/orders", body, request_id=str(request.attempt_id))
        if isinstance(reply, Refusal):
            return _refused(reply)
        return self._report(reply, request.attempt_id, None)

    def _capture(self, attempt_id: UUID, ref: str, order: dict[str, object]) -> Report:
        """Take the money. Each approval has a key of its own; that nothing is taken twice is the order's doing."""
        approved_at = text_or_empty(order, "update_time") or text_or_empty(order, "create_time")
        reply = self.client.ask(
            "POST", f"{_order_path(ref)}/capture", {}, request_id=f"capture-{attempt_id}-{approved_at}"
        )
        if not isinstance(reply, Refusal):
            return self._report(reply, attempt_id, ref)
        decline = _declines.read_decline(reply.issue)
        if decline is None:
            return Report(State.UNKNOWN, ref=ref)
        if reply.issue in _declines.RETRIED_AT_PAYPAL:
            return Report(
                State.ACTION_REQUIRED, ref=ref, decline=decline, action_url=link(order, "payer-action", "approve")
            )
        if not self._mark(attempt_id, ref):
            return Report(State.UNKNOWN, ref=ref)
        return replace(_declined(decline), ref=ref)

    def _mark(self, attempt_id: UUID, ref: str) -> bool:
        """Mark an order as given up. Harmless to repeat; True once PayPal confirmed.

        PayPal promises this for orders that are created or approved. Where it refuses, the order stays live until it
        lapses by itself.
        """
        path = "/purchase_units/@reference_id=='default'/custom_id"
        change = [{"op": "replace", "path": path, "value": f"{VOID}{attempt_id}"}]
        return isinstance(self.client.ask("PATCH", _order_path(ref), change), Answer)

    def _report(self, reply: Reply, attempt_id: UUID, ref: str | None) -> Report:
        """An order as a report, with the disputes of what was taken."""
        if isinstance(reply, Silence):
            return Report(State.UNKNOWN, ref=ref, was_sent=reply.was_sent)
        if isinstance(reply, Refusal):
            if not is_missing(reply):
                return Report(State.UNKNOWN, ref=ref)
            return report_missing(attempt_id, ref, self.now(), lifetime=APPROVAL_LIFETIME)
        try:
            report = read_order(reply.value, attempt_id)
        except Unreadable:
            return Report(State.UNKNOWN, ref=None)
        return replace(report, charges=tuple(self._with_disputes(each) for each in report.charges))

    def _with_disputes(self, charge: Charge) -> Charge:
        """A charge with its disputes. When they can't be read it comes without, for the money is what matters most."""
        query = urlencode({"disputed_transaction_id": charge.ref})
        reply = self.client.ask("GET", f"/v1/customer/disputes?{query}")
        if not isinstance(reply, Answer):
            return charge
        try:
            refs = [text(each, "dispute_id") for each in parts(reply.value, "items")]
        except Unreadable:
            return charge
        found = [self._dispute(each) for each in refs]
        return replace(charge, disputes=tuple(each for each in found if each is not None))

    def _dispute(self, ref: str) -> Dispute | None:
        reply = self.client.ask("GET", f"/v1/customer/disputes/{quote(ref, safe='')}")
        try:
            return read_dispute(reply.value) if isinstance(reply, Answer) else None
        except Unreadable:
            return None


def _order_path(ref: str) -> str:
    return f"/v2/checkout/orders/{quote(ref, safe='')}"


def _is_ready(reply: Answer, attempt_id: UUID) -> bool:
    try:
        return is_approved(reply.value, attempt_id)
    except Unreadable:
        return False


def _is_open_question(reply: Refusal) -> bool:
    """Refusals that may mean an earlier request was served: they say nothing about the money."""
    return "DUPLICATE" in reply.issue + reply.name or "PREVIOUS_REQUEST" in reply.issue or reply.status == 403


def _refused(reply: Refusal) -> Report:
    """A refusal of a request to create something: the payment's, or the request's own."""
    if _is_open_question(reply):
        return Report(State.UNKNOWN)
    decline = _declines.read_decline(reply.issue)
    return _declined(decline or _declines.refuse((reply.issue or reply.name).lower(), reply.message))


def _declined(decline: Decline, *, was_sent: bool = True) -> Report:
    return Report(State.DECLINED, decline=decline, was_sent=was_sent)


def _complaint(reply: Refusal | Silence) -> str:
    if isinstance(reply, Silence):
        if reply.is_denied:
            return "PayPal doesn't accept this client id and secret. They belong together, and to live or sandbox."
        return "PayPal doesn't answer. Try again in a minute."
    return f"PayPal says: {reply.message}"


def build(config: Mapping[str, str]) -> PayPalGateway:
    """Build the gateway from its stored settings; makes no call. Raises BadConfig."""
    values = {name: config.get(name, "").strip() for name in ("client_id", "client_secret", "environment")}
    for name in ("client_id", "client_secret"):
        if not values[name] or not values[name].isascii() or len(values[name].split()) != 1:
            raise BadConfig(name, "Copy it in full from the app at developer.paypal.com, Apps & Credentials.")
    environment = values["environment"] or "live"
    parts_ = urlsplit(environment)
    if parts_.scheme == "http" and parts_.hostname == "127.0.0.1":
        url = environment.rstrip("/")
    elif environment in API_URLS:
        url = API_URLS[environment]
    else:
        raise BadConfig("environment", "Write live or sandbox.")
    return PayPalGateway(Client(url, values["client_id"], values["client_secret"]))


PAYPAL = Provider(
    name="paypal",
    label="PayPal",
    fields=(
        SetupField(
            "client_id",
            gettext_noop("Client ID"),
            is_secret=False,
            help=gettext_noop("From your app at developer.paypal.com"),
        ),
        SetupField(
            "client_secret", gettext_noop("Secret"), is_secret=True, help=gettext_noop("Shown beside the client ID")
        ),
        SetupField(
            "environment",
            gettext_noop("Environment"),
            is_secret=False,
            help=gettext_noop("live or sandbox"),
            is_required=False,
        ),
    ),
    build=build,
    capabilities=CAPABILITIES,
    steps=(
        "Sign in at developer.paypal.com with your business account and open Apps & Credentials.",
        "Switch to Live, create an app of the type Merchant, and copy its client ID and secret.",
        "To keep wallets for later payments, ask PayPal to switch on Vault for your account, and tick it in the app.",
    ),
    origins=("https://www.paypal.com", "https://www.sandbox.paypal.com"),
)
