"""The storm itself: start everybody, kill at random, let it drain, and look at every cent."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import psycopg
from django.urls import get_resolver

from tallystick.base import http
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.testing.database import fresh_database
from tallystick.testing.mailbox import Mailbox, open_mailbox
from tests.storm.ground import let_go
from tests.storm.kill import roles
from tests.storm.kill.aftermath import drain_all, judge_all
from tests.storm.kill.cast import Shop, make_shops
from tests.storm.kill.durable import Durable, durable_server
from tests.storm.kill.troubles import Troubles
from tests.storm.outcome import Outcome

CHARGES_A_SECOND = 15
MOST_DRAIN_S = 120
TRUNCATES, STOPS, STOP_S = 20, 6, 65


class Family:
    """The processes that are killed, and born again at once. This process holds no connection, so that it may fork."""

    def __init__(self, shops: Sequence[Shop], members: Sequence[roles.Role], seed: int, log: str) -> None:
        self.shops, self.log, self.chance = shops, log, random.Random(seed)
        self.alive: dict[int, roles.Role] = {}
        self.stopped: dict[int, float] = {}
        self.fallen = 0
        for role in members:
            self._bear(role)

    def _bear(self, role: roles.Role) -> None:
        self.alive[roles.be(role, self.shops, self.chance.randrange(10**9), self.log)] = role

    def kill_one(self) -> None:
        """kill -9 on one of them, whatever it is doing."""
        pid = self.chance.choice([each for each in self.alive if each not in self.stopped])
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self._bear(self.alive.pop(pid))

    def stop_one(self) -> None:
        """Stop one past every lease it may hold; it wakes up later and believes that nothing happened."""
        able = [
            each
            for each, role in self.alive.items()
            if role in {roles.till, roles.sweeper} and each not in self.stopped
        ]
        pid = self.chance.choice(able)
        os.kill(pid, signal.SIGSTOP)
        self.stopped[pid] = time.monotonic() + STOP_S

    def look_after(self) -> None:
        """Wake whom it is time to wake, and replace whoever fell by themselves."""
        for pid, until in list(self.stopped.items()):
            if time.monotonic() > until:
                os.kill(pid, signal.SIGCONT)
                del self.stopped[pid]
        for pid in list(self.alive):
            if pid not in self.stopped and os.waitpid(pid, os.WNOHANG)[0]:
                self.fallen += 1
                self._bear(self.alive.pop(pid))

    def end(self) -> None:
        """Kill all."""
        for pid in self.alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.alive.clear()


def run(*, kills: int, crashes: int, charges: int, seed: int) -> Outcome:
    """Run the storm until so many kills, crashes and charges happened, drain it, verify it."""
    outcome = Outcome("kill", seed)
    with durable_server() as (server, folder):
        url = fresh_database(server.url, "storm")
        os.environ["DATABASE_URL"] = url
        sandbox = SandboxProcess(folder / "truth.db", "--delay-s", "3", "--slow-s", "0.05")
        try:
            with open_mailbox(folder / "mail") as mailbox, socket.create_server(("127.0.0.1", 0), backlog=256) as door:
                mailbox.use()
                hooks = f"http://127.0.0.1:{door.getsockname()[1]}"
                shops = make_shops(
                    max(4, min(24, charges // 50)), charges * 7 // 5, sandbox, hooks, seed, planned=0.2, by_card=0.4
                )
                warm_up()
                let_go()
                storm = _Storm(outcome, server, url, shops, sandbox, mailbox, seed, folder)
                storm.blow(kills, crashes, charges, partial(roles.web, door))
                storm.drain()
                storm.judge()
        finally:
            sandbox.stop()
            sandbox.payer.close()
            let_go()
    return outcome


def warm_up() -> None:
    """Load what every child needs once, before they are forked."""
    import_module("tallystick.config.wsgi")
    import_module("tallystick.worker.tasks")
    get_resolver().url_patterns  # noqa: B018
    http.warm_up()


class _Storm:
    def __init__(
        self,
        outcome: Outcome,
        server: Durable,
        url: str,
        shops: Sequence[Shop],
        sandbox: SandboxProcess,
        mailbox: Mailbox,
        seed: int,
        folder: Path,
    ) -> None:
        self.outcome, self.server, self.url, self.shops = outcome, server, url, shops
        self.sandbox, self.mailbox, self.seed, self.folder = sandbox, mailbox, seed, folder
        self.troubles = Troubles(sandbox, mailbox, seed)
        self.done = Counter[str]()

    def blow(self, kills: int, crashes: int, charges: int, web: roles.Role) -> None:
        """Kill until there were enough kills, crashes, truncates, stops and charges, or far too much time has passed."""
        began, chance = time.monotonic(), random.Random(self.seed)
        pace = max(charges / CHARGES_A_SECOND, 5.0)
        members = [roles.till] * 2 + [roles.sweeper] * 3 + [roles.queue_worker, web, web]
        family = Family(self.shops, members, self.seed, str(self.folder / "roles.log"))
        crowd = subprocess.Popen([sys.executable, "-m", "tests.storm.kill.crowd", str(self.seed)])
        wanted = {"kills": kills, "crashes": crashes, "truncates": TRUNCATES, "stops": STOPS if pace > STOP_S else 0}
        acts = {
            "kills": family.kill_one,
            "crashes": self.server.crash,
            "truncates": self._truncate,
            "stops": family.stop_one,
        }
        try:
            while time.monotonic() - began < 5 * pace + 120:
                share = min((time.monotonic() - began) / pace, 1.0)
                for name, act in acts.items():
                    while self.done[name] < wanted[name] * share:
                        act()
                        self.done[name] += 1
                if chance.random() < 0.15:
                    self.troubles.make()
                family.look_after()
                if share >= 1 and self._count("SELECT count(*) FROM payment WHERE method = 'gateway'") >= charges:
                    break
                time.sleep(0.05)
        finally:
            family.end()
            crowd.kill()
            crowd.wait()
            self.troubles.end()
        booked = self._count("SELECT count(*) FROM payment WHERE method = 'gateway'")
        if booked < charges:
            self.outcome.violations.append(f"only {booked} of {charges} charges in {time.monotonic() - began:.0f} s")
        self.outcome.figures = {**self.done, "faults": self.troubles.count.total(), "fallen": family.fallen}
        self.outcome.figures["storm s"] = round(time.monotonic() - began, 1)

    def _truncate(self) -> None:
        """R7: the queue is only a hint."""
        try:
            with psycopg.connect(self.url, autocommit=True, options="-c lock_timeout=2s") as connection:
                connection.execute("TRUNCATE procrastinate_jobs CASCADE")
        except psycopg.Error:
            self.done["truncates"] -= 1

    def _count(self, query: str) -> int:
        with psycopg.connect(self.url) as connection:
            [count] = connection.execute(query).fetchone() or [0]  # type: ignore[arg-type]
            return int(count)

    def drain(self) -> None:
        """No faults any more: everything ends by itself, within two minutes of ours; waits are skipped by moving clocks."""
        began = time.monotonic()
        drain_all(self.shops, self.sandbox, self.folder)
        took = time.monotonic() - began
        self.outcome.figures["drain s"] = round(took, 1)
        if took > MOST_DRAIN_S:
            self.outcome.violations.append(f"drained in {took:.0f} s")

    def judge(self) -> None:
        """Compare with the gateway, and verify each seller."""
        violations, counts = judge_all(self.shops, self.sandbox, self.folder)
        self.outcome.violations += violations
        self._judge_mail(counts)
        self.outcome.figures |= counts

    def _judge_mail(self, counts: Counter[str]) -> None:
        """One copy of each sent message, and one more at most for each death between the server's word and our commit."""
        copies = Counter(each["message_id"].strip("<>") for each in self.mailbox.messages(limit="1000000"))
        with psycopg.connect(self.url) as connection:
            sent = {
                row[0].strip("<>") for row in connection.execute("SELECT message_id FROM message WHERE state = 'sent'")
            }
            failed = connection.execute("SELECT kind, reason FROM message WHERE state = 'failed'").fetchall()
        counts["mails"] = len(sent)
        counts["extra copies"] = sum(copies.values()) - len(copies)
        lost = sent - copies.keys()
        self.outcome.violations += [f"{len(lost)} mails are marked as sent and never arrived"] * bool(lost)
        self.outcome.violations += [f"message failed: {row}" for row in failed]
        deaths = sum(self.done[name] for name in ("kills", "crashes", "stops")) + 9 * (1 + self.done["crashes"])
        if counts["extra copies"] > deaths:
            self.outcome.violations.append(f"{counts['extra copies']} extra copies of mails for {deaths} deaths")
