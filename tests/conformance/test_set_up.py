"""What staff are told about the credentials and the webhook."""

from __future__ import annotations

import pytest

from tallystick.core.attempt import State
from tallystick.gateways.port import NoAnswer
from tests.conformance.acts import levers, open_page
from tests.conformance.stage import Stage


def _url(stage: Stage) -> str:
    return f"https://billing.example/hooks/{stage.name}/1"


def test_all_is_well_once_set_up(stage: Stage) -> None:
    """D18: nothing to say, and setting it up twice changes nothing."""
    stage.gateway.register_webhook(url=_url(stage))
    assert stage.gateway.register_webhook(url=_url(stage)) == []
    assert stage.gateway.check() == []


def test_a_key_nobody_knows(stage: Stage) -> None:
    """D18: said in plain words, and nothing else is claimed because of it."""
    levers(stage, "bad_key")
    gateway = stage.with_bad_key()
    told = gateway.check()
    assert told
    assert all(len(each.split()) > 3 for each in told)
    attempt_id, opened = open_page(stage)
    report = gateway.look_up(attempt_id=attempt_id, ref=opened.ref)
    assert report.state is State.UNKNOWN
    if gateway.capabilities.lists_charges:
        with pytest.raises(NoAnswer):
            gateway.list_charges(since=stage.now())


@pytest.mark.parametrize("kind", ["drop_before", "error_500_before", "error_429", "malformed_before"])
def test_away(stage: Stage, kind: str) -> None:
    """D18: a provider that doesn't answer is said to be away, not misconfigured into silence."""
    levers(stage, kind)
    stage.fault(kind, None, -1)
    assert stage.gateway.check()
    assert stage.gateway.register_webhook(url=_url(stage)) is not None
