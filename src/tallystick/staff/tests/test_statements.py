"""How many statements a click costs, besides BEGIN and COMMIT: counted, as a machine's speed changes nothing about it."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tallystick.base import tenant
from tallystick.invoices.queries import invoice
from tallystick.testing.world import World

MOST = 15


def test_issuing_through_the_web_takes_at_most_fifteen_statements(world: World) -> None:
    draft = world.draft()
    member = Client()
    member.force_login(world.alice)
    with CaptureQueriesContext(connection) as captured:
        response = member.post(reverse("invoice-issue", args=[world.slug, draft]))
    assert response.status_code == 302
    with tenant.tx(world.seller_id, read_only=True):
        assert invoice(draft).number
    statements = [query["sql"][:90] for query in captured if query["sql"] not in {"BEGIN", "COMMIT"}]
    assert len(statements) <= MOST, "\n".join(statements)
