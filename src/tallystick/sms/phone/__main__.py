"""Run the telephone: prints one line of JSON with its port when ready; SIGTERM or Ctrl C stops it."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from tallystick.sms.phone.store import Store
from tallystick.sms.phone.web import make_server


def main() -> None:
    """Read the arguments and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tallystick.sms.phone", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="file for the texts")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    server = make_server(arguments.port, Store(arguments.data))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
