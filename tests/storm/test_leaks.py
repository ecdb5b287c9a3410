"""The whole sweep: it takes seconds."""

from __future__ import annotations

from tests.storm.leaks import run
from tests.storm.outcome import demand


def test_r23_no_secret_is_left_behind(database: str) -> None:
    demand(run(seed=1))
