"""Connections to mail servers: kept open across the messages of one sweep, never more than a few to one host.

Outside `keep_connections` each message opens and closes its own. What is kept belongs to the block that keeps it, so
no two threads ever share a connection.
"""

from __future__ import annotations

import smtplib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from tallystick.mail.envelope import MailUnavailable, Transport
from tallystick.mail.providers.smtp.backend import Backend, Parcel

MOST_PER_HOST = 4
"""Open connections of this process to one server; many servers refuse more."""
MOST_KEPT = 8
MOST_MESSAGES = 100
MOST_IDLE_S = 20.0
MOST_BEFORE_S = 150.0
"""So long may a server take before it asks for the content: what comes after it must end before our lease does."""

_guard = threading.Lock()
_slots: dict[tuple[str, int], threading.BoundedSemaphore] = {}


@dataclass
class Line:
    """An open connection: what it has carried, and since when it rests."""

    transport: Transport
    backend: Backend
    carried: int = 0
    idle_since: float = 0.0

    def close(self) -> None:
        """Hang up and give the place to the next. Can't fail."""
        self.backend.close()
        _slot(self.transport).release()

    @property
    def is_stale(self) -> bool:
        """Whether it rested so long, or carried so much, that a new one is better."""
        return self.carried >= MOST_MESSAGES or time.monotonic() - self.idle_since > MOST_IDLE_S


@dataclass
class Kept:
    """The lines one block keeps."""

    lines: dict[Transport, Line] = field(default_factory=dict)

    def take(self, transport: Transport) -> Line | None:
        """Take an open line out, if there is one that is still good."""
        line = self.lines.pop(transport, None)
        if line is not None and line.is_stale:
            line.close()
            return None
        return line

    def give_back(self, line: Line) -> None:
        """Keep a line for the next message, in place of the one that rested longest when there are many."""
        line.idle_since = time.monotonic()
        self.lines[line.transport] = line
        if len(self.lines) > MOST_KEPT:
            self.lines.pop(next(iter(self.lines))).close()

    def free(self, host: tuple[str, int]) -> None:
        """Hang up lines to one host, so that another route to it finds a place."""
        for transport in [each for each in self.lines if (each.host, each.port) == host]:
            self.lines.pop(transport).close()

    def close(self) -> None:
        """Hang up all."""
        while self.lines:
            self.lines.popitem()[1].close()


_kept: ContextVar[Kept | None] = ContextVar("kept_mail_lines", default=None)


@contextmanager
def keep_connections() -> Iterator[None]:
    """Keep connections open between messages of the same route until the block ends."""
    kept = Kept()
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        kept.close()


def send(parcel: Parcel, transport: Transport) -> dict[str, tuple[int, bytes]]:
    """Send over a kept line, else over a new one, and return who was refused. Lets smtplib's errors and OSError out.

    A kept line that turns out to be dead before the message was handed over is replaced once: nobody has it yet. Any
    trouble closes the line.
    """
    kept, until = _kept.get(), time.monotonic() + MOST_BEFORE_S
    line = kept.take(transport) if kept else None
    if line is not None:
        try:
            return _carry(line, parcel, kept, until)
        except (smtplib.SMTPException, OSError) as error:
            if line.backend.is_handed_over or not _was_dead(error):
                raise
    return _carry(_open(transport, kept), parcel, kept, until)


def _carry(line: Line, parcel: Parcel, kept: Kept | None, until: float) -> dict[str, tuple[int, bytes]]:
    try:
        line.backend.hand_over(parcel, until=until)
    except BaseException:
        line.close()
        raise
    line.carried += 1
    if kept is None:
        line.close()
    else:
        kept.give_back(line)
    return line.backend.refused


def _open(transport: Transport, kept: Kept | None) -> Line:
    slot = _slot(transport)
    if not slot.acquire(blocking=False):
        if kept is not None:
            kept.free((transport.host, transport.port))
        if not slot.acquire(timeout=transport.timeout_s):
            raise MailUnavailable(f"{MOST_PER_HOST} connections to {transport.host} are open already")
    backend = Backend(
        host=transport.host,
        port=transport.port,
        username=transport.username,
        password=transport.password,
        use_tls=transport.use_tls,
        use_ssl=transport.use_ssl,
        timeout=transport.timeout_s,
    )
    line = Line(transport, backend)
    try:
        backend.open()
    except BaseException:
        line.close()
        raise
    return line


def _slot(transport: Transport) -> threading.BoundedSemaphore:
    with _guard:
        return _slots.setdefault((transport.host, transport.port), threading.BoundedSemaphore(MOST_PER_HOST))


def _was_dead(error: Exception) -> bool:
    """Whether the server hung up while the line rested, and not said anything about this message."""
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == 421
    return isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(error, smtplib.SMTPException)
