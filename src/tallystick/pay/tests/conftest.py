"""A payer's browser, the page's styles, and the sandbox provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from tallystick.base import clock, tenant
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.invoices import queries as invoices
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World


@pytest.fixture(autouse=True)
def plain_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Static files by their plain names: nothing is collected for tests."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(staticfiles_storage, "url", lambda name: f"/static/{name}", raising=False)


@pytest.fixture
def payer() -> Client:
    return Client()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / "provider.db")
    yield process
    process.stop()
    process.payer.close()


@pytest.fixture
def card(world: World, sandbox: SandboxProcess) -> Iterator[UUID]:
    world.now = clock.now()
    world.today = world.now.date()
    yield add_sandbox(world, sandbox.url)
    sandbox.clear_faults()


def link(world: World, invoice_id: UUID) -> str:
    with tenant.tx(world.seller_id, read_only=True):
        url = invoices.document(invoice_id).pay_url
    assert url
    return "/p/" + url.rsplit("/", 1)[1]
