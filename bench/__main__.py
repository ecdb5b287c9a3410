"""`./tally bench [--only NAME] [--small] [--million] [--peers] [--long]`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.config.settings")

import django

django.setup()

from bench import charge_sweep, issue, mail, pay_page, payers, payments, pdf, peers, single, webhooks

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what was asked for, print it, and keep it as JSON."""
    parser = argparse.ArgumentParser(prog="./tally bench")
    parser.add_argument(
        "--only",
        choices=[
            "issue",
            "single",
            "payments",
            "payers",
            "webhooks",
            "charge_sweep",
            "mail",
            "pdf",
            "pay_page",
            "peers",
        ],
    )
    parser.add_argument("--million", action="store_true", help="add 1,000,000 drafts to the billing run")
    parser.add_argument("--small", action="store_true", help="10,000 drafts only, for a quick look")
    parser.add_argument("--peers", action="store_true", help="the same work in Tryton and django-ledger, from PyPI")
    parser.add_argument(
        "--long", action="store_true", help="10,000 PDFs instead of 2,000 to watch memory, and 10,000 emails"
    )
    options = parser.parse_args()
    sizes = [10_000] if options.small else [10_000, 100_000]
    if options.million:
        sizes.append(1_000_000)
    parts = {
        "issue": lambda: issue.run(sizes),
        "single": single.run,
        "payments": payments.run,
        "payers": payers.run,
        "webhooks": webhooks.run,
        "charge_sweep": charge_sweep.run,
        "mail": lambda: mail.run(long=options.long),
        "pdf": lambda: pdf.run(long=options.long),
        "pay_page": pay_page.run,
    }
    if options.peers or options.only == "peers":
        parts["peers"] = peers.run
    found: dict[str, object] = {"python": platform.python_version(), "cores": os.cpu_count()}
    for name, part in parts.items():
        if options.only in {None, name}:
            print(f"== {name}", flush=True)
            found[name] = part()
            print(json.dumps(found[name], indent=2), flush=True)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(found, indent=2))
    print(f"written to {path.relative_to(Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
