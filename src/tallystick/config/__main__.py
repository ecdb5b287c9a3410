"""`python -m tallystick.config`, which is what `./tally` runs."""

from __future__ import annotations

import sys
import warnings

from tallystick.config.cli import main

# The embedded server's library asks for a folder of the desktop that servers don't have, and then does without it.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
sys.exit(main(sys.argv[1:]))
