"""A short run of each race; `./tally storm --only races` runs 200 of each."""

from __future__ import annotations

from tests.storm.outcome import demand
from tests.storm.races import run


def test_r6_one_wins_and_nobody_sees_a_deadlock(database: str) -> None:
    demand(run(repeats=5, seed=1))
