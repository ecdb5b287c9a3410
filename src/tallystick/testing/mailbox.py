"""The mailbox process as the mail server of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from django.conf import settings


@dataclass
class Mailbox:
    """A running mailbox: what it received, and its faults."""

    smtp_port: int
    http_port: int

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.http_port}"

    def use(self) -> None:
        """Make the default mail route of this process, and of those it starts, lead here."""
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", self.smtp_port
        os.environ["TALLYSTICK_SMTP_PORT"] = str(self.smtp_port)

    def messages(self, **query: str) -> list[dict[str, Any]]:
        """Return what arrived, newest first."""
        asked = "&".join(f"{name}={value}" for name, value in {"limit": "2000", **query}.items())
        with urlopen(f"{self.url}/api/messages?{asked}", timeout=10) as answer:  # noqa: S310
            found = json.load(answer)
        return list(found["messages"] if isinstance(found, dict) else found)

    def source(self, message_id: str) -> EmailMessage:
        """Return one message as it arrived, by the mailbox's own id."""
        with urlopen(f"{self.url}/m/{message_id}/source.eml", timeout=10) as answer:  # noqa: S310
            return message_from_bytes(answer.read(), policy=policy.default)

    def message(self, name: str) -> dict[str, Any]:
        """Return one message whole: headers, text, html, files."""
        with urlopen(f"{self.url}/api/messages/{name}", timeout=10) as answer:  # noqa: S310
            return dict(json.load(answer))

    def fault(self, **faults: Any) -> None:
        """Misbehave: `refuse=[text]`, `temporary=n`, `drop=n`."""
        request = Request(f"{self.url}/faults", json.dumps(faults).encode(), {"Content-Type": "application/json"})  # noqa: S310
        urlopen(request, timeout=10).close()  # noqa: S310


@contextmanager
def open_mailbox(folder: Path) -> Iterator[Mailbox]:
    """Start a mailbox process, and stop it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tallystick.mail.sink", "--data", str(folder), "--smtp-port", "0", "--http-port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    ports = json.loads(process.stdout.readline())
    try:
        yield Mailbox(ports["smtp_port"], ports["http_port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
