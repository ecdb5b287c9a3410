"""What a mail server's refusal means: is the address gone, or was it only today's mail?

Servers say the truth in their words and codes more often than in the report about them: Exim writes `Status: 5.0.0`
whatever happened, and a full mailbox comes with the same 550 as one that never was.
"""

from __future__ import annotations

import re
from typing import Final

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.])([245])\d\d(?=[ -]|$)")
_FULL = re.compile(
    r"mailbox (is )?full|full mailbox|over ?quota|quota (has been )?exceeded|exceeded (the )?\w* ?quota"
    r"|quota exceeded|out of storage|insufficient (system )?storage|mailbox size limit|cutie.{0,20} plin",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|address|account|person)|no mailbox here"
    r"|(does not|doesn'?t|do not) exist|mailbox (not found|unknown)|(user|recipient|account|address) not found"
    r"|recipient address rejected: (user|access denied|undeliverable|unknown)|unknown (local.?part|recipient|address)"
    r"|account (has been |is )?(disabled|deactivated|closed|deleted|terminated)|unrouteable address"
    r"|domain (not found|name not found)|host or domain name not found|host not found|non-existent"
    r"|invalid (recipient|mailbox|user)|not a valid (mailbox|user|recipient)|not our customer|utilizator inexistent",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|blacklist|blocklist|black ?listed|block(ed)? (list|by|using)|policy|reputation|dmarc|\bspf\b|dkim|virus"
    r"|malware|phishing|too large|too big|size limit|relay(ing)? (access )?(denied|not)|message content|unsolicited|banned|blocked",
    re.IGNORECASE,
)
_GONE_CODES: Final = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", "5.4.310"})
_POLICY_CODES: Final = frozenset({"5.2.3", "5.3.4"})


def judge_refusal(*, status: str = "", words: str = "") -> tuple[str, str]:
    """Return what a final refusal means, and the truest code in it.

    bounced_hard only when the address or its domain is surely gone; rejected when the server disliked the mail or its
    sender; else bounced_soft. `status` is an enhanced code ("5.1.1") or a reply code ("550"), `words` the server's.
    """
    words = words[:2000]
    code = truest_code(status=status, words=words)
    is_gone, is_policy = bool(_GONE.search(words)), bool(_POLICY.search(words))
    if code.endswith(".2.2") or _FULL.search(words) or code.startswith("4"):
        return "bounced_soft", code
    if not is_gone and (is_policy or code in _POLICY_CODES or code.startswith(("5.6.", "5.7."))):
        return "rejected", code
    if code in _GONE_CODES or is_gone:
        return "bounced_hard", code
    return "bounced_soft", code


def truest_code(*, status: str, words: str) -> str:
    """Return the enhanced status in the server's words, else the report's own, else the plain reply code in the words."""
    said = next((found[0] for found in _ENHANCED.finditer(words) if not found[0].endswith(".0.0")), "")
    given = next((found[0] for found in _ENHANCED.finditer(status[:200])), "")
    reply = next((found[0] for found in _REPLY.finditer(words)), "") or (
        found[0] if (found := _REPLY.match(status.strip()[:10])) else ""
    )
    if said or (given and not given.endswith(".0.0")):
        return said or given
    return reply or given
