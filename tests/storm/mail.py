"""R12: senders are killed while they send. Nothing is lost, a copy needs a kill, and nobody is reminded who has paid.

Leases last ten seconds here instead of five minutes, so that what a dead sender held comes back within the storm.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.queries import due_items_of
from tallystick.invoices.send import send_document
from tallystick.messages import blast, claim, models
from tallystick.messages.models import Message
from tallystick.payments.record import record_payment
from tallystick.payments.reminders import Reminder, queue_reminder
from tallystick.testing.counting_sink import Taken, counting_sink, taken
from tallystick.testing.world import World, make_world
from tallystick.worker.sweeps import sweep_messages
from tests.storm.ground import let_go
from tests.storm.kill.cast import Shop
from tests.storm.kill.roles import forever
from tests.storm.kill.storm import Family, warm_up
from tests.storm.outcome import Outcome
from tests.storm.stage import issue_many

LEASE = timedelta(seconds=10)
SENDERS = 3
REMINDED = 5
"""One message in so many is a reminder, whose invoice is paid at some moment of the storm."""
MOST_S, LATE_S = 900, 5.0


def run(*, kills: int, mails: int, seed: int) -> Outcome:
    """Send so many messages while so many senders are killed, then look at what arrived."""
    outcome = Outcome("mail", seed)
    with tempfile.TemporaryDirectory(prefix="tally-storm-") as name:
        folder = Path(name)
        with counting_sink(folder / "taken") as port:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
            models.HOLD = claim.HOLD = claim.LEASE = LEASE  # type: ignore[attr-defined]
            blast.FLOOR = 10**9  # this seller has no usual yet
            world = make_world().begin_at_noon(clock.now())
            reminded = _queue(world, mails)
            warm_up()
            let_go()
            began = time.monotonic()
            killed = _blow(world, kills, reminded, seed, folder)
            outcome.figures = {"mails": mails, "kills": killed, "seconds": round(time.monotonic() - began, 1)}
            _judge(outcome, world, taken(folder / "taken"), killed, folder)
    return outcome


def _queue(world: World, mails: int) -> list[UUID]:
    """Queue them all, and return the invoices that reminders are about."""
    ids = issue_many(world, mails, customers=["nora", "pia"])
    reminded = ids[::REMINDED]
    with tenant.tx(world.seller_id):
        items = {item.invoice_id: item.id for item in due_items_of(reminded)}
    for invoice_id in ids:
        if invoice_id in items:
            mark_sent(invoice_id=invoice_id, **world.acting())
            about = Reminder("late_reminder", items[invoice_id], invoice_id, world.now)
            queue_reminder(reminder=about, **world.acting())
        else:
            send_document(
                invoice_id=invoice_id,
                message_id=new_id(),
                recipients=["nora@kestrel.example"],
                subject="Invoice",
                body="Here it is.",
                attach_pdf=False,
                **world.acting(),
            )
    with tenant.tx(world.seller_id):
        Message.objects.update(attach_pdf=False)  # what is proved here is the sending, not the rendering
    return reminded


def _blow(world: World, kills: int, reminded: Sequence[UUID], seed: int, folder: Path) -> int:
    """Kill a sender each time a share of the messages has gone; everybody is born again until all is said."""
    roles = [_sender] * SENDERS + [partial(_payer, world, reminded, folder / "paid")]
    family = Family((), roles, seed, str(folder / "log"))
    started, killed, mails = time.monotonic(), 0, _left(world)
    try:
        while (left := _left(world)) and time.monotonic() - started < MOST_S:
            if killed < min(kills, kills * (mails - left) / (0.9 * mails)):
                family.kill_one()
                killed += 1
            family.look_after()
            let_go()
            time.sleep(0.02)
    finally:
        family.end()
    return killed


def _left(world: World) -> int:
    with tenant.tx(world.seller_id, read_only=True):
        return Message.objects.filter(state__in=["queued", "sending"]).count()


def _sender(shops: Sequence[Shop], seed: int) -> None:
    def act() -> None:
        if not sweep_messages(None):
            time.sleep(0.1)

    forever(act)


def _payer(world: World, reminded: Sequence[UUID], log: Path, shops: Sequence[Shop], seed: int) -> None:
    """Pay one reminded invoice after the other, and write down when each payment was committed."""
    chance = random.Random(seed)

    def act() -> None:
        invoice_id, payment_id = chance.choice(reminded), new_id()
        with tenant.tx(world.seller_id, read_only=True):
            [item] = due_items_of([invoice_id])
        if item.open_minor:
            record_payment(
                payment_id=payment_id,
                seller_id=world.seller_id,
                customer_id=item.customer_id,
                method="transfer",
                amount_minor=item.open_minor,
                currency="EUR",
                received_on=world.today,
                wanted={invoice_id: item.open_minor},
                now=clock.now(),
            )
            with log.open("a") as written:
                written.write(f"{invoice_id}\t{time.time()}\n")
        time.sleep(0.05)

    forever(act)


def _judge(outcome: Outcome, world: World, arrived: Sequence[Taken], killed: int, folder: Path) -> None:
    """Nothing lost, nothing late, a copy needs a kill, and the book says of each message what is known: one that arrived
    twice, or arrived and was then found to be paid, is one that may have left when its sender was killed."""
    copies = Counter(each.message_id for each in arrived)
    with tenant.tx(world.seller_id, read_only=True):
        messages = {row.message_id: row for row in Message.objects.filter(kind__in=["invoice", "late_reminder"])}
    wrong = outcome.violations
    for message_id, row in messages.items():
        if row.state == "sent" and not copies[message_id]:
            wrong.append(f"{message_id} says sent, and never arrived")
        if row.state not in {"sent", "skipped"} or (row.state == "skipped" and row.reason != "paid"):
            wrong.append(f"{message_id} ended {row.state}: {row.reason}")
        if not row.may_have_left and copies[message_id] > (row.state == "sent"):
            wrong.append(f"{message_id} arrived {copies[message_id]} times, and says {row.state} without a doubt")
    wrong += [f"{message_id} was never queued" for message_id in copies if message_id not in messages]
    spare = copies.total() - len(copies)
    unsure = sum(row.may_have_left for row in messages.values())
    if max(spare, unsure) > killed:
        wrong.append(f"{spare} copies too many, {unsure} that may have left, for {killed} kills")
    late = list(_late(arrived, messages, folder / "paid"))
    wrong += late
    skipped = sum(row.state == "skipped" for row in messages.values())
    outcome.figures |= {
        "arrived": len(copies),
        "spare copies": spare,
        "may have left": unsure,
        "paid in time": skipped,
        "late reminders": len(late),
    }


def _late(arrived: Sequence[Taken], messages: dict[str, Message], paid: Path) -> list[str]:
    """Reminders that began to leave more than five seconds after the payment stood in the book."""
    lines = paid.read_text().splitlines() if paid.exists() else []
    at = {UUID(invoice_id): float(when) for invoice_id, when in (line.split("\t") for line in lines)}
    return [
        f"{each.message_id} reminded {each.began_at - at[row.document_id]:.1f} s after the payment"
        for each in arrived
        if (row := messages.get(each.message_id)) and row.kind == "late_reminder" and row.document_id in at
        if each.began_at > at[row.document_id] + LATE_S
    ]
