"""`./tally manage invariants`: run every rule for every seller, now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tallystick.base.invariants import RULES, broken_rules
from tallystick.sellers.queries import all_sellers


class Command(BaseCommand):
    """Print what is broken and fail, or say that all is well."""

    help = "Check the books of every seller against the invariants."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the rules."""
        sellers = all_sellers()
        broken = {seller: rules for seller in sellers if (rules := broken_rules(seller))}
        for seller, rules in broken.items():
            for rule, rows in rules.items():
                self.stdout.write(f"{seller}  {rule}: {rows} rows")
        if broken:
            raise CommandError("the books of some sellers are broken")
        self.stdout.write(f"{len(RULES)} rules hold for {len(sellers)} sellers")
