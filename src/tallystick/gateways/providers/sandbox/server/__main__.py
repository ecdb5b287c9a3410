"""`python -m tallystick.gateways.providers.sandbox.server --data FILE [--port N]`: prints `{"port": N}` when ready."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from tallystick.gateways.providers.sandbox.server.courier import Courier
from tallystick.gateways.providers.sandbox.server.door import Server
from tallystick.gateways.providers.sandbox.server.store import Store
from tallystick.gateways.providers.sandbox.server.wire import Settings, stop_waiting


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A payment provider that moves no real money.")
    parser.add_argument("--data", type=Path, required=True, help="the SQLite file that holds its truth")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--public-url", default="", help="what payers' browsers call, if a proxy stands in front")
    parser.add_argument("--days-ahead", type=Path, help="a file that says by how many days its clock is ahead")
    parser.add_argument("--key-lifetime-s", type=float, default=86400, help="how long an idempotency key is remembered")
    parser.add_argument("--delay-s", type=float, default=20, help="how long slow payments take, on its own clock")
    parser.add_argument("--slow-s", type=float, default=25, help="how long the slow card keeps the payer waiting")
    given = parser.parse_args(argv)

    server = Server(given.port)
    port = int(server.server_address[1])
    url = given.public_url.rstrip("/") or f"http://127.0.0.1:{port}"
    store = Store(given.data, given.days_ahead)
    server.open_doors(store, Settings(url, given.key_lifetime_s, given.delay_s, given.slow_s))
    courier = Courier(store)

    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    courier.start()
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    print(json.dumps({"port": port}), flush=True)
    stop.wait()
    stop_waiting()
    server.shutdown()
    server.server_close()
    courier.stop()
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
