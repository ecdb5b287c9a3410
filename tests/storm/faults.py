"""R3: every call to the gateway meets a fault, kind after kind; when it is over, every cent must be where it belongs.

Two processes charge on the page and by card, look up, close pages and give back, each call with a fault of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.core.attempt import State
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.errors import PaymentError
from tallystick.payments.models import ChargeAttempt, Payment
from tallystick.payments.refund import request_refund, send_refund
from tallystick.payments.start import start_charge
from tallystick.payments.sweep import resolve_attempt
from tallystick.worker.sweeps import SWEEPS
from tests.storm.ground import let_go
from tests.storm.kill import roles
from tests.storm.kill.aftermath import JUMPS
from tests.storm.kill.cast import Shop, make_shops
from tests.storm.kill.storm import warm_up
from tests.storm.outcome import Outcome
from tests.storm.verify import compare, verify

SHORT: dict[str, Any] = {"seconds": 0.02}
WIRE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("drop_before", {}),
    ("drop_after", {}),
    ("hang_before", SHORT),
    ("hang_after", SHORT),
    ("error_500_before", {}),
    ("error_500_after", {}),
    ("error_429_before", {}),
    ("error_429_after", {}),
    ("malformed_before", {}),
    ("malformed_after", {}),
    ("conflict", {}),
    ("outage", {"seconds": 0.3, "times": 2}),
)
PAY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("other_amount", {}),
    ("other_currency", {}),
    ("double_charge", {}),
    ("succeeded_then_disputed", {"seconds": 1}),
    ("webhook_lost", {}),
    ("webhook_duplicated", {"copies": 3}),
    ("webhook_reordered", {"seconds": 1}),
    ("webhook_delayed", {"seconds": 30}),
    ("webhook_forged", {}),
    ("webhook_stale", {}),
)
ODD: tuple[tuple[str, dict[str, Any]], ...] = (("settlement_missing", {}), ("charge_unknown", {}))
CANCEL: tuple[tuple[str, dict[str, Any]], ...] = (
    ("expire_refused", {}),
    ("expire_lag", {"seconds": 1}),
    ("charge_after_expiry", {"seconds": 1}),
)
BACK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("refund_pending", {"seconds": 1}),
    ("refund_fails", {}),
    ("refund_fails_later", {"seconds": 1}),
)
GOOD = "4242424242424242"
PROCESSES, SHOPS_EACH, LAGS = 2, 6, 0.15
BY_CARD, WALKS_AWAY = 0.06, 0.12
OPERATIONS = 4
"""So many each invoice meets at least."""
LOOKS = (*JUMPS, 4400)
"""Minutes after the last fault; the last is past the three days in which news of money that isn't ours is asked about."""
SWEPT = ("inbox", "attempts", "refunds", "disputes", "events")
LEAST_KINDS, LEAST_SHARE = 16, 100
"""At least so many kinds must have struck, each in at least one of so many operations."""


class Clerk:
    """One process: works through invoices, arming a fault before each call."""

    def __init__(self, shops: Sequence[Shop], sandbox_url: str, operations: int, seed: int) -> None:
        self.shops, self.url, self.left = shops, sandbox_url, operations
        self.chance, self.done = random.Random(seed), Counter[str]()
        self.browser = httpx.Client(timeout=20, trust_env=False)
        self.wire, self.back, self.cancel = itertools.cycle(WIRE), itertools.cycle(BACK), itertools.cycle(CANCEL)
        self.paying, self.odd = itertools.cycle(PAY), itertools.cycle(ODD)

    def work(self) -> None:
        """Do all operations; shops take turns, the last one is where the gateway hides and invents money."""
        work = itertools.zip_longest(
            *(self._invoices(shop, at == len(self.shops) - 1) for at, shop in enumerate(self.shops))
        )
        for one in itertools.chain.from_iterable(work):
            if self.left <= 0:
                return
            if one:
                self._invoice(*one)

    def _invoices(self, shop: Shop, is_odd: bool) -> Iterator[tuple[Shop, bool, UUID, UUID | None]]:
        pages: list[tuple[UUID, UUID | None]] = [(each, None) for each in shop.by_page]
        mixed = pages + list(shop.by_card)
        self.chance.shuffle(mixed)
        return ((shop, is_odd, invoice_id, method) for invoice_id, method in mixed)

    def _invoice(self, shop: Shop, is_odd: bool, invoice_id: UUID, method_id: UUID | None) -> None:
        seller_id, attempt_id = shop.account.seller_id, new_id()
        given: dict[str, Any] = {"seller_id": seller_id, "attempt_id": attempt_id}
        self._arm(self.wire, attempt_id, "charge_method" if method_id else "open_session")
        if self.chance.random() < LAGS:
            self._arm(iter([("lookup_lag", {"seconds": 5, "times": 1})]), attempt_id, "look_up")
        start_charge(
            invoice_id=invoice_id,
            gateway_account_id=shop.gateway_account_id,
            amount_minor=None,
            payment_method_id=method_id,
            language="en",
            now=clock.now(),
            **given,
        )
        send_charge(now=clock.now(), **given)
        self._ask(given, times=self.chance.choice([1, 2]))
        if method_id is None:
            self._at_the_page(given, is_odd)
        self._ask(given, times=1, is_over=True)
        self._give_back(shop, attempt_id)

    def _ask(self, given: dict[str, Any], *, times: int, is_over: bool = False) -> None:
        """Ask how it stands, and ask again, as after an answer that is lost; minutes later the sweeper does, when it's over
        or while nobody knows."""
        for _ in range(times):
            self._arm(self.wire, given["attempt_id"], "look_up")
            state = look_up_charge(now=clock.now(), **given).state
        if is_over or state in {State.SENT, State.UNKNOWN}:
            with clock.at(clock.now() + timedelta(minutes=2)):
                resolve_attempt(now=clock.now(), **given)

    def _at_the_page(self, given: dict[str, Any], is_odd: bool) -> None:
        attempt_id = given["attempt_id"]
        with tenant.tx(given["seller_id"], read_only=True):
            url = ChargeAttempt.objects.values_list("action_url", flat=True).get(id=attempt_id)
        if not url:
            return
        if self.chance.random() < WALKS_AWAY:
            self._arm(self.cancel if self.chance.random() < 0.6 else self.wire, attempt_id, "expire_session")
            cancel_charge(now=clock.now(), **given)
            return
        self._arm(self.odd if is_odd else self.paying, attempt_id, "pay")
        self.browser.post(url, data={"number": GOOD, "expiry": "12/34", "cvc": "123", "name": "Ada Example"})

    def _give_back(self, shop: Shop, attempt_id: UUID) -> None:
        seller_id = shop.account.seller_id
        with tenant.tx(seller_id, read_only=True):
            payment = Payment.objects.filter(attempt_id=attempt_id).first()
        if payment is None or self.chance.random() < 0.3:
            return
        self._arm(self.back if self.chance.random() < 0.5 else self.wire, attempt_id, "refund")
        try:
            row = request_refund(
                seller_id=seller_id,
                refund_id=new_id(),
                payment_id=payment.id,
                amount_minor=self.chance.choice([1, 2500, payment.amount_minor]),
                reason="storm",
                now=clock.now(),
            )
        except PaymentError:
            return
        send_refund(seller_id=seller_id, refund_id=row.id, now=clock.now())

    def _arm(self, kinds: Iterator[tuple[str, dict[str, Any]]], attempt_id: UUID, operation: str) -> None:
        """Make the next call of this operation about this attempt go wrong."""
        kind, params = next(kinds)
        asked = {"kind": kind, "client_reference": str(attempt_id), **params}
        if (kind, params) in WIRE:
            asked["operation"] = operation
        answer = self.browser.post(f"{self.url}/faults", json=asked)
        assert answer.status_code == 201, answer.text
        self.done[operation] += 1
        self.left -= 1


def run(*, faults: int, seed: int) -> Outcome:
    """Do so many operations with a fault on each, drain, compare, verify."""
    outcome, began = Outcome("faults", seed), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tally-storm-") as name:
        folder = Path(name)
        sandbox = SandboxProcess(folder / "truth.db", "--delay-s", "1", "--slow-s", "0.01")
        try:
            with socket.create_server(("127.0.0.1", 0), backlog=256) as door:
                _run(outcome, sandbox, door, folder, faults, seed)
        finally:
            sandbox.stop()
            sandbox.payer.close()
    outcome.figures["seconds"] = round(time.perf_counter() - began, 1)
    return outcome


def _run(outcome: Outcome, sandbox: SandboxProcess, door: socket.socket, folder: Path, faults: int, seed: int) -> None:
    hooks = f"http://127.0.0.1:{door.getsockname()[1]}"
    shops = make_shops(
        PROCESSES * SHOPS_EACH, faults // OPERATIONS + 80, sandbox, hooks, seed, planned=0, by_card=BY_CARD
    )
    warm_up()
    let_go()
    log = str(folder / "roles.log")
    web = roles.be(partial(roles.web, door), shops, seed, log)
    told = [folder / f"done-{number}" for number in range(PROCESSES)]
    clerks = [
        roles.be(
            partial(_clerk, sandbox.url, faults // PROCESSES, told[number]),
            shops[number::PROCESSES],
            seed + number,
            log,
        )
        for number in range(PROCESSES)
    ]
    for pid in clerks:
        os.waitpid(pid, 0)
    hits = Counter[str]()
    for fault in sandbox.payer.get(f"{sandbox.url}/faults", timeout=60).json()["faults"]:
        hits[fault["kind"]] += fault["hits"] > 0
    sandbox.clear_faults()
    if not all(path.exists() for path in told):
        outcome.violations.append("a clerk fell over:\n" + Path(log).read_text()[-3000:])
        told = [path for path in told if path.exists()]
    _drain_all(sandbox, shops, log)
    os.kill(web, 9)
    os.waitpid(web, 0)
    done = sum((Counter(json.loads(path.read_text())) for path in told), Counter[str]())
    _judge(outcome, sandbox, shops, hits, done.total())
    outcome.figures = {"operations": done.total(), **outcome.figures}


def _clerk(url: str, operations: int, told: Path, shops: Sequence[Shop], seed: int) -> None:
    clerk = Clerk(shops, url, operations, seed)
    clerk.work()
    assert clerk.left <= 0, f"{clerk.left} operations were left over"
    told.write_text(json.dumps(clerk.done))
    os._exit(0)


def _drain_all(sandbox: SandboxProcess, shops: Sequence[Shop], log: str) -> None:
    at = 0
    for minutes in LOOKS:
        sandbox.advance(60 * (minutes - at))
        at = minutes
        pids = [roles.be(partial(_sweep, minutes), shops[part::PROCESSES], 0, log) for part in range(PROCESSES)]
        for pid in pids:
            os.waitpid(pid, 0)


def _sweep(minutes: int, shops: Sequence[Shop], seed: int) -> None:
    """Money only: what is mailed about it is the kill storm's matter."""
    with clock.at(clock.now() + timedelta(minutes=minutes)):
        for shop in shops:
            while sum(SWEEPS[name](shop.account.seller_id) for name in SWEPT):
                continue
    os._exit(0)


def _judge(outcome: Outcome, sandbox: SandboxProcess, shops: Sequence[Shop], hits: Counter[str], done: int) -> None:
    counts = Counter[str]()
    odd = {shop.account.name for number in range(PROCESSES) for shop in shops[number::PROCESSES][-1:]}
    for shop in shops:
        compare(shop.account, after=timedelta(minutes=LOOKS[-1]), sweeps=["events"])
        wrong, found = verify(shop.account, sandbox, is_odd=shop.account.name in odd, is_mailed=False)
        outcome.violations += wrong
        counts += found
    least = done // LEAST_SHARE
    often = [kind for kind, count in hits.items() if count >= least]
    if len(often) < LEAST_KINDS:
        outcome.violations.append(f"only {len(often)} kinds struck {least} times: {dict(hits)}")
    outcome.figures = {"kinds": len(hits), f"kinds over {least}": len(often), "hits": hits.total(), **counts}
    let_go()
