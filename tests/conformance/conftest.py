"""The table of stages, and a fresh stage for each test."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tallystick.base import http
from tests.conformance.stage import Stage

NAMES = ("sandbox", "stripe", "mollie", "gocardless", "paypal")
STAGES = {
    name: f"tests.conformance.stages.{name}"
    for name in NAMES
    if importlib.util.find_spec(f"tests.conformance.stages.{name}")
}


@pytest.fixture(scope="session")
def stage_makers() -> Iterator[dict[str, Callable[[], Stage]]]:
    """The makers opened so far, closed at the end of the run."""
    with ExitStack() as stack:
        opened: dict[str, Callable[[], Stage]] = {}

        class Makers(dict[str, Callable[[], Stage]]):
            def __missing__(self, name: str) -> Callable[[], Stage]:
                opened[name] = stack.enter_context(importlib.import_module(STAGES[name]).open_stages())
                self[name] = opened[name]
                return opened[name]

        yield Makers()


@pytest.fixture(params=list(STAGES))
def stage(request: pytest.FixtureRequest, stage_makers: dict[str, Callable[[], Stage]]) -> Iterator[Stage]:
    """One provider with a fresh merchant account. Its fake must have had nothing to complain about in the end."""
    made = stage_makers[request.param]()
    yield made
    complaints = made.complaints()
    made.close()
    http.close()
    assert complaints == []
