"""Mail that a mail server hands over by LMTP.

Each recipient is answered for itself: 250 once the mail is safely kept, 451 when it has to be tried again.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import parseaddr

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from django.db import Error, close_old_connections

from tallystick.base import clock
from tallystick.hooks.mail import keep_for

log = logging.getLogger(__name__)
MOST_BYTES = 64 * 1024 * 1024
THREADS = 4


class Intake:
    """Keeps what is handed over."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "lmtp")

    async def handle_RCPT(
        self, server: LMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any recipient: whose mail it is shows when it is read."""
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: LMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail for each recipient, and answer for each."""
        raw, loop = envelope.original_content or b"", asyncio.get_running_loop()
        waits = [loop.run_in_executor(self._threads, take, raw, address) for address in envelope.rcpt_tos]
        return "\r\n".join(await asyncio.gather(*waits))


def take(raw: bytes, address: str) -> str:
    """Keep a mail for one recipient and return the answer. Runs in a thread of its own."""
    close_old_connections()
    try:
        is_ours = keep_for(raw=raw, to=[parseaddr(address)[1]], source="lmtp", now=clock.now())
    except Error:
        log.exception("mail by LMTP couldn't be kept")
        return "451 4.3.0 Try again later"
    finally:
        close_old_connections()
    return "250 2.0.0 Kept" if is_ours else "250 2.0.0 Nobody's"


async def serve(host: str, port: int, *, announce: Callable[[int], None]) -> None:
    """Listen until told to stop; `announce` hears on which port."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    intake = Intake()
    server = await loop.create_server(lambda: LMTP(intake, data_size_limit=MOST_BYTES, loop=loop), host, port)
    announce(server.sockets[0].getsockname()[1])
    await done.wait()
    server.close()
    await server.wait_closed()
