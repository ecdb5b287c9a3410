"""The webhook door: keep what is signed, refuse the rest, act on nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from tallystick.base import clock, inbox, tenant
from tallystick.base.models import InboundEvent
from tallystick.gateways import signatures
from tallystick.testing.provider import SECRET, add_sandbox
from tallystick.testing.world import World


@pytest.fixture
def account(world: World) -> UUID:
    return add_sandbox(world, "http://127.0.0.1:9")


def body_of(attempt_id: UUID) -> bytes:
    data = {"ref": "cs_1", "client_reference": str(attempt_id)}
    return json.dumps({"id": "evt_1", "kind": "session.completed", "data": data}).encode()


def send(
    account: UUID, body: bytes, *, at: datetime, event_id: str = "evt_1", provider: str = "sandbox"
) -> HttpResponse:
    stamp = int(at.timestamp())
    signature = signatures.sign(key=signatures.read_secret(SECRET), event_id=event_id, timestamp_s=stamp, body=body)
    headers = {"webhook-id": event_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}
    client = Client(enforce_csrf_checks=True)
    url = f"/hooks/{provider}/{account}"
    return client.post(url, body, content_type="application/json", headers=headers)  # type: ignore[return-value]


def kept(world: World) -> list[InboundEvent]:
    with tenant.tx(world.seller_id):
        return list(InboundEvent.objects.all())


def test_kept_once(world: World, account: UUID) -> None:
    attempt_id = uuid4()
    for _ in range(2):
        assert send(account, body_of(attempt_id), at=clock.now()).status_code == 200
    (row,) = kept(world)
    assert (row.attempt_id, row.event_id, row.done_at) == (attempt_id, "evt_1", None)


def test_refused(world: World, account: UUID) -> None:
    now = clock.now()
    assert send(account, body_of(uuid4()), at=now - timedelta(minutes=6)).status_code == 400
    assert send(account, b"not json", at=now).status_code == 400
    forged = Client().post(f"/hooks/sandbox/{account}", b"{}", content_type="application/json")
    assert forged.status_code == 400
    assert Client().get(f"/hooks/sandbox/{account}").status_code == 405
    assert send(uuid4(), body_of(uuid4()), at=now).status_code == 404
    assert send(account, body_of(uuid4()), at=now, provider="other").status_code == 404
    assert send(account, b" " * 1_000_001, at=now).status_code == 413
    assert kept(world) == []


def test_database_away(world: World, account: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> bool:
        raise OperationalError

    monkeypatch.setattr(inbox, "keep", fail)
    assert send(account, body_of(uuid4()), at=clock.now()).status_code == 503
