"""Run the mailbox: prints one line of JSON with its ports when ready; SIGTERM or Ctrl C stops it."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP

from tallystick.mail.sink.faults import Faults
from tallystick.mail.sink.receive import Receiver, accept_any_login
from tallystick.mail.sink.store import Store
from tallystick.mail.sink.web import make_server

MOST_BYTES = 36 * 1024 * 1024


def main() -> None:
    """Read the arguments and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tallystick.mail.sink", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for the messages")
    parser.add_argument("--smtp-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--http-port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.data, arguments.smtp_port, arguments.http_port))


async def serve(data: Path, smtp_port: int, http_port: int) -> None:
    """Serve both ports until SIGTERM or SIGINT."""
    store, faults = Store(data), Faults(data / "faults.json")
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", smtp_port))
    loop = asyncio.get_running_loop()
    receiver = Receiver(store, faults)
    smtp = await loop.create_server(
        lambda: SMTP(
            receiver,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="mailbox.localhost",
            ident="Tallystick mailbox",
            authenticator=accept_any_login,
            auth_require_tls=False,
            loop=loop,
        ),
        sock=listening,
    )
    web = make_server(http_port, store, faults)
    threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    print(json.dumps({"smtp_port": listening.getsockname()[1], "http_port": web.server_address[1]}), flush=True)
    await stop.wait()
    smtp.close()
    web.shutdown()


if __name__ == "__main__":
    main()
