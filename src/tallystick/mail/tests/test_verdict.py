"""What servers say, in their own words, and what it means for the address."""

from __future__ import annotations

import pytest

from tallystick.mail.verdict import judge_refusal


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        ("5.0.0", "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown", ("bounced_hard", "5.1.1")),
        ("5.0.0", "550 5.2.2 mailbox full", ("bounced_soft", "5.2.2")),
        ("5.1.1", "552 Quota exceeded (mailbox for user is full)", ("bounced_soft", "5.1.1")),
        ("5.2.2", "", ("bounced_soft", "5.2.2")),
        ("4.4.7", "delivery temporarily suspended: connection timed out", ("bounced_soft", "4.4.7")),
        ("5.7.1", "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent: block list", ("rejected", "5.7.1")),
        ("5.7.26", "550-5.7.26 This mail is unauthenticated: DMARC policy", ("rejected", "5.7.26")),
        ("5.3.4", "552 5.3.4 Message size exceeds fixed limit", ("rejected", "5.3.4")),
        ("550", "550 relay not permitted: relaying denied", ("rejected", "550")),
        ("5.7.1", "550 5.7.1 user unknown", ("bounced_hard", "5.7.1")),
        ("5.0.0", "Unrouteable address", ("bounced_hard", "5.0.0")),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied.", ("bounced_hard", "5.4.1")),
        ("5.4.6", "554 5.4.6 Routing loop detected", ("bounced_soft", "5.4.6")),
        ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", ("bounced_soft", "5.5.0")),
        ("550", "Administrative prohibition", ("bounced_soft", "550")),
        ("", "rejected by 10.5.1.1 at night", ("bounced_soft", "")),
        ("", "", ("bounced_soft", "")),
    ],
)
def test_f8_gone_for_good_only_when_it_is_sure(status: str, words: str, expected: tuple[str, str]) -> None:
    assert judge_refusal(status=status, words=words) == expected
