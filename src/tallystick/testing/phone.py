"""The sandbox phone as the SMS provider of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen


@dataclass
class Phone:
    """A running phone, and the texts it showed since it was told to forget."""

    url: str
    forgotten: set[str] = field(default_factory=set)

    def to(self, number: str) -> list[dict[str, Any]]:
        """Return the texts to a number, oldest first."""
        return [one for one in self._texts() if one["number"] == number and one["id"] not in self.forgotten]

    def forget(self) -> None:
        """Begin anew."""
        self.forgotten |= {one["id"] for one in self._texts()}

    def _texts(self) -> list[dict[str, Any]]:
        with urlopen(f"{self.url}/api/texts", timeout=10) as answer:  # noqa: S310
            return list(json.load(answer))


@contextmanager
def open_phone(folder: Path) -> Iterator[Phone]:
    """Start a phone process, and stop it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tallystick.sms.phone", "--data", str(folder / "phone.jsonl"), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    port = json.loads(process.stdout.readline())["port"]
    try:
        yield Phone(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(10)
