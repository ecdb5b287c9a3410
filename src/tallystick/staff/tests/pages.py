"""What tests of staff pages do again and again: sign in, read a page, send a form, take cash."""

from __future__ import annotations

from html import unescape
from uuid import UUID

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tallystick.base.ids import new_id
from tallystick.payments.models import Payment, Refund
from tallystick.payments.record import record_payment
from tallystick.payments.tests.stage import Stage


def member(stage: Stage, role: str = "admin") -> Client:
    client = Client()
    client.force_login(stage.world.members[role], backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def url(stage: Stage, name: str, *arguments: object) -> str:
    return reverse(name, args=[stage.world.slug, *arguments])


def read(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.status_code
    return unescape(answer.content.decode())


def send(client: Client, address: str, status: int = 302, **given: object) -> HttpResponse:
    answer = client.post(address, given)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer  # type: ignore[return-value]


def cash(stage: Stage, amount_minor: int, **given: object) -> Payment:
    return record_payment(
        payment_id=new_id(),
        customer_id=stage.world.nora,
        method="cash",
        amount_minor=amount_minor,
        currency="EUR",
        received_on=stage.world.today,
        **given,  # type: ignore[arg-type]
        **stage.world.acting(),
    )


def give(stage: Stage, payment: Payment, amount: str, **given: object) -> Refund:
    return give_and_see(stage, payment, amount, **given)[0]


def give_and_see(stage: Stage, payment: Payment, amount: str, **given: object) -> tuple[Refund, str]:
    """Refund, and read the page one comes back to."""
    wanted = {"amount": amount, "method": "gateway", "reason": "Wrong size", "refund_id": new_id(), **given}
    client = member(stage)
    answer = send(client, url(stage, "payment-refund", payment.id), **wanted)
    return stage.row(Refund, UUID(str(wanted["refund_id"]))), read(client, answer["Location"])
