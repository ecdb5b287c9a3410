"""`./tally manage found`: the first business of an installation, and the person who runs it."""

from __future__ import annotations

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tallystick.base import clock
from tallystick.base.ids import new_id
from tallystick.invoices.found import found_business
from tallystick.sellers.errors import SlugTaken


class Command(BaseCommand):
    """Ask for a password and found the business."""

    help = "Found a business with its tax rates, number series and first admin."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the business from the command line, the password never."""
        parser.add_argument("slug", help="how its pages are addressed, e.g. linden-press")
        parser.add_argument("name")
        parser.add_argument("--country", required=True, help="two letters, e.g. IE")
        parser.add_argument("--currency", required=True, help="three letters, e.g. EUR")
        parser.add_argument("--time-zone", default="UTC")
        parser.add_argument("--admin", required=True, help="the email address of the first admin")

    def handle(self, *args: Any, **options: Any) -> None:
        """Found it."""
        password = getpass("Password of the first admin (10 characters or more): ")
        if len(password) < 10:
            raise CommandError("Give 10 characters or more.")
        try:
            found_business(
                seller_id=new_id(),
                slug=options["slug"],
                name=options["name"],
                country=options["country"],
                currency=options["currency"],
                time_zone=options["time_zone"],
                admin_email=options["admin"],
                admin_password=password,
                now=clock.now(),
            )
        except SlugTaken:
            raise CommandError(f"There is a business at {options['slug']} already.") from None
        self.stdout.write(f"{options['name']} is founded. Sign in as {options['admin']}.")
