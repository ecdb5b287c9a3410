"""R10: the database away, the gateway away for ten minutes, the disk full, while people pay. Nothing is lost, and all comes back alone.

Meanwhile the payment page says 503 in words, and the gateway's webhooks are told to come again.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
import psycopg

from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices.links import link_token
from tallystick.testing.database import fresh_database
from tallystick.testing.mailbox import open_mailbox
from tests.storm.ground import let_go
from tests.storm.kill import roles
from tests.storm.kill.aftermath import drain_all, judge_all
from tests.storm.kill.cast import Shop, make_shops
from tests.storm.kill.durable import Durable, durable_server
from tests.storm.kill.storm import Family, warm_up
from tests.storm.outcome import Outcome

SHOPS, INVOICES, AWAY_S, DISK_MEGABYTES, BACK_WITHIN_S = 4, 120, 4, 400, 60


def run(*, seed: int) -> Outcome:
    """Let each outage happen once under load, then drain and verify."""
    outcome, began = Outcome("outage", seed), time.perf_counter()
    with durable_server(disk_megabytes=DISK_MEGABYTES) as (server, folder):
        url = fresh_database(server.url, "storm")
        os.environ["DATABASE_URL"] = url
        sandbox = SandboxProcess(folder / "truth.db", "--delay-s", "1")
        try:
            with open_mailbox(folder / "mail") as mailbox, socket.create_server(("127.0.0.1", 0), backlog=64) as door:
                mailbox.use()
                here = f"http://127.0.0.1:{door.getsockname()[1]}"
                shops = make_shops(SHOPS, INVOICES, sandbox, here, seed, planned=0.25, by_card=0.25)
                page = f"{here}/p/{link_token(_some_invoice(shops), 1)}"
                warm_up()
                let_go()
                _blow(outcome, server, folder, sandbox, shops, page, partial(roles.web, door), seed)
                _judge(outcome, sandbox, shops, folder)
        finally:
            sandbox.stop()
            sandbox.payer.close()
            let_go()
    outcome.figures["seconds"] = round(time.perf_counter() - began, 1)
    return outcome


def _some_invoice(shops: Sequence[Shop]) -> UUID:
    return shops[0].by_page[0]


def _blow(
    outcome: Outcome,
    server: Durable,
    folder: Path,
    sandbox: SandboxProcess,
    shops: Sequence[Shop],
    page: str,
    web: object,
    seed: int,
) -> None:
    members = [roles.till, roles.till, roles.sweeper, roles.sweeper, web, web]
    family = Family(shops, members, seed, str(folder / "roles.log"))  # type: ignore[arg-type]
    crowd = subprocess.Popen([sys.executable, "-m", "tests.storm.kill.crowd", str(seed)])
    try:
        time.sleep(AWAY_S)
        _expect(outcome, page, 200, "before anything happens")
        server.stop()
        _expect(outcome, page, 503, "while the database is away")
        time.sleep(AWAY_S)
        server.start()
        _expect(outcome, page, 200, "when the database is back")
        sandbox.fault("outage", seconds=600)
        time.sleep(AWAY_S)
        _expect(outcome, page, 200, "while the gateway is away")
        sandbox.advance(600)
        time.sleep(AWAY_S)
        _fill_the_disk(outcome, server, folder, page)
        family.look_after()
    finally:
        family.end()
        crowd.kill()
        crowd.wait()
        sandbox.clear_faults()


def _fill_the_disk(outcome: Outcome, server: Durable, folder: Path, page: str) -> None:
    """Leave no byte for the database for a while, then give the room back; nobody restarts anything."""
    if not os.path.ismount(folder):
        outcome.figures["disk full"] = "skipped: no small disk could be mounted here"
        return
    ballast = folder / "ballast"
    with ballast.open("wb") as filler:
        room = shutil.disk_usage(folder).free
        try:
            while room > 0:
                filler.write(b"\0" * min(room, 1 << 20))
                room = shutil.disk_usage(folder).free
            filler.flush()
        except OSError:
            pass
    errors = _errors_until(server, AWAY_S)
    ballast.unlink()
    began = time.monotonic()
    _expect(outcome, page, 200, "when there is room again")
    outcome.figures["disk full"] = f"{errors} errors, back after {time.monotonic() - began:.1f} s"


def _errors_until(server: Durable, seconds: float) -> int:
    """How many writes failed while the disk was full."""
    failed, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with psycopg.connect(server.url, autocommit=True, connect_timeout=2) as connection:
                connection.execute(
                    "CREATE TEMPORARY TABLE ballast AS SELECT repeat(md5(n::text), 300) FROM generate_series(1, 5000) n"
                )
        except psycopg.Error:
            failed += 1
            time.sleep(0.2)
    return failed


def _expect(outcome: Outcome, page: str, status: int, when: str) -> None:
    """The payment page answers so, within the time it may take to come back."""
    until, seen = time.monotonic() + BACK_WITHIN_S, Counter[str]()
    while time.monotonic() < until:
        try:
            answer = httpx.get(page, timeout=20, trust_env=False)
            seen[str(answer.status_code)] += 1
            if answer.status_code == status:
                break
        except httpx.HTTPError as error:
            seen[type(error).__name__] += 1
        time.sleep(0.2)
    else:
        outcome.violations.append(f"the payment page {when}: {dict(seen)} instead of {status}")
    if seen["500"]:
        outcome.violations.append(f"the payment page {when}: {seen['500']} times 500")


def _judge(outcome: Outcome, sandbox: SandboxProcess, shops: Sequence[Shop], folder: Path) -> None:
    drain_all(shops, sandbox, folder)
    violations, counts = judge_all(shops, sandbox, folder)
    outcome.violations += violations
    outcome.figures |= counts
