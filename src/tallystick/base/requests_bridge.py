"""A bridge for libraries that are built on requests: each of their calls leaves the house through `base.http`."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from tallystick.base import http

_OURS = frozenset({"accept-encoding", "connection", "content-length", "host"})
"""Headers that belong to the connection; `base.http` writes its own."""


class Bridge(BaseAdapter):
    """Carries one request over `base.http`: guarded against open transactions, bounded, never sent twice.

    Lets HttpUnavailable and InsideTransaction through as they are, past whatever the SDK would catch and retry. A
    redirect is no answer of an API: it counts as HttpUnavailable and is never followed.
    """

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self.timeout_s = timeout_s

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,
        verify: object = True,
        cert: object = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send it; the settings of the SDK's own transport are ignored. Raises HttpUnavailable."""
        headers = {name: str(value) for name, value in request.headers.items() if name.lower() not in _OURS}
        body = request.body or b""
        if not isinstance(body, str | bytes):
            raise TypeError("an API call has a plain body")
        payload = body.encode() if isinstance(body, str) else body
        reply = http.send(
            http.Request(str(request.method), str(request.url), headers, payload), timeout_s=self.timeout_s
        )
        if 300 <= reply.status < 400:
            raise http.HttpUnavailable(f"a redirect ({reply.status}) instead of an answer", sent=True)
        return _as_requests(request, reply)

    def close(self) -> None:
        """Nothing is held here: the connections belong to `base.http`."""


def open_session(timeout_s: float) -> requests.Session:
    """A requests session whose only way out is the bridge; it reads no proxy, netrc or other environment."""
    session = requests.Session()
    session.adapters.clear()
    session.headers.clear()
    session.trust_env = False
    bridge = Bridge(timeout_s)
    session.mount("https://", bridge)
    session.mount("http://", bridge)
    return session


def _as_requests(request: requests.PreparedRequest, reply: http.Response) -> requests.Response:
    answer = requests.Response()
    answer.status_code = reply.status
    answer.headers = CaseInsensitiveDict(reply.headers)
    answer.encoding = "utf-8"
    answer.url = str(request.url)
    answer.request = request
    answer._content = reply.body
    answer._content_consumed = True
    return answer
