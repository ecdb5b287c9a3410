"""A short run of senders that are killed; `./tally storm --only mail --full` sends 10,000."""

from __future__ import annotations

import subprocess
import sys

from tallystick.config.env import ROOT


def test_r12_nothing_is_lost_and_a_copy_needs_a_kill() -> None:
    command = [sys.executable, "-m", "tests.storm", "--only", "mail", "--seed", "1", "--mails", "150"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
