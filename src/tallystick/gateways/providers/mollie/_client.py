"""Calls to Mollie by its SDK, and the three things that may come of one: an answer, a refusal or silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import requests
from mollie.api.client import Client
from mollie.api.error import Error, ResponseError
from mollie.api.objects.customer import Customer
from mollie.api.objects.payment import Payment
from mollie.api.resources import CustomerMandates, PaymentRefunds

from tallystick.base import http
from tallystick.base.requests_bridge import open_session

API_URL = "https://api.mollie.com"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in Mollie's documented shape. 409, 429 and 5xx are never one: they leave the outcome open."""

    status: int
    detail: str
    field: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No usable answer. `was_sent` is False when the call surely never left."""

    was_sent: bool


Reply = Mapping[str, object] | Refusal | Silence

_REFUSALS = frozenset({400, 401, 403, 404, 410, 422})


def open_client(*, api_key: str, api_url: str, timeout_s: float) -> Client:
    """An SDK client whose calls go through `base.http`, without its retries and without this machine's name."""
    client = Client(api_endpoint=api_url, retry=0)
    client.set_api_key(api_key)
    client.UNAME = "Tallystick"
    client._client = open_session(timeout_s)
    return client


def mandates_of(client: Client, customer_ref: str) -> CustomerMandates:
    """The mandates of one customer; makes no call."""
    return CustomerMandates(client, Customer({"id": customer_ref}, client))  # type: ignore[no-untyped-call]


def refunds_of(client: Client, payment_ref: str) -> PaymentRefunds:
    """The refunds of one payment; makes no call."""
    return PaymentRefunds(client, Payment({"id": payment_ref}, client))  # type: ignore[no-untyped-call]


def ask(call: Callable[[], object]) -> Reply:
    """Make one SDK call. Raises nothing but InsideTransaction."""
    try:
        answer = call()
    except http.HttpUnavailable as error:
        return Silence(error.sent)
    except ResponseError as error:
        if error.status not in _REFUSALS:
            return Silence(was_sent=True)
        return Refusal(int(error.status), str(error), str(error.field or ""))
    except (Error, requests.RequestException, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return Silence(was_sent=True)
    return answer if isinstance(answer, Mapping) else Silence(was_sent=True)
