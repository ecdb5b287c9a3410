"""One sending process: says when it is ready, waits to be told to start, sends until nothing is left, and says so."""

from __future__ import annotations

import sys


def main() -> None:
    """Be one sender; the mail server's port is the argument."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from tallystick.worker.sweeps import sweep_messages

    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(sys.argv[1])
    connection.ensure_connection()
    print("ready", flush=True)
    sys.stdin.readline()
    while sweep_messages(None):
        continue
    print("done", flush=True)


if __name__ == "__main__":
    main()
