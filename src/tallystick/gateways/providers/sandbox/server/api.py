"""The merchant's API under /v1: who calls, what they want, and the same answer to the same key."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tallystick.gateways import signatures
from tallystick.gateways.providers.sandbox.server import payments, sessions, vault
from tallystick.gateways.providers.sandbox.server.due import settle_due
from tallystick.gateways.providers.sandbox.server.events import list_events
from tallystick.gateways.providers.sandbox.server.faults import take_fault
from tallystick.gateways.providers.sandbox.server.money_api import MONEY_ROUTES
from tallystick.gateways.providers.sandbox.server.sessions import BadRequest
from tallystick.gateways.providers.sandbox.server.shown import show_session
from tallystick.gateways.providers.sandbox.server.store import Store, Tx
from tallystick.gateways.providers.sandbox.server.want import Operation, Want, answer_session
from tallystick.gateways.providers.sandbox.server.wire import (
    Answer,
    Call,
    Settings,
    as_error,
    as_json,
    meet_fault,
    strike,
    strikes_before,
)

_KEY = re.compile(r"sk_sandbox_([A-Za-z0-9_-]{1,100})")


def _open_session(want: Want) -> Answer:
    ref = sessions.open_session(want.tx, want.account, want.call.read_json())
    return answer_session(want, ref, 201)


def _charge_method(want: Want) -> Answer:
    try:
        ref = payments.charge_saved(want.tx, want.account, want.call.read_json(), delay_s=want.settings.delay_s)
    except payments.NoMethod:
        raise BadRequest("there is no such saved method", code="method_not_found") from None
    return answer_session(want, ref, 201)


def _get_session(want: Want) -> Answer:
    return answer_session(want, want.ref, 200)


def _find_sessions(want: Want) -> Answer:
    reference = want.call.query.get("client_reference", "")
    found = sessions.find_by_reference(want.tx, want.account, reference)
    return as_json(200, {"sessions": [show_session(want.tx, row, want.settings.public_url) for row in found]})


def _expire_session(want: Want) -> Answer:
    session = sessions.find_session(want.tx, want.ref, want.account)
    if session is not None and not sessions.expire_session(want.tx, session):
        return as_error(409, "session_busy", "This session can't be expired just now.")
    return answer_session(want, want.ref, 200)


def _forget_method(want: Want) -> Answer:
    if not vault.forget_method(want.tx, want.account, want.ref):
        return as_error(404, "method_not_found", "No such method.")
    return as_json(200, {"ref": want.ref, "is_removed": True})


def _account(want: Want) -> Answer:
    row = want.tx.one("SELECT * FROM account WHERE key = ?", want.account)
    name, urls = (row["name"], row["webhook_urls"].split()) if row else ("", [])
    return as_json(200, {"name": name, "webhook_urls": urls})


def _name_account(want: Want) -> Answer:
    name = want.call.read_json().get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadRequest("name is missing")
    want.tx.run("UPDATE account SET name = ? WHERE key = ?", name.strip()[:200], want.account)
    return _account(want)


def _set_webhook(want: Want) -> Answer:
    """`{url | urls, secret}`; no address switches webhooks off."""
    wanted = want.call.read_json()
    urls = wanted.get("urls", [wanted["url"]] if wanted.get("url") else [])
    if not isinstance(urls, list) or not all(isinstance(url, str) and len(url.split()) == 1 for url in urls):
        raise BadRequest("urls is a list of web addresses")
    if not all(urlsplit(url).scheme in {"http", "https"} and urlsplit(url).hostname for url in urls):
        raise BadRequest("a webhook address begins with http:// or https://")
    secret = str(wanted.get("secret", ""))
    try:
        signatures.read_secret(secret)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    want.tx.run(
        "UPDATE account SET webhook_urls = ?, webhook_secret = ? WHERE key = ?", " ".join(urls), secret, want.account
    )
    return _account(want)


def _events(want: Want) -> Answer:
    return as_json(200, {"events": list_events(want.tx, want.account, want.call.query.get("client_reference"))})


ROUTES: tuple[tuple[str, re.Pattern[str], str, Operation], ...] = tuple(
    (method, re.compile(path), name, operation)
    for method, path, name, operation in (
        ("POST", r"/v1/sessions", "open_session", _open_session),
        ("GET", r"/v1/sessions", "look_up", _find_sessions),
        ("GET", r"/v1/sessions/(\w+)", "look_up", _get_session),
        ("POST", r"/v1/sessions/(\w+)/expire", "expire_session", _expire_session),
        ("POST", r"/v1/charges", "charge_method", _charge_method),
        ("DELETE", r"/v1/methods/(\w+)", "forget_method", _forget_method),
        *MONEY_ROUTES,
        ("GET", r"/v1/account", "account", _account),
        ("PUT", r"/v1/account", "account", _name_account),
        ("PUT", r"/v1/webhook", "webhook", _set_webhook),
        ("GET", r"/v1/events", "events", _events),
    )
)


class Api:
    """Answers calls under /v1."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._running: set[tuple[str, str]] = set()
        self._guard = threading.Lock()

    def answer(self, call: Call) -> Answer:
        """One call, faults included."""
        for method, path, name, operation in ROUTES:  # noqa: B007 used after the loop
            if method == call.method and (match := path.fullmatch(call.path)):
                break
        else:
            return as_error(404, "no_such_call", f"There is no {call.method} {call.path}.")
        account = self._authenticate(call)
        if account is None:
            return as_error(401, "bad_key", "A secret key looks like sk_sandbox_<name>.")
        ref = match.group(1) if match.groups() else ""
        key = call.headers.get("idempotency-key", "") if method == "POST" else ""
        reference = self._reference(call, ref)
        hit = meet_fault(self._store, operation=name, reference=reference)
        if hit is not None and strikes_before(hit):
            return strike(hit)
        with self._reserve(account, key) as is_free:
            if not is_free:
                return as_error(409, "key_in_use", "A call with this key is still running.")
            answer = self._act(account, key, ref, call, operation)
            return strike(hit) if hit else answer

    def _authenticate(self, call: Call) -> str | None:
        scheme, _, key = call.headers.get("authorization", "").partition(" ")
        match = _KEY.fullmatch(key)
        if scheme != "Bearer" or match is None:
            return None
        name = match.group(1).replace("_", " ").replace("-", " ").strip().title() or "Sandbox"
        with self._store.tx() as tx:
            tx.run("INSERT OR IGNORE INTO account (key, name) VALUES (?, ?)", key, name)
        return key

    def _reference(self, call: Call, ref: str) -> str:
        """The merchant's id this call is about, so that a fault can be aimed at it."""
        if ref:
            with self._store.tx() as tx:
                row = tx.one(
                    """SELECT client_reference FROM session WHERE ref = ?
                       UNION SELECT client_reference FROM session JOIN charge ON session = session.ref WHERE charge.ref = ?
                       UNION SELECT client_reference FROM session JOIN charge ON session = session.ref
                         JOIN dispute ON charge = charge.ref WHERE dispute.ref = ?""",
                    ref, ref, ref,
                )  # fmt: skip
            return str(row["client_reference"]) if row else ""
        if call.method == "GET":
            return call.query.get("client_reference", "")
        try:
            return str(call.read_json().get("client_reference", ""))
        except ValueError:
            return ""

    @contextmanager
    def _reserve(self, account: str, key: str) -> Iterator[bool]:
        """Hold an idempotency key while its call runs, hanging included; False when another call holds it."""
        held = (account, key)
        with self._guard:
            is_free = not key or held not in self._running
            if key and is_free:
                self._running.add(held)
        try:
            yield is_free
        finally:
            if key and is_free:
                with self._guard:
                    self._running.discard(held)

    def _act(self, account: str, key: str, ref: str, call: Call, operation: Operation) -> Answer:
        """One transaction: the stored answer, or the effect together with its answer."""
        try:
            with self._store.tx() as tx:
                settle_due(tx)
                want = Want(tx, account, call, ref, self._settings)
                if not key:
                    return operation(want)
                print_ = _fingerprint(call)
                if stored := self._stored(tx, account, key, print_):
                    return stored
                answer = operation(want)
                tx.run(
                    "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
                    account, key, print_, answer.status, answer.body, tx.now,
                )  # fmt: skip
                return answer
        except BadRequest as error:
            return as_error(400, error.code, f"{error}.")
        except ValueError:
            return as_error(400, "invalid_request", "The body isn't a JSON object.")

    def _stored(self, tx: Tx, account: str, key: str, fingerprint: str) -> Answer | None:
        row = tx.one("SELECT * FROM idempotency WHERE account = ? AND key = ?", account, key)
        if row is None or tx.now - row["at"] >= self._settings.key_lifetime_s:
            return None
        if take_fault(tx, ["key_expired"], reference=key, operation=""):
            return None
        if row["fingerprint"] != fingerprint:
            return as_error(422, "key_reused", "This key came with other parameters before.")
        return Answer(row["status"], row["body"], {"Content-Type": "application/json", "Idempotency-Replayed": "true"})


def _fingerprint(call: Call) -> str:
    """What makes two calls the same: method, path and the meaning of the body."""
    meaning = json.dumps(json.loads(call.body or b"{}"), sort_keys=True)
    return hashlib.sha256(f"{call.method} {call.path}\n{meaning}".encode()).hexdigest()
