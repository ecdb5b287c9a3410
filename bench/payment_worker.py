"""One process of paying clients: says when it is ready, reads who pays what, pays with each client on a connection of its own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID


def main() -> None:
    """Be one process: `payment_worker SELLER CLIENTS`; work as JSON on stdin, latencies and CPU as JSON on stdout."""
    import django

    django.setup()
    from django.db import connection

    clients = int(sys.argv[2])
    everyone_in = Barrier(clients)

    def enter() -> None:
        connection.ensure_connection()
        everyone_in.wait()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _: enter(), range(clients)))
        print("ready", flush=True)
        work = [(UUID(customer), UUID(invoice), amount) for customer, invoice, amount in json.load(sys.stdin)]
        cpu = time.process_time()
        took = list(pool.map(_pay, work))
    print(json.dumps({"cpu_ms": (time.process_time() - cpu) * 1000, "took_ms": took}))


def _pay(wanted: Sequence[object]) -> float:
    from bench.stage import NOW
    from tallystick.base.ids import new_id
    from tallystick.payments.record import record_payment

    customer, invoice, amount = wanted
    started = time.perf_counter()
    record_payment(
        seller_id=UUID(sys.argv[1]),
        payment_id=new_id(),
        customer_id=customer,
        method="transfer",
        amount_minor=amount,
        currency="EUR",
        received_on=NOW.date(),
        now=NOW,
        wanted={invoice: amount},
    )
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
