"""A mailbox per module, quiet at the start of each test, and a world at the present."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tallystick.base import clock
from tallystick.messages import send
from tallystick.testing.mailbox import Mailbox, open_mailbox
from tallystick.testing.world import World


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailbox]:
    with open_mailbox(tmp_path_factory.mktemp("mail")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def stage(world: World, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "FRESH_S", 60.0)  # on a busy machine a second is short
    mailbox.use()
    mailbox.fault(refuse=[], temporary=0, drop=0)
    world.now = clock.now()
    world.today = world.now.date()
