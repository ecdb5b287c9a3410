"""A few hundred operations with a fault on each; `./tally storm --only faults --faults 20000` runs them all."""

from __future__ import annotations

from tests.storm.faults import run
from tests.storm.outcome import demand


def test_r3_whatever_the_gateway_does_every_cent_is_where_it_belongs(database: str) -> None:
    demand(run(faults=300, seed=1))
