"""R4: take each guard away and see that its tests fail; with all guards in place they pass."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tallystick.config.env import ROOT
from tallystick.testing.database import fresh_database, test_server
from tests.storm.ground import let_go
from tests.storm.mutants.table import MUTANTS, Mutant
from tests.storm.outcome import Outcome

AT_ONCE, MOST_S = 2, 60
FAILED_TESTS = 1
"""pytest's exit code when tests ran and some failed; a test that couldn't even begin is an ERROR, and kills nothing."""


def run(*, seed: int, names: Sequence[str] = ()) -> Outcome:
    """Run every mutant (or those named) in a process and a database of its own."""
    outcome, began = Outcome("mutants", seed), time.perf_counter()
    chosen = [each for each in MUTANTS if not names or each.name in names]
    with test_server() as server:
        fresh_database(server, "template")
        let_go()
        tests = sorted({test for each in chosen for test in each.tests})
        code, said, _took = _pytest(server, tests, "")
        if code:
            outcome.violations.append(f"the tests don't pass with every guard in place:\n{said[-2000:]}")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(lambda each: _kill(server, each), chosen))
    outcome.violations += [trouble for trouble, _took in results if trouble]
    outcome.figures = {
        "mutants": len(chosen),
        "killed": sum(not trouble for trouble, _took in results),
        "slowest s": round(max(took for _trouble, took in results), 1),
        "seconds": round(time.perf_counter() - began, 1),
    }
    return outcome


def _kill(server: str, mutant: Mutant) -> tuple[str, float]:
    code, said, took = _pytest(server, mutant.tests, mutant.name)
    if code != FAILED_TESTS or not any(line.startswith("FAILED ") for line in said.splitlines()):
        return f"mutant {mutant.name!r} lives (pytest says {code}): {said[-600:]}", took
    if took > MOST_S:
        return f"mutant {mutant.name!r} took {took:.0f} s", took
    return "", took


def _pytest(server: str, tests: Sequence[str], mutant: str) -> tuple[int, str, float]:
    began = time.perf_counter()
    environment = {**os.environ, "TALLYSTICK_TEST_DATABASE_URL": server, "TALLYSTICK_MUTANT": mutant}
    environment.pop("DATABASE_URL", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.storm.mutants.plugin", *tests]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, time.perf_counter() - began
