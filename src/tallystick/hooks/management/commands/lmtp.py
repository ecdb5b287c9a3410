"""`./tally manage lmtp`: take incoming mail by LMTP where `TALLYSTICK_LMTP_BIND` says, until told to stop."""

from __future__ import annotations

import asyncio
import json

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tallystick.hooks.lmtp import serve


class Command(BaseCommand):
    """The first line it says is where it listens, as JSON."""

    help = "Take incoming mail by LMTP."

    def handle(self, *args: object, **options: object) -> None:
        """Listen. Raises CommandError when no address is set."""
        host, _, port = settings.ENV.lmtp_bind.rpartition(":")
        if not host:
            raise CommandError("TALLYSTICK_LMTP_BIND says nowhere to listen")
        asyncio.run(serve(host.strip("[]"), int(port), announce=self.announce))

    def announce(self, port: int) -> None:
        """Say the port."""
        self.stdout.write(json.dumps({"port": port}))
        self.stdout.flush()
