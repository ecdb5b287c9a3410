"""A few mutants; `./tally storm --only mutants` runs them all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections

from tests.storm.mutants.runner import run
from tests.storm.outcome import demand


@pytest.fixture
def elsewhere(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The runner has a server of its own; the tests after this one want theirs back."""
    monkeypatch.setenv("DATABASE_URL", database)
    before = {alias: dict(connections[alias].settings_dict) for alias in ("default", "owner")}
    yield
    for alias, settings in before.items():
        connections[alias].close()
        connections[alias].settings_dict.update(settings)


def test_r4_no_guard_can_go_unnoticed(elsewhere: None) -> None:
    demand(run(seed=0, names=["no live slot", "the page need not be closed"]))
