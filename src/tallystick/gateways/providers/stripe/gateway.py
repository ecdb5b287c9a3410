"""Stripe, seen from our side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext_noop

from tallystick.base import clock
from tallystick.core.attempt import DeclineClass, State
from tallystick.core.errors import UnknownCurrency
from tallystick.core.refund import RefundState
from tallystick.gateways.port import (
    BadConfig,
    Capabilities,
    ChargePage,
    ChargeRequest,
    Decline,
    Provider,
    RefundReport,
    Report,
    SessionRequest,
    SettlementPage,
    SetupField,
    WebhookEvent,
)
from tallystick.gateways.providers.stripe import _balance, _events, _setup
from tallystick.gateways.providers.stripe._answers import CONFIRM_FIRST, read_payment, read_session
from tallystick.gateways.providers.stripe._currency import Unrepresentable
from tallystick.gateways.providers.stripe._declines import read_bad_request, read_refusal
from tallystick.gateways.providers.stripe._finding import find
from tallystick.gateways.providers.stripe._money import refund_state
from tallystick.gateways.providers.stripe._reading import Unreadable, text, text_or_empty
from tallystick.gateways.providers.stripe._requests import (
    charge_request,
    page_ends_at,
    page_request,
    refund_request,
)
from tallystick.gateways.providers.stripe._transport import Api, KeyClash, Refused, Silence, connect

API_URL = "https://api.stripe.com"
TIMEOUT_S = 20.0
CAPABILITIES = Capabilities(
    idempotency_key_ttl=timedelta(hours=24),
    lookup="by_ref",
    # Lists show new things at once; a request of ours that timed out may still be on its way.
    lookup_lag=timedelta(seconds=60),
    expires_sessions=True,
    signed_webhooks=True,
    hosted=True,
    saved_methods=True,
    partial_refund=True,
)


@dataclass(frozen=True, slots=True)
class StripeGateway:
    """One merchant account. `now` is the clock that says when a new page closes by itself."""

    api: Api
    webhook_secrets: tuple[str, ...] = field(repr=False)
    is_test: bool = True
    now: Callable[[], datetime] = clock.now

    @property
    def capabilities(self) -> Capabilities:
        """All there is."""
        return CAPABILITIES

    def open_session(self, request: SessionRequest) -> Report:
        """See `Gateway.open_session`."""

        def open_page() -> Report:
            wanted = page_request(request, expires_at=page_ends_at(self.now(), request.lifetime))
            answer = self.api.ask(
                lambda client: client.v1.checkout.sessions.create(wanted, {"idempotency_key": str(request.attempt_id)})
            )
            return read_session(answer, request.attempt_id)

        return self._start(request.attempt_id, open_page)

    def charge_method(self, request: ChargeRequest) -> Report:
        """See `Gateway.charge_method`."""

        def charge() -> Report:
            wanted = charge_request(request)
            answer = self.api.ask(
                lambda client: client.v1.payment_intents.create(wanted, {"idempotency_key": str(request.attempt_id)})
            )
            return read_payment(answer, request.attempt_id)

        report = self._start(request.attempt_id, charge)
        if report.state is State.ACTION_REQUIRED and not (request.is_customer_present and report.action_url):
            return self._call_off(request.attempt_id, report)
        return report

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """See `Gateway.look_up`."""
        try:
            return find(self.api, attempt_id=attempt_id, ref=ref, now=self.now())
        except (Refused, Unreadable):
            return Report(State.UNKNOWN)
        except Silence as silence:
            return Report(State.UNKNOWN, was_sent=silence.was_sent)

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """See `Gateway.expire_session`."""
        try:
            if ref.startswith("pi_"):
                self.api.ask(lambda client: client.v1.payment_intents.cancel(ref))
            else:
                self.api.ask(lambda client: client.v1.checkout.sessions.expire(ref))
        except Refused:
            pass  # It may have ended already; what it is now decides.
        except Silence as silence:
            return Report(State.UNKNOWN, ref=ref, was_sent=silence.was_sent)
        except KeyClash:
            return Report(State.UNKNOWN, ref=ref)
        report = self.look_up(attempt_id=attempt_id, ref=ref)
        if report.state in {State.ACTION_REQUIRED, State.PROCESSING}:
            return Report(State.CANCELING, ref=ref, expires_at=report.expires_at)
        return report

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """See `Gateway.refund`."""
        try:
            wanted = refund_request(
                refund_id=refund_id, charge_ref=charge_ref, amount_minor=amount_minor, currency=currency
            )
            answer = self.api.ask(lambda client: client.v1.refunds.create(wanted, {"idempotency_key": str(refund_id)}))
            return RefundReport(refund_state(answer), text(answer, "id"), text_or_empty(answer, "failure_reason"))
        except (Unrepresentable, UnknownCurrency) as error:
            return RefundReport(RefundState.FAILED, message=str(error))
        except Refused as refusal:
            if refusal.status in {401, 403}:
                return RefundReport(RefundState.UNKNOWN)
            return RefundReport(RefundState.FAILED, message=refusal.message or refusal.code)
        except (KeyClash, Unreadable):
            return RefundReport(RefundState.UNKNOWN)
        except Silence as silence:
            return RefundReport(RefundState.UNKNOWN, was_sent=silence.was_sent)

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """See `Gateway.forget_method`."""
        try:
            self.api.ask(lambda client: client.v1.payment_methods.detach(method_ref))
        except Refused as refusal:
            return refusal.code == "resource_missing" or _is_detached(refusal)
        except (KeyClash, Silence):
            return False
        return True

    def list_charges(self, *, since: datetime, cursor: str = "") -> ChargePage:
        """See `Gateway.list_charges`."""
        return _balance.list_charges(self.api, since=since, cursor=cursor)

    def list_settlements(self, *, since: datetime, cursor: str = "") -> SettlementPage:
        """See `Gateway.list_settlements`."""
        return _balance.list_settlements(self.api, since=since, cursor=cursor)

    def balances(self) -> Mapping[str, int]:
        """See `Gateway.balances`."""
        return _balance.balances(self.api)

    def read_webhooks(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[WebhookEvent, ...]:
        """See `Gateway.read_webhooks`."""
        _events.verify(secrets=self.webhook_secrets, headers=headers, body=body, at=at)
        return (_events.read_event(body),)

    def register_webhook(self, *, url: str) -> list[str]:
        """See `Gateway.register_webhook`."""
        return _setup.register_webhook(self.api, url=url)

    def check(self) -> list[str]:
        """See `Gateway.check`."""
        return _setup.check(self.api, is_test=self.is_test)

    def _start(self, attempt_id: UUID, ask: Callable[[], Report]) -> Report:
        """Ask for what may take money, and read what comes instead of an answer."""
        try:
            return ask()
        except (Unrepresentable, UnknownCurrency) as error:
            return _unrepresentable(error)
        except KeyClash:
            return self._made_before(attempt_id)
        except Refused as refusal:
            return _declined(refusal)
        except Unreadable:
            return Report(State.UNKNOWN)
        except Silence as silence:
            return Report(State.UNKNOWN, was_sent=silence.was_sent)

    def _made_before(self, attempt_id: UUID) -> Report:
        """The key was used with other words, so the first request stands: ask what became of it."""
        report = self.look_up(attempt_id=attempt_id, ref=None)
        return Report(State.UNKNOWN) if report.is_missing else report

    def _call_off(self, attempt_id: UUID, report: Report) -> Report:
        """The bank wants the payer, who isn't there: declined, but only once it surely can't be confirmed any more."""
        ended = self.expire_session(attempt_id=attempt_id, ref=report.ref or "")
        if ended.state is State.CANCELED:
            return Report(State.DECLINED, ref=report.ref, decline=CONFIRM_FIRST)
        return ended


def _declined(refusal: Refused) -> Report:
    """A documented no. A key that isn't accepted says nothing about what an earlier request did."""
    if refusal.status in {401, 403}:
        return Report(State.UNKNOWN)
    if refusal.kind == "card_error":
        decline = read_refusal(
            code=refusal.code,
            decline_code=refusal.decline_code,
            advice_code=refusal.advice_code,
            message=refusal.message,
        )
    else:
        decline = read_bad_request(code=refusal.code, message=refusal.message)
    return Report(State.DECLINED, ref=refusal.intent_id or None, decline=decline)


def _unrepresentable(error: Exception) -> Report:
    """Nothing was sent."""
    return Report(State.DECLINED, decline=Decline("invalid_amount", DeclineClass.NEVER_AGAIN, str(error)))


def _is_detached(refusal: Refused) -> bool:
    """Stripe has no code of its own for a method that no payer holds any more."""
    return refusal.status == 400 and "not attached" in refusal.message


def build(config: Mapping[str, str]) -> StripeGateway:
    """Build the gateway from its stored settings; makes no call. Raises BadConfig.

    `api_url` isn't in the form: it is for whoever puts a proxy of their own before Stripe.
    """
    key = config.get("secret_key", "").strip()
    if key.startswith("pk_"):
        raise BadConfig("secret_key", "This is the publishable key. The secret one starts with sk_ or rk_.")
    if (
        not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_"))
        or not key.isascii()
        or len(key.split()) != 1
    ):
        raise BadConfig("secret_key", "A Stripe key starts with sk_live_, rk_live_, sk_test_ or rk_test_.")
    secrets = tuple(config.get("webhook_secret", "").split())
    if not secrets:
        raise BadConfig("webhook_secret", "Copy the signing secret of the webhook address from Stripe.")
    if not all(secret.startswith("whsec_") and secret.isascii() and len(secret) >= 20 for secret in secrets):
        raise BadConfig("webhook_secret", "A signing secret starts with whsec_ and is longer than this.")
    url = config.get("api_url", "").strip().rstrip("/") or API_URL
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadConfig("api_url", "Write the address in full, like https://api.stripe.com.")
    api = connect(secret_key=key, api_url=url, timeout_s=TIMEOUT_S)
    return StripeGateway(api=api, webhook_secrets=secrets, is_test="_test_" in key)


STRIPE = Provider(
    name="stripe",
    label="Stripe",
    fields=(
        SetupField(
            "secret_key",
            gettext_noop("Secret key"),
            is_secret=True,
            help=gettext_noop("Starts with sk_live_ or rk_live_; with sk_test_ no real money moves."),
        ),
        SetupField(
            "webhook_secret",
            gettext_noop("Webhook signing secret"),
            is_secret=True,
            help=gettext_noop(
                "Starts with whsec_. While you change it, put the old and the new one here with a space between."
            ),
        ),
    ),
    build=build,
    capabilities=CAPABILITIES,
    steps=(
        "In Stripe's dashboard open Developers, API keys, and copy the secret key into this form.",
        "Open Developers, Webhooks, and add an endpoint with the webhook address shown here. Choose the events of "
        "Checkout, Payment intents, Set-up intents, Charges, Refunds, Payment methods and Payouts.",
        "Reveal the endpoint's signing secret there and copy it into this form.",
        "Under Settings, Payment methods, switch on the ways to pay that your customers should see.",
        "Save. Tallystick asks Stripe whether all of it works and says what doesn't.",
    ),
    origins=("https://checkout.stripe.com", "https://hooks.stripe.com"),
)
