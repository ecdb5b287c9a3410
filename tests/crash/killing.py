"""Killing a flow at each of its points, and finding exactly one of everything afterwards.

The points are not listed by hand: a flow is killed at the first passage of a kind of point, then at the second, and so on
until it survives. So a new commit or a new call outside is a new test by itself. With TALLYSTICK_STORM=ci every passage is
tried, else the first few of each kind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from tallystick.base import clock, tenant
from tallystick.base.models import Event
from tallystick.testing.world import World
from tallystick.worker.sweeps import drain

POINTS = ("commit.before", "commit.after", "outside.before", "outside.after")
IS_FULL = os.environ.get("TALLYSTICK_STORM") == "ci"
PASSAGES: Sequence[int] = range(1, 60) if IS_FULL else (1, 2, 5)
Given = dict[str, str]
PATIENCE_S = 20


class Flows:
    """The process whose forks are killed."""

    def __init__(self, url: str) -> None:
        command = [sys.executable, "-m", "tallystick.testing.crash_flow"]
        environment = {**os.environ, "DATABASE_URL": url}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, flow: str, given: Mapping[str, str], crash_at: str = "") -> bool:
        """Run one flow and return whether it died where it was told to."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"flow": flow, "crash_at": crash_at, **given}) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        assert code in {0, 137}, "the flow failed by itself"
        return code == 137

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


def set_up(make_world: Callable[[], World], stage: Callable[[World], Given]) -> tuple[World, Given]:
    """A world of now, and what the flow is given."""
    world = make_world().begin_at_noon(clock.now())
    given = stage(world)
    return world, {"seller": str(world.seller_id), "now": world.now.isoformat(), **given}


def recover(world: World) -> None:
    """Let the worker find what the dead one left behind, once its transaction has ended on the server too."""
    for minutes in (0, 2, 8, 30, 120):
        with clock.at(world.now + timedelta(minutes=minutes)):
            drain(world.seller_id)
    until = time.monotonic() + PATIENCE_S
    while _is_left(world) and time.monotonic() < until:
        time.sleep(0.1)
        with clock.at(world.now + timedelta(minutes=120)):
            drain(world.seller_id)


def _is_left(world: World) -> bool:
    with tenant.tx(world.seller_id, read_only=True):
        return Event.objects.filter(done_at__isnull=True).exists()


def crash_everywhere(
    flows: Flows,
    flow: str,
    make_world: Callable[[], World],
    stage: Callable[[World], Given],
    check: Callable[[World, Given], None],
    *,
    points: Sequence[str] = POINTS,
) -> int:
    """Kill the flow at every passage of every kind of point, recover, check; return how many deaths there were."""
    deaths = 0
    for point in points:
        for passage in PASSAGES:
            world, given = set_up(make_world, stage)
            died = flows.run(flow, given, f"{point}:{passage}")
            recover(world)
            check(world, given)
            if not died:
                break
            deaths += 1
    note(deaths)
    return deaths


def crash_twice(
    flows: Flows,
    flow: str,
    make_world: Callable[[], World],
    stage: Callable[[World], Given],
    check: Callable[[World, Given], None],
    *,
    point: str,
) -> int:
    """Kill the flow at each passage of `point`, and its recovery at each of the recovery's own points; return the pairs."""
    pairs = 0
    for passage in PASSAGES if IS_FULL else (1,):
        if not _is_passed(flows, flow, make_world, stage, f"{point}:{passage}"):
            break
        for second in POINTS if IS_FULL else POINTS[1:3]:
            for again in PASSAGES if IS_FULL else (1,):
                world, given = set_up(make_world, stage)
                assert flows.run(flow, given, f"{point}:{passage}")
                died = flows.run("recover", {**given, "minutes": "2"}, f"{second}:{again}")
                recover(world)
                check(world, given)
                if not died:
                    break
                pairs += 1
    note(pairs)
    return pairs


def _is_passed(
    flows: Flows, flow: str, make_world: Callable[[], World], stage: Callable[[World], Given], at: str
) -> bool:
    _world, given = set_up(make_world, stage)
    return flows.run(flow, given, at)


def note(deaths: int) -> None:
    """Add to the count of the whole run, for the storm's summary."""
    if path := os.environ.get("TALLYSTICK_STORM_COUNT"):
        with open(path, "a") as count:
            count.write(f"{deaths}\n")
