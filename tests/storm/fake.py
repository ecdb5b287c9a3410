"""A payment gateway inside the process: no HTTP, so that a step costs as much as our own work does.

It keeps the truth of each session, and answers as it is told to: at once, not at all, or after having acted.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tallystick.core.attempt import DeclineClass, State
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState
from tallystick.gateways import registry
from tallystick.gateways.port import (
    NOT_FOUND,
    Capabilities,
    Charge,
    ChargePage,
    ChargeRequest,
    Decline,
    Dispute,
    Provider,
    Refund,
    RefundReport,
    Report,
    SavedMethod,
    SessionRequest,
    SettlementPage,
)

CAPABILITIES = Capabilities(
    idempotency_key_ttl=timedelta(hours=24),
    lookup="by_ref",
    lookup_lag=timedelta(seconds=60),
    expires_sessions=True,
    signed_webhooks=True,
    hosted=True,
    saved_methods=True,
    partial_refund=True,
    settlements=False,
    lists_charges=False,
)
AT = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
POOR = Decline("insufficient_funds", DeclineClass.TRY_LATER, "There isn't enough money on the card.")


@dataclass
class Session:
    """One attempt at the gateway. `state`: open, paid, failed, expired."""

    ref: str
    attempt_id: UUID
    amount_minor: int
    currency: str
    state: str = "open"
    decline: Decline | None = None
    charge_refs: list[str] = field(default_factory=list)
    saves: bool = False


@dataclass
class FakeBank:
    """One merchant account. `trouble` is what the next call meets: "", lost_before, lost_after.

    `keeps_pages`: asked to close one, it doesn't answer. `lags`: how many look-ups to come don't see what there is yet. `decline_with` is why a card is refused.
    """

    name: str
    sessions: dict[UUID, Session] = field(default_factory=dict)
    refunds: dict[str, dict[UUID | str, Refund]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Dispute]] = field(default_factory=dict)
    trouble: str = ""
    refuses: bool = False
    lags: int = 0
    keeps_pages: bool = False
    decline_with: Decline = POOR
    refund_state: RefundState = RefundState.SUCCEEDED
    guard: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _count: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def capabilities(self) -> Capabilities:
        """Keys, look-up, and pages it can close."""
        return CAPABILITIES

    def pay(self, attempt_id: UUID) -> bool:
        """The payer pays an open page; True when it took the money."""
        with self.guard:
            session = self.sessions.get(attempt_id)
            if session is None or session.state != "open":
                return False
            self._take(session)
            return True

    def decline(self, attempt_id: UUID) -> bool:
        """The payer's card is refused; the page stays open."""
        with self.guard:
            session = self.sessions.get(attempt_id)
            if session is None or session.state != "open":
                return False
            session.decline = POOR
            return True

    def _take(self, session: Session) -> None:
        session.state = "paid"
        session.charge_refs.append(f"ch_{self.name}_{next(self._count)}")

    def charge_of(self, attempt_id: UUID) -> str:
        """The charge an attempt made."""
        return self.sessions[attempt_id].charge_refs[0]

    def open_dispute(self, charge_ref: str, amount_minor: int) -> str:
        """The payer's bank wants it back."""
        ref = f"dp_{self.name}_{next(self._count)}"
        told = Dispute(ref, DisputeState.NEEDS_RESPONSE, amount_minor, "EUR", "fraudulent", AT)
        self.disputes.setdefault(charge_ref, {})[ref] = told
        return ref

    def close_dispute(self, charge_ref: str, ref: str, state: DisputeState) -> None:
        """The bank decides."""
        old = self.disputes[charge_ref][ref]
        self.disputes[charge_ref][ref] = Dispute(ref, state, old.amount_minor, old.currency, old.reason, AT)

    def settle_refund(self, charge_ref: str, refund_id: UUID, state: RefundState) -> None:
        """A refund that was on its way ends."""
        old = self.refunds[charge_ref][refund_id]
        self.refunds[charge_ref][refund_id] = Refund(old.ref, refund_id, state, old.amount_minor, old.currency, old.at)

    def _report(self, session: Session) -> Report:
        charges = tuple(
            Charge(
                ref,
                session.amount_minor,
                session.currency,
                AT,
                "Visa ···· 4242",
                tuple(self.refunds.get(ref, {}).values()),
                tuple(self.disputes.get(ref, {}).values()),
            )
            for ref in session.charge_refs
        )
        saved = None
        if session.saves and session.state == "paid":
            saved = SavedMethod(f"pm_{session.ref}", f"cu_{self.name}", "card", "Visa", "4242", 12, 2034)
        state = {
            "open": State.ACTION_REQUIRED,
            "paid": State.SUCCEEDED,
            "failed": State.DECLINED,
            "expired": State.CANCELED,
        }[session.state]
        url = f"http://127.0.0.1:9/{session.ref}" if state == State.ACTION_REQUIRED else None
        return Report(state, session.ref, url, charges, session.decline, saved=saved)

    def _lost(self, when: str) -> bool:
        if self.trouble != f"lost_{when}":
            return False
        self.trouble = ""
        return True

    def _begin(self, request: SessionRequest | ChargeRequest, *, saves: bool = False) -> Session:
        id_ = request.attempt_id
        known = self.sessions.get(id_)
        if known is None:
            known = Session(f"cs_{id_.hex}", id_, request.amount_minor, request.currency, saves=saves)
            self.sessions[id_] = known
        return known

    def open_session(self, request: SessionRequest) -> Report:
        """See `Gateway.open_session`."""
        with self.guard:
            if self._lost("before"):
                return Report(State.UNKNOWN)
            session = self._begin(request, saves=request.saves_method)
            return Report(State.UNKNOWN) if self._lost("after") else self._report(session)

    def charge_method(self, request: ChargeRequest) -> Report:
        """See `Gateway.charge_method`."""
        with self.guard:
            if self._lost("before"):
                return Report(State.UNKNOWN)
            is_new = request.attempt_id not in self.sessions
            session = self._begin(request)
            if is_new and self.refuses:
                session.state, session.decline = "failed", self.decline_with
            elif is_new:
                self._take(session)
            return Report(State.UNKNOWN) if self._lost("after") else self._report(session)

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """See `Gateway.look_up`."""
        with self.guard:
            if self._lost("before") or self._lost("after"):
                return Report(State.UNKNOWN)
            session = self.sessions.get(attempt_id)
            if session is None or self.lags:
                self.lags = max(self.lags - 1, 0)
                return NOT_FOUND
            return self._report(session)

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """See `Gateway.expire_session`."""
        with self.guard:
            if self.keeps_pages or self._lost("before"):
                return Report(State.UNKNOWN)
            session = self.sessions[attempt_id]
            if session.state == "open":
                session.state = "expired"
            return Report(State.UNKNOWN) if self._lost("after") else self._report(session)

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """See `Gateway.refund`."""
        with self.guard:
            if self._lost("before"):
                return RefundReport(RefundState.UNKNOWN)
            listed = self.refunds.setdefault(charge_ref, {})
            if refund_id not in listed:
                ref = f"re_{self.name}_{next(self._count)}"
                listed[refund_id] = Refund(ref, refund_id, self.refund_state, amount_minor, currency, AT)
            told = listed[refund_id]
            return RefundReport(RefundState.UNKNOWN) if self._lost("after") else RefundReport(told.state, told.ref)

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """See `Gateway.forget_method`."""
        return True

    def list_charges(self, *, since: datetime, cursor: str = "") -> ChargePage:
        """See `Gateway.list_charges`."""
        return ChargePage(())

    def list_settlements(self, *, since: datetime, cursor: str = "") -> SettlementPage:
        """See `Gateway.list_settlements`."""
        return SettlementPage(())

    def balances(self) -> Mapping[str, int]:
        """See `Gateway.balances`."""
        return {}


BANKS: dict[str, FakeBank] = {}


def build(config: Mapping[str, str]) -> FakeBank:
    """The bank of that name, made when first asked for."""
    return BANKS.setdefault(config["name"], FakeBank(config["name"]))


FAKE = Provider("fake", "Fake", (), build, CAPABILITIES)  # type: ignore[arg-type]


def register() -> None:
    """Put the fake into the table of providers of this process."""
    registry.PROVIDERS["fake"] = FAKE  # type: ignore[index]
