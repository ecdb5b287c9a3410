"""Two mutants, by this seed one of the database and one of the code; `./tally storm --only mutants --mutants 1000` runs them all."""

from __future__ import annotations

import subprocess
import sys

from tallystick.config.env import ROOT


def test_r4_no_guard_can_go_unnoticed() -> None:
    command = [sys.executable, "-m", "tests.storm", "--only", "mutants", "--mutants", "2", "--seed", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
