"""Calls to GoCardless by its SDK, and the three things that may come of one: an answer, a refusal or silence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from gocardless_pro import services  # type: ignore[import-untyped]
from gocardless_pro.api_client import ApiClient  # type: ignore[import-untyped]
from gocardless_pro.errors import (  # type: ignore[import-untyped]
    ApiError,
    AuthenticationError,
    GoCardlessInternalError,
    GoCardlessProError,
    IdempotentCreationConflictError,
    RateLimitError,
)

from tallystick.base import http
from tallystick.base.requests_bridge import open_session

LIVE_URL = "https://api.gocardless.com"
SANDBOX_URL = "https://api-sandbox.gocardless.com"
_REF = re.compile(r"(BRQ|PM|MD|CU|RF)[A-Za-z0-9]{1,100}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in GoCardless' documented shape. Never a conflict, a rate limit or one of its own faults."""

    kind: str
    """validation_failed, invalid_state, invalid_api_usage, not_found, forbidden or unauthorised."""
    reasons: tuple[str, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No usable answer. `was_sent` is False when the call surely never left."""

    was_sent: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """This key made something before; here is its name."""

    ref: str


Answer = Mapping[str, object]
Reply = Answer | Refusal | Silence | Conflict


class BridgedApi(ApiClient):  # type: ignore[misc]
    """The SDK's client with its calls going through `base.http`. A list comes back whole: rows and cursors."""

    def __init__(self, base_url: str, access_token: str, timeout_s: float) -> None:
        super().__init__(base_url, access_token)
        self._session = open_session(timeout_s)

    def get(self, path: str, params: Any = None, headers: Any = None) -> requests.Response:
        """See the SDK."""
        return self._send("GET", path, None, headers, params)

    def post(self, path: str, body: Any, headers: Any = None) -> requests.Response:
        """See the SDK."""
        return self._send("POST", path, body, headers)

    def put(self, path: str, body: Any, headers: Any = None) -> requests.Response:
        """See the SDK."""
        return self._send("PUT", path, body, headers)

    def delete(self, path: str, body: Any, headers: Any = None) -> requests.Response:
        """See the SDK."""
        return self._send("DELETE", path, body, headers)

    def _send(self, method: str, path: str, body: Any, headers: Any, params: Any = None) -> requests.Response:
        url = urljoin(self.base_url, self._validate_path(path))
        sent = self._headers(headers)
        payload = None if method == "GET" else json.dumps(body)
        answer = self._session.request(method, url, params=params, data=payload, headers=sent)
        self._handle_errors(answer)
        return answer


@dataclass(frozen=True, slots=True)
class Api:
    """The services of the SDK that we use: one try each, and conflicts are told instead of followed."""

    client: BridgedApi

    def of(self, service: type[services.base_service.BaseService]) -> Any:
        """One of the SDK's services."""
        return service(self.client, 1, 0, True)


def open_api(*, access_token: str, api_url: str, timeout_s: float) -> Api:
    """The SDK's services for one account."""
    return Api(BridgedApi(api_url, access_token, timeout_s))


def ask(call: Callable[[], object]) -> Reply:
    """Make one SDK call; one resource or a whole list as it came. Raises nothing but InsideTransaction."""
    try:
        return _as_answer(call())
    except http.HttpUnavailable as error:
        return Silence(error.sent)
    except IdempotentCreationConflictError as error:
        return _as_conflict(error)
    except (RateLimitError, GoCardlessInternalError):
        return Silence(was_sent=True)
    except ApiError as error:
        return _as_refusal(error)
    except (
        GoCardlessProError, requests.RequestException, ValueError, TypeError, LookupError, AttributeError, RecursionError,
    ):  # fmt: skip
        return Silence(was_sent=True)


def is_ref(ref: str) -> bool:
    """Whether GoCardless could have given this name. What doesn't look like one must not get into a path."""
    return _REF.fullmatch(ref) is not None


def follow(made: Reply, get: Callable[[str], object]) -> Answer | Refusal | Silence:
    """What a create made, now or, when its key was used before, then."""
    if not isinstance(made, Conflict):
        return made
    ref = made.ref
    found = ask(lambda: get(ref)) if is_ref(ref) else Silence(was_sent=True)
    return Silence(was_sent=True) if isinstance(found, Refusal | Conflict) else found


def _as_answer(result: Any) -> Reply:
    if hasattr(result, "records"):
        body = result.api_response.body
        return body if isinstance(body, Mapping) else Silence(was_sent=True)
    attributes = getattr(result, "attributes", None)
    return attributes if isinstance(attributes, Mapping) else Silence(was_sent=True)


def _as_conflict(error: IdempotentCreationConflictError) -> Reply:
    try:
        ref = error.conflicting_resource_id
    except (ApiError, LookupError, TypeError, AttributeError):
        return Silence(was_sent=True)
    return Conflict(ref) if isinstance(ref, str) else Silence(was_sent=True)


def _as_refusal(error: ApiError) -> Reply:
    content = error.error if isinstance(error.error, dict) else {}
    details = content.get("errors")
    details = [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    reasons = tuple(str(each.get("reason", "")) for each in details)
    parts = [
        str(content.get("message", "")),
        *(f"{each.get('field', '')} {each.get('message', '')}" for each in details),
    ]
    detail = "; ".join(dict.fromkeys(part.strip() for part in parts if part.strip()))[:500]
    code = content.get("code")
    if isinstance(error, AuthenticationError) or code == 401:
        return Refusal("unauthorised", reasons, detail)
    kind = {403: "forbidden", 404: "not_found", 410: "not_found"}.get(code if isinstance(code, int) else 0)
    if kind is None and code in {400, 422} and content.get("type") in {
        "validation_failed", "invalid_state", "invalid_api_usage",
    }:  # fmt: skip
        kind = str(content["type"])
    if kind is None or not content.get("request_id"):
        return Silence(was_sent=True)
    return Refusal(kind, reasons, detail)


class NoReply(Exception):
    """A question got no answer. `reply` is what came instead."""

    def __init__(self, reply: Refusal | Silence | Conflict) -> None:
        super().__init__(str(reply))
        self.reply = reply


def fetch(call: Callable[[], object]) -> Answer:
    """Like `ask`, for a question. Raises NoReply."""
    reply = ask(call)
    if isinstance(reply, Refusal | Silence | Conflict):
        raise NoReply(reply)
    return reply
