"""Messages as files: `new/<id>.eml`, and one line each in `index.jsonl`."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import asdict, dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """What the list shows of a message. `received_at` is seconds since 1970, UTC."""

    id: str
    received_at: float
    mail_from: str
    rcpt_to: list[str]
    sender: str
    to: str
    cc: str
    subject: str
    message_id: str
    preview: str
    size: int
    attachments: list[str] = field(default_factory=list)

    def matches(self, words: str) -> bool:
        """Whether each word occurs in the addresses, the subject or the beginning of the text."""
        hay = " ".join([self.sender, self.to, self.cc, self.subject, self.preview, *self.rcpt_to, *self.attachments])
        return all(word in hay.lower() for word in words.lower().split())


class Store:
    """The folder. Safe for several threads of one process; reads what an earlier process left."""

    def __init__(self, data: Path) -> None:
        self._new, self._tmp, self._index = data / "new", data / "tmp", data / "index.jsonl"
        self._new.mkdir(parents=True, exist_ok=True)
        self._tmp.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._count = 0
        self._entries = self._load()

    def keep(self, content: bytes, mail_from: str, rcpt_to: list[str]) -> str:
        """Write a message so that nobody ever sees half of it; give its id."""
        now = time.time()
        with self._lock:
            self._count += 1
            name = f"{int(now * 1_000_000):017d}-{self._count:05d}"
        temporary = self._tmp / f"{name}.eml"
        temporary.write_bytes(content)
        os.replace(temporary, self._new / f"{name}.eml")
        entry = describe(name, now, mail_from, list(rcpt_to), content)
        with self._lock:
            with self._index.open("a", encoding="utf-8") as index:
                index.write(json.dumps(asdict(entry)) + "\n")
            self._entries[name] = entry
        return name

    def entries(self, words: str = "") -> list[Entry]:
        """The newest first, those that match."""
        with self._lock:
            found = list(self._entries.values())
        return [entry for entry in sorted(found, key=lambda entry: entry.id, reverse=True) if entry.matches(words)]

    def entry(self, name: str) -> Entry | None:
        """One message's line, or None."""
        with self._lock:
            return self._entries.get(name)

    def content(self, name: str) -> bytes:
        """The message as it arrived. Raises KeyError."""
        if self.entry(name) is None:
            raise KeyError(name)
        return (self._new / f"{name}.eml").read_bytes()

    def message(self, name: str) -> EmailMessage:
        """The message, read. Raises KeyError."""
        return parse(self.content(name))

    def _load(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        if self._index.exists():
            for line in self._index.read_text("utf-8").splitlines():
                try:
                    entry = Entry(**json.loads(line))
                except (ValueError, TypeError):
                    continue
                if (self._new / f"{entry.id}.eml").exists():
                    found[entry.id] = entry
        for path in self._new.glob("*.eml"):
            if path.stem not in found:
                found[path.stem] = describe(path.stem, path.stat().st_mtime, "", [], path.read_bytes())
        return found


def parse(content: bytes) -> EmailMessage:
    """The message, read with the modern policy."""
    return message_from_bytes(content, policy=policy.default)


def describe(name: str, at: float, mail_from: str, rcpt_to: list[str], content: bytes) -> Entry:
    """A message's line in the index."""
    message = parse(content)
    return Entry(
        id=name,
        received_at=at,
        mail_from=mail_from,
        rcpt_to=rcpt_to,
        sender=str(message.get("From", "")),
        to=str(message.get("To", "")),
        cc=str(message.get("Cc", "")),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
        preview=" ".join(body(message, "plain").split())[:200],
        size=len(content),
        attachments=[part.get_filename() or "attachment" for part in files(message) if not part.get("Content-ID")],
    )


def body(message: EmailMessage, kind: str) -> str:
    """The `plain` or `html` body, or nothing."""
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        return ""


def files(message: EmailMessage) -> list[EmailMessage]:
    """Every part that is neither a body nor a container."""
    bodies = [id(part) for kind in ("plain", "html") if (part := message.get_body((kind,))) is not None]
    return [part for part in message.walk() if not part.is_multipart() and id(part) not in bodies]
