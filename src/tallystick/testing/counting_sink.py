"""A mail server that keeps one line per message: its Message-ID, when it began, how large it was; and the first few whole.

`python -m tallystick.testing.counting_sink LOG [KEEP]` listens on a free port of 127.0.0.1 and prints it. The first KEEP
messages stand beside LOG as `LOG.1`, `LOG.2`, …
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from aiosmtpd.smtp import SMTP, Envelope, Session

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Taken:
    """One message as it was taken. `began_at` is the moment of its MAIL FROM, seconds since 1970."""

    message_id: str
    began_at: float
    size: int


class _Receiver:
    def __init__(self, log: TextIO, keep: int) -> None:
        self._log, self._keep, self._count = log, keep, 0

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, envelope.began_at = address, time.time()  # type: ignore[attr-defined]
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        found = _MESSAGE_ID.search(content[:8192])
        name = found[1].decode("ascii", "replace") if found else ""
        self._log.write(f"{name}\t{envelope.began_at}\t{len(content)}\n")  # type: ignore[attr-defined]
        self._log.flush()
        self._count += 1
        if self._count <= self._keep:
            Path(f"{self._log.name}.{self._count}").write_bytes(content)
        return "250 OK"


async def _serve(log: TextIO, keep: int) -> None:
    receiver = _Receiver(log, keep)

    def meet() -> SMTP:
        return SMTP(receiver, hostname="sink.example", data_size_limit=50_000_000)

    server = await asyncio.get_running_loop().create_server(meet, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def counting_sink(log: Path, *, keep: int = 0) -> Iterator[int]:
    """Start one as a process of its own, yield its port, and stop it."""
    log.touch()
    command = [sys.executable, "-m", "tallystick.testing.counting_sink", str(log), str(keep)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def taken(log: Path) -> list[Taken]:
    """Return what it took so far, in order; a line that is only half written isn't taken yet."""
    lines = log.read_text("utf-8").split("\n")[:-1]
    return [Taken(name, float(at), int(size)) for name, at, size in (line.split("\t") for line in lines)]


if __name__ == "__main__":
    with open(sys.argv[1], "a", encoding="utf-8") as opened:
        asyncio.run(_serve(opened, int(sys.argv[2])))
