"""What must not reach a log."""

from __future__ import annotations

import logging
import re

_SECRETS = re.compile(r"(/(?:p|r|c|invitation|hooks/mail/\w+)/)[\w.-]{20,}")


class MaskTokens(logging.Filter):
    """Cut the tokens out of payment, invitation and webhook addresses: whoever holds one is let in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask in place; never drop a record."""
        message = record.getMessage()
        if any(door in message for door in ("/p/", "/r/", "/c/", "/invitation/", "/hooks/mail/")):
            record.msg, record.args = _SECRETS.sub(r"\1…", message), ()
        return True
