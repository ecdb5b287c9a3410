"""What a payer does at the checkout: look, pay, confirm, go back."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from functools import partial
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tallystick.gateways.providers.sandbox.server import pages, payments, sessions
from tallystick.gateways.providers.sandbox.server.cards import BY_NUMBER, passes_luhn
from tallystick.gateways.providers.sandbox.server.due import settle_due
from tallystick.gateways.providers.sandbox.server.pages import Form, Page
from tallystick.gateways.providers.sandbox.server.store import Store, Tx
from tallystick.gateways.providers.sandbox.server.wire import Answer, Call, Settings, wait, with_faults
from tallystick.gateways.providers.sandbox.server.words import pick_language

_PATH = re.compile(r"/checkout/(\w+)(/verify)?")
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(?:20)?(\d\d)")
_PREFILLED = {"expiry": "12/34", "cvc": "123", "name": "Ada Example"}


class Checkout:
    """Answers calls under /checkout. A GET changes nothing."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings

    def answer(self, call: Call) -> Answer:
        """One page or one step, faults aimed at `view` or `pay` included."""
        match = _PATH.fullmatch(call.path)
        wished = (call.query.get("lang", ""), call.headers.get("accept-language", ""))
        with self._store.tx() as tx:
            session = sessions.find_session(tx, match.group(1)) if match else None
        if match is None or session is None:
            return pages.show_missing(pick_language(*wished))
        language = pick_language(wished[0], session["language"])
        ref, is_verify, reference = session["ref"], bool(match.group(2)), session["client_reference"]
        act = partial(self._show, ref, language, call, is_verify=is_verify)
        if call.method == "POST":
            act = partial(self._verify if is_verify else self._pay, ref, language, call)
        operation = "pay" if call.method == "POST" else "view"
        return with_faults(self._store, operation=operation, reference=reference, act=act)

    def _show(self, ref: str, language: str, call: Call, *, is_verify: bool) -> Answer:
        with self._store.tx() as tx:
            session, page = self._load(tx, ref, language)
            if session["state"] != "open":
                return pages.show_closed(page, session["state"])
            challenge = payments.pending_challenge(tx, ref)
            if challenge and session["kind"] == "charge" and not is_verify:
                return _go(page.verify_action)
            declined = sessions.last_decline(tx, ref)
        if is_verify:
            return pages.show_challenge(page, challenge["method_label"]) if challenge else _go(page.action)
        card = BY_NUMBER.get(call.query.get("card", ""))
        values = {"number": card.spaced, **_PREFILLED} if card else {}
        return pages.show_checkout(page, declined="" if card else declined, form=Form(values))

    def _pay(self, ref: str, language: str, call: Call) -> Answer:
        values = dict(parse_qsl(call.body.decode(errors="replace"), keep_blank_values=True))
        form = Form(values, _find_errors(values))
        with self._store.tx() as tx:
            session, page = self._load(tx, ref, language)
            if session["state"] != "open":
                return pages.show_closed(page, session["state"])
            if session["kind"] != "session":
                return _go(page.verify_action)
            if form.errors:
                return pages.show_checkout(page, form=form)
            card = BY_NUMBER[_digits(values)]
            year, month = _read_expiry(values) or (0, 0)
            typed = payments.Typed(card, month, year)
            outcome = payments.try_card(tx, session, typed, delay_s=self._settings.delay_s)
        if card.outcome == "slow":
            wait(self._settings.slow_s)
        return _next(page, outcome)

    def _verify(self, ref: str, language: str, call: Call) -> Answer:
        answer = dict(parse_qsl(call.body.decode(errors="replace"))).get("answer")
        with self._store.tx() as tx:
            session, page = self._load(tx, ref, language)
            if session["state"] != "open":
                return pages.show_closed(page, session["state"])
            challenge = payments.pending_challenge(tx, ref)
            if challenge is None or answer not in {"approve", "decline"}:
                return _go(page.action)
            outcome = payments.answer_challenge(tx, session, challenge, is_approved=answer == "approve")
        return _next(page, outcome)

    def _load(self, tx: Tx, ref: str, language: str) -> tuple[sqlite3.Row, Page]:
        """The session as time has left it, and its page."""
        settle_due(tx)
        session = sessions.find_session(tx, ref)
        if session is None:
            raise LookupError(ref)
        account = tx.one("SELECT name FROM account WHERE key = ?", session["account"])
        merchant = account["name"] if account else ""
        return session, pages.page_for(session, merchant, language, _with_session(session["return_url"], ref))


def _find_errors(values: dict[str, str]) -> dict[str, str]:
    errors = {}
    number = _digits(values)
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19 and passes_luhn(number)):
        errors["number"] = "error_number"
    elif number not in BY_NUMBER:
        errors["number"] = "error_real"
    expiry = _read_expiry(values)
    today = datetime.now(UTC)
    if expiry is None:
        errors["expiry"] = "error_expiry"
    elif expiry < (today.year, today.month):
        errors["expiry"] = "error_past"
    if not re.fullmatch(r"[0-9]{3,4}", values.get("cvc", "").strip()):
        errors["cvc"] = "error_cvc"
    if not values.get("name", "").strip():
        errors["name"] = "error_name"
    return errors


def _read_expiry(values: dict[str, str]) -> tuple[int, int] | None:
    """The year and the month as typed."""
    match = _EXPIRY.fullmatch(values.get("expiry", "").strip())
    return (2000 + int(match.group(2)), int(match.group(1))) if match else None


def _digits(values: dict[str, str]) -> str:
    return re.sub(r"[\s-]", "", values.get("number", ""))


def _next(page: Page, outcome: str) -> Answer:
    if outcome == "challenge":
        return _go(page.verify_action)
    return _go(page.action if outcome == "declined" else page.return_url)


def _go(url: str) -> Answer:
    return Answer(303, b"", {"Location": url, "Cache-Control": "no-store"})


def _with_session(url: str, ref: str) -> str:
    """The merchant's return address with `session=<ref>` added to its query."""
    parts = urlsplit(url)
    extra = urlencode({"session": ref})
    return urlunsplit(parts._replace(query=f"{parts.query}&{extra}" if parts.query else extra))
