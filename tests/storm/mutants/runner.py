"""R4: take each guard away and see that its tests fail; with all guards in place they pass."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tallystick.config.env import ROOT
from tallystick.testing.database import test_server
from tests.storm.ground import let_go
from tests.storm.mutants.table import MUTANTS, Mutant
from tests.storm.outcome import Outcome

AT_ONCE, MOST_S = 2, 60
FAILED_TESTS = 1
"""pytest's exit code when tests ran and some failed; a test that couldn't even begin is an ERROR, and kills nothing."""
WARM = (
    "hypothesis",
    "tallystick.config.urls",
    "tallystick.worker.sweeps",
    "tallystick.testing.world",
    "tests.storm.stage",
)
"""What every run of pytest would load again."""
UNWRITTEN = "ignore:Module already imported"
"""Loaded before pytest could rewrite its assertions, of which there are none."""


def run(*, mutants: int, seed: int) -> Outcome:
    """Run so many mutants, or all there are, each in a process and a database of its own."""
    outcome, began = Outcome("mutants", seed), time.perf_counter()
    chosen = random.Random(seed).sample(MUTANTS, min(mutants, len(MUTANTS)))
    with test_server() as server, tempfile.TemporaryDirectory(prefix="tally-storm-") as folder:
        for module in WARM:
            import_module(module)
        let_go()
        whole = Mutant("", sorted({test for each in chosen for test in each.tests}))
        [(_, code, said, _took)] = _in_forks(server, [whole], Path(folder))
        if code:
            outcome.violations.append(f"the tests don't pass with every guard in place:\n{said[-2000:]}")
        results = list(_in_forks(server, chosen, Path(folder)))
    living = [said for each, *end in results if (said := _survived(each, *end))]
    outcome.violations += living
    outcome.figures = {
        "mutants": len(chosen),
        "killed": len(chosen) - len(living),
        "slowest s": round(max(took for *_, took in results), 1),
        "seconds": round(time.perf_counter() - began, 1),
    }
    return outcome


def _survived(mutant: Mutant, code: int, said: str, took: float) -> str:
    if code != FAILED_TESTS or not any(line.startswith("FAILED ") for line in said.splitlines()):
        return f"mutant {mutant.name!r} lives (pytest says {code}): {said[-600:]}"
    return f"mutant {mutant.name!r} took {took:.0f} s" if took > MOST_S else ""


def _in_forks(server: str, mutants: Iterable[Mutant], folder: Path) -> Iterator[tuple[Mutant, int, str, float]]:
    """Run pytest for each in a fork of this warm process, a few at once; yield (mutant, exit code, output, seconds)."""
    left, alive = list(reversed(list(mutants))), dict[int, tuple[Mutant, Path, float]]()
    while left or alive:
        while left and len(alive) < AT_ONCE:
            mutant = left.pop()
            said = folder / f"said-{len(left)}"
            alive[_pytest(server, mutant, said)] = (mutant, said, time.perf_counter())
        for pid, (mutant, said, began) in list(alive.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del alive[pid]
                yield mutant, os.waitstatus_to_exitcode(status), said.read_text(), time.perf_counter() - began
        time.sleep(0.02)


def _pytest(server: str, mutant: Mutant, said: Path) -> int:
    """Fork a child that is pytest, and return its pid."""
    if pid := os.fork():
        return pid
    code = -1
    try:
        os.environ |= {"TALLYSTICK_TEST_DATABASE_URL": server, "TALLYSTICK_MUTANT": mutant.name}
        os.environ.pop("DATABASE_URL", None)
        os.chdir(ROOT)
        out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        code = int(pytest.main(["-q", "-W", UNWRITTEN, "-p", "tests.storm.mutants.plugin", *mutant.tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
