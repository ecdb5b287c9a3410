"""One email a day per customer: everything once, together or alone, and never twice (E16)."""

from __future__ import annotations

from uuid import UUID

from tallystick.base import tenant
from tallystick.customers.models import Customer
from tallystick.invoices.mark import mark_sent
from tallystick.invoices.models import Invoice
from tallystick.messages.models import Message
from tallystick.messages.triggers import Triggers, save_triggers
from tallystick.testing.world import World
from tests.sending.story import about, let, let_until

DIGEST = Triggers(frozenset({"invoice"}), is_digest=True)


def issue(world: World, *customers: str) -> list[UUID]:
    """Invoices of noon today, one for each name."""
    let_until(world, 0, 12)
    save_triggers(wanted=DIGEST, **world.acting())
    found = [world.invoice(customer=name) for name in customers]
    let(world)
    return found


def requests(world: World) -> list[Message]:
    with tenant.tx(world.seller_id, read_only=True):
        return list(Message.objects.filter(kind="payment_request").order_by("created_at"))


def test_e16_two_documents_of_a_day_go_in_one_email_that_evening(world: World) -> None:
    first, second, alone = issue(world, "nora", "nora", "pia")
    let_until(world, 0, 16, 54)
    assert requests(world) == []
    let_until(world, 0, 17, 1)
    [together] = requests(world)
    assert (together.state, together.customer_id) == ("sent", world.nora)
    assert about(world, first) == about(world, second) == [("cancelled", "in_digest")]
    assert about(world, alone) == [("queued", "")]
    let_until(world, 0, 17, 6)
    assert about(world, alone) == [("sent", "")], "one document gets its own email"
    with tenant.tx(world.seller_id, read_only=True):
        assert Invoice.objects.filter(id__in=[first, second, alone], sent_at__isnull=False).count() == 3
    let(world, days=2)
    assert len(requests(world)) == 1


def test_e16_what_a_person_sent_meanwhile_isnt_in_it(world: World) -> None:
    first, second, third = issue(world, "nora", "nora", "nora")
    mark_sent(invoice_id=first, by_hand=True, **world.acting())
    let_until(world, 0, 17, 1)
    [together] = requests(world)
    assert together.data["stands_for"] == [str(second), str(third)]
    assert about(world, first) == [("cancelled", "marked_as_sent")]


def test_e16_issued_in_the_evening_it_goes_the_next(world: World) -> None:
    let_until(world, 0, 17, 30)
    save_triggers(wanted=DIGEST, **world.acting())
    found = [world.invoice(), world.invoice()]
    let_until(world, 1, 16)
    assert [about(world, each) for each in found] == [[("queued", "")]] * 2
    let_until(world, 0, 17, 1)
    assert len(requests(world)) == 1


def test_e16_c14_a_customer_without_links_gets_each_by_itself(world: World) -> None:
    with tenant.tx(world.seller_id):
        Customer.objects.filter(id=world.nora).update(payment_links=False)
    found = issue(world, "nora", "nora")
    let_until(world, 0, 17, 6)
    assert [about(world, each) for each in found] == [[("sent", "")]] * 2
    assert requests(world) == []
