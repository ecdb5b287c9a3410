"""The provider, the mailbox and the process that is killed: one of each per test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.testing.mailbox import Mailbox, open_mailbox
from tests.crash.killing import Flows


@pytest.fixture(scope="session")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with open_mailbox(tmp_path_factory.mktemp("mail")) as opened:
        opened.use()
        yield opened


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("provider") / "truth.db")
    yield process
    process.stop()
    process.payer.close()


@pytest.fixture(scope="session")
def flows(database: str) -> Iterator[Flows]:
    started = Flows(database)
    yield started
    started.stop()
