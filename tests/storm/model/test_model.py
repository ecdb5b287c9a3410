"""A short walk; `./tally storm --only model --steps 100000` is the long one."""

from __future__ import annotations

from tests.storm.model.walk import run
from tests.storm.outcome import demand


def test_r5_rows_and_model_never_part(database: str) -> None:
    demand(run(steps=400, seed=1))
