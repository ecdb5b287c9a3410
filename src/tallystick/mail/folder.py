"""A folder of an IMAP server: opened, looked through, read without taking anything away."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from imap_tools import MailboxFolderSelectError, MailboxLoginError
from imap_tools.errors import ImapToolsError, MailboxStarttlsError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted

from tallystick.base import tx

MOST_BYTES: Final = 25 * 1024 * 1024
TIMEOUT_S: Final = 30
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_TROUBLE = (ImapToolsError, imaplib.IMAP4.error, OSError, UnicodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """Where mail is read. `security` is tls (from the first byte), starttls or none."""

    host: str
    port: int = 993
    security: str = "tls"
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"


class FolderTrouble(Exception):
    """Reading didn't work. `step` says where: connect, tls, sign_in, folder or read; `words` are the server's."""

    def __init__(self, step: str, words: str) -> None:
        super().__init__(f"{step}: {words}")
        self.step, self.words = step, words


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as it lies there, at most `MOST_BYTES` of it; `size` is its whole size in bytes."""

    uid: int
    raw: bytes
    size: int


class Folder:
    """An open folder. UIDs mean what they meant as long as `validity` is the same."""

    def __init__(self, box: BaseMailBox, name: str) -> None:
        """Read the folder's state. Raises FolderTrouble."""
        self._box = box
        try:
            state = box.folder.status(name)
        except _TROUBLE as error:
            raise FolderTrouble("folder", _words(error)) from error
        self.count = state["MESSAGES"]
        self.validity = state["UIDVALIDITY"]
        self.next_uid = state["UIDNEXT"]

    def after(self, uid: int) -> list[int]:
        """Return the UIDs above one, lowest first."""
        return [found for found in self._search(f"UID {uid + 1}:*") if found > uid]

    def unseen(self) -> list[int]:
        """Return the UIDs nobody has marked as seen, lowest first."""
        return self._search("UNSEEN")

    def since(self, on: date) -> list[int]:
        """Return the UIDs that arrived on a day or later, lowest first."""
        months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return self._search(f"SINCE {on.day}-{months[on.month - 1]}-{on.year}")

    def fetch(self, uid: int) -> Fetched | None:
        """Return one mail, unmarked, or None when it is gone."""
        try:
            _state, data = self._box.client.uid("FETCH", str(uid), f"(RFC822.SIZE BODY.PEEK[]<0.{MOST_BYTES}>)")
        except _TROUBLE as error:
            raise FolderTrouble("read", _words(error)) from error
        pairs = [each for each in data if isinstance(each, tuple)]
        if not pairs:
            return None
        rest = b" ".join(each if isinstance(each, bytes) else each[0] for each in data if each)
        size = _SIZE.search(rest)
        return Fetched(uid, pairs[0][1], int(size[1]) if size else len(pairs[0][1]))

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark as seen what has been kept."""
        try:
            if uids:
                self._box.flag([str(uid) for uid in uids], ["\\Seen"], True)
        except _TROUBLE as error:
            raise FolderTrouble("read", _words(error)) from error

    def _search(self, criteria: str) -> list[int]:
        try:
            _state, data = self._box.client.uid("SEARCH", criteria)
        except _TROUBLE as error:
            raise FolderTrouble("read", _words(error)) from error
        return sorted(int(uid) for uid in (data[0] or b"").split())


@contextmanager
def open_folder(account: MailAccount) -> Iterator[Folder]:
    """Connect, sign in and open the folder; leaving signs out. Outside any transaction. Raises FolderTrouble."""
    tx.outside("mail.open_folder")
    box = _connect(account)
    try:
        try:
            box.login(account.username, account.password, initial_folder=None)
        except (MailboxLoginError, *_TROUBLE) as error:
            raise FolderTrouble("sign_in", _words(error)) from error
        try:
            box.folder.set(account.folder)
        except (MailboxFolderSelectError, *_TROUBLE) as error:
            raise FolderTrouble("folder", _words(error)) from error
        yield Folder(box, account.folder)
    finally:
        _sign_out(box)


def _connect(account: MailAccount) -> BaseMailBox:
    try:
        socket.create_connection((account.host, account.port), timeout=TIMEOUT_S).close()
    except (OSError, UnicodeError) as error:
        raise FolderTrouble("connect", _words(error)) from error
    trusted = ssl.create_default_context()
    try:
        if account.security == "tls":
            return MailBox(account.host, account.port, timeout=TIMEOUT_S, ssl_context=trusted)
        if account.security == "starttls":
            return MailBoxStartTls(account.host, account.port, timeout=TIMEOUT_S, ssl_context=trusted)
        return MailBoxUnencrypted(account.host, account.port, timeout=TIMEOUT_S)
    except (ssl.SSLError, MailboxStarttlsError) as error:
        raise FolderTrouble("tls", _words(error)) from error
    except _TROUBLE as error:
        raise FolderTrouble("tls" if account.security != "none" else "connect", _words(error)) from error


def _sign_out(box: BaseMailBox) -> None:
    """Say goodbye; what was read is read, so trouble here is nobody's concern."""
    try:
        box.logout()
    except _TROUBLE:
        box.client.shutdown()


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
