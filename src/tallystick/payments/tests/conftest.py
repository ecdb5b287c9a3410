"""The sandbox provider, one process per run."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from tallystick.base import clock
from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.payments.tests.stage import Stage
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The provider, up."""
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / "provider.db")
    yield process
    process.stop()
    process.payer.close()


@pytest.fixture
def card(world: World, sandbox: SandboxProcess) -> Iterator[UUID]:
    """The world's card account; faults are cleared afterwards."""
    yield add_sandbox(world, sandbox.url)
    sandbox.clear_faults()


@pytest.fixture
def stage(world: World, sandbox: SandboxProcess, card: UUID) -> Stage:
    """The world, now, with its card account."""
    world.now = clock.now().replace(hour=9)
    world.today = world.now.date()
    return Stage(world, sandbox, card)
