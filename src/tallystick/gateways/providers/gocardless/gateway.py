"""The GoCardless provider.

Two roads. The hosted page takes one payment from a bank account at once (Instant Bank Pay, which GoCardless has for GBP
and EUR, and which falls back to Direct Debit where a bank can't), or keeps a bank account by a mandate, or both. A kept
account is debited later in any of the eight currencies; that takes days, and the bank may still take it back.

Two returns. A chargeback is a dispute that is lost, and won when the bank cancels it. A failure that arrives after the
payment was confirmed is shown as a lost dispute too, with the reason "late_failure": the payment succeeded, and then the
money went back.

A key makes one thing for ever: the same key again names what it made, and that is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.translation import gettext_noop
from gocardless_pro import services  # type: ignore[import-untyped]

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import (
    NOT_FOUND,
    BadConfig,
    Capabilities,
    ChargePage,
    ChargeRequest,
    Decline,
    NoAnswer,
    Provider,
    RefundReport,
    Report,
    SessionRequest,
    SettlementPage,
    SetupField,
    WebhookEvent,
)
from tallystick.gateways.providers.gocardless import _answers, _lists, _refunds, _sessions, _webhooks
from tallystick.gateways.providers.gocardless._client import (
    LIVE_URL,
    SANDBOX_URL,
    Answer,
    Api,
    Conflict,
    NoReply,
    Refusal,
    Reply,
    Silence,
    ask,
    follow,
    is_ref,
    open_api,
)

CAPABILITIES = Capabilities(
    idempotency_key_ttl=timedelta(days=30),
    lookup="by_ref",
    lookup_lag=timedelta(minutes=2),
    expires_sessions=True,
    signed_webhooks=True,
    hosted=True,
    saved_methods=True,
    partial_refund=True,
    is_delayed=True,
)
_TOKEN = re.compile(r"(live|sandbox)_[A-Za-z0-9_-]{20,200}")
_SCHEMES = {
    "AUD": "becs", "CAD": "pad", "DKK": "betalingsservice", "EUR": "sepa_core", "GBP": "bacs", "NZD": "becs_nz",
    "SEK": "autogiro", "USD": "ach",
}  # fmt: skip
"""How GoCardless debits each of its currencies."""
_AT_ONCE = frozenset({"EUR", "GBP"})
_OPEN = frozenset({State.ACTION_REQUIRED, State.PROCESSING})
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GoCardlessGateway:
    """One GoCardless account. `timeout_s` bounds each call."""

    access_token: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    api_url: str = LIVE_URL
    timeout_s: float = 20

    @property
    def capabilities(self) -> Capabilities:
        """Everything, slowly."""
        return CAPABILITIES

    def open_session(self, request: SessionRequest) -> Report:
        """See `Gateway.open_session`. A page is open for a week, whatever `lifetime` says: it is closed by cancelling.

        A page can take money in GBP and EUR only; in the other currencies it keeps an account, which is debited later.
        """
        if unsupported := _unsupported(request.currency, is_at_once=request.amount_minor > 0):
            return unsupported
        metadata = {"attempt_id": str(request.attempt_id)}
        wanted: dict[str, object] = {"metadata": metadata | {"return_url": request.return_url[:500]}}
        if request.amount_minor > 0:
            wanted["payment_request"] = {
                "amount": request.amount_minor,
                "currency": request.currency,
                "description": request.description[:255],
                "metadata": metadata,
            }
            wanted["fallback_enabled"] = True
        if request.saves_method:
            wanted["mandate_request"] = {"currency": request.currency, "scheme": _SCHEMES[request.currency]}
        if request.customer_ref:
            wanted["links"] = {"customer": request.customer_ref}
        api = self._api()
        headers = {"Idempotency-Key": str(request.attempt_id)}
        made = ask(lambda: api.of(services.BillingRequestsService).create(wanted, headers))
        billing = follow(made, lambda ref: api.of(services.BillingRequestsService).get(ref))
        if isinstance(billing, Refusal):
            return _refused(billing)
        report = self._report(billing, lambda answer: _sessions.request_report(api, answer, request.attempt_id))
        if report.state is not State.ACTION_REQUIRED or report.ref is None:
            return report
        email = "" if request.customer_ref else request.customer_email
        return _sessions.with_page(api, report, request.return_url, email, request.language)

    def charge_method(self, request: ChargeRequest) -> Report:
        """See `Gateway.charge_method`. The answer is `processing`; the bank's comes days later."""
        if unsupported := _unsupported(request.currency, is_at_once=False):
            return unsupported
        wanted = {
            "amount": request.amount_minor,
            "currency": request.currency,
            "description": request.description[:100],
            "metadata": {"attempt_id": str(request.attempt_id)},
            "links": {"mandate": request.method_ref},
        }
        api = self._api()
        headers = {"Idempotency-Key": str(request.attempt_id)}
        made = ask(lambda: api.of(services.PaymentsService).create(wanted, headers))
        payment = follow(made, lambda ref: api.of(services.PaymentsService).get(ref))
        if isinstance(payment, Refusal):
            return _refused(payment)
        return self._report(payment, lambda answer: _sessions.own_payment_report(api, answer, request.attempt_id))

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """See `Gateway.look_up`.

        GoCardless tells the address of a page once. Asked by ref, an open page comes without it; sought by our id,
        because no answer ever arrived, it gets another page.
        """
        api = self._api()
        if ref is not None:
            return self._look(api, attempt_id, ref)
        try:
            return _sessions.find(api, attempt_id)
        except (NoReply, _answers.Unreadable, _sessions.TooMany):
            return Report(State.UNKNOWN)

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """See `Gateway.expire_session`. A payment that went to the bank can't be stopped: it stays `canceling`."""
        api = self._api()
        report = self._look(api, attempt_id, ref)
        if report.state not in _OPEN:
            return report
        canceling = replace(report, state=State.CANCELING)
        target = ref
        if ref.startswith("BRQ") and report.state is State.PROCESSING:
            request = ask(lambda: api.of(services.BillingRequestsService).get(ref))
            target = "" if isinstance(request, Refusal | Silence | Conflict) else _payment_of(request)
        if not target:
            return canceling
        service = services.BillingRequestsService if target.startswith("BRQ") else services.PaymentsService
        reply = ask(lambda: api.of(service).cancel(target))
        if isinstance(reply, Silence | Conflict):
            return Report(State.UNKNOWN, ref=ref)
        last = self._look(api, attempt_id, ref)
        return canceling if last.state in _OPEN else last

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """See `Gateway.refund`."""
        return _refunds.order(
            self._api(), refund_id=refund_id, attempt_id=attempt_id, charge_ref=charge_ref, amount_minor=amount_minor
        )

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """See `Gateway.forget_method`: the mandate is cancelled, and payments that haven't left with it."""
        if not is_ref(method_ref):
            return True
        api = self._api()
        reply = ask(lambda: api.of(services.MandatesService).cancel(method_ref))
        if isinstance(reply, Refusal) and reply.kind == "invalid_state":
            reply = ask(lambda: api.of(services.MandatesService).get(method_ref))
        if isinstance(reply, Refusal):
            return reply.kind == "not_found"
        try:
            return not isinstance(reply, Silence | Conflict) and _answers.is_gone(reply)
        except _answers.Unreadable:
            return False

    def list_charges(self, *, since: datetime, cursor: str = "") -> ChargePage:
        """See `Gateway.list_charges`."""
        return _listing(lambda: _lists.list_charges(self._api(), since=since, cursor=cursor))

    def list_settlements(self, *, since: datetime, cursor: str = "") -> SettlementPage:
        """See `Gateway.list_settlements`. One page; fees come with their payout."""
        return _listing(lambda: _lists.list_settlements(self._api(), since=since))

    def balances(self) -> Mapping[str, int]:
        """See `Gateway.balances`: what is confirmed and in no payout yet, before fees."""
        return _listing(lambda: _lists.balances(self._api()))

    def read_webhooks(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[WebhookEvent, ...]:
        """See `Gateway.read_webhooks`. All events of a delivery are signed together, without a time."""
        return _webhooks.read(secrets=self.webhook_secrets, body=body, headers=headers)

    def register_webhook(self, *, url: str) -> list[str]:
        """See `Gateway.register_webhook`. GoCardless has no call for it, and none that would tell what is set up.

        The endpoint is made by hand in the dashboard. Its secret exists only once that is done, and no gateway is
        built without it, so there is nothing to complain of.
        """
        return []

    def check(self) -> list[str]:
        """See `Gateway.check`. Whether the webhook is set up can't be asked."""
        reply = ask(lambda: self._api().of(services.CreditorsService).list({"limit": "1"}))
        if isinstance(reply, Refusal) and reply.kind == "unauthorised":
            return ["GoCardless doesn't accept this access token. Make a new one with read and write access."]
        if isinstance(reply, Refusal):
            return [f"GoCardless refuses: {reply.detail}"]
        if isinstance(reply, Silence | Conflict):
            return ["GoCardless doesn't answer. Try again in a minute."]
        try:
            creditors = _answers.rows(reply, "creditors")
        except _answers.Unreadable:
            return [f"Something answers at {self.api_url}, but it isn't GoCardless."]
        if not creditors:
            return ["This GoCardless account has no creditor yet. Finish its set-up first."]
        if creditors[0].get("verification_status") == "action_required":
            return ["GoCardless wants to know more about you before it pays out. Look into its dashboard."]
        return []

    def _api(self) -> Api:
        return open_api(access_token=self.access_token, api_url=self.api_url, timeout_s=self.timeout_s)

    def _look(self, api: Api, attempt_id: UUID, ref: str) -> Report:
        """An attempt by its ref: a billing request or a payment on a mandate."""
        if not is_ref(ref):
            return NOT_FOUND
        if ref.startswith("BRQ"):
            request = ask(lambda: api.of(services.BillingRequestsService).get(ref))
            report = self._report(request, lambda answer: _sessions.request_report(api, answer, attempt_id))
        else:
            payment = ask(lambda: api.of(services.PaymentsService).get(ref))
            report = self._report(payment, lambda answer: _sessions.own_payment_report(api, answer, attempt_id))
        return report if report.ref or report.is_missing else replace(report, ref=ref)

    def _report(self, reply: Reply, read: Callable[[Answer], Report]) -> Report:
        if isinstance(reply, Refusal):
            return NOT_FOUND if reply.kind == "not_found" else Report(State.UNKNOWN)
        if isinstance(reply, Silence):
            return Report(State.UNKNOWN, was_sent=reply.was_sent)
        if isinstance(reply, Conflict):
            return Report(State.UNKNOWN)
        try:
            return read(reply)
        except (NoReply, _answers.Unreadable, _sessions.TooMany):
            return Report(State.UNKNOWN)


def _payment_of(request: Answer) -> str:
    try:
        return _answers.link(request, "payment_request_payment")
    except _answers.Unreadable:
        return ""


def _listing(call: Callable[[], T]) -> T:
    try:
        return call()
    except (NoReply, _answers.Unreadable, _sessions.TooMany) as error:
        raise NoAnswer(f"GoCardless gave no usable list: {error}") from error


def _unsupported(currency: str, *, is_at_once: bool) -> Report | None:
    """Refuse a currency here, in plain words, before GoCardless does it in its own."""
    if currency not in _SCHEMES:
        message = f"GoCardless can't take {currency}; it takes {', '.join(sorted(_SCHEMES))}."
    elif is_at_once and currency not in _AT_ONCE:
        message = f"On its page GoCardless takes EUR and GBP only; {currency} can be debited from a kept account."
    else:
        return None
    return Report(
        State.DECLINED, was_sent=False, decline=Decline("currency_not_supported", DeclineClass.NEVER_AGAIN, message)
    )


def _refused(refusal: Refusal) -> Report:
    """A documented refusal of the request itself: nothing was made. A mandate that is gone needs the customer."""
    if refusal.kind in {"unauthorised", "forbidden"}:
        return Report(State.UNKNOWN)
    code = refusal.reasons[0] if refusal.reasons and refusal.reasons[0] else refusal.kind
    is_mandate = "mandate" in code or refusal.kind == "not_found" or "mandate" in refusal.detail.lower()
    klass = DeclineClass.NEEDS_CUSTOMER if is_mandate else DeclineClass.NEVER_AGAIN
    return Report(State.DECLINED, decline=Decline(code, klass, refusal.detail))


def build(config: Mapping[str, str]) -> GoCardlessGateway:
    """Build the gateway from its stored settings; makes no call. Raises BadConfig."""
    token = config.get("access_token", "").strip()
    if not _TOKEN.fullmatch(token):
        raise BadConfig("access_token", "A GoCardless access token starts with live_ or sandbox_.")
    secrets = tuple(config.get("webhook_secret", "").split())
    if not secrets or any(len(each) < 16 for each in secrets):
        raise BadConfig(
            "webhook_secret", "Copy the webhook endpoint's secret from GoCardless; it has at least 16 letters."
        )
    url = config.get("api_url", "").strip().rstrip("/")
    if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
        raise BadConfig("api_url", "Write the address in full, starting with https://.")
    return GoCardlessGateway(token, secrets, url or (LIVE_URL if token.startswith("live_") else SANDBOX_URL))


GOCARDLESS = Provider(
    name="gocardless",
    label="GoCardless",
    fields=(
        SetupField(
            "access_token",
            gettext_noop("Access token"),
            is_secret=True,
            help=gettext_noop("Starts with live_, or with sandbox_ to try things out. It needs read and write access."),
        ),
        SetupField(
            "webhook_secret",
            gettext_noop("Webhook secret"),
            is_secret=True,
            help=gettext_noop("While you change it, put the old and the new one here with a space between."),
        ),
    ),
    build=build,
    capabilities=CAPABILITIES,
    steps=(
        "Sign in at manage.gocardless.com and open Developers.",
        "Choose Create, Access token, give it read and write access, and copy the token: it is shown once.",
        "Choose Create, Webhook endpoint, write the address shown here, and copy its secret.",
        "To give money back from here, ask GoCardless to switch on refunds for your account.",
    ),
    origins=("https://pay.gocardless.com", "https://pay-sandbox.gocardless.com"),
)
