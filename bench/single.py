"""P4: one invoice issued through the web, as a member's click does it."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.measure import measured
from bench.stage import Stage, make_drafts, rows, stage
from tallystick.config.static import build_bundles

CLICKS, WARM_UP = 500, 20
MOST_STATEMENTS = 15


def run() -> dict[str, Any]:
    """Issue drafts one by one by POST, after a few to warm up; then count the statements of one more."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    build_bundles(Path(settings.BUNDLES_DIR))
    with stage() as on:
        member = Client()
        member.force_login(on.world.alice)
        drafts = make_drafts(on, WARM_UP + CLICKS + 1)
        for draft in drafts[:WARM_UP]:
            _issue(on, member, draft)
        took = []
        with measured(on.cluster) as cost:
            for draft in drafts[WARM_UP:-1]:
                started = time.perf_counter()
                _issue(on, member, draft)
                took.append((time.perf_counter() - started) * 1000)
        with CaptureQueriesContext(connection) as captured:
            _issue(on, member, drafts[-1])
        [[issued]] = rows(on, "SELECT count(*) FROM invoice WHERE number IS NOT NULL")
        assert issued == len(drafts), issued
    return {
        "statements": sum(query["sql"] not in {"BEGIN", "COMMIT"} for query in captured),
        "most_statements": MOST_STATEMENTS,
        "cpu_ms": round(cost.cpu_ms / CLICKS, 2),
        "median_ms": round(median(took), 1),
        "p95_ms": round(quantiles(took, n=20)[18], 1),
    }


def _issue(on: Stage, member: Client, draft: UUID) -> None:
    response = member.post(f"/s/{on.world.slug}/invoices/{draft}/issue")
    assert response.status_code == 302, response.status_code
