"""Reading what the sandbox sends; strict, because money hangs on it. Anything odd is Unreadable, never a guess."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from tallystick.core.attempt import DeclineClass, State
from tallystick.gateways.port import NOT_FOUND, Charge, Decline, Report, WebhookEvent

STATES = {
    "open": State.ACTION_REQUIRED,
    "canceling": State.CANCELING,
    "processing": State.PROCESSING,
    "paid": State.SUCCEEDED,
    "failed": State.DECLINED,
    "expired": State.CANCELED,
}
# Several sessions for one attempt exist only when a key expired and was sent again; the most binding one speaks.
_RANK = (State.SUCCEEDED, State.PROCESSING, State.CANCELING, State.ACTION_REQUIRED, State.DECLINED, State.CANCELED)


class Unreadable(ValueError):
    """The answer doesn't have the documented shape."""


def read_session(answer: dict[str, object], attempt_id: UUID) -> Report:
    """One session as a Report. Raises Unreadable, also when it belongs to another attempt."""
    if _text(answer, "client_reference") != str(attempt_id):
        raise Unreadable("this session belongs to another attempt")
    state = STATES.get(_text(answer, "status"))
    if state is None:
        raise Unreadable("unknown session status")
    charges = tuple(_read_charge(each) for each in _objects(answer, "charges"))
    if (state is State.SUCCEEDED) != bool(charges):
        raise Unreadable("the status and the charges disagree")
    return Report(
        state=state,
        ref=_text(answer, "ref"),
        action_url=_text(answer, "url") if state is State.ACTION_REQUIRED else None,
        charges=charges,
        decline=_read_decline(answer),
        expires_at=_instant(answer, "expires_at"),
    )


def read_sessions(answer: dict[str, object], attempt_id: UUID) -> Report:
    """A look-up by our id: NOT_FOUND, or one Report with every charge of every session. Raises Unreadable."""
    reports = [read_session(each, attempt_id) for each in _objects(answer, "sessions")]
    if not reports:
        return NOT_FOUND
    first = min(reports, key=lambda report: _RANK.index(report.state))
    return Report(
        state=first.state,
        ref=first.ref,
        action_url=first.action_url,
        charges=tuple(charge for report in reports for charge in report.charges),
        decline=first.decline,
        expires_at=first.expires_at,
    )


def read_event(event_id: str, body: bytes) -> WebhookEvent:
    """A verified webhook body. Raises Unreadable."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body isn't JSON") from error
    if not isinstance(event, dict) or event.get("id") != event_id:
        raise Unreadable("the body and the header name different events")
    data = event.get("data")
    if not isinstance(data, dict):
        raise Unreadable("the event has no data")
    reference = data.get("client_reference")
    ref = data.get("session")
    return WebhookEvent(
        id=event_id,
        kind=_text(event, "kind"),
        attempt_id=None if reference is None else _uuid(reference),
        ref=None if ref is None else _text(data, "session"),
    )


def read_error(body: bytes) -> tuple[str, str]:
    """The code and the message of an error answer; empty when it isn't one."""
    try:
        error = json.loads(body)["error"]
        return _text(error, "code"), _text(error, "message")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", ""


def _read_charge(answer: dict[str, object]) -> Charge:
    amount = answer.get("amount_minor")
    if type(amount) is not int or amount <= 0:
        raise Unreadable("a charge without an amount")
    return Charge(
        ref=_text(answer, "ref"),
        amount_minor=amount,
        currency=_text(answer, "currency"),
        at=_instant(answer, "at"),
        method_label=_text(answer, "method_label"),
    )


def _read_decline(answer: dict[str, object]) -> Decline | None:
    decline = answer.get("decline")
    if decline is None:
        return None
    if not isinstance(decline, dict):
        raise Unreadable("a decline that isn't an object")
    try:
        klass = DeclineClass(_text(decline, "class"))
    except ValueError as error:
        raise Unreadable("unknown decline class") from error
    return Decline(_text(decline, "code"), klass, _text(decline, "message"))


def _objects(answer: dict[str, object], name: str) -> list[dict[str, object]]:
    values = answer.get(name)
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise Unreadable(f"{name} isn't a list of objects")
    return values


def _text(answer: dict[str, object], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} isn't a text")
    return value


def _instant(answer: dict[str, object], name: str) -> datetime:
    try:
        value = datetime.fromisoformat(_text(answer, name))
    except ValueError as error:
        raise Unreadable(f"{name} isn't an instant") from error
    if value.tzinfo is None:
        raise Unreadable(f"{name} has no zone")
    return value


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise Unreadable("client_reference isn't one of our ids") from error
