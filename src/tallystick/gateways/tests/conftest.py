"""One sandbox process for all tests of the room; each test starts without faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tallystick.gateways.tests.sandbox_process import Inbox, SandboxProcess, open_inbox


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    process = SandboxProcess(tmp_path_factory.mktemp("sandbox") / "truth.sqlite3", "--slow-s", "0.4")
    yield process
    assert process.stop() == 0
    process.payer.close()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    sandbox_process.clear_faults()
    return sandbox_process


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with open_inbox() as opened:
        yield opened
