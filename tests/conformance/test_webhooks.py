"""Webhooks: believed only with our secret and while fresh, and only as a hint."""

from __future__ import annotations

from uuid import UUID

import pytest

from tallystick.gateways.port import BadSignature, MalformedWebhook, Report, StaleWebhook, WebhookEvent
from tests.conformance.acts import levers, need, pay_page
from tests.conformance.stage import Delivery, Stage


def read(stage: Stage, delivery: Delivery) -> WebhookEvent:
    """As our door does."""
    return stage.gateway.read_webhooks(body=delivery.body, headers=delivery.headers, at=delivery.at)[0]


def _names(event: WebhookEvent, attempt_id: UUID, report: Report) -> bool:
    charges = {each.ref for each in report.charges}
    return event.attempt_id == attempt_id or event.ref == report.ref or event.charge_ref in charges


def test_news_of_a_payment_names_the_attempt(stage: Stage) -> None:
    """D18: by our id, by its ref or by its charge."""
    attempt_id, report = pay_page(stage)
    events = [read(stage, each) for each in stage.webhooks()]
    about = [each for each in events if each.subject == "attempt" and _names(each, attempt_id, report)]
    assert about
    assert all(each.id and each.kind for each in events)


def test_news_of_refunds_and_disputes_names_it_too(stage: Stage) -> None:
    """D2, D18: so that they can be found without waiting for the sweeper."""
    need(stage, "disputes")
    levers(stage, "dashboard_refund", "dispute")
    attempt_id, report = pay_page(stage)
    stage.webhooks()
    stage.dashboard_refund(report.charges[0].ref, 500)
    stage.dispute(report.charges[0].ref)
    events = [read(stage, each) for each in stage.webhooks()]
    assert [each for each in events if each.subject == "attempt" and _names(each, attempt_id, report)]


def test_twice_and_backwards(stage: Stage) -> None:
    """D18: a copy carries the same id, and order doesn't matter to reading."""
    pay_page(stage)
    ids: dict[bytes, list[str]] = {}
    for each in stage.webhooks("duplicated"):
        ids.setdefault(each.body, []).append(read(stage, each).id)
    assert ids
    assert all(len(same) > 1 and len(set(same)) == 1 for same in ids.values())
    pay_page(stage)
    assert [read(stage, each) for each in stage.webhooks("reordered")]


@pytest.mark.parametrize(("manner", "error"), [("forged", BadSignature), ("stale", StaleWebhook)])
def test_not_believed(stage: Stage, manner: str, error: type[Exception]) -> None:
    """D18: another's secret, or an hour old."""
    need(stage, "signed_webhooks")
    levers(stage, manner)
    pay_page(stage)
    deliveries = stage.webhooks(manner)
    assert deliveries
    for each in deliveries:
        with pytest.raises(error):
            read(stage, each)


def test_delayed_is_still_believed(stage: Stage) -> None:
    """D18: a provider that retries later signs anew."""
    levers(stage, "delayed")
    pay_page(stage)
    assert [read(stage, each) for each in stage.webhooks("delayed")]


def test_changed_on_the_way(stage: Stage) -> None:
    """D18: one byte more, and it isn't what was signed."""
    need(stage, "signed_webhooks")
    pay_page(stage)
    for each in stage.webhooks():
        with pytest.raises(BadSignature):
            read(stage, Delivery(each.body + b" ", each.headers, each.at))


def test_without_a_signature(stage: Stage) -> None:
    """D18: nobody says who sent it."""
    need(stage, "signed_webhooks")
    pay_page(stage)
    for each in stage.webhooks():
        with pytest.raises((MalformedWebhook, BadSignature)):
            read(stage, Delivery(each.body, {"Content-Type": "application/json"}, each.at))


def test_unreadable(stage: Stage) -> None:
    """D18: signed, and nonsense: said so, without falling over."""
    levers(stage, "malformed")
    pay_page(stage)
    deliveries = stage.webhooks("malformed")
    assert deliveries
    for each in deliveries:
        with pytest.raises(MalformedWebhook):
            read(stage, each)
