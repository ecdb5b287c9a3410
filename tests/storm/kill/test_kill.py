"""A short storm; `./tally storm --only kill --kills 10000 --crashes 100 --charges 50000` is the long one."""

from __future__ import annotations

import subprocess
import sys

from tallystick.config.env import ROOT


def test_r1_money_moves_once_whoever_is_killed() -> None:
    command = [sys.executable, "-m", "tests.storm", "--only", "kill", "--seed", "1"]
    sizes = ["--kills", "12", "--crashes", "1", "--charges", "40"]
    done = subprocess.run([*command, *sizes], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
