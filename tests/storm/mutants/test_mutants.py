"""A few mutants; `./tally storm --only mutants` runs them all."""

from __future__ import annotations

from tests.storm.mutants.runner import run
from tests.storm.outcome import demand


def test_r4_no_guard_can_go_unnoticed() -> None:
    demand(run(seed=0, names=["no live slot", "the page need not be closed"]))
