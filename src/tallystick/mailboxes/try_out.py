"""Trying a mailbox out, step by step, so that a person sees which step failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.mail.folder import FolderTrouble, MailAccount, open_folder

STEPS: Final = ("connect", "tls", "sign_in", "folder", "read")


@dataclass(frozen=True, slots=True)
class Trial:
    """What worked, in order, and what didn't, with the server's words; `count` is how many mails lie in the folder."""

    worked: Sequence[str]
    failed: str = ""
    words: str = ""
    count: int = 0


def try_mailbox(*, account: MailAccount) -> Trial:
    """Connect, secure, sign in, open the folder and count. Outside any transaction; changes nothing there."""
    steps = [step for step in STEPS if step != "tls" or account.security != "none"]
    try:
        with open_folder(account) as folder:
            return Trial(steps, count=folder.count)
    except FolderTrouble as trouble:
        return Trial(steps[: steps.index(trouble.step)], trouble.step, trouble.words)
