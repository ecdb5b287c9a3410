"""What the processes do that are killed: the till, the sweepers, the web, the queue's worker. And the crowd, which isn't."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.db import Error, connection

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.invoices.models import Invoice
from tallystick.messages import blast
from tallystick.payments.collect import cancel_charge, look_up_charge, send_charge
from tallystick.payments.errors import PaymentError
from tallystick.payments.models import ChargeAttempt, Payment
from tallystick.payments.refund import request_refund
from tallystick.payments.start import start_charge
from tallystick.pdf import port as pdf
from tallystick.worker.sweeps import SWEEPS
from tests.storm.kill.cast import Shop

SWEPT = ("inbox", "attempts", "refunds", "charges", "events", "messages", "disputes", "removals")
PATIENCE_S, IDLE_S = 0.2, 0.5
COMES_BACK = 0.3
"""How often somebody comes to pay again at once: in a second window, or by a second click."""
DIE_WITH_PARENT, NAME = 1, 15
"""Linux: PR_SET_PDEATHSIG and PR_SET_NAME."""
One = TypeVar("One")
Role = Callable[[Sequence[Shop], int], None]


def forever(act: Callable[[], object]) -> None:
    """Act until killed; what the database or a refusal throws is met by trying again, as a supervisor would."""
    while True:
        try:
            act()
        except PaymentError:
            continue
        except Error:
            connection.close()
            time.sleep(PATIENCE_S)


def till(shops: Sequence[Shop], seed: int) -> None:
    """Customers and staff: start to pay, come back from the page, walk away, ask for refunds."""
    chance = random.Random(seed)
    tills = [_unpaid(shop) for shop in shops]

    def act() -> None:
        time.sleep(0.01)
        at, lot = chance.randrange(len(tills)), chance.random()
        shop, now = tills[at], clock.now()
        seller_id = shop.account.seller_id
        if not shop.by_page and not shop.by_card:
            tills[at] = _unpaid(shops[at])
            time.sleep(PATIENCE_S)
        elif lot < 0.62 and shop.by_page:
            _start(shop, _take(chance, shop.by_page), None)
        elif lot < 0.86 and shop.by_card:
            invoice_id, method = _take(chance, shop.by_card)
            _start(shop, invoice_id, method)
        elif lot < 0.93:
            if attempt_id := _pick(seller_id, ChargeAttempt, chance, state="action_required"):
                look_up_charge(seller_id=seller_id, attempt_id=attempt_id, now=now)
        elif lot < 0.95:
            if attempt_id := _pick(seller_id, ChargeAttempt, chance, state="action_required"):
                cancel_charge(seller_id=seller_id, attempt_id=attempt_id, now=now)
        elif payment_id := _pick(seller_id, Payment, chance, refunded_minor=0):
            request_refund(
                seller_id=seller_id,
                refund_id=new_id(),
                payment_id=payment_id,
                amount_minor=chance.choice([1, 2500, 10000]),
                reason="storm",
                now=now,
            )

    forever(act)


def _take(chance: random.Random, ones: list[One]) -> One:
    """One of them, which seldom comes back before all others were here: who paid goes home."""
    at = chance.randrange(len(ones))
    ones[at], ones[-1] = ones[-1], ones[at]
    return ones[-1] if chance.random() < COMES_BACK else ones.pop()


def _unpaid(shop: Shop) -> Shop:
    """A shop with what is still open of it: nobody comes back to an invoice that they paid."""
    with tenant.tx(shop.account.seller_id, read_only=True):
        is_open = set(Invoice.objects.filter(open_minor__gt=0).values_list("id", flat=True))
    by_page = [invoice_id for invoice_id in shop.by_page if invoice_id in is_open]
    by_card = [(invoice_id, method) for invoice_id, method in shop.by_card if invoice_id in is_open]
    return replace(shop, by_page=by_page, by_card=by_card)


def _start(shop: Shop, invoice_id: UUID, method_id: UUID | None) -> None:
    now, seller_id = clock.now(), shop.account.seller_id
    attempt = start_charge(
        seller_id=seller_id,
        invoice_id=invoice_id,
        gateway_account_id=shop.gateway_account_id,
        amount_minor=None,
        attempt_id=new_id(),
        payment_method_id=method_id,
        language="en",
        now=now,
    )
    send_charge(seller_id=seller_id, attempt_id=attempt.id, now=now)


def _pick(seller_id: UUID, model: Any, chance: random.Random, **wanted: Any) -> UUID | None:
    with tenant.tx(seller_id, read_only=True):
        ids = list(model.objects.filter(**wanted).values_list("id", flat=True)[:20])
    return chance.choice(ids) if ids else None


def sweeper(shops: Sequence[Shop], seed: int) -> None:
    """Every sweep, in any order, without end."""
    chance = random.Random(seed)

    def act() -> None:
        names = chance.sample(SWEPT, len(SWEPT))
        if not sum(SWEEPS[name](None) for name in names):
            time.sleep(IDLE_S)

    forever(act)


def queue_worker(shops: Sequence[Shop], seed: int) -> None:
    """The worker as it runs in production: hints and the timetable."""
    from tallystick.worker.__main__ import main

    while True:
        try:
            main()
        except Exception:
            logging.getLogger(__name__).warning("the worker fell over", exc_info=True)
        time.sleep(PATIENCE_S)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


def web(listening: socket.socket, shops: Sequence[Shop], seed: int) -> None:
    """The web application on a socket that outlives it."""
    from tallystick.config.wsgi import application

    server = WSGIServer(("127.0.0.1", 0), _Quiet, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.server_name, server.server_port = "127.0.0.1", listening.getsockname()[1]
    server.setup_environ()
    server.set_app(application)
    server.serve_forever(poll_interval=0.5)


def be(role: Role, shops: Sequence[Shop], seed: int, log: str) -> int:
    """Fork a child that plays a role until it is killed, and return its pid."""
    pid = os.fork()
    if pid:
        return pid
    try:
        blast.FLOOR = 10**9  # these sellers have no usual yet; holding their receipts back isn't what is proved here
        vars(pdf)["compile_pages"] = lambda *_, **__: b"%PDF"  # nor is what a document looks like
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        ctypes.CDLL(None).prctl(NAME, getattr(role, "func", role).__name__.encode())
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        role(shops, seed)
    except BaseException:
        logging.getLogger(__name__).exception("a role ended")
        sys.stderr.flush()
    os._exit(1)
