"""What an operation of the API gets, and the answers they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tallystick.gateways.providers.sandbox.server.sessions import BadRequest, find_session
from tallystick.gateways.providers.sandbox.server.shown import show_session
from tallystick.gateways.providers.sandbox.server.store import Tx
from tallystick.gateways.providers.sandbox.server.wire import Answer, Call, Settings, as_error, as_json


@dataclass(frozen=True, slots=True)
class Want:
    """One authenticated call, with what the path named."""

    tx: Tx
    account: str
    call: Call
    ref: str
    settings: Settings


Operation = Callable[[Want], Answer]
Route = tuple[str, str, str, Operation]


def answer_session(want: Want, ref: str, status: int) -> Answer:
    """A session or a charge of a saved method, as it stands."""
    row = find_session(want.tx, ref, want.account)
    if row is None:
        return as_error(404, "session_not_found", "No such session.")
    return as_json(status, show_session(want.tx, row, want.settings.public_url))


def read_place(want: Want) -> tuple[float, int]:
    """Where a listing begins: `cursor` from the page before, else `since`, an instant. Raises BadRequest."""
    try:
        if cursor := want.call.query.get("cursor", ""):
            at, _, n = cursor.partition("_")
            return float(at), int(n)
        since = datetime.fromisoformat(want.call.query.get("since", "1970-01-01T00:00:00+00:00").replace(" ", "+"))
    except ValueError:
        raise BadRequest("since is an instant in ISO 8601, cursor comes from the page before") from None
    return (since if since.tzinfo else since.replace(tzinfo=UTC)).timestamp(), 0
