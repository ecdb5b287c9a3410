"""A town: web, worker, payment provider and mailbox as real processes on a database of their own, and a browser.

The town has its own database, as its worker would otherwise do the work of other tests. It stands while the tests of
this folder run, and takes down only what it put up.
"""

from __future__ import annotations

import base64
import http.client
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tallystick.base import clock, tenant
from tallystick.config.database import point_django_at
from tallystick.config.programs import free_port
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.ledger.queries import trial_balance
from tallystick.messages.models import Message
from tallystick.payments.models import ChargeAttempt, Payment
from tallystick.testing.database import fresh_database
from tallystick.testing.mailbox import Mailbox, open_mailbox
from tallystick.testing.provider import SECRET, add_sandbox
from tallystick.testing.world import PASSWORD, World

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
WAIT_S = 90
expect.set_options(timeout=60_000)
TODAY = re.compile(r"^[^?]*/today$")


def wait_for(holds: Callable[[], Any], what: str) -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {WAIT_S} s")


@dataclass
class Town:
    """Where everything is."""

    url: str
    database_url: str
    mailbox: Mailbox
    sandbox: SandboxProcess

    def letters(self, to: str) -> list[tuple[str, EmailMessage]]:
        """What one address got, newest first: the mailbox's own id, and the message."""
        found = []
        for each in self.mailbox.messages(to=to):
            with urlopen(f"{self.mailbox.url}/m/{each['id']}/source.eml", timeout=10) as answer:
                found.append((each["id"], message_from_bytes(answer.read(), policy=policy.default)))
        return found  # type: ignore[return-value]

    def wait_for_letter(self, to: str, count: int = 1) -> tuple[str, EmailMessage]:
        """Wait for an address's so manieth letter and return the newest."""
        found = wait_for(
            lambda: len(self.mailbox.messages(to=to)) >= count and self.letters(to), f"{count} letters to {to}"
        )
        assert len(found) == count, [letter["subject"] for _, letter in found]
        return found[0]


@dataclass
class Shop:
    """One seller in the town, with a card account whose webhooks arrive."""

    town: Town
    world: World
    card: UUID
    hook: str

    @property
    def url(self) -> str:
        """Where its staff pages are."""
        return f"{self.town.url}/s/{self.world.slug}"

    def invoice(self, **given: Any) -> tuple[UUID, str]:
        """Issue an invoice of €173.00 and return it with its payment link."""
        invoice_id = self.world.invoice(**given)
        with tenant.tx(self.world.seller_id, read_only=True):
            url = invoices.document(invoice_id).pay_url
        assert url
        return invoice_id, f"{self.town.url}/p/{url.rsplit('/', 1)[1]}"

    def attempts(self) -> list[ChargeAttempt]:
        """Every charge attempt."""
        with tenant.tx(self.world.seller_id, read_only=True):
            return list(ChargeAttempt.objects.order_by("id"))

    def payments(self) -> list[Payment]:
        """Every payment booked."""
        with tenant.tx(self.world.seller_id, read_only=True):
            return list(Payment.objects.order_by("id"))

    def charges(self) -> list[dict[str, Any]]:
        """What the provider says it took: the truth to hold our books against."""
        found = self.town.sandbox.call("GET", "/v1/charges", name=account_name(self.world))
        return [each for each in found.json()["charges"] if each.get("status", "succeeded") == "succeeded"]

    def settled_once(self, invoice_id: UUID, amount_minor: int = 17300) -> None:
        """Wait for the money, then: one charge, one payment, one receipt, nothing open, books that sum to zero."""
        wait_for(self.payments, "a payment")
        wait_for(lambda: self.receipts(sent=True), "a receipt")
        wait_for(lambda: not self.waiting(), "the worker to finish")
        [payment] = self.payments()
        assert (payment.amount_minor, payment.allocated_minor, payment.flag) == (amount_minor, amount_minor, "")
        [charge] = self.charges()
        assert charge["amount_minor"] == amount_minor
        assert self.receipts() == 1
        with tenant.tx(self.world.seller_id, read_only=True):
            assert invoices.invoice(invoice_id).open_minor == 0
            assert sum(row.balance_minor for row in trial_balance()) == 0

    def receipts(self, **only: bool) -> int:
        """How many receipts were decided on, or sent."""
        with tenant.tx(self.world.seller_id, read_only=True):
            found = Message.objects.filter(kind="receipt")
            return found.filter(state="sent").count() if only.get("sent") else found.count()

    def waiting(self) -> int:
        """Facts and webhooks the worker still has to look at."""
        from tallystick.base.models import Event, InboundEvent

        with tenant.tx(self.world.seller_id, read_only=True):
            return (
                Event.objects.filter(done_at__isnull=True).count()
                + InboundEvent.objects.filter(done_at__isnull=True).count()
            )

    def heard(self) -> int:
        """How many webhooks were kept."""
        from tallystick.base.models import InboundEvent

        with tenant.tx(self.world.seller_id, read_only=True):
            return InboundEvent.objects.count()


def account_name(world: World) -> str:
    """How the sandbox calls a world's account."""
    return re.sub("[^a-z0-9]", "", world.slug)


@pytest.fixture(scope="session")
def town(database_server: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The processes, up, on a database of their own: a living worker would do other tests' work for them."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no chromium here, so nothing clicks through the pages")
    folder, port = tmp_path_factory.mktemp("town"), free_port()
    url, public = fresh_database(database_server, f"town_{worker_id}_{os.getpid()}"), f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        mailbox = stack.enter_context(open_mailbox(folder / "mail"))
        sandbox = SandboxProcess(folder / "provider.db")
        stack.callback(sandbox.payer.close)
        stack.callback(sandbox.stop)
        environment = {
            **os.environ, "DATABASE_URL": url, "TALLYSTICK_PUBLIC_URL": public, "TALLYSTICK_LOG_LEVEL": "WARNING",
            "TALLYSTICK_SMTP_PORT": str(mailbox.smtp_port), "TALLYSTICK_MAILBOX_URL": mailbox.url,
            "TALLYSTICK_SANDBOX_URL": sandbox.url,
        }  # fmt: skip
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        log = stack.enter_context((folder / "log").open("w"))
        for command in (
            [sys.executable, "-m", "tallystick.worker"],
            [
                str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1",
                "--port", str(port), "--workers", "2", "--blocking-threads", "1", "--backlog", "512",
                "--log-level", "warning", "tallystick.config.wsgi:application",
            ],
        ):  # fmt: skip
            program = subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True)
            stack.callback(end, program)
        wait_for(lambda: answers(port), "the web server")
        yield Town(public, url, mailbox, sandbox)
        log.flush()
        assert "Traceback" not in (said := (folder / "log").read_text()), said[-6000:]


@pytest.fixture
def database(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The town's database, for as long as one of its tests lasts; `new_world` builds there."""
    elsewhere = os.environ.get("DATABASE_URL", "")
    point_django_at(town.database_url)
    monkeypatch.setattr(settings, "PUBLIC_URL", town.url)
    yield town.database_url
    if elsewhere:
        point_django_at(elsewhere)


def end(program: subprocess.Popen[str]) -> None:
    """Stop one program that we started."""
    program.terminate()
    try:
        program.wait(10)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def answers(port: int) -> bool:
    """Whether the web server does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture
def shop(town: Town, new_world: Callable[..., World]) -> Iterator[Shop]:
    """A fresh seller in the town."""
    world = new_world().begin_at_noon(clock.now())
    card = add_sandbox(world, town.sandbox.url)
    hook = f"{town.url}/hooks/sandbox/{card}"
    taken = town.sandbox.call("PUT", "/v1/webhook", name=account_name(world), body={"url": hook, "secret": SECRET})
    assert taken.status_code == 200, taken.text
    assert base64.b64decode(SECRET.removeprefix("whsec_"))
    yield Shop(town, world, card, hook)
    town.sandbox.clear_faults()


@pytest.fixture(scope="session")
def chromium(town: Town) -> Iterator[Browser]:
    """One browser; each person gets a context of their own."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@dataclass
class Person:
    """Somebody at a browser; whatever it complained about is remembered."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def leave(self) -> None:
        """Close the browser on whatever it was loading."""
        self.context.close()
        self.complaints.clear()


@pytest.fixture
def person(chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Open browsers for people; at the end, none may have complained."""
    people: list[Person] = []

    def sit_down(**options: Any) -> Person:
        context = chromium.new_context(viewport={"width": 1280, "height": 860}, **{"locale": "en-IE", **options})
        context.set_default_timeout(60_000)
        one = Person(context, context.new_page())
        context.on(
            "console",
            lambda m: m.type in {"error", "warning"} and one.complaints.append(f"{m.page and m.page.url}: {m.text}"),
        )
        context.on("weberror", lambda e: one.complaints.append(str(e.error)))
        people.append(one)
        return one

    yield sit_down
    for one in people:
        one.context.close()
    assert [text for one in people for text in one.complaints if "favicon" not in text] == []


def sign_in(page: Page, shop: Shop) -> None:
    """Type the address and the password."""
    page.goto(f"{shop.town.url}/accounts/login/?next=/s/{shop.world.slug}/today")
    page.locator("[name=login]").fill(shop.world.alice.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("button[type=submit].btn-primary").click()
    page.wait_for_url(TODAY)


def type_card(page: Page, number: str = "4242424242424242") -> None:
    """Fill in the provider's form and press Pay."""
    for name, text in (("number", number), ("expiry", "12/34"), ("cvc", "123"), ("name", "Nora Kestrel")):
        page.locator(f"#{name}").fill(text)
    page.locator("form button").first.click()
