"""The texts of every telephone, in one file that a second start finds again."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One text on one telephone, in or out; `number` is whose telephone it is. `at` is seconds since 1970, UTC."""

    id: str
    at: float
    number: str
    sender: str
    text: str
    is_answer: bool
    segments: int = 1
    report_url: str = ""
    secret: str = ""


class Store:
    """The file. Safe for several threads of one process."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._entries = [entry for line in _lines(path) if (entry := _read(line))]

    def keep(self, **told: Any) -> Entry:
        """Keep one text, and return it with its id."""
        with self._lock:
            entry = Entry(id=f"phone-{len(self._entries) + 1:06d}", at=time.time(), **told)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(entry)) + "\n")
            self._entries.append(entry)
        return entry

    def entries(self) -> list[Entry]:
        """All, oldest first."""
        with self._lock:
            return list(self._entries)

    def of(self, number: str) -> list[Entry]:
        """One telephone's, oldest first."""
        return [entry for entry in self.entries() if entry.number == number]

    def telephones(self) -> list[Entry]:
        """The newest text of each telephone, the newest telephone first."""
        newest = {entry.number: entry for entry in self.entries()}
        return sorted(newest.values(), key=lambda entry: entry.id, reverse=True)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


def _read(line: str) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
