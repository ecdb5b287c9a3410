"""The only way out over HTTP: one request, one answer, no retries, no redirects, bounded in time and size."""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from tallystick.base import tx

RESPONSE_BYTES_MAX = 1_000_000
_POOL = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=15)

_guard = threading.Lock()
_clients: dict[int, httpx.Client] = {}


class HttpUnavailable(Exception):
    """No usable answer arrived.

    `sent` is False only when the request surely never left (refused, unknown host, no connection in time).
    Otherwise the other side may have acted on it: treat the outcome as unknown.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class BadJson(ValueError):
    """The body isn't a JSON object."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Headers and body stay out of the repr: they carry keys and names."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def read_json(self) -> dict[str, object]:
        """The body as a JSON object. Raises BadJson."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise BadJson("the body isn't JSON") from error
        if not isinstance(value, dict):
            raise BadJson("the body isn't a JSON object")
        return value


def send(request: Request, *, timeout_s: float = 20, connect_timeout_s: float = 3) -> Response:
    """Send one request and read the whole answer, whatever its status.

    Never retries and never follows a redirect: whoever calls decides whether sending again is safe.
    `timeout_s` bounds each wait and the whole body; bodies over 1 MB are refused.
    Raises HttpUnavailable, and tx.InsideTransaction while a transaction is open.
    """
    tx.outside("HTTP")
    deadline = time.monotonic() + timeout_s
    timeout = httpx.Timeout(timeout_s, connect=connect_timeout_s, pool=connect_timeout_s)
    headers = {"Accept-Encoding": "identity", **request.headers}
    try:
        with _client().stream(
            request.method, request.url, headers=headers, content=request.body or None, timeout=timeout
        ) as answer:
            return Response(answer.status_code, dict(answer.headers), _read_body(answer, deadline))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise HttpUnavailable(_why(error), sent=False) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise HttpUnavailable(_why(error), sent=False) from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise HttpUnavailable(_why(error), sent=True) from error


def _read_body(answer: httpx.Response, deadline: float) -> bytes:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise HttpUnavailable("the answer is compressed, though that wasn't asked for", sent=True)
    body = bytearray()
    for chunk in answer.iter_raw():
        body += chunk
        if len(body) > RESPONSE_BYTES_MAX:
            raise HttpUnavailable(f"the answer is over {RESPONSE_BYTES_MAX} bytes", sent=True)
        if time.monotonic() > deadline:
            raise HttpUnavailable("the answer took too long", sent=True)
    return bytes(body)


def _client() -> httpx.Client:
    """This process's pool. A forked child makes its own: two processes must not share a socket."""
    pid = os.getpid()
    client = _clients.get(pid)
    if client is None:
        with _guard:
            client = _clients.get(pid)
            if client is None:
                no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
                client = httpx.Client(verify=_trust(), follow_redirects=False, limits=_POOL, cookies=no_cookies)
                _clients[pid] = client
    return client


@cache
def _trust() -> ssl.SSLContext:
    """Whom we trust; read once, also for children that are forked."""
    return httpx.create_ssl_context()


def warm_up() -> None:
    """Load what a first request needs, so that children that are forked from here needn't: a tenth of a second each."""
    _client()
    close()


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _after_fork() -> None:
    global _guard
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def close() -> None:
    """Close this process's pooled connections."""
    client = _clients.pop(os.getpid(), None)
    if client is not None:
        client.close()
