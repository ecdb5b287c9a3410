"""`python -m tallystick.config`, which is what `./tally` runs."""

from __future__ import annotations

import sys

from tallystick.config.cli import main

sys.exit(main(sys.argv[1:]))
