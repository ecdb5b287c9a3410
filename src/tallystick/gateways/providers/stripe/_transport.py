"""Stripe's SDK on our own way out: one request, no retries, bounded in time and size, nothing told about this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import stripe

from tallystick.base import http

API_VERSION = str(stripe.api_version)
"""The version this SDK was made for, sent with each request: the account's own setting doesn't matter."""
_KEPT_HEADERS = frozenset({"authorization", "content-type", "idempotency-key", "stripe-version"})
_ANSWER_HEADERS = frozenset({"request-id", "idempotent-replayed"})

Json = Mapping[str, Any]
"""An object as Stripe sent it; `_reading` takes it apart."""

# Settings of the whole SDK: nobody else here uses it. It would log each call, with the ids in its address.
stripe.enable_telemetry = False
logging.getLogger("stripe").setLevel(logging.WARNING)


class Silence(Exception):
    """No usable answer: nothing is known. `was_sent` is False when the request surely never left."""

    def __init__(self, *, was_sent: bool) -> None:
        super().__init__("no usable answer")
        self.was_sent = was_sent


class KeyClash(Exception):
    """The idempotency key was used before with other words: what it made then stands."""


@dataclass(eq=False)
class Refused(Exception):
    """Stripe's own, documented no. `kind` is its error type: card_error, invalid_request_error."""

    status: int
    kind: str
    code: str
    decline_code: str
    advice_code: str
    param: str
    message: str
    intent_id: str
    """The PaymentIntent that was made all the same, or empty."""


class _NotSent(stripe.APIConnectionError):
    """The request surely never left."""


class _Wire(stripe.HTTPClient):
    """The SDK's requests, sent by `base.http`."""

    name = "tallystick"

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        kept = {name: value for name, value in (headers or {}).items() if name.lower() in _KEPT_HEADERS}
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        request = http.Request(method.upper(), url, {**kept, "User-Agent": "Tallystick"}, body)
        try:
            answer = http.send(request, timeout_s=self._timeout_s)
        except http.HttpUnavailable as error:
            if error.sent:
                raise stripe.APIConnectionError(str(error)) from error  # type: ignore[no-untyped-call]
            raise _NotSent(str(error)) from error  # type: ignore[no-untyped-call]
        told = {name: value for name, value in answer.headers.items() if name in _ANSWER_HEADERS}
        return answer.body.decode("utf-8", "replace"), answer.status, told

    def close(self) -> None:
        """Nothing to close: the connections are the process's."""


@dataclass(frozen=True, slots=True)
class Api:
    """One merchant account's way to Stripe. `timeout_s` bounds each request."""

    client: stripe.StripeClient = field(repr=False)

    def ask(self, send: Callable[[stripe.StripeClient], stripe.StripeObject]) -> Json:
        """Send one request and return its answer. Raises Silence, KeyClash, Refused, tx.InsideTransaction."""
        try:
            return send(self.client).to_dict()
        except _NotSent as error:
            raise Silence(was_sent=False) from error
        except stripe.IdempotencyError as error:
            if error.http_status == 400:
                raise KeyClash from error
            raise Silence(was_sent=True) from error
        except (
            stripe.CardError,
            stripe.InvalidRequestError,
            stripe.AuthenticationError,
            stripe.PermissionError,
        ) as error:
            raise _refusal(error) from error
        # An answer of a shape the SDK doesn't expect makes it fail in ways of its own.
        except (stripe.StripeError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise Silence(was_sent=True) from error


def connect(*, secret_key: str, api_url: str, timeout_s: float) -> Api:
    """A client for one account; makes no call."""
    return Api(
        stripe.StripeClient(
            secret_key,
            stripe_version=API_VERSION,
            base_addresses={"api": api_url},
            max_network_retries=0,
            http_client=_Wire(timeout_s),
        )
    )


def _refusal(error: stripe.StripeError) -> Exception:
    """The refusal inside an error answer; Silence when it isn't one of Stripe's own."""
    body = error.json_body
    told = body.get("error") if isinstance(body, dict) else None
    if not isinstance(told, dict):
        return Silence(was_sent=True)
    kind, status = _text(told, "type"), error.http_status or 0
    if kind not in {"card_error", "invalid_request_error"} or status not in {400, 401, 402, 403, 404}:
        return Silence(was_sent=True)
    intent = told.get("payment_intent")
    return Refused(
        status=status,
        kind=kind,
        code=_text(told, "code"),
        decline_code=_text(told, "decline_code"),
        advice_code=_text(told, "advice_code"),
        param=_text(told, "param"),
        message=_text(told, "message"),
        intent_id=_text(intent, "id") if isinstance(intent, dict) else "",
    )


def _text(told: Mapping[str, object], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""
