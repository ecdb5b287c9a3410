"""Every request is held against the SDK's own typed parameters: a misspelt, misplaced or missing one is a violation."""

from __future__ import annotations

import re
import sys
import typing
from functools import cache
from typing import Any

import stripe.params as params
import stripe.params.checkout as checkout
import typing_extensions as te
from pydantic import ConfigDict, TypeAdapter, ValidationError
from stripe._stripe_context import StripeContext

from tests.fakes.wire import Call

ROUTES: tuple[tuple[str, str, Any, str], ...] = (
    ("POST", "/v1/checkout/sessions", checkout.SessionCreateParams, "open_session"),
    ("GET", "/v1/checkout/sessions", checkout.SessionListParams, "look_up"),
    ("GET", "/v1/checkout/sessions/ID", checkout.SessionRetrieveParams, "look_up"),
    ("POST", "/v1/checkout/sessions/ID/expire", checkout.SessionExpireParams, "expire_session"),
    ("POST", "/v1/payment_intents", params.PaymentIntentCreateParams, "charge_method"),
    ("GET", "/v1/payment_intents", params.PaymentIntentListParams, "look_up"),
    ("GET", "/v1/payment_intents/ID", params.PaymentIntentRetrieveParams, "look_up"),
    ("POST", "/v1/payment_intents/ID/cancel", params.PaymentIntentCancelParams, "expire_session"),
    ("POST", "/v1/refunds", params.RefundCreateParams, "refund"),
    ("GET", "/v1/refunds", params.RefundListParams, "look_up"),
    ("GET", "/v1/disputes", params.DisputeListParams, "look_up"),
    ("POST", "/v1/payment_methods/ID/detach", params.PaymentMethodDetachParams, "forget_method"),
    ("GET", "/v1/charges/ID", params.ChargeRetrieveParams, "list_charges"),
    ("GET", "/v1/balance_transactions", params.BalanceTransactionListParams, "list_settlements"),
    ("GET", "/v1/balance_transactions/ID", params.BalanceTransactionRetrieveParams, "list_settlements"),
    ("GET", "/v1/payouts", params.PayoutListParams, "list_settlements"),
    ("GET", "/v1/balance", params.BalanceRetrieveParams, "balances"),
    ("POST", "/v1/webhook_endpoints", params.WebhookEndpointCreateParams, "register_webhook"),
    ("POST", "/v1/webhook_endpoints/ID", params.WebhookEndpointUpdateParams, "register_webhook"),
    ("GET", "/v1/webhook_endpoints", params.WebhookEndpointListParams, "check"),
)
"""Method, path, what its parameters must be, and the verb of our gateway protocol that it serves."""


class Violation(ValueError):
    """The request isn't one that Stripe documents."""


def prepare() -> None:
    """Build every validator now: the first call of a run must not wait for it."""
    for _, _, shape, _ in ROUTES:
        _strict(shape)


def find_route(call: Call) -> tuple[str, Any, str]:
    """The path with its id blotted out, the parameters' type and the verb. Raises Violation."""
    plain = re.sub(r"/[a-z]+_[A-Za-z0-9]*\d[A-Za-z0-9]*(?=/|$)", "/ID", call.path)
    for method, path, shape, operation in ROUTES:
        if (method, path) == (call.method, plain):
            return plain, shape, operation
    raise Violation(f"there is no {call.method} {call.path}")


def read_params(call: Call, shape: Any) -> dict[str, Any]:
    """The request's parameters with their types. Raises Violation."""
    given = _nest(call.form if call.method == "POST" else call.query)
    try:
        return typing.cast("dict[str, Any]", _strict(shape).validate_python(given))
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5])
        raise Violation(f"{call.method} {call.path}: {told}") from error


def _nest(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0]=c` as {"a": {"b": ["c"]}}."""
    top: dict[str, Any] = {}
    for name, value in pairs:
        keys = re.findall(r"[^\[\]]+", name)
        at = top
        for key in keys[:-1]:
            at = at.setdefault(key, {})
        if keys[-1] in at:
            raise Violation(f"{name} is given twice")
        at[keys[-1]] = value
    return typing.cast("dict[str, Any]", _lists(top))


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    return list(inner.values()) if inner and all(key.isdigit() for key in inner) else inner


@cache
def _strict(shape: Any) -> TypeAdapter[Any]:
    """The SDK's typed dict as a validator that allows nothing it doesn't name."""
    seen: set[Any] = set()
    names = {**vars(typing), "StripeContext": StripeContext}

    def walk(hint: Any) -> None:
        if te.is_typeddict(hint) and hint not in seen:
            seen.add(hint)
            found = te.get_type_hints(
                hint, globalns={**names, **vars(sys.modules[hint.__module__])}, include_extras=True
            )
            hint.__annotations__ = found
            hint.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
            for each in found.values():
                walk(each)
        for each in te.get_args(hint):
            walk(each)

    walk(shape)
    return TypeAdapter(shape)
