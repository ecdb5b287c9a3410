"""R2: the crash points of `tests/crash`, every passage of each and all pairs in charge and refund, in a run of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tallystick.config.env import ROOT
from tests.storm.outcome import Outcome


def run(*, seed: int, full: int = 1) -> Outcome:
    """Run the crash tests, at full size unless told otherwise, and count the deaths."""
    outcome, began = Outcome("crash", seed), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tally-storm-") as folder:
        count = Path(folder) / "deaths"
        environment = {**os.environ, "TALLYSTICK_STORM": "ci" if full else "", "TALLYSTICK_STORM_COUNT": str(count)}
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "tests/crash"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        deaths = sum(int(line) for line in count.read_text().split()) if count.exists() else 0
    if done.returncode:
        outcome.violations += [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        outcome.violations.append(done.stdout[-1500:])
    outcome.figures = {"deaths": deaths, "seconds": round(time.perf_counter() - began, 1)}
    return outcome
