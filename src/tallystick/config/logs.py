"""What must not reach a log."""

from __future__ import annotations

import logging
import re

_SECRETS = re.compile(r"(/(?:p|r|c|invitation)/)[\w.-]{20,}")


class MaskTokens(logging.Filter):
    """Cut the tokens out of payment and invitation links: whoever holds one can open the page."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask in place; never drop a record."""
        message = record.getMessage()
        if any(door in message for door in ("/p/", "/r/", "/c/", "/invitation/")):
            record.msg, record.args = _SECRETS.sub(r"\1…", message), ()
        return True
