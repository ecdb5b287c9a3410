"""One billing worker: says when it is ready, reads ids, issues them in batches."""

from __future__ import annotations

import sys
from uuid import UUID

BATCH = 1000


def main() -> None:
    """Be one worker."""
    import django

    django.setup()
    from django.db import connection

    from bench.stage import NOW
    from tallystick.invoices.issue import issue_invoices

    connection.ensure_connection()
    print("ready", flush=True)
    ids = [UUID(text) for text in sys.stdin.read().split()]
    for at in range(0, len(ids), BATCH):
        issue_invoices(seller_id=UUID(sys.argv[1]), invoice_ids=ids[at : at + BATCH], now=NOW, today=NOW.date())


if __name__ == "__main__":
    main()
