"""The Mollie provider.

What a profile's API key can't do: see balances and settlements. Mollie gives those to an organisation's access token
only, so `settlements` is False here and payouts are matched in the bank statement.

A mandate for cards and PayPal may be made with an amount of 0.00; every other method needs at least 0.01, so a page
that only keeps a method offers the card and PayPal. A first payment by iDEAL or Bancontact makes a mandate for SEPA
debits, which stay `processing` for days and may come back as a chargeback.

Mollie knows an idempotency key for an hour and answers its repetition with the first answer, word by word. Its lists
have no search: an attempt without a ref is sought among the payments made since the attempt was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.utils.translation import gettext_noop
from mollie.api.client import Client

from tallystick.core.attempt import DeclineClass, State
from tallystick.core.money import to_decimal
from tallystick.core.refund import RefundState
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
from tallystick.gateways.providers.mollie import _answers, _lists
from tallystick.gateways.providers.mollie._client import (
    API_URL,
    Refusal,
    Reply,
    Silence,
    ask,
    mandates_of,
    open_client,
    refunds_of,
)

CAPABILITIES = Capabilities(
    # An hour at Mollie; five minutes less here, so that a resend never meets a key that was just forgotten.
    idempotency_key_ttl=timedelta(minutes=55),
    lookup="by_ref",
    lookup_lag=timedelta(minutes=2),
    expires_sessions=True,
    signed_webhooks=False,
    hosted=True,
    saved_methods=True,
    partial_refund=True,
    settlements=False,
)
_KEY = re.compile(r"(live|test)_[A-Za-z0-9]{20,100}")
_REF = {name: re.compile(name + r"_[A-Za-z0-9]{1,100}") for name in ("tr", "cst", "mdt")}
_DEFINITE = frozenset({400, 404, 410, 422})
_METHODS_AT_ZERO = ["creditcard", "paypal"]
_LOCALES = {
    "ca": "ca_ES", "da": "da_DK", "de": "de_DE", "en": "en_GB", "es": "es_ES", "fi": "fi_FI", "fr": "fr_FR",
    "hu": "hu_HU", "is": "is_IS", "it": "it_IT", "lt": "lt_LT", "lv": "lv_LV", "nb": "nb_NO", "nl": "nl_NL",
    "pl": "pl_PL", "pt": "pt_PT", "sv": "sv_SE",
}  # fmt: skip
"""Mollie's page speaks these; for other languages it asks the browser."""


@dataclass(frozen=True, slots=True)
class MollieGateway:
    """One Mollie profile. `timeout_s` bounds each call. Mollie learns the webhook's address with each payment."""

    api_key: str = field(repr=False)
    api_url: str = API_URL
    webhook_url: str = ""
    timeout_s: float = 20

    @property
    def capabilities(self) -> Capabilities:
        """Everything but settlements."""
        return CAPABILITIES

    def open_session(self, request: SessionRequest) -> Report:
        """See `Gateway.open_session`. The page's life is Mollie's to decide, so `lifetime` isn't sent."""
        client = self._client()
        wanted = self._wanted(request) | {"redirectUrl": request.return_url}
        if locale := _LOCALES.get(request.language[:2].lower()):
            wanted["locale"] = locale
        if request.saves_method:
            customer = request.customer_ref or self._make_customer(client, request.attempt_id, request.customer_email)
            if isinstance(customer, Report):
                return customer
            wanted |= {"sequenceType": "first", "customerId": customer}
            if request.amount_minor == 0:
                wanted["method"] = _METHODS_AT_ZERO
        return self._create(client, request.attempt_id, wanted)

    def charge_method(self, request: ChargeRequest) -> Report:
        """See `Gateway.charge_method`. Mollie never asks the payer here: what needs them is declined."""
        wanted = self._wanted(request)
        wanted |= {"sequenceType": "recurring", "customerId": request.customer_ref, "mandateId": request.method_ref}
        return self._create(self._client(), request.attempt_id, wanted)

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """See `Gateway.look_up`."""
        client = self._client()
        if ref is not None:
            return self._fetch(client, attempt_id, ref)
        try:
            refs = _lists.find_attempt(client, attempt_id)
        except _answers.Unreadable:
            refs = None
        if refs is None:
            return Report(State.UNKNOWN)
        reports = [self._fetch(client, attempt_id, each) for each in refs]
        if any(report.state is State.UNKNOWN for report in reports):
            return Report(State.UNKNOWN)
        return _answers.merge(reports) if reports else NOT_FOUND

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """See `Gateway.expire_session`. What Mollie doesn't let us cancel runs out by itself; it is `canceling`."""
        if not _is_ref("tr", ref):
            return NOT_FOUND
        client = self._client()
        now = ask(lambda: client.payments.get(ref, embed=_lists.EMBED))
        report = self._read(client, now, attempt_id, ref)
        if isinstance(now, Refusal | Silence) or report.state not in {State.ACTION_REQUIRED, State.PROCESSING}:
            return report
        canceling = replace(report, state=State.CANCELING, action_url=None)
        if now.get("isCancelable") is not True:
            return canceling
        after = ask(lambda: client.payments.delete(ref, idempotency_key=f"cancel-{attempt_id}"))
        if isinstance(after, Refusal) and after.status in _DEFINITE:
            return canceling
        last = self._read(client, after, attempt_id, ref)
        still_open = last.state in {State.ACTION_REQUIRED, State.PROCESSING}
        return canceling if still_open else last

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """See `Gateway.refund`. A 409 (a refund just like it was made a moment ago) leaves the outcome open."""
        if not _is_ref("tr", charge_ref):
            return RefundReport(RefundState.FAILED, message="This isn't a payment at Mollie.")
        client = self._client()
        wanted = {
            "amount": _amount(amount_minor, currency),
            "description": f"Refund {refund_id}",
            "metadata": {"refund_id": str(refund_id), "attempt_id": str(attempt_id)},
        }
        refunds = refunds_of(client, charge_ref)
        reply = ask(lambda: refunds.create(wanted, idempotency_key=str(refund_id)))
        if isinstance(reply, Silence):
            return RefundReport(RefundState.UNKNOWN, was_sent=reply.was_sent)
        if isinstance(reply, Refusal):
            state = RefundState.FAILED if reply.status in _DEFINITE else RefundState.UNKNOWN
            return RefundReport(state, message=reply.detail)
        try:
            made = _answers.read_refund(reply)
        except _answers.Unreadable:
            return RefundReport(RefundState.UNKNOWN)
        if made.refund_id != refund_id:
            return RefundReport(RefundState.UNKNOWN)
        return RefundReport(made.state, ref=made.ref)

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """See `Gateway.forget_method`: the mandate is revoked."""
        if not (_is_ref("mdt", method_ref) and _is_ref("cst", customer_ref)):
            return True
        client = self._client()
        mandates = mandates_of(client, customer_ref)
        reply = ask(lambda: mandates.delete(method_ref))
        return not isinstance(reply, Silence) and (not isinstance(reply, Refusal) or reply.status in {404, 410})

    def list_charges(self, *, since: datetime, cursor: str = "") -> ChargePage:
        """See `Gateway.list_charges`. In the order in which payments were made, older ones with news first."""
        try:
            return _lists.list_charges(self._client(), since=since, cursor=cursor)
        except _answers.Unreadable as error:
            raise NoAnswer(f"Mollie sent a list that can't be read: {error}") from error

    def list_settlements(self, *, since: datetime, cursor: str = "") -> SettlementPage:
        """Not with an API key; see the top of this file."""
        raise NotImplementedError("Mollie shows settlements to an organisation's access token only")

    def balances(self) -> Mapping[str, int]:
        """Not with an API key; see the top of this file."""
        raise NotImplementedError("Mollie shows balances to an organisation's access token only")

    def read_webhooks(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[WebhookEvent, ...]:
        """See `Gateway.read_webhooks`. Mollie signs nothing and says no more than a payment's id.

        The same body comes with each news of a payment, so the event's id is made from it and from the instant of
        arrival: every delivery is a hint of its own. A repetition costs one look-up; one swallowed could cost news.
        """
        try:
            names = parse_qs(body.decode("ascii"), max_num_fields=10).get("id", [])
        except ValueError as error:
            raise MalformedWebhook("the body isn't a form") from error
        if len(names) != 1 or not re.fullmatch(r"[a-z]{2,10}_[A-Za-z0-9.]{1,100}", names[0]):
            raise MalformedWebhook("the body doesn't name one payment")
        ref = names[0]
        event_id = hashlib.sha256(f"{ref} {at.isoformat()}".encode()).hexdigest()
        if not _is_ref("tr", ref):
            return (WebhookEvent(event_id, "other", None, None, subject="other"),)
        return (WebhookEvent(event_id, "payment", attempt_id=None, ref=ref, charge_ref=ref),)

    def register_webhook(self, *, url: str) -> list[str]:
        """See `Gateway.register_webhook`. Nothing to ask: the setting `webhook_url` goes along with each payment."""
        if url == self.webhook_url:
            return []
        return ["Mollie is told the webhook's address with each payment: keep it as this gateway's webhook_url."]

    def check(self) -> list[str]:
        """See `Gateway.check`."""
        client = self._client()
        reply = ask(client.methods.list)
        if isinstance(reply, Refusal) and reply.status == 401:
            return ["Mollie doesn't accept this API key. Copy it again from Developers, API keys."]
        if isinstance(reply, Refusal):
            return [f"Mollie refuses: {reply.detail}"]
        if isinstance(reply, Silence):
            return ["Mollie doesn't answer. Try again in a minute."]
        if reply.get("count") == 0:
            return ["No payment method is active in this Mollie profile. Activate at least one."]
        return [] if self.webhook_url else ["Mollie doesn't know where to send news, so payments show up late."]

    def _client(self) -> Client:
        return open_client(api_key=self.api_key, api_url=self.api_url, timeout_s=self.timeout_s)

    def _wanted(self, request: SessionRequest | ChargeRequest) -> dict[str, object]:
        wanted: dict[str, object] = {
            "amount": _amount(request.amount_minor, request.currency),
            "description": request.description[:255],
            "metadata": {"attempt_id": str(request.attempt_id)},
        }
        return wanted | ({"webhookUrl": self.webhook_url} if self.webhook_url else {})

    def _make_customer(self, client: Client, attempt_id: UUID, email: str) -> str | Report:
        """The payer at Mollie; once for an attempt while the key lives. A spare one does no harm."""
        wanted = {"email": email, "name": email} if email else {}
        reply = ask(lambda: client.customers.create(wanted, idempotency_key=f"customer-{attempt_id}"))
        if isinstance(reply, Refusal) and reply.status in _DEFINITE:
            return _refused(reply)
        ref = None if isinstance(reply, Refusal | Silence) else reply.get("id")
        if isinstance(ref, str) and _is_ref("cst", ref):
            return ref
        return Report(State.UNKNOWN, was_sent=False)

    def _create(self, client: Client, attempt_id: UUID, wanted: dict[str, object]) -> Report:
        reply = ask(lambda: client.payments.create(wanted, idempotency_key=str(attempt_id)))
        if isinstance(reply, Refusal) and reply.status in _DEFINITE:
            return _refused(reply)
        if isinstance(reply, Refusal):
            return Report(State.UNKNOWN)
        return self._read(client, reply, attempt_id, None)

    def _fetch(self, client: Client, attempt_id: UUID, ref: str) -> Report:
        if not _is_ref("tr", ref):
            return NOT_FOUND
        reply = ask(lambda: client.payments.get(ref, embed=_lists.EMBED))
        return self._read(client, reply, attempt_id, ref)

    def _read(self, client: Client, reply: Reply, attempt_id: UUID, ref: str | None) -> Report:
        """A payment as a Report, with the method it keeps."""
        if isinstance(reply, Refusal):
            return NOT_FOUND if reply.status == 404 else Report(State.UNKNOWN, ref=ref)
        if isinstance(reply, Silence):
            return Report(State.UNKNOWN, ref=ref, was_sent=reply.was_sent)
        try:
            report = _answers.read_payment(reply, attempt_id)
            if report.state is State.SUCCEEDED and reply.get("sequenceType") == "first" and reply.get("mandateId"):
                return self._with_method(client, report, reply)
        except _answers.Unreadable:
            return Report(State.UNKNOWN, ref=ref)
        return report

    def _with_method(self, client: Client, report: Report, payment: Mapping[str, object]) -> Report:
        """Add the mandate. While Mollie doesn't tell it, nothing is known: it is asked again, and not lost."""
        customer_ref, method_ref = _answers.text(payment, "customerId"), _answers.text(payment, "mandateId")
        if not (_is_ref("cst", customer_ref) and _is_ref("mdt", method_ref)):
            raise _answers.Unreadable("a mandate with an odd name")
        mandates = mandates_of(client, customer_ref)
        reply = ask(lambda: mandates.get(method_ref))
        if isinstance(reply, Refusal) and reply.status in {404, 410}:
            return report
        if isinstance(reply, Refusal | Silence):
            return Report(State.UNKNOWN, ref=report.ref)
        return replace(report, saved=_answers.read_mandate(reply, customer_ref))


def _amount(amount_minor: int, currency: str) -> dict[str, str]:
    """An amount as Mollie writes it: a text with just the digits that the currency has (ISO 4217)."""
    return {"currency": currency, "value": f"{to_decimal(amount_minor, currency):f}"}


def _is_ref(prefix: str, ref: str) -> bool:
    """Whether Mollie could have given this name. What doesn't look like one must not get into a path."""
    return _REF[prefix].fullmatch(ref) is not None


def _refused(reply: Refusal) -> Report:
    """A documented refusal of the request itself: nothing was made. A mandate that is gone needs the customer."""
    if reply.field in {"mandateId", "customerId"} or "mandate" in reply.detail.lower():
        return Report(State.DECLINED, decline=Decline("mandate_invalid", DeclineClass.NEEDS_CUSTOMER, reply.detail))
    code = f"invalid_{reply.field}" if reply.field else "invalid_request"
    return Report(State.DECLINED, decline=Decline(code, DeclineClass.NEVER_AGAIN, reply.detail))


def build(config: Mapping[str, str]) -> MollieGateway:
    """Build the gateway from its stored settings; makes no call. Raises BadConfig."""
    key = config.get("api_key", "").strip()
    if not _KEY.fullmatch(key):
        raise BadConfig("api_key", "A Mollie API key starts with live_ or test_, then come letters and digits.")
    urls = {name: config.get(name, "").strip() for name in ("api_url", "webhook_url")}
    for name, url in urls.items():
        if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise BadConfig(name, "Write the address in full, starting with https://.")
    return MollieGateway(key, api_url=urls["api_url"].rstrip("/") or API_URL, webhook_url=urls["webhook_url"])


MOLLIE = Provider(
    name="mollie",
    label="Mollie",
    fields=(
        SetupField(
            "api_key",
            gettext_noop("API key"),
            is_secret=True,
            help=gettext_noop("Starts with live_, or with test_ to try things out."),
        ),
    ),
    build=build,
    capabilities=CAPABILITIES,
    steps=(
        "Sign in at my.mollie.com and choose the profile that your customers should see.",
        "Activate the payment methods you want, and SEPA Direct Debit or cards to charge customers again later.",
        "Open Developers, API keys, and copy the live API key (or the test one, to try things out).",
        "Paste it here. There is no webhook to set up: Mollie is told the address with each payment.",
    ),
    origins=("https://www.mollie.com", "https://pay.mollie.com"),
)
