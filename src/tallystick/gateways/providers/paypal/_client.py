"""Calls to PayPal: an access token kept in this process, and the three things that may come of a call."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field

from tallystick.base import http

_EARLY_S = 60
_guard = threading.Lock()
_tokens: dict[tuple[str, str, str], tuple[str, float]] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx with a JSON object, or with no body at all (204)."""

    status: int
    value: dict[str, object]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in PayPal's documented shape: 400, 403, 404 or 422. Others leave the outcome open."""

    status: int
    name: str
    issue: str
    message: str


@dataclass(frozen=True, slots=True)
class Silence:
    """No usable answer. `was_sent` is False when the call surely never left; `is_denied` when the keys are wrong."""

    was_sent: bool = True
    is_denied: bool = False


Reply = Answer | Refusal | Silence


@dataclass(frozen=True, slots=True)
class Client:
    """The credentials of one REST app and where it calls. `timeout_s` bounds each request."""

    api_url: str
    client_id: str
    client_secret: str = field(repr=False)
    timeout_s: float = 20

    def ask(self, method: str, path: str, body: object = None, *, request_id: str = "") -> Reply:
        """One call, preceded by one for a token when none is at hand. Raises nothing but InsideTransaction."""
        token = self._token()
        if isinstance(token, Silence):
            return token
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Prefer": "return=representation",
        }
        if request_id:
            headers["PayPal-Request-Id"] = request_id
        payload = b"" if body is None else json.dumps(body).encode()
        reply = self._send(http.Request(method, self.api_url + path, headers, payload))
        if isinstance(reply, http.Response):
            if reply.status == 401:
                self._drop(token)
                return Silence(is_denied=True)
            return _read(reply)
        return reply

    def _token(self) -> str | Silence:
        """An access token that lives for another minute at least. Two threads may fetch one each; both work."""
        key = (self.api_url, self.client_id, self.client_secret)
        with _guard:
            token, until = _tokens.get(key, ("", 0.0))
        if time.monotonic() < until:
            return token
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        request = http.Request("POST", f"{self.api_url}/v1/oauth2/token", headers, b"grant_type=client_credentials")
        reply = self._send(request)
        if not isinstance(reply, http.Response) or reply.status != 200:
            is_denied = isinstance(reply, http.Response) and reply.status in {400, 401}
            return Silence(was_sent=False, is_denied=is_denied)
        try:
            answer = reply.read_json()
        except http.BadJson:
            return Silence(was_sent=False)
        given, lives_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(given, str) or not given or not given.isascii() or type(lives_s) is not int:
            return Silence(was_sent=False)
        with _guard:
            _tokens[key] = (given, time.monotonic() + lives_s - _EARLY_S)
        return given

    def _drop(self, token: str) -> None:
        """Forget a token that PayPal no longer takes."""
        key = (self.api_url, self.client_id, self.client_secret)
        with _guard:
            if _tokens.get(key, ("", 0.0))[0] == token:
                del _tokens[key]

    def _send(self, request: http.Request) -> http.Response | Silence:
        try:
            return http.send(request, timeout_s=self.timeout_s)
        except http.HttpUnavailable as error:
            return Silence(was_sent=error.sent)


def _read(reply: http.Response) -> Reply:
    if reply.status == 204:
        return Answer(204, {})
    try:
        value = reply.read_json()
    except http.BadJson:
        return Silence()
    if reply.status in {200, 201}:
        return Answer(reply.status, value)
    name, message, details = value.get("name"), value.get("message"), value.get("details")
    if reply.status not in {400, 403, 404, 422} or not isinstance(name, str) or not isinstance(message, str):
        return Silence()
    first = details[0] if isinstance(details, list) and details else {}
    issue = first.get("issue") if isinstance(first, dict) else None
    said = first.get("description") if isinstance(first, dict) else None
    return Refusal(
        reply.status, name, issue if isinstance(issue, str) else "", said if isinstance(said, str) else message
    )
