"""The sandbox provider, one process per run, and a seller of today with people of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
def staffed(new_world: Callable[..., World]) -> World:
    """A seller with a member of each role, today."""
    world = new_world(roles=True)
    world.now = clock.now()
    world.today = world.now.date()
    return world


@pytest.fixture
def stage(staffed: World, sandbox: SandboxProcess) -> Iterator[Stage]:
    """The seller with a card account at the sandbox; faults are cleared afterwards."""
    yield Stage(staffed, sandbox, add_sandbox(staffed, sandbox.url))
    sandbox.clear_faults()
