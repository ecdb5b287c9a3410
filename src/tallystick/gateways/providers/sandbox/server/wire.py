"""A call and an answer as they cross the socket, and the faults that strike them there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tallystick.gateways.providers.sandbox.server.faults import WIRE, Hit, kinds_of, take_fault
from tallystick.gateways.providers.sandbox.server.store import Store

WIRE_FAULTS = kinds_of(WIRE)
_stopping = threading.Event()


@dataclass(frozen=True, slots=True)
class Settings:
    """How this server was started. Seconds; `delay_s` is on the sandbox's clock, `slow_s` is really waited."""

    public_url: str
    key_lifetime_s: float = 86400
    delay_s: float = 20
    slow_s: float = 25


@dataclass(frozen=True, slots=True)
class Call:
    """One request: header names in lower case, query and form as their last values."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def read_json(self) -> dict[str, object]:
        """The body as an object. Raises ValueError."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("the body isn't a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `is_dropped` closes the socket without a word."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_dropped: bool = False


DROPPED = Answer(0, is_dropped=True)


def as_json(status: int, value: object, **headers: str) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def as_error(status: int, code: str, message: str) -> Answer:
    """An error as the API documents it."""
    return as_json(status, {"error": {"code": code, "message": message}})


def with_faults(store: Store, *, operation: str, reference: str, act: Callable[[], Answer]) -> Answer:
    """Do `act`, unless a fault strikes before; and whatever it answers, a fault may strike after."""
    hit = meet_fault(store, operation=operation, reference=reference)
    if hit is not None and strikes_before(hit):
        return strike(hit)
    answer = act()
    return strike(hit) if hit else answer


def meet_fault(store: Store, *, operation: str, reference: str) -> Hit | None:
    """The fault of the wire that this call meets; counts the hit."""
    with store.tx() as tx:
        return take_fault(tx, WIRE_FAULTS, reference=reference, operation=operation)


def strikes_before(hit: Hit) -> bool:
    """Whether the call never gets as far as being done, nor its key as being held."""
    return not hit.kind.endswith("_after")


def wait(seconds: float) -> None:
    """Really wait, but not longer than the server lives."""
    _stopping.wait(seconds)


def stop_waiting() -> None:
    """Wake everything that hangs: the server is going down."""
    _stopping.set()


def strike(hit: Hit) -> Answer:
    """What the caller gets instead of the answer; waits first, if the fault hangs."""
    match hit.kind.rsplit("_", 1)[0] if hit.kind.endswith(("_before", "_after")) else hit.kind:
        case "hang":
            wait(hit.seconds)
            return DROPPED
        case "error_500":
            return as_error(500, "internal_error", "Something broke here.")
        case "error_429":
            return as_error(429, "rate_limited", "Too many calls.")
        case "malformed":
            return Answer(200, b'{"ref": "cs_', {"Content-Type": "application/json"})
        case "conflict":
            return as_error(409, "key_in_use", "A call with this key is still running.")
        case _:
            return DROPPED
