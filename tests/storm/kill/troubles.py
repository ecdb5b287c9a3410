"""What goes wrong at the gateway and in the mail while processes die, one trouble after the other."""

from __future__ import annotations

import random
from collections import Counter

import httpx

from tallystick.gateways.tests.sandbox_process import SandboxProcess
from tallystick.testing.mailbox import Mailbox

KINDS: tuple[tuple[str, dict[str, object]], ...] = (
    ("drop_before", {"times": 5}),
    ("drop_after", {"times": 5}),
    ("hang_before", {"seconds": 0.05, "times": 2}),
    ("hang_after", {"seconds": 0.05, "times": 2}),
    ("error_500_before", {"times": 5}),
    ("error_500_after", {"times": 5}),
    ("error_429_before", {"times": 3}),
    ("error_429_after", {"times": 3}),
    ("malformed_before", {"times": 3}),
    ("malformed_after", {"times": 3}),
    ("conflict", {"times": 3}),
    ("outage", {"seconds": 1}),
    ("lookup_lag", {"seconds": 3, "times": 5}),
    ("expire_refused", {"times": 2}),
    ("expire_lag", {"seconds": 2, "times": 2}),
    ("refund_pending", {"seconds": 3, "times": 2}),
    ("refund_fails", {}),
    ("refund_fails_later", {"seconds": 3}),
    ("succeeded_then_disputed", {"seconds": 3}),
    ("webhook_lost", {"times": 10}),
    ("webhook_duplicated", {"copies": 3, "times": 5}),
    ("webhook_reordered", {"seconds": 2, "times": 5}),
    ("webhook_delayed", {"seconds": 10, "times": 5}),
    ("webhook_forged", {"times": 2}),
    ("webhook_stale", {"times": 2}),
)


class Troubles:
    """Chooses the next trouble by seed and counts them."""

    def __init__(self, sandbox: SandboxProcess, mailbox: Mailbox, seed: int) -> None:
        self._sandbox, self._mailbox, self._chance = sandbox, mailbox, random.Random(seed)
        self.count = Counter[str]()

    def make(self) -> None:
        """Switch one on; the provider itself may be too busy to listen."""
        kind, params = self._chance.choice(KINDS)
        try:
            self._sandbox.fault(kind, **params)
            if self._chance.random() < 0.1:
                self._mailbox.fault(temporary=2, drop=0)
                self.count["mail_refused"] += 2
        except (httpx.HTTPError, OSError):
            return
        self.count[kind] += 1

    def end(self) -> None:
        """Everybody behaves again."""
        self._sandbox.clear_faults()
        self._mailbox.fault(temporary=0, drop=0)
