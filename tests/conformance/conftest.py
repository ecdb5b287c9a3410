"""The table of stages, and a fresh stage for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tallystick.base import http
from tests.conformance.stage import Stage
from tests.conformance.stages import gocardless, mollie, paypal, sandbox, stripe

STAGES = {
    "sandbox": sandbox.open_stages,
    "stripe": stripe.open_stages,
    "mollie": mollie.open_stages,
    "gocardless": gocardless.open_stages,
    "paypal": paypal.open_stages,
}


@pytest.fixture(scope="session")
def make_stage() -> Iterator[Callable[[str], Stage]]:
    """Makes a stage by its provider's name. What a provider needs is started once, and stopped at the end of the run."""
    makers: dict[str, Callable[[], Stage]] = {}
    with ExitStack() as stack:

        def make(name: str) -> Stage:
            if name not in makers:
                makers[name] = stack.enter_context(STAGES[name]())
            return makers[name]()

        yield make


@pytest.fixture(params=list(STAGES))
def stage(request: pytest.FixtureRequest, make_stage: Callable[[str], Stage]) -> Iterator[Stage]:
    """One provider with a fresh merchant account. Its fake must have had nothing to complain about in the end."""
    made = make_stage(request.param)
    yield made
    complaints = made.complaints()
    made.close()
    http.close()
    assert complaints == []
