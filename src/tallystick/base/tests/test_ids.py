"""Identifiers sort by time of birth: what is recorded first is looked at first."""

from __future__ import annotations

import time

from tallystick.base.ids import new_id, new_ids


def test_ids_sort_by_birth_within_a_millisecond() -> None:
    made = []
    for _ in range(2_000):
        made.append(new_id())
        until = time.perf_counter_ns() + 1_000
        while time.perf_counter_ns() < until:
            pass
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_a_batch_sorts_and_lies_between_what_came_before_and_after() -> None:
    before = new_id()
    time.sleep(0.0001)
    batch = new_ids(500)
    time.sleep(0.0001)
    after = new_id()
    assert [before, *batch, after] == sorted([before, *batch, after])
    assert {(each.version, each.variant) for each in batch} == {(7, "specified in RFC 4122")}
