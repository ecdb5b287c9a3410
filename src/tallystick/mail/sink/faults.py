"""Trouble on request: what the mailbox should refuse, delay or break."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any


class Faults:
    """`faults.json`: {"refuse": ["text in an address", …], "temporary": n, "drop": n}.

    `refuse` answers 550 to matching recipients; `temporary` answers 451 to the next n messages; `drop` takes the next
    n messages and then breaks the connection before saying so. The counts go down in the file as they are used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def read(self) -> dict[str, Any]:
        """What is switched on now; an unreadable file switches nothing on."""
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            found = {}
        return _valid(found if isinstance(found, dict) else {})

    def write(self, faults: dict[str, Any]) -> dict[str, Any]:
        """Replace what is switched on. Raises ValueError on a value of the wrong kind."""
        checked = _valid(faults)
        with self._lock:
            self._save(checked)
        return checked

    def refuses(self, address: str) -> bool:
        """Whether this recipient doesn't exist."""
        return any(text.lower() in address.lower() for text in self.read()["refuse"])

    def take(self, name: str) -> bool:
        """Use one of a counted fault, if there is one left."""
        with self._lock:
            faults = self.read()
            if faults[name] <= 0:
                return False
            faults[name] -= 1
            self._save(faults)
            return True

    def _save(self, faults: dict[str, Any]) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(faults), "utf-8")
        os.replace(new, self._path)


def _valid(faults: dict[str, Any]) -> dict[str, Any]:
    refuse = faults.get("refuse") or []
    counts = {name: faults.get(name) or 0 for name in ("temporary", "drop")}
    if not isinstance(refuse, list) or not all(isinstance(text, str) and text for text in refuse):
        raise ValueError("refuse is a list of texts")
    if not all(isinstance(count, int) for count in counts.values()):
        raise ValueError("temporary and drop are whole numbers")
    return {"refuse": refuse, **counts}
