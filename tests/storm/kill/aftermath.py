"""After the storm: let everything come to its end, then look at every seller. Two processes share the sellers."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx

from tallystick.base import clock
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.worker.sweeps import SWEEPS, drain
from tests.storm.kill import roles
from tests.storm.kill.cast import Shop
from tests.storm.verify import compare, in_flight, verify

JUMPS = (0, 1, 4, 15, 45, 180, 600, 1700, 3200)
"""Minutes after the last fault at which the worker looks again, on a clock that is moved."""


def drain_all(shops: Sequence[Shop], sandbox: SandboxProcess, folder: Path) -> None:
    """Look again and again, on a clock that jumps over the waits, there and here."""
    at = 0
    for minutes in JUMPS:
        sandbox.advance(60 * (minutes - at))
        at = minutes
        _in_halves([partial(_drain, minutes)] * 2, shops, folder)


def judge_all(shops: Sequence[Shop], sandbox: SandboxProcess, folder: Path) -> tuple[list[str], Counter[str]]:
    """Compare with the gateway and verify each seller; return the violations, and counts for the summary."""
    told = [folder / "told-0", folder / "told-1"]
    _in_halves([partial(_judge, sandbox, path) for path in told], shops, folder)
    violations, counts = list[str](), Counter[str]()
    for path in told:
        wrong, found = json.loads(path.read_text())
        violations += wrong
        counts += Counter(found)
    return violations, counts


def _in_halves(acts: Sequence[roles.Role], shops: Sequence[Shop], folder: Path) -> None:
    pids = [roles.be(act, shops[half::2], 0, str(folder / "after.log")) for half, act in enumerate(acts)]
    for pid in pids:
        os.waitpid(pid, 0)


def _drain(minutes: int, shops: Sequence[Shop], seed: int) -> None:
    """Look at each seller on a clock that is so many minutes ahead, until nothing is left to do now."""
    with clock.at(clock.now() + timedelta(minutes=minutes)):
        for shop in shops:
            drain(shop.account.seller_id)
            SWEEPS["disputes"](shop.account.seller_id)
            if in_flight(shop.account.seller_id):
                drain(shop.account.seller_id)
    os._exit(0)


def _judge(sandbox: SandboxProcess, told: Path, shops: Sequence[Shop], seed: int) -> None:
    """Compare a while after the last look, verify, and write down the violations and counts."""
    sandbox.payer = httpx.Client(timeout=60, trust_env=False)  # the one from before the fork isn't ours alone
    violations, counts = list[str](), Counter[str]()
    for shop in shops:
        compare(shop.account, after=timedelta(minutes=JUMPS[-1]))
        wrong, found = verify(shop.account, sandbox)
        violations += wrong
        counts += found
    told.write_text(json.dumps([violations, counts]))
    os._exit(0)
