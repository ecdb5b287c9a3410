"""The sandbox on the stage: the provider in the box, as a process of its own."""

from __future__ import annotations

import dataclasses
import json
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from tallystick.core.attempt import State
from tallystick.gateways import signatures
from tallystick.gateways.port import Gateway, Report
from tallystick.gateways.tests.opening import charge_method
from tallystick.gateways.tests.sandbox_process import SECRET, SandboxProcess
from tests.conformance.stage import PATIENT_S, Delivery, Stage, TrueCharge, TrueDispute, TrueRefund, Truth, patience

CARDS = {
    "declined": "4000000000000002",
    "insufficient": "4000000000009995",
    "challenge_approved": "4000000000003220",
    "challenge_refused": "4000000000003220",
    "delayed_success": "4000000000002206",
    "delayed_failure": "4000000000003303",
}
LATER_CARDS = {
    "good": "4242424242424242",
    "insufficient": "4000000000000341",
    "expired": "4000000000000366",
    "stolen": "4000000000000374",
    "needs_authentication": "4000000000000382",
}


class SandboxStage:
    """A fresh account at a process that all tests share."""

    name = "sandbox"
    currencies = frozenset({"EUR", "USD", "JPY", "KWD", "HUF", "RON"})
    unsupported: frozenset[str] = frozenset()
    settles_after_s = 21.0

    def __init__(self, process: SandboxProcess) -> None:
        self._process, self._account = process, f"stage-{uuid4().hex}"
        process.clear_faults()
        self.gateway: Gateway = process.gateway(self._account, timeout_s=PATIENT_S)
        self._told = 0

    def pay(self, report: Report, outcome: str, *, later: str = "good") -> None:
        """See `Stage.pay`."""
        if outcome == "abandoned":
            return
        page = self._process.payer.get(str(report.action_url))
        answer = "decline" if outcome == "challenge_refused" else "approve"
        if page.headers.get("location", "").partition("?")[0].endswith("/verify"):
            self._process.answer_bank(report.action_url, answer)
            return
        self._process.pay(report.action_url, CARDS.get(outcome) or LATER_CARDS[later])
        if outcome.startswith("challenge"):
            self._process.answer_bank(report.action_url, answer)

    def make_charges(self, count: int) -> None:
        """So many charges of EUR 10.00 of a card that is kept for it."""
        gateway, method = self._process.gateway(self._account), self._process.save_card(name=self._account)
        for _ in range(count):
            assert charge_method(gateway, uuid4(), method, amount_minor=1_000).state is State.SUCCEEDED
            self._process.advance(3)

    def fault(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """See `Stage.fault`."""
        self.gateway = self._process.gateway(self._account, timeout_s=patience(kind))
        kind = {"error_429": "error_429_before"}.get(kind, kind)
        if kind.startswith("hang"):
            params.setdefault("seconds", 1.2)
        if operation is not None:
            params["operation"] = operation
        self._process.fault(kind, times=-1 if kind == "lookup_lag" else times, **params)

    def clear_faults(self) -> None:
        """See `Stage.clear_faults`."""
        self._process.clear_faults()

    def dispute(self, charge_ref: str, outcome: str = "opened") -> None:
        """See `Stage.dispute`."""
        ref = self._process.dispute(charge_ref)
        if outcome != "opened":
            self._process.close_dispute(ref, outcome, name=self._account)

    def dashboard_refund(self, charge_ref: str, amount_minor: int) -> None:
        """See `Stage.dashboard_refund`."""
        path = f"/v1/charges/{charge_ref}/refunds"
        answer = self._process.call("POST", path, name=self._account, body={"amount_minor": amount_minor})
        assert answer.status_code == 201, answer.text

    def payout(self) -> None:
        """See `Stage.payout`."""
        self._process.payout()

    def advance(self, seconds: float) -> None:
        """See `Stage.advance`."""
        self._process.advance(seconds)

    def now(self) -> datetime:
        """See `Stage.now`."""
        return datetime.fromisoformat(self._process.payer.get(f"{self._process.url}/clock").json()["now"])

    def webhooks(self, manner: str = "plain") -> list[Delivery]:
        """See `Stage.webhooks`."""
        events = self._process.call("GET", "/v1/events", name=self._account).json()["events"][self._told :]
        self._told += len(events)
        at = self.now()
        sent = [self._deliver({k: v for k, v in each.items() if k != "deliveries"}, manner, at) for each in events]
        if manner == "duplicated":
            return [each for pair in zip(sent, sent, strict=True) for each in pair]
        return sent[::-1] if manner == "reordered" else sent

    def _deliver(self, event: dict[str, object], manner: str, at: datetime) -> Delivery:
        body = json.dumps(event).encode()
        if manner == "malformed":
            body = body[: len(body) // 2]
        key = secrets.token_bytes(32) if manner == "forged" else signatures.read_secret(SECRET)
        stamp = int((at - timedelta(hours=1) if manner == "stale" else at).timestamp())
        event_id = str(event["id"])
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signatures.sign(key=key, event_id=event_id, timestamp_s=stamp, body=body),
        }
        return Delivery(body, headers, at)

    def truth(self) -> Truth:
        """See `Stage.truth`."""
        books = self._process.truth(name=self._account)
        balance = self._process.call("GET", "/v1/balance", name=self._account).json()["balances"]
        return Truth(
            opened=tuple(UUID(str(row["client_reference"])) for row in books["sessions"] if row["kind"] == "session"),
            charges=tuple(
                TrueCharge(
                    str(row["ref"]), _uuid(row["client_reference"]), _int(row["amount_minor"]), str(row["currency"])
                )
                for row in books["charges"]
            ),
            refunds=tuple(
                TrueRefund(
                    str(row["ref"]),
                    str(row["charge"]),
                    _uuid(row["refund_id"]),
                    _int(row["amount_minor"]),
                    str(row["state"]),
                )
                for row in books["refunds"]
            ),
            disputes=tuple(
                TrueDispute(str(row["ref"]), str(row["charge"]), _int(row["amount_minor"]), str(row["state"]))
                for row in books["disputes"]
            ),
            balance=balance,
        )

    def complaints(self) -> list[str]:
        """See `Stage.complaints`. The sandbox's refusals are all documented answers."""
        return []

    def with_bad_key(self) -> Gateway:
        """See `Stage.with_bad_key`."""
        gateway = self._process.gateway(self._account, timeout_s=PATIENT_S)
        return dataclasses.replace(gateway, secret_key="sk_sandbox_not.a.key")

    def close(self) -> None:
        """See `Stage.close`. The process goes on."""
        self._process.clear_faults()


@contextmanager
def open_stages() -> Iterator[Callable[[], Stage]]:
    """One process for the whole run."""
    with tempfile.TemporaryDirectory() as folder:
        process = SandboxProcess(Path(folder) / "truth.sqlite3", "--slow-s", "0.4")
        try:
            yield lambda: SandboxStage(process)
        finally:
            process.stop()
            process.payer.close()


def _uuid(value: object) -> UUID | None:
    return UUID(str(value)) if value else None


def _int(value: object) -> int:
    assert type(value) is int
    return value
